/** A key under a passphrase: the plain secret is gone, age opens what is left, and each way to give the passphrase works. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attest, copyOf, fault, workspace, type Workspace } from "./attest.js";
import { lab, locked, secretOf, writeDraft } from "./drafts.js";
import { onTerminal, shellOnTerminal } from "./on-terminal.js";
import { failure, naming, withCode, type Told } from "../core/refusal.js";

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

describe("key passphrase --remove", () => {
  const REMOVE = ["key", "passphrase", "signer", "--remove"];

  test("the secret is a plain file again, which signs and openssl reads; the encrypted one is gone", async () => {
    const work = await under();
    expect((await work.attest(...REMOVE, "--passphrase-file", "pw")).code).toBe(0);
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
    expect(statSync(join(work.home, "keys/signer.pem")).mode & 0o777).toBe(0o600);
    expect(secretOf(work)).toBe(secret);
    expect((await work.attest(...SIGN)).code).toBe(0);
  });

  test("wants the old passphrase, and changes nothing without it", async () => {
    const work = await under();
    const refused = async (...more: readonly string[]): Promise<Told> =>
      failure(await work.attest(...REMOVE, ...more, "--json"));
    work.write("wrong", "another\n");
    const [none, wrong] = [await refused(), await refused("--passphrase-file", "wrong")];
    for (const one of [none, wrong]) expect(one).toEqual(withCode("key-locked", "signer"));
    expect(none.message).not.toBe(wrong.message);
    work.write("new", "new one\n");
    expect(await refused("--passphrase-file", "pw", "--new-passphrase-file", "new")).toEqual(
      withCode("usage", "--remove"),
    );
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.age", "signer.pub"]);
    expect(failure(await made.attest(...REMOVE, "--json"))).toEqual(withCode("usage", "signer"));
  });

  test("puts no key that another one's public line is beside", async () => {
    const work = await under();
    await work.attest("key", "new", "other");
    writeFileSync(join(work.home, "keys/signer.pub"), readFileSync(join(work.home, "keys/other.pub")));
    expect(failure(await work.attest(...REMOVE, "--passphrase-file", "pw", "--json")).code).toBe("key-format");
    expect(readdirSync(join(work.home, "keys"))).toContain("signer.age");
  });
});

describe("an empty passphrase is none that was not given", () => {
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ["F3_ATTEST_PASSPHRASE", [], { F3_ATTEST_PASSPHRASE: "" }, naming("F3_ATTEST_PASSPHRASE", "empty")],
    ["--passphrase-file", ["--passphrase-file", "empty"], {}, naming("--passphrase-file", "empty")],
    ["--passphrase-fd", ["--passphrase-fd", "3"], {}, naming("file descriptor 3", "empty")],
  ])("%s", async (_, args, env, error) => {
    const work = await under();
    work.write("empty", "\nsecond line\n");
    const given = { cwd: work.cwd, env: { ...work.env, ...env }, fd3: work.path("empty") };
    for (const command of [SIGN, ["key", "passphrase", "--remove"]])
      expect(fault(await attest([...command, ...args], given)).error).toMatch(error);
  });

  test("nor is it one to be set", async () => {
    const work = copyOf(made);
    work.write("empty", "");
    expect(fault(await work.attest("key", "passphrase", "--new-passphrase-file", "empty")).error).toMatch(
      naming("--new-passphrase-file", "empty"),
    );
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });
});

test("without a terminal it is told at once how to give one, whatever stdin holds", async () => {
  const work = await under();
  const ran = await attest(SIGN, { ...work, input: `${PASSPHRASE}\n` });
  expect(fault(ran).hint).toMatch(naming("F3_ATTEST_PASSPHRASE", "--passphrase-file FILE", "--passphrase-fd N"));
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
  beforeEach((context) => {
    if (spawnSync("script", ["--version"]).error)
      context.skip("NOT CHECKED: there is no `script` here to lend a terminal");
  });

  test("it is asked for, and not shown", async () => {
    const work = await under();
    const { code, stdout } = await onTerminal(work, SIGN, [["passphrase: ", PASSPHRASE]]);
    expect(code, stdout).toBe(0);
    expect(stdout).toContain("signed with SHA256:");
    expect(stdout).not.toContain(PASSPHRASE);
  });

  test("a wrong one is not asked for again", async () => {
    const { code, stdout } = await onTerminal(await under(), SIGN, [["passphrase: ", "wrong"]]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^error: .*\bsigner\b/m);
    expect(stdout).not.toContain("wrong");
  });

  test("a new one is asked for twice, and nothing is changed when they differ", async () => {
    const work = copyOf(made);
    const { code, stdout } = await onTerminal(
      work,
      ["key", "passphrase"],
      [
        ["new passphrase: ", "one thing"],
        ["the same again: ", "another thing"],
      ],
    );
    expect(code).toBe(2);
    expect(stdout).toMatch(/^error: .*\bdiffer\b/m);
    expect(stdout).not.toMatch(/(?:one|another) thing/);
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });

  test("Ctrl-C at the question changes nothing", async () => {
    const work = copyOf(made);
    const { code, stdout } = await onTerminal(work, ["key", "passphrase"], [["new passphrase: ", "\u0003"]]);
    expect(code).toBe(2);
    expect(stdout).toContain("error: interrupted at the prompt");
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });

  test("the present one is asked for first, and once, however often it is wanted", async () => {
    const work = await under();
    const { code, stdout } = await onTerminal(
      work,
      ["key", "passphrase"],
      [
        ["present passphrase: ", PASSPHRASE],
        ["new passphrase: ", "another"],
        ["the same again: ", "another"],
      ],
    );
    expect(code, stdout).toBe(0);
    expect(stdout.match(/present passphrase: /g)).toHaveLength(1);
    expect(await opened(work, "another")).toBe(secret);
  });

  const AGE = spawnSync("age", ["--version"]).error === undefined;
  if (!AGE) console.warn("NOT CHECKED with age: it is not here");

  test.skipIf(!AGE)(`age -d opens what we wrote${AGE ? "" : " (NOT CHECKED: there is no age here)"}`, async () => {
    const work = copyOf(made);
    expect((await work.attest("key", "passphrase", "--new-passphrase-file", "pw")).code).toBe(0);
    const open = `age -d -o opened '${join(work.home, "keys/signer.age")}'`;
    expect((await shellOnTerminal(open, work, [["passphrase: ", "wrong"]])).code).not.toBe(0);
    const { code, stdout } = await shellOnTerminal(open, work, [["passphrase: ", PASSPHRASE]]);
    expect(code, stdout).toBe(0);
    expect(readFileSync(work.path("opened"), "utf8")).toBe(secret);
  });

  test.skipIf(!AGE).each([
    ["bytes", ""],
    ["text", "-a"],
  ])(`we open what age -p wrote, as %s${AGE ? "" : " (NOT CHECKED: there is no age here)"}`, async (_, how) => {
    const work = copyOf(made);
    const pem = join(work.home, "keys/signer.pem");
    const shut = `umask 077 && age -p ${how} -o '${join(work.home, "keys/signer.age")}' '${pem}' && rm '${pem}'`;
    const asked = [
      ["passphrase", PASSPHRASE],
      ["onfirm passphrase", PASSPHRASE],
    ] as const;
    const { code, stdout } = await shellOnTerminal(shut, work, asked);
    expect(code, stdout).toBe(0);
    const ran = await work.attest(...SIGN, "--passphrase-file", "pw");
    expect(ran.code, ran.stderr).toBe(0);
  });
});
