/** A key under a passphrase: the plain secret is gone, age opens what is left, and each way to give the passphrase works. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attest, copyOf, ended, MAIN, workspace, type Ran, type Workspace } from "./attest.js";
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
  /** `script` lends the program a terminal; each answer is typed when its question is asked. */
  async function terminal(
    work: Workspace,
    args: readonly string[],
    answers: readonly [question: string, answer: string][],
  ): Promise<Ran> {
    const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", line, "/dev/null"], { cwd: work.cwd, env: work.env, stdio: "pipe" });
    const end = ended(child);
    let unread = "";
    const waiting = [...answers];
    child.stdout.on("data", (text: string) => {
      unread += text;
      const [question, answer] = waiting[0] ?? [];
      if (question === undefined || !unread.includes(question)) return;
      unread = "";
      waiting.shift();
      child.stdin.write(`${answer ?? ""}\r`);
    });
    return await end;
  }

  beforeEach((context) => {
    if (spawnSync("script", ["--version"]).error)
      context.skip("NOT CHECKED: there is no `script` here to lend a terminal");
  });

  test("it is asked for, and not shown", async () => {
    const work = await under();
    const { code, stdout } = await terminal(work, SIGN, [["passphrase: ", PASSPHRASE]]);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain("signed with SHA256:");
    expect(stdout).not.toContain(PASSPHRASE);
  });

  test("a wrong one is not asked for again", async () => {
    const { code, stdout } = await terminal(await under(), SIGN, [["passphrase: ", "wrong"]]);
    expect(code).toBe(2);
    expect(stdout).toContain("found one that does not open it");
    expect(stdout).not.toContain("wrong");
  });

  test("a new one is asked for twice, and nothing is changed when they differ", async () => {
    const work = copyOf(made);
    const { code, stdout } = await terminal(
      work,
      ["key", "passphrase"],
      [
        ["new passphrase: ", "one thing"],
        ["the same again: ", "another thing"],
      ],
    );
    expect(code).toBe(2);
    expect(stdout).toContain("error: expected the same passphrase twice, found two");
    expect(stdout).not.toMatch(/(?:one|another) thing/);
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });

  test("Ctrl-C at the question changes nothing", async () => {
    const work = copyOf(made);
    const { code, stdout } = await terminal(work, ["key", "passphrase"], [["new passphrase: ", "\u0003"]]);
    expect(code).toBe(2);
    expect(stdout).toContain("error: interrupted at the prompt");
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });
});
