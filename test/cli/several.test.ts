/** Several files for `sign` and `add`: all are checked before anything is written, a bad one stops no other, and each is told. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, colleague, copyOf, fault, tree, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, locked, secretOf, writeDraft } from "./drafts.js";

let made: Workspace;
let line = "";

/** A registry `lab`; three drafts; and three attestations by someone else, of whom the registry knows nothing. */
beforeAll(async () => {
  made = workspace();
  await lab(made);
  const theirs = colleague(made, "elsewhere");
  await attest(["key", "new", "colleague"], theirs);
  line = (await attest(["key", "show"], theirs)).stdout.trim();
  for (const name of ["one", "two", "three"]) {
    writeDraft(made, name, { title: name, evidence: { "output.txt": `output of ${name}\n` } });
    const ran = await attest(["sign", `${name}.json`, "--output", `sent-${name}.json`], theirs);
    expect(ran.code, ran.stderr).toBe(0);
  }
  made.write("bad.json", "{");
});

const SIGN = ["sign", "one.json", "two.json", "three.json", "--registry", "lab"];
const ADD = ["add", "sent-one.json", "sent-two.json", "sent-three.json", "--registry", "lab", "--key"];
const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};
const lines = (text: string): string[] => text.split("\n").filter(Boolean);
const documents = (ran: Ran): JsonObject[] => ran.json()["documents"] as JsonObject[];
const size = (work: Workspace): number =>
  Number(readFileSync(work.path("lab/attestations/log/checkpoint"), "utf8").split("\n")[1]);

describe.each<[string, () => readonly string[], string]>([
  ["sign", () => SIGN, ""],
  ["add", () => [...ADD, line], "sent-"],
])("%s", (command, args, prefix) => {
  test("each is published, in the order that was given, and verifies with its evidence", async () => {
    const work = copyOf(made);
    const ran = ok(await work.attest(...args()));
    const paths = lines(ran.stdout);
    expect(paths).toHaveLength(3);
    const titles = paths.map((path) => (JSON.parse(readFileSync(work.path(path), "utf8")) as Title).payload.predicate);
    expect(titles.map(({ f3 }) => f3.title)).toEqual(["one", "two", "three"]);
    expect(lines(ran.stderr).slice(0, 3)).toEqual(["VALIDATED  one", "VALIDATED  two", "VALIDATED  three"]);
    expect(size(work)).toBe(4);
    ok(await work.attest("verify", "lab", "--require", "evidence", "--key", line));
    ok(await work.attest("log", "check", "lab"));
  });

  test("--json is one object, with each file and the exit status", async () => {
    const work = copyOf(made);
    const ran = ok(await work.attest(...args(), "--json"));
    expect(ran.json()).toMatchObject({ exit: 0 });
    const told = documents(ran);
    expect(told.map(({ target }) => target)).toEqual(["one", "two", "three"].map((name) => `${prefix}${name}.json`));
    for (const one of told)
      expect(one).toMatchObject({
        id: expect.stringMatching(/^test_[0-9a-f]{16}$/),
        path: expect.stringMatching(/^lab\/attestations\/test_[0-9a-f]{16}\.json$/),
        keyid: expect.stringMatching(/^SHA256:/),
        verdict: "VALIDATED",
      });
  });

  test("what is bad stops no other: it is named, and the exit status is that of the first", async () => {
    const work = copyOf(made);
    rmSync(work.path(`${prefix}two.evidence`), { recursive: true });
    const [verb = "", one = "", two = "", ...rest] = args();
    const ran = await work.attest(verb, "bad.json", one, two, "gone.json", ...rest);
    expect(ran.code).toBe(2);
    expect(lines(ran.stdout)).toHaveLength(2);
    const errors = lines(ran.stderr).filter((text) => text.startsWith("error: "));
    expect(errors.map((text) => text.split(": ")[1])).toEqual(["bad.json", `${prefix}two.json`, "gone.json"]);
    expect(size(work)).toBe(3);

    const again = await work.attest(verb, "bad.json", one, two, "gone.json", ...rest, "--json");
    expect(again.code).toBe(2);
    expect(again.json()["exit"]).toBe(2);
    expect(documents(again).map((told) => (told["error"] as JsonObject | undefined)?.["code"])).toEqual([
      "json-syntax",
      undefined,
      "file-missing",
      "io",
      undefined,
    ]);
  });

  test("if all are bad nothing is written, and no key is opened", async () => {
    const work = copyOf(made);
    const before = tree(work.path("lab"));
    rmSync(work.home, { recursive: true });
    const ran = await work.attest(command, "bad.json", "gone.json", "--registry", "lab");
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 2, stdout: "" });
    expect(tree(work.path("lab"))).toEqual(before);
  });

  test("- may be one of them, once", async () => {
    const work = copyOf(made);
    const [verb = "", one = "", ...rest] = args();
    const input = readFileSync(work.path(one));
    const evidence = ["--evidence", `${prefix}one.evidence`];
    const first = await attest([verb, "-", "bad.json", "--registry", "lab", ...rest.slice(4), ...evidence], {
      ...work,
      input,
    });
    expect(lines(first.stdout), first.stderr).toHaveLength(1);
    const before = tree(work.path("lab"));
    const twice = await attest([verb, "-", one, "-", "--registry", "lab"], { ...work, input });
    expect(twice.code).toBe(2);
    expect(fault(twice).error).toBe("- is given twice");
    expect(tree(work.path("lab"))).toEqual(before);
  });

  test("the same file twice is published once", async () => {
    const work = copyOf(made);
    const [verb = "", one = "", ...rest] = args();
    const ran = ok(await work.attest(verb, one, one, ...rest.slice(2)));
    const [first, second, ...more] = lines(ran.stdout);
    expect([second, more]).toEqual([first, []]);
    expect(size(work)).toBe(2);
  });

  test("files in different registries: the user says which", async () => {
    const work = copyOf(made);
    ok(await work.attest("init", "other", "--origin", "example.org/other"));
    for (const place of ["lab", "other"]) work.write(`${place}/in.json`, readFileSync(work.path(`${prefix}one.json`)));
    const ran = await work.attest(command, "lab/in.json", "other/in.json");
    expect(ran.code).toBe(2);
    expect(fault(ran).hint).toContain("--registry");
  });
});

interface Title {
  readonly payload: { readonly predicate: { readonly f3: { readonly title: string } } };
}

describe("sign", () => {
  test("--output takes one", async () => {
    const work = copyOf(made);
    for (const output of ["out.json", "-"]) {
      const ran = await work.attest("sign", "one.json", "two.json", "--output", output);
      expect(ran.code).toBe(2);
      expect(fault(ran).hint).toContain("--registry DIR");
    }
  });

  test("the key is opened once", async () => {
    const work = copyOf(made);
    writeFileSync(`${work.home}/keys/signer.age`, await locked(secretOf(work), "a passphrase"), { mode: 0o600 });
    rmSync(`${work.home}/keys/signer.pem`);
    const ran = ok(
      await attest([...SIGN, "--passphrase-fd", "3"], { ...work, fd3: work.write("pw", "a passphrase\n") }),
    );
    expect(lines(ran.stdout)).toHaveLength(3);
  });

  test("a relation is refused for the one that has it", async () => {
    const work = copyOf(made);
    const relations = [{ type: "supersedes" as const, target: "x", digest: { sha256: "ab".repeat(32) } }];
    writeDraft(work, "two", { f3: { relations } });
    const ran = await work.attest(...SIGN);
    expect(ran.code).toBe(2);
    expect(lines(ran.stdout)).toHaveLength(2);
    expect(ran.stderr).toMatch(/^error: two\.json: the statement refers to other attestations: supersedes:abab/m);
  });

  test("receipts of audits among them", async () => {
    const work = copyOf(made);
    await work.attest("audit", "lab", "--offline", "--receipt", "receipt.json");
    const ran = ok(await work.attest("sign", "one.json", "receipt.json", "two.json", "--registry", "lab", "--json"));
    expect(documents(ran).map((told) => told["verdict"] ?? told["action"])).toEqual([
      "VALIDATED",
      "audit",
      "VALIDATED",
    ]);
    ok(await work.attest("verify", "lab"));
    ok(await work.attest("log", "check", "lab"));
  });
});

describe("add", () => {
  test("without the key: each is refused, and nothing is written", async () => {
    const work = copyOf(made);
    const before = tree(work.path("lab"));
    const ran = await work.attest("add", "sent-one.json", "sent-two.json", "--registry", "lab");
    expect({ code: ran.code, same: tree(work.path("lab")) }).toEqual({ code: 3, same: before });
    expect(ran.stderr.match(/^error: sent-\w+\.json: neither you/gm)).toHaveLength(2);
    expect(ran.stderr.match(/^hint: .*--key/gm)).toHaveLength(1);
  });

  test("the exit status is that of the first that failed", async () => {
    const work = copyOf(made);
    for (const [first, second, code] of [
      ["sent-one.json", "bad.json", 3],
      ["bad.json", "sent-one.json", 2],
    ] as const)
      expect((await work.attest("add", first, second, "--registry", "lab")).code).toBe(code);
  });

  test("one document with two signers: both signatures, each entered once", async () => {
    const work = copyOf(made);
    const theirs = colleague(work, "third");
    ok(await attest(["key", "new", "third"], theirs));
    const third = ok(await attest(["key", "show"], theirs)).stdout.trim();
    work.write("twice.json", readFileSync(work.path("sent-one.json")));
    ok(await attest(["cosign", "twice.json", "--key", line], theirs));
    work.write("twice.evidence/output.txt", "output of one\n");
    const ran = ok(
      await work.attest("add", "sent-one.json", "twice.json", "--registry", "lab", "--key", line, "--key", third),
    );
    const [path = "", other] = lines(ran.stdout);
    expect(other).toBe(path);
    const { signatures } = JSON.parse(readFileSync(work.path(path), "utf8")) as { signatures: unknown[] };
    expect([signatures.length, size(work)]).toEqual([2, 3]);
    ok(await work.attest("log", "check", "lab"));
  });
});
