/** Keys that hand over, are taken back, and are borne witness to: as their owners and their verifiers type it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { fault, stranger, workspace, attest, type Ran, type Workspace } from "./attest.js";
import { lab, writeDraft } from "./drafts.js";
import { naming } from "../core/refusal.js";

let work: Workspace;
let line: string;
beforeEach(async () => {
  work = workspace();
  await lab(work);
  line = (await work.attest("key", "show", "signer")).stdout.trim();
});

const ok = (ran: Ran, code = 0): Ran => {
  expect(ran.code, ran.stdout + ran.stderr).toBe(code);
  return ran;
};
const test_ = (): string =>
  work.path(
    `lab/attestations/${readdirSync(work.path("lab/attestations")).find((name) => name.startsWith("test_")) ?? ""}`,
  );
const publish = async (name: string, ...more: string[]): Promise<Ran> => {
  writeDraft(work, name, { title: name });
  return work.attest("sign", `${name}.json`, "--registry", "lab", ...more);
};
/** By somebody who has the first key's line and nothing else. */
const seenFrom = (...args: string[]): Promise<Ran> => attest(args, stranger(work));
const revoke = (...more: string[]): Promise<Ran> =>
  work.attest("key", "revoke", "signer", "--reason", "stolen", "--registry", "lab", ...more);

describe("key rotate", () => {
  test("makes the new key, lists it, ends the old one; who has confirmed the old one follows", async () => {
    const ran = ok(await work.attest("key", "rotate", "signer", "second", "--registry", "lab", "--json")).json();
    const keyring = JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as { signers: JsonObject[] };
    expect(keyring.signers).toMatchObject([
      { name: "signer", validUntil: expect.any(String) },
      { name: "second", validFrom: keyring.signers[0]!["validUntil"] },
    ]);
    expect(ran["path"]).toBe(join("lab", "attestations", `${ran["id"] as string}.json`));
    // Nobody has to say which key signs: the registry lists one that is in force.
    expect(ok(await publish("later")).stderr).toContain(ran["to"] as string);
    const told = ok(await seenFrom("verify", work.path("lab"), "--key", line)).stdout;
    expect(told).toContain("3 of 3 verified with a key that you confirmed");
    ok(await seenFrom("verify", work.path("lab")), 3);
  });

  test("of a key that signs no more, signing is refused before anything runs", async () => {
    ok(await work.attest("key", "rotate", "signer", "second", "--registry", "lab"));
    expect(fault(await publish("late", "--signer", "signer"))).toMatchObject({
      error: expect.stringMatching(/\bsigner\b.*\bretired\b/),
    });
  });

  test("to a key that is there, and again: one hand-over", async () => {
    ok(await work.attest("key", "new", "second"));
    for (const said of [/took the key second.*is replaced by it$/m, /is replaced by it, as before/])
      expect(ok(await work.attest("key", "rotate", "signer", "second", "--registry", "lab")).stderr).toMatch(said);
    expect(readdirSync(work.path("lab/attestations")).filter((name) => /^note_.*json$/.test(name))).toHaveLength(1);
  });

  test("to itself, from a key that the registry does not list, or of no such key: refused", async () => {
    const rotate = (...names: string[]): Promise<Ran> => work.attest("key", "rotate", ...names, "--registry", "lab");
    expect(fault(await rotate("signer", "signer")).error).toMatch(/^signer is named twice$/);
    expect(fault(await rotate("absent", "signer")).error).toMatch(/\bkey named absent\b/);
    ok(await work.attest("key", "new", "other"));
    expect(fault(await rotate("other", "third")).error).toMatch(/does not list SHA256:\S+; it lists signer$/);
    expect(readdirSync(work.path("lab/attestations")).filter((name) => /^note_.*json$/.test(name))).toEqual([]);
  });

  test("to a second other key, or of a key that has ended: refused, and no key is made in vain", async () => {
    const rotate = (to: string): Promise<Ran> => work.attest("key", "rotate", "signer", to, "--registry", "lab");
    ok(await rotate("second"));
    expect(fault(await rotate("third")).error).toMatch(/found signer, retired since /);
    ok(await revoke("--signer", "second"));
    expect(fault(await rotate("third")).error).toMatch(/found signer, revoked from /);
    expect(readdirSync(join(work.home, "keys"))).not.toContain("third.pub");
  });

  test("beside what is no notice at all: neither signing nor verifying minds", async () => {
    work.write("lab/attestations/note_0000000000000000.json", "{}");
    work.write("lab/attestations/note_1111111111111111.json/a-folder", "");
    ok(await work.attest("key", "rotate", "signer", "second", "--registry", "lab"));
    ok(await work.attest("verify", test_()));
    expect((await work.attest("verify", "lab")).stdout).toContain("[envelope-unknown]");
  });

  test("without a registry: a notice to publish, which a verifier takes by hand", async () => {
    ok(await work.attest("key", "rotate", "signer", "second", "--output", "notice.json"));
    ok(await work.attest("sign", "statement.json", "--signer", "second", "--output", "out.json"));
    ok(await seenFrom("verify", work.path("out.json"), "--key", line), 3);
    ok(await seenFrom("verify", work.path("out.json"), "--key", line, "--notice", work.path("notice.json")));
  });
});

describe("key revoke", () => {
  test("takes back all that nobody saw before, in four answers", async () => {
    const file = test_();
    const witness = stranger(work);
    const see = (...args: string[]): Promise<Ran> => attest(args, witness);
    const his = ok(await see("key", "new", "witness")).stdout.trim();
    ok(await see("receipt", file, "--key", line, "--output", work.path("early.json")));
    const code = async (...more: string[]): Promise<string> => {
      const { code, stdout } = await attest(["verify", file, "--key", line, ...more], work);
      return `${String(code)} ${/\[(key-[a-z-]+)\]/.exec(stdout)?.[1] ?? "ok"}`;
    };
    expect(await code()).toBe("0 ok");
    await new Promise((resolve) => setTimeout(resolve, 5)); // the receipt's millisecond is over
    ok(await revoke());
    expect(await code()).toBe("3 key-revoked-unproven");
    const early = ["--notice", work.path("early.json")];
    expect(await code(...early)).toBe("3 key-revoked-unproven"); // by whom, who knows
    expect(await code("--key", his, ...early)).toBe("0 ok");
    ok(await revoke("--since", "2026-01-01T00:00:00Z"));
    expect(await code("--key", his, ...early)).toBe("3 key-revoked-late");
    expect(await code("--key", his)).toBe("3 key-revoked");
  });

  test("is heard wherever the notice comes from, whatever the keyring says", async () => {
    const before = readFileSync(work.path("lab/keys/keyring.json"));
    ok(await revoke());
    writeFileSync(work.path("lab/keys/keyring.json"), before);
    ok(await seenFrom("verify", work.path("lab"), "--key", line), 3);
    const [note = ""] = readdirSync(work.path("lab/attestations")).filter((name) => /^note_.*json$/.test(name));
    work.write("note.json", readFileSync(work.path(`lab/attestations/${note}`), "utf8"));
    rmSync(work.path(`lab/attestations/${note}`));
    ok(await seenFrom("verify", work.path("lab"), "--key", line), 3); // the log has it all the same
    work.write("alone.json", readFileSync(test_(), "utf8"));
    ok(await seenFrom("verify", work.path("alone.json"), "--key", line));
    ok(await seenFrom("verify", work.path("alone.json"), "--key", line, "--notice", work.path("note.json")), 3);
  });

  test("is heard by whoever would sign, too, where the keyring does not say it", async () => {
    const before = readFileSync(work.path("lab/keys/keyring.json"));
    ok(await revoke());
    writeFileSync(work.path("lab/keys/keyring.json"), before);
    expect(fault(await publish("late", "--signer", "signer")).error).toMatch(/found signer, revoked from /);
    expect(fault(await work.attest("cosign", test_(), "--signer", "signer")).error).toMatch(/revoked/);
  });

  test("is heard over http, beside what cannot be had; if it is withheld, its entry says it", async () => {
    const path = test_();
    ok(await work.attest("key", "new", "witness"));
    ok(await work.attest("receipt", path, "--signer", "witness"));
    const receipt = readdirSync(work.path("lab/attestations")).find((name) => /^note_.*json$/.test(name)) ?? "";
    const { id } = JSON.parse((await revoke("--json")).stdout) as { id: string };
    let withheld = [receipt];
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const name = (request.url ?? "").slice(1);
      asked.push(basename(name));
      if (withheld.includes(basename(name))) return void response.writeHead(503).end();
      const file = work.path("lab", name);
      if (!existsSync(file)) return void response.writeHead(404).end();
      response.end(readFileSync(file));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/attestations/${basename(path)}`;
    const heard = await seenFrom("verify", address, "--key", line);
    expect(ok(heard, 3).stdout).toContain("[key-revoked-unproven]");
    expect(asked.indexOf(`${id}.json`)).toBeLessThan(asked.indexOf(receipt));
    withheld = [receipt, `${id}.json`];
    ok(await seenFrom("verify", address, "--key", line), 3);
    server.close();
  });

  test("is heard by the page, whoever the site lists", async () => {
    ok(await revoke());
    work.write("lab/keys/keyring.json", '{"signers":[],"logs":[],"witnesses":[]}');
    ok(await work.attest("site", "build", "--registry", "lab"), 1); // a result by nobody whom it lists
    const page = readFileSync(
      test_().replace("/attestations/", "/site/attestations/").replace(/json$/, "html"),
      "utf8",
    );
    expect(page).toMatch(/notices[^<]*\\"action\\": \\"revoke\\"/);
  });

  test("by its successor, when the key itself is lost; by nobody else", async () => {
    ok(await work.attest("key", "rotate", "signer", "second", "--registry", "lab"));
    ok(await work.attest("key", "new", "other"));
    expect(fault(await revoke("--signer", "other")).error).toMatch(/\bor its successor\b/);
    ok(await revoke("--signer", "second"));
    const before = readFileSync(work.path("lab/keys/keyring.json"), "utf8");
    expect(before).toContain('"revoked"');
    ok(await seenFrom("verify", work.path("lab"), "--key", line), 3);
  });

  test("needs a reason, and a time that has passed", async () => {
    expect(fault(await work.attest("key", "revoke", "signer", "--registry", "lab")).error).toMatch(/--reason/);
    expect(fault(await revoke("--since", "yesterday")).error).toMatch(/a time like 2026-/);
    expect(fault(await revoke("--since", "2999-01-01T00:00:00Z")).error).toMatch(/^--since .*2999-01-01T00:00:00Z$/);
    ok(await work.attest("verify", "lab"));
  });
});

describe("receipt", () => {
  test("is of somebody else's signature, and of a good one", async () => {
    const file = test_();
    expect(fault(await work.attest("receipt", file, "--output", "r.json")).error).toMatch(/its own signature$/);
    work.write("bad.json", readFileSync(file, "utf8").replace("Addition adds", "Addition adds!"));
    ok(await work.attest("key", "new", "witness"));
    expect((await work.attest("receipt", "bad.json", "--signer", "witness", "--output", "r.json")).code).toBe(1);
    expect(readdirSync(work.cwd)).not.toContain("r.json");
    ok(await work.attest("receipt", file, "--signer", "witness", "--registry", "lab"));
    ok(await work.attest("verify", "lab"));
  });
});

test.each(["retract", "key revoke"])(
  "attest %s without words for its reason is refused before anything is signed",
  async (verb) => {
    const [target, before] = [verb === "retract" ? test_() : "signer", readdirSync(work.path("lab/attestations"))];
    const ran = await work.attest(
      ...verb.split(" "),
      target,
      "--reason",
      " ",
      ...(verb === "retract" ? [] : ["--registry", "lab"]),
    );
    expect(fault(ok(ran, 2)).error).toMatch(naming("reason", 2000));
    expect(readdirSync(work.path("lab/attestations"))).toEqual(before);
  },
);
