/** The key in `F3_ATTEST_KEY`: used when no other is named, in each form in which a CI secret keeps it, and never shown. */
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, copyOf, fault, workspace, type Ran, type Workspace } from "./attest.js";
import { lab, locked, secretOf, writeDraft } from "./drafts.js";
import type { Code } from "../../src/core/codes.js";
import { failure, naming } from "../core/refusal.js";

const PASSPHRASE = "correct horse battery staple";
const SIGN = ["sign", "statement.json", "--registry", "lab"];

let made: Workspace;
/** Another key than the keystore's; the PEM that `key new` writes. */
let pem = "";
let armored = "";

beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "statement", { title: "Another" });
  const other = workspace();
  await other.attest("key", "new");
  pem = secretOf(other);
  armored = await locked(pem, PASSPHRASE);
});

const secretLines = (): string[] =>
  [...pem.split("\n"), ...armored.split("\n")].filter((line) => /^[\w+/=]{8,}$/.test(line));

async function withKey(work: Workspace, key: string, args = SIGN, more: Record<string, string> = {}): Promise<Ran> {
  const ran = await attest(args, { cwd: work.cwd, env: { ...work.env, F3_ATTEST_KEY: key, ...more } });
  for (const line of secretLines()) expect(ran.stdout + ran.stderr).not.toContain(line);
  return ran;
}

const signers = (work: Workspace): JsonObject[] =>
  (JSON.parse(readFileSync(work.path("lab/keys/keyring.json"), "utf8")) as { signers: JsonObject[] }).signers;

describe("signs", () => {
  test.each<[string, () => string, Record<string, string>]>([
    ["as PEM", () => pem, {}],
    ["without its last line end", () => pem.trimEnd(), {}],
    ["with the line ends of Windows", () => pem.replaceAll("\n", "\r\n"), {}],
    ["on one line, with \\n", () => pem.replaceAll("\n", "\\n"), {}],
    ["on one line, with \\r\\n", () => pem.replaceAll("\n", "\\r\\n"), {}],
    ["between white space", () => `\n\n  ${pem}\n\n`, {}],
    ["under a passphrase", () => armored, { F3_ATTEST_PASSPHRASE: PASSPHRASE }],
    ["under a passphrase, on one line", () => armored.replaceAll("\n", "\\n"), { F3_ATTEST_PASSPHRASE: PASSPHRASE }],
  ])("%s", async (_, key, env) => {
    const work = copyOf(made);
    const ran = await withKey(work, key(), SIGN, env);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/^signing with the key from F3_ATTEST_KEY, SHA256:\S{43}\n/);
    expect(signers(work).map(({ name }) => name)).toEqual(["signer", "ci"]);
    expect((await work.attest("verify", "lab", "--key", "lab/keys/ci.pub")).stdout).toContain("2 of 2 verified");
  });

  test("with a passphrase from a file", async () => {
    const work = copyOf(made);
    work.write("pw", `${PASSPHRASE}\n`);
    expect((await withKey(work, armored, [...SIGN, "--passphrase-file", "pw"])).code).toBe(0);
  });

  test("without a home: nothing is read from one, and nothing is written", async () => {
    const work = copyOf(made);
    const ran = await withKey(work, pem, [...SIGN.slice(0, 2), "--output", "out.json"], {
      F3_ATTEST_HOME: work.path("none"),
    });
    expect(ran.code, ran.stderr).toBe(0);
    expect(readdirSync(work.cwd)).not.toContain("none");
  });
});

test("under the name by which the registry lists it already, or one of its own where ci stands for another key", async () => {
  const work = copyOf(made);
  await withKey(work, secretOf(work));
  expect(signers(work).map(({ name }) => name)).toEqual(["signer"]);
  await withKey(work, pem);
  await withKey(work, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string);
  expect(signers(work).map(({ name }) => name)).toEqual(["signer", "ci", expect.stringMatching(/^ci-[0-9a-f]{8}$/)]);
});

test("--signer goes before it", async () => {
  const work = copyOf(made);
  const ran = await withKey(work, "", [...SIGN, "--signer", "signer"]);
  expect({ code: ran.code, keys: signers(work).length }).toEqual({ code: 0, keys: 1 });
  expect(ran.stderr).not.toContain("F3_ATTEST_KEY");
});

describe("is refused", () => {
  test.each<[string, () => string, Record<string, string>, Code, RegExp, RegExp]>([
    ...["", "   \n", "\\n"].map((text): [string, () => string, Record<string, string>, Code, RegExp, RegExp] => [
      `empty: ${JSON.stringify(text)}`,
      () => text,
      {},
      "key-missing",
      naming("F3_ATTEST_KEY", "empty"),
      naming("--unsigned", "unset"),
    ]),
    ["something else", () => "hunter2", {}, "key-format", naming("F3_ATTEST_KEY", "Ed25519"), /^$/],
    ["half of it", () => pem.slice(0, 60), {}, "key-format", naming("F3_ATTEST_KEY", "Ed25519"), /^$/],
    [
      "another kind of key",
      () =>
        generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
          format: "pem",
          type: "pkcs8",
        }) as string,
      {},
      "key-format",
      naming("F3_ATTEST_KEY", "Ed25519"),
      /^$/,
    ],
    ["locked", () => armored, {}, "key-locked", naming("F3_ATTEST_KEY"), naming("F3_ATTEST_PASSPHRASE")],
    [
      "locked, with another passphrase",
      () => armored,
      { F3_ATTEST_PASSPHRASE: "wrong" },
      "key-locked",
      naming("F3_ATTEST_KEY"),
      naming("F3_ATTEST_PASSPHRASE"),
    ],
  ])("%s", async (_, key, env, code, error, hint) => {
    const work = copyOf(made);
    const ran = await withKey(work, key(), SIGN, env);
    expect(ran.code).toBe(2);
    expect(fault(ran).error).toMatch(error);
    expect(fault(ran).hint ?? "").toMatch(hint);
    expect(failure(await withKey(work, key(), [...SIGN, "--json"], env)).code).toBe(code);
    expect(ran.stdout + ran.stderr).not.toMatch(/hunter2|wrong/);
    expect(readdirSync(work.path("lab/attestations")).filter((name) => /^test_.*json$/.test(name))).toHaveLength(1);
  });
});
