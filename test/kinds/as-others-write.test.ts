/**
 * What other tools write is read, or refused for the true reason: keys, passphrases, line ends, names. Each key here is made by the tool that it
 * is said to come from.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test, type TestContext } from "vitest";
import { attest, fault, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";
import { ok } from "./lab.js";

let work: Workspace;
beforeEach(() => {
  work = workspace();
});

const tool = (context: TestContext, name: string): void => {
  if (spawnSync(name, ["--help"]).error) context.skip(`NOT CHECKED: there is no ${name} here`);
};
const run = (name: string, ...args: string[]): string =>
  execFileSync(name, args, { cwd: work.cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

const { privateKey } = generateKeyPairSync("ed25519");
const PEM = privateKey.export({ format: "pem", type: "pkcs8" }) as string;
const { d = "", x = "" } = privateKey.export({ format: "jwk" });
const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
const withPublic = (key: Buffer, tag = "812100"): string =>
  pem(
    "PRIVATE KEY",
    Buffer.concat([
      Buffer.from(tag === "812100" ? "3051" : "3053", "hex"),
      Buffer.from("020101300506032b657004220420", "hex"),
      Buffer.from(d, "base64url"),
      Buffer.from(tag, "hex"),
      key,
    ]),
  );

const imported = (text: string | Buffer, ...options: string[]): Promise<Ran> => {
  writeFileSync(work.path("given"), text, { mode: 0o600 });
  return work.attest("key", "import", "given", "--name", "one", ...options);
};

describe("a private key", () => {
  test.each([
    ["with a text before it", `Bag Attributes\n    friendlyName: signer\n${PEM}`],
    ["with a text after it", `${PEM}\n# deploy key\n`],
    ["with blanks at the ends of its lines", PEM.replaceAll("\n", " \n")],
    ["after a byte order mark", `\ufeff${PEM}`],
    ["with line ends of Windows", PEM.replaceAll("\n", "\r\n")],
    ["without a last line end", PEM.trimEnd()],
    ["beside its certificate", `${pem("CERTIFICATE", Buffer.alloc(90))}${PEM}`],
    ["with its public key behind it", withPublic(Buffer.from(x, "base64url"))],
    ["with its public key in an explicit tag", withPublic(Buffer.from(x, "base64url"), "a123032100")],
  ])("%s is that key", async (_, text) => {
    ok(await imported(text));
    expect(readFileSync(`${work.home}/keys/one.pem`, "utf8")).toBe(PEM);
  });

  test.each<[string, () => string | Buffer, RegExp]>([
    ["two keys", () => PEM + PEM, /found more than one key$/],
    ["one that breaks off", () => PEM.slice(0, 80), /found a truncated file$/],
    ["UTF-16", () => Buffer.from(`\ufeff${PEM}`, "utf16le"), /found UTF-16$/],
    [
      "another public key behind it",
      () => withPublic(Buffer.alloc(32, 7)),
      /found a private part that belongs to another/,
    ],
    [
      "a passphrase of old",
      () => PEM.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"),
      /found a passphrase in the old form of PEM$/,
    ],
  ])("%s is refused for that reason", async (_, text, why) => {
    expect(fault(await imported(text())).error).toMatch(why);
  });

  test("an age file for a recipient is told from a wrong passphrase", async (context) => {
    tool(context, "age-keygen");
    run("age-keygen", "-o", "identity");
    const to = run("age-keygen", "-y", "identity").trim();
    writeFileSync(work.path("plain"), PEM);
    for (const more of [[], ["-a"]]) {
      rmSync(work.path("sealed"), { force: true });
      run("age", "-r", to, ...more, "-o", "sealed", "plain");
      work.write("passphrase", "x\n");
      const ran = await imported(readFileSync(work.path("sealed")), "--passphrase-file", "passphrase");
      expect(fault(ran).error).toMatch(/found an age file for a recipient/);
    }
  });
});

describe("a passphrase", () => {
  const sealed = (): string =>
    createPrivateKey(PEM).export({
      ...({ format: "pem", type: "pkcs8" } as const),
      cipher: "aes-256-cbc",
      passphrase: "correct horse",
    }) as string;

  test.each<[string, string | Buffer, string | undefined]>([
    ["in UTF-8", "correct horse\n", undefined],
    ["after a byte order mark", "\ufeffcorrect horse\r\n", undefined],
    ["in UTF-16", Buffer.from("\ufeffcorrect horse\r\n", "utf16le"), "UTF-16"],
    ["in Latin-1", Buffer.from("grün\n", "latin1"), "not UTF-8"],
  ])("%s", async (_, text, named) => {
    writeFileSync(work.path("passphrase"), text);
    const ran = await imported(sealed(), "--passphrase-file", "passphrase");
    if (named === undefined) return void ok(ran);
    expect(fault(ran).error).toContain(named);
  });
});

describe("a public key", () => {
  test.each(["openssh", "pem", "allowed-signers", "signify"])(
    "that key export writes as %s is taken by --key",
    async (format) => {
      ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
      ok(await work.attest("run", "--registry", "lab", "--subject", "lab/attest.json", "--", "true"));
      const text = ok(await work.attest("key", "export", "--format", format)).stdout;
      for (const [name, written] of [
        ["as", text],
        ["windows", `\ufeff${text.replaceAll("\n", "\r\n")}`],
      ] as const) {
        work.write(name, written);
        ok(
          await attest(["verify", "lab", "--key", name], {
            ...work,
            env: { ...work.env, F3_ATTEST_HOME: work.path("none") },
          }),
        );
      }
    },
  );

  test("behind a condition counts for nothing", async () => {
    const line = ok(await work.attest("key", "new"))
      .stdout.trim()
      .split(" ")
      .slice(0, 2)
      .join(" ");
    for (const condition of ["restrict", "cert-authority", 'from="10.0.0.1"', "no-pty,no-user-rc"]) {
      work.write("keys", `${condition} ${line}\n${condition} ${line}\n`);
      const ran = await work.attest("trust", "add", "them", "keys");
      expect(ran.code, condition).toBe(2);
    }
  });
});

describe("a registry in git", () => {
  const clone = (from: string, to: string): void =>
    void execFileSync("git", ["-c", "core.autocrlf=true", "clone", "--quiet", from, to], {
      env: work.env,
      cwd: work.cwd,
    });

  const published = async (without: boolean): Promise<void> => {
    const git = repository(work);
    work.write("README", "a project\n");
    ok(await work.attest("init", "--origin", "example.org/p"));
    if (without) rmSync(work.path(".gitattributes"));
    git("add", "-A");
    git("commit", "-qm", "registry");
    ok(await work.attest("run", "--", "echo", "hello"));
    git("add", "-A");
    git("commit", "-qm", "attestation");
  };

  test("is the same in a clone that converts line ends", async () => {
    await published(false);
    clone(".", "there");
    ok(await work.attest("verify", "there"));
    ok(await work.attest("log", "check", "there"));
  });

  test("without its attributes, it is told that line ends were converted, and nobody is accused", async () => {
    await published(true);
    clone(".", "there");
    const verified = await work.attest("verify", "there");
    expect(verified.code).not.toBe(0);
    expect(verified.stdout).toContain("[evidence-converted]");
    expect(verified.stdout).not.toContain("[evidence-changed]");
    expect((await work.attest("log", "check", "there")).stdout).toMatch(/CR LF, as git converts them/);
  });

  test("is made and tested beside attributes in another encoding", async () => {
    const git = repository(work);
    const latin1 = Buffer.from("gr\u00fcn.txt binary\n", "latin1");
    writeFileSync(work.path(".gitattributes"), latin1);
    git("add", "-A");
    git("commit", "-qm", "attributes");
    ok(await work.attest("init", "--origin", "example.org/p"));
    expect(readFileSync(work.path(".gitattributes")).subarray(0, latin1.length)).toEqual(latin1);
    ok(await work.attest("run", "--dry-run", "--", "true"));
  });

  test("keeps the attributes that a project has", async () => {
    work.write(".gitattributes", "*.png binary");
    ok(await work.attest("init", "--origin", "example.org/p"));
    const text = readFileSync(work.path(".gitattributes"), "utf8");
    expect(text).toMatch(/^\*\.png binary\n/);
    expect(text).toMatch(/^attestations\/\*\* -text$/m);
  });
});

describe("a name", () => {
  test.each([
    ["https://example.org/lab", "leave the scheme out"],
    ["example.org/my lab", `" " has no place`],
    ["Example.org/lab", "example.org"],
    ["example.org/lab/", "empty part"],
  ])("of a registry that is refused says which character: %s", async (origin, why) => {
    expect(fault(await work.attest("init", "lab", "--origin", origin)).hint).toContain(why);
  });

  test("what a folder holds is told as what it is", async () => {
    ok(await work.attest("init", "lab", "--origin", "example.org/lab"));
    ok(await work.attest("run", "--registry", "lab", "--subject", "lab/attest.json", "--", "true"));
    const ran = ok(await work.attest("verify", "lab"));
    expect(ran.stdout).toMatch(/^PLAN /m);
    expect(ran.stdout).not.toContain("NO VERDICT");
  });
});
