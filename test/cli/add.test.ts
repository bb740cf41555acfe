/** `attest add`: what was signed elsewhere enters a registry only with a key that somebody here vouches for, and with its evidence. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { canonical, type JsonObject } from "../../src/core/json.js";
import { attest, colleague, copyOf, fault, stranger, tree, workspace, type Ran, type Workspace } from "./attest.js";
import { drafted, lab, sealed, secretOf, stamped, writeDraft } from "./drafts.js";
import { naming } from "../core/refusal.js";

let made: Workspace;
let elsewhere = "";

/** A registry `lab` whose keyring lists `signer`; and `sent.json`, with its evidence beside it, signed by somebody who is not listed. */
beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "sent-statement", { title: "Sent", evidence: { "output.txt": "four\n", "more.txt": "five\n" } });
  const surroundings = colleague(made, "elsewhere");
  await attest(["key", "new", "colleague"], surroundings);
  elsewhere = (await attest(["key", "show"], surroundings)).stdout.trim();
  made.write("colleague.pub", `${elsewhere}\n`);
  const ran = await attest(["sign", "sent-statement.json", "--output", "sent.json"], surroundings);
  expect(ran.code, ran.stderr).toBe(0);
});

const ADD = ["add", "sent.json", "--registry", "lab"];
const read = (work: Workspace, path: string): JsonObject =>
  JSON.parse(readFileSync(work.path(path), "utf8")) as JsonObject;
const names = (work: Workspace): unknown[] =>
  (read(work, "lab/keys/keyring.json")["signers"] as JsonObject[]).map(({ name }) => name);
const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};
/** Refused with this status; and the registry is what it was. */
async function refused(
  work: Workspace,
  code: number,
  args: readonly string[],
  input = "",
): Promise<ReturnType<typeof fault>> {
  const before = tree(work.path("lab"));
  const ran = await attest(args, { ...work, input });
  expect({ code: ran.code, same: tree(work.path("lab")) }, ran.stderr).toEqual({ code, same: before });
  return fault(ran);
}

describe("whose key it is", () => {
  test("unknown: refused, with what to do", async () => {
    expect(await refused(copyOf(made), 3, ADD)).toEqual({
      error: expect.stringMatching(/SHA256:\S{43}$/),
      hint: expect.stringContaining("--key"),
    });
  });

  test("named by --key: added with all of its evidence, and listed under the comment of its line", async () => {
    const work = copyOf(made);
    const ran = ok(await work.attest(...ADD, "--key", "colleague.pub", "--json"));
    const { id, path } = ran.json() as Record<string, string>;
    expect(ran.json()).toMatchObject({ verdict: "VALIDATED", added: true, path: `lab/attestations/${id ?? ""}.json` });
    expect(readFileSync(work.path(path ?? ""))).toEqual(readFileSync(work.path("sent.json")));
    expect(names(work)).toEqual(["signer", "colleague"]);
    expect(readFileSync(work.path("lab/keys/colleague.pub"), "utf8")).toBe(`${elsewhere}\n`);
    // Somebody else, with the key alone.
    const checked = await attest(["verify", path ?? "", "--key", "colleague.pub", "--json"], stranger(work));
    expect(JSON.stringify(checked.json())).toContain("2 archived pieces hash to the signed digests");
    expect(ok(checked).code).toBe(0);
  });

  test("listed by the registry: whoever writes there decides who is", async () => {
    const work = copyOf(made);
    const file = ok(await work.attest(...ADD, "--key", "colleague.pub")).stdout.trim();
    rmSync(work.path(file));
    const keyring = readFileSync(work.path("lab/keys/keyring.json"));
    expect(ok(await attest(ADD, colleague(work))).stdout).toBe(`${file}\n`);
    expect(readFileSync(work.path("lab/keys/keyring.json"))).toEqual(keyring);
  });

  test("one's own: listed under its name, or under another where that stands for another key", async () => {
    const work = copyOf(made);
    const theirs = { cwd: work.cwd, env: { ...work.env, F3_ATTEST_HOME: join(work.root, "elsewhere") } };
    ok(await attest(ADD, theirs));
    expect(names(work)).toEqual(["signer", "colleague"]);
    const other = copyOf(made);
    ok(await other.attest(...ADD, "--key", elsewhere.replace("colleague", "signer")));
    expect(names(other)).toEqual(["signer", expect.stringMatching(/^signer-[0-9a-f]{8}$/)]);
  });

  test("revoked by the registry: refused, whoever vouches for it", async () => {
    const work = copyOf(made);
    ok(await work.attest(...ADD, "--key", "colleague.pub"));
    const keyring = read(work, "lab/keys/keyring.json") as { signers: JsonObject[] };
    const revoked = { at: "2026-01-01T00:00:00Z", reason: "lost" };
    const signers = keyring.signers.map((one) => (one["name"] === "colleague" ? { ...one, revoked } : one));
    work.write("lab/keys/keyring.json", JSON.stringify({ ...keyring, signers }));
    expect((await refused(work, 3, [...ADD, "--key", "colleague.pub"])).error).toMatch(
      /^the key is revoked from 2026-01-01T00/,
    );
  });

  test("listed for a later time: refused by the registry's word alone, listed earlier for whoever owns the key", async () => {
    const work = copyOf(made);
    const early = sealed(stamped(drafted({ evidence: {} })), secretOf(work));
    work.write("early.json", early.bytes);
    const args = ["add", "early.json", "--registry", "lab"];
    const before = tree(work.path("lab"));
    const ran = await attest(args, stranger(work));
    expect({ code: ran.code, same: tree(work.path("lab")) }).toEqual({ code: 3, same: before });
    ok(await work.attest(...args));
    expect(read(work, "lab/keys/keyring.json")).toMatchObject({ signers: [{ validFrom: "2026-03-01T10:00:03.000Z" }] });
    ok(await work.attest("verify", "lab"));
  });
});

describe("what it is", () => {
  test("the same again: fine, and told", async () => {
    const work = copyOf(made);
    ok(await work.attest(...ADD, "--key", "colleague.pub"));
    rmSync(work.path("sent.evidence"), { recursive: true }); // the registry has it
    const before = readdirSync(work.path("lab"), { recursive: true });
    const ran = ok(await work.attest(...ADD, "--key", "colleague.pub"));
    expect(ran.stderr).toMatch(/^VALIDATED {2}Sent\nit was there already, signed with SHA256:\S{43}; check it with: /);
    expect(ok(await work.attest(...ADD, "--json")).json()).toMatchObject({ added: false });
    expect(readdirSync(work.path("lab"), { recursive: true })).toEqual(before);
  });

  test("other bytes under the same id: refused", async () => {
    const work = copyOf(made);
    const { id = "" } = ok(await work.attest(...ADD, "--key", "colleague.pub", "--json")).json() as Record<
      string,
      string
    >;
    const file = `lab/attestations/${id}.json`;
    work.write(file, readFileSync(work.path(file), "utf8").replace("Sent", "Lost"));
    expect(await refused(work, 2, ADD)).toEqual({
      error: expect.stringMatching(naming(`attestations/${id}.json`)),
      hint: expect.any(String),
    });
  });

  test("changed on the way: refused, and nothing of it is shown", async () => {
    const work = copyOf(made);
    work.write("sent.json", readFileSync(work.path("sent.json"), "utf8").replace("Sent", "Forged"));
    const { error } = await refused(work, 1, [...ADD, "--key", "colleague.pub"]);
    expect(error).toMatch(/^the bytes are not those that SHA256:\S{43} signed$/);
  });

  test.each<[string, number, (work: Workspace) => string]>([
    ["no JSON", 2, () => "attest"],
    ["a statement that nobody signed", 2, (work) => readFileSync(work.path("sent-statement.json"), "utf8")],
    ["an attestation without a signature", 1, (work) => JSON.stringify({ ...read(work, "sent.json"), signatures: [] })],
    [
      "a verdict that the checks do not give",
      1,
      (work) =>
        new TextDecoder().decode(
          sealed(
            JSON.parse(JSON.stringify(stamped(drafted())).replace('"VALIDATED"', '"REFUTED"')) as JsonObject,
            secretOf(work),
          ).bytes,
        ),
    ],
    [
      "dates in an impossible order",
      5,
      (work) => new TextDecoder().decode(sealed(stamped(drafted(), "2026-02-01T00:00:00Z"), secretOf(work)).bytes),
    ],
  ])("%s: refused", async (_, code, text) => {
    const work = copyOf(made);
    await refused(work, code, ["add", "-", "--registry", "lab", "--key", "colleague.pub"], text(work));
  });

  test("in the DSSE format, under any name, from a folder or from stdin: published in the readable one", async () => {
    const work = copyOf(made);
    const { payload, ...rest } = read(work, "sent.json") as { payload: JsonObject };
    work.write(
      "in toto.dsse",
      JSON.stringify({ ...rest, payload: Buffer.from(canonical(payload)).toString("base64") }),
    );
    const ran = ok(
      await work.attest("add", "in toto.dsse", "--registry", "lab", "--key", elsewhere, "--evidence", "sent.evidence"),
    );
    expect(readFileSync(work.path(ran.stdout.trim()))).toEqual(readFileSync(work.path("sent.json")));
    const again = await attest(["add", "-", "--registry", "lab"], {
      ...work,
      input: readFileSync(work.path("in toto.dsse")),
    });
    expect(ok(again).stderr).toContain("it was there already");
  });
});

describe("its evidence", () => {
  test.each<[string, (work: Workspace) => void]>([
    ["one piece is missing", (work) => rmSync(work.path("sent.evidence/sha256/"), { recursive: true })],
    ["one is other bytes", (work) => spoil(work)],
  ])("%s: refused before anything is written", async (_, change) => {
    const work = copyOf(made);
    change(work);
    expect(await refused(work, 2, [...ADD, "--key", "colleague.pub"])).toEqual({
      error: expect.stringMatching(/\S+\.txt .*sent\.evidence.*[0-9a-f]{64}/),
      hint: expect.stringContaining("--evidence DIR"),
    });
  });

  test("found by what it is, not by what it is called", async () => {
    const work = copyOf(made);
    rmSync(work.path("sent.evidence"), { recursive: true });
    work.write("found/deep/er/anything", "four\n");
    work.write("found/something else", "five\n");
    ok(await work.attest(...ADD, "--key", "colleague.pub", "--evidence", "found"));
    expect((await work.attest("verify", "lab", "--key", "colleague.pub")).code).toBe(0);
  });
});

function spoil(work: Workspace): void {
  for (const name of readdirSync(work.path("sent.evidence"), { recursive: true, encoding: "utf8" }))
    if (/[0-9a-f]{64}$/.test(name)) work.write(join("sent.evidence", name), "six!\n");
}

test("into the nearest registry of the file, when none is named", async () => {
  const work = copyOf(made);
  copyFileSync(work.path("sent.json"), work.path("lab/sent.json"));
  ok(await work.attest("add", "lab/sent.json", "--key", "colleague.pub", "--evidence", "sent.evidence"));
  expect(existsSync(work.path("attestations"))).toBe(false);
  expect(names(work)).toEqual(["signer", "colleague"]);
});
