/** A key under a passphrase: the plain secret is gone, age opens what is left, and each way to give the passphrase works. */
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { beforeAll, describe, expect, test } from "vitest";
import { attest, copyOf, MAIN, workspace, type Workspace } from "./attest.js";
import { lab, locked, secretOf, writeDraft } from "./drafts.js";

const PASSPHRASE = "correct horse battery staple";
const SIGN = ["sign", "statement.json", "--registry", "lab"];

let made: Workspace;
let secret = "";

beforeAll(async () => {
  made = workspace();
  await lab(made);
  writeDraft(made, "statement", { title: "Another" });
  made.write("pw", `${PASSPHRASE}\n`);
  secret = secretOf(made);
});

const opened = async (work: Workspace, passphrase: string): Promise<string> => {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  return await decrypter.decrypt(armor.decode(readFileSync(join(work.home, "keys/signer.age"), "utf8")), "text");
};

/** The same key under the same passphrase, cheap to open. */
async function under(): Promise<Workspace> {
  const work = copyOf(made);
  writeFileSync(join(work.home, "keys/signer.age"), await locked(secret, PASSPHRASE), { mode: 0o600 });
  rmSync(join(work.home, "keys/signer.pem"));
  return work;
}

test("key passphrase: the plain secret is gone, and age opens the other", async () => {
  const work = copyOf(made);
  const ran = await work.attest("key", "passphrase", "--new-passphrase-file", "pw");
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "" });
  expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.age", "signer.pub"]);
  expect(statSync(join(work.home, "keys/signer.age")).mode & 0o777).toBe(0o600);
  const file = readFileSync(join(work.home, "keys/signer.age"), "utf8");
  expect(file).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  expect(file).not.toContain(secret.split("\n")[1]);
  expect(await opened(work, PASSPHRASE)).toBe(secret);
  expect((await work.attest("key", "list")).stdout).toMatch(/^signer\tSHA256:\S+\tunder a passphrase\n$/);
});

test("key passphrase: from an old one to a new one", async () => {
  const work = await under();
  work.write("new", "another\r\n");
  expect(
    (await work.attest("key", "passphrase", "signer", "--passphrase-file", "pw", "--new-passphrase-file", "new")).code,
  ).toBe(0);
  expect(await opened(work, "another")).toBe(secret);
  await expect(opened(work, PASSPHRASE)).rejects.toThrow();
});

describe("signing", () => {
  test.each<[string, string[], Record<string, string>]>([
    ["F3_ATTEST_PASSPHRASE", [], { F3_ATTEST_PASSPHRASE: PASSPHRASE }],
    ["--passphrase-file", ["--passphrase-file", "pw"], {}],
    ["--passphrase-fd", ["--passphrase-fd", "3"], {}],
    ["the file goes before the environment", ["--passphrase-file", "pw"], { F3_ATTEST_PASSPHRASE: "wrong" }],
  ])("%s", async (_, args, env) => {
    const work = await under();
    const ran = await attest([...SIGN, ...args], { cwd: work.cwd, env: { ...work.env, ...env }, fd3: work.path("pw") });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).not.toContain(PASSPHRASE);
    expect((await work.attest("verify", "lab")).stdout).toContain("2 of 2 verified");
  });
});

describe("on a terminal", () => {
  /** `script` lends the program a terminal; what is typed comes when it is asked for. */
  const terminal = (
    work: Workspace,
    args: readonly string[],
    typed: string,
  ): { status: number | null; shown: string } => {
    const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
    // The pauses keep each line from being typed before its question is asked: a terminal would echo it.
    const typing = typed
      .split("\n")
      .map((text) => `sleep 1.5; printf '${text}\\r'`)
      .join("; ");
    const { status, stdout } = spawnSync("/bin/sh", ["-c", `(${typing}; sleep 4) | script -qec "${line}" /dev/null`], {
      cwd: work.cwd,
      env: work.env,
      encoding: "utf8",
    });
    return { status, shown: stdout };
  };

  test("it is asked for, and not shown", async (context) => {
    if (spawnSync("script", ["--version"]).error)
      context.skip("NOT CHECKED: there is no `script` here to lend a terminal");
    const work = await under();
    const { shown } = terminal(work, SIGN, PASSPHRASE);
    expect(shown).toContain("passphrase: ");
    expect(shown).toContain("signed with SHA256:");
    expect(shown).not.toContain(PASSPHRASE);
  });

  test("a new one is asked for twice, and nothing is changed when they differ", async (context) => {
    if (spawnSync("script", ["--version"]).error)
      context.skip("NOT CHECKED: there is no `script` here to lend a terminal");
    const work = copyOf(made);
    const { shown } = terminal(work, ["key", "passphrase"], "one thing\nanother thing");
    expect(shown).toContain("the same again: ");
    expect(shown).toContain("error: expected the same passphrase twice, found two");
    expect(shown).not.toContain("thing\r");
    expect(createPublicKey(secretOf(work)).asymmetricKeyType).toBe("ed25519");
  });
});
