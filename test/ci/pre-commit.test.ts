/** The pre-commit hook, called by real git in repositories of its own: what it refuses, what it lets pass, whatever the files are called. */
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { generateX25519Identity } from "age-encryption";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { workspace, type Workspace } from "../cli/attest.js";
import { lab, publish } from "../cli/drafts.js";
import { repository, type Git } from "../cli/git.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PEM = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;
const WORDS = ["-----BEGIN", "PRIVATE", "KEY-----"].join(" ");

let work: Workspace;
let git: Git;
let identity = "";

beforeAll(async () => {
  identity = await generateX25519Identity();
});

beforeEach(() => {
  work = workspace();
  git = repository(work);
  copyFileSync(join(root, "hooks/pre-commit"), work.path(".git/hooks/pre-commit"));
});

/** What the hook said of a commit of everything, when it refused it. */
function commit(): string {
  git("add", "--all", "--force");
  const head = git("rev-parse", "HEAD").out;
  const { code, out } = git("commit", "--quiet", "--message", "a");
  expect(git("rev-parse", "HEAD").out === head, out).toBe(code !== 0);
  return code === 0 ? "" : out;
}

const KEYS = (...names: readonly string[]): string =>
  [
    "attest: refused, since a private key would be committed:",
    ...names.map((name) => `  ${name}`),
    "Take it out with: git rm --cached -- FILE. Whatever was ever pushed is no secret any more: make a new key.",
    "git commit --no-verify is for who knows better.",
    "",
  ].join("\n");

const NAMES: [string, string][] = [
  ["id", "id"],
  ["a b  c", "a b  c"],
  [" a ", " a"],
  ['a"b', '"a\\"b"'],
  ["a'b", "a'b"],
  ["a\nb", '"a\\nb"'],
  ["a\tb", '"a\\tb"'],
  ["-rf", "-rf"],
  ["--cached", "--cached"],
  ["$(touch hacked)", "$(touch hacked)"],
  ["*", "*"],
  ["a\\b", '"a\\\\b"'],
  ["é", '"\\303\\251"'],
  ["deep/er/:(top)", "deep/er/:(top)"],
];

describe("a private key", () => {
  test.each(NAMES)("in a file named %j", (name, shown) => {
    work.write(name, PEM);
    expect(commit().replace(" a \n", " a\n")).toBe(KEYS(shown));
    expect(git("status", "--porcelain").out).not.toContain("hacked\n");
  });

  test.each<[string, () => string | Uint8Array]>([
    ["with the line ends of Windows", () => PEM.replaceAll("\n", "\r\n")],
    ["indented, among other lines", () => `secrets:\n  key: |\n${PEM.replaceAll(/^/gm, "    ")}  other: 1\n`],
    ["on one line, in JSON", () => JSON.stringify({ key: PEM })],
    ["in source code", () => `const key =\n  "${WORDS}\\n" +\n  "${PEM.split("\n")[1] ?? ""}\\n";\n`],
    ["in a binary file", () => Buffer.concat([Buffer.from([0, 255, 0, 10]), Buffer.from(PEM), Buffer.alloc(1000)])],
    ["under a passphrase", () => encrypted()],
    ["of RSA, in its old form", () => rsa()],
    ["of RSA, under a passphrase, in its old form", () => rsa({ cipher: "aes-128-cbc", passphrase: "abc" })],
    ["of age", () => `# created: today\n${identity}\n`],
    ["of signify, by its first bytes", () => `untrusted comment: signify secret key\n${raw("EdBK\0\0\0*", 104)}\n`],
    [
      "of minisign, by its first bytes",
      () => `untrusted comment: minisign encrypted secret key\n${raw("EdScB2", 158)}\n`,
    ],
    ["of minisign, without a passphrase", () => `untrusted comment: minisign secret key\n${raw("Ed\0\0B2", 158)}\n`],
  ])("%s", (_, content) => {
    work.write("file", content());
    expect(commit()).toBe(KEYS("file"));
  });

  test.each<[string, () => string | Uint8Array]>([
    ["UTF-16 with a mark", () => Buffer.from(`\ufeff${PEM}`, "utf16le")],
    ["UTF-16 without one", () => Buffer.from(PEM, "utf16le")],
    ["UTF-16, big end first", () => Buffer.from(`\ufeff${PEM}`, "utf16le").swap16()],
    ["UTF-16, the body alone", () => Buffer.from(bodyOf(PEM), "utf16le")],
    ["UTF-32", () => Buffer.from(Array.from(PEM).flatMap((one) => [one.charCodeAt(0), 0, 0, 0]))],
    ["base64 of the whole, in lines of sixteen", () => folded(Buffer.from(PEM).toString("base64"), 16, "")],
    ["hexadecimal digits of the whole, in lines of sixteen", () => folded(Buffer.from(PEM).toString("hex"), 16, "")],
    ["DER in hexadecimal digits, in lines of sixteen", () => folded(DER().toString("hex"), 16, "")],
    ["a buffer as JSON has it", () => JSON.stringify(Buffer.from(PEM))],
    ["a buffer of DER as JSON has it, a number in each line", () => JSON.stringify(DER(), undefined, 1)],
    [
      "DER in decimal numbers, as od prints them",
      () => folded([...DER()].map((one) => `${one}`.padStart(4)).join(""), 64, ""),
    ],
    [
      "escapes throughout",
      () =>
        Array.from(PEM)
          .map((one) => `\\u00${one.charCodeAt(0).toString(16).padStart(2, "0")}`)
          .join(""),
    ],
    [
      "references throughout",
      () =>
        Array.from(PEM)
          .map((one) => `&#${one.charCodeAt(0)};`)
          .join(""),
    ],
    ["percent signs throughout", () => Buffer.from(PEM).toString("hex").replace(/../g, "%$&")],
    ["base64 of the whole", () => Buffer.from(PEM).toString("base64")],
    [
      "base64 of the whole, in lines, in YAML",
      () => `data:\n  key: |\n${folded(Buffer.from(PEM).toString("base64"), 64, "    ")}`,
    ],
    [
      "base64 of a document that holds it",
      () =>
        Buffer.from(`{"name": "ci", "note": "${"x".repeat(301)}", "key": ${JSON.stringify(PEM)}}`).toString("base64"),
    ],
    ["base64 of OpenSSH's form", () => Buffer.from(openssh()).toString("base64")],
    ["base64 of an identity of age", () => Buffer.from(`# a\n${identity}\n`).toString("base64")],
    ["an identity of age in lower case", () => identity.toLowerCase()],
    ["an identity of age in JSON", () => JSON.stringify({ identity })],
    ["JSON with escaped line ends, twice", () => JSON.stringify(JSON.stringify({ key: PEM }))],
    ["JSON with line ends by number", () => `{"key":"${PEM.replaceAll("\n", "\\u000a")}"}`],
    ["XML with line ends by number", () => `<key>${PEM.replaceAll("\n", "&#10;")}</key>`],
    ["a URL", () => `https://x/?key=${encodeURIComponent(PEM)}`],
    ["a form", () => new URLSearchParams({ key: PEM }).toString()],
    [
      "YAML, indented, with the line ends of Windows",
      () => `a:\r\n  key: |\r\n${PEM.replaceAll(/^/gm, "    ").replaceAll("\n", "\r\n")}`,
    ],
    ["the body alone", () => `KEY=${bodyOf(PEM)}\n`],
    ["the body alone, in the alphabet of URLs", () => JSON.stringify({ k: DER().toString("base64url") })],
    ["the body alone, in short lines", () => folded(bodyOf(PEM), 20, "  ")],
    [
      "the body within other bytes, in base64",
      () => Buffer.concat([Buffer.from("some header, 25 bytes...."), DER()]).toString("base64"),
    ],
    ["DER", () => DER()],
    ["DER in hexadecimal", () => DER().toString("hex")],
    ["DER in capital hexadecimal, among others", () => `x = "00ff${DER().toString("hex").toUpperCase()}"`],
    ["DER in pairs with colons", () => pairs().join(":")],
    [
      "DER as an array in source",
      () =>
        `const key = [\n${folded(
          pairs()
            .map((one) => `0x${one}, `)
            .join(""),
          48,
          "  ",
        )}];\n`,
    ],
    [
      "DER in escapes of C",
      () =>
        `"${pairs()
          .map((one) => `\\x${one}`)
          .join("")}"`,
    ],
    ["RSA: the body alone", () => bodyOf(rsa())],
    ["RSA: DER", () => der("rsa", { modulusLength: 1024 })],
    ["RSA: PKCS#8 in base64", () => der("rsa", { modulusLength: 1024 }).toString("base64")],
    ["a curve: the body alone", () => der("ec", { namedCurve: "P-256" }).toString("base64")],
    ["a curve: DER", () => der("ec", { namedCurve: "P-384" })],
    ["X25519", () => der("x25519", {}).toString("base64")],
    ["under a passphrase: the body alone", () => bodyOf(encrypted())],
    ["a JSON web key", () => JSON.stringify(generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }))],
    ["the key of a log", () => `PRIVATE+KEY+example.org/log+0123abcd+${Buffer.alloc(33, 7).toString("base64")}\n`],
    ["PuTTY", () => `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n${"A".repeat(48)}\n`],
  ])("as %s", (_, content) => {
    work.write("file", content());
    expect(commit()).toBe(KEYS("file"));
  });

  test.for<[string, string]>([
    ["openssl", "openssl pkey -in in -text -noout > out"],
    ["xxd", "xxd in > out"],
    ["xxd", "openssl pkey -in in -outform DER | xxd > out"],
    ["hexdump", "openssl pkey -in in -outform DER | hexdump -C > out"],
    ["od", "openssl pkey -in in -outform DER | od -An -tx1 > out"],
    ["base64", "base64 -w 40 in > out"],
    ["base32", "base32 in > out"],
    ["base32", "openssl pkey -in in -outform DER | base32 -w 0 | tr A-Z a-z > out"],
    ["gzip", "gzip -c in > out"],
    ["gzip", "openssl pkey -in in -outform DER | gzip -c > out"],
    ["tar", "tar -czf out in"],
    ["od", "od in > out"],
    ["od", "od -b in > out"],
    ["od", "od -x in > out"],
    ["od", "od -t u1 in > out"],
    ["od", "od -tx1z in > out"],
    ["od", "od -An -tx1z in > out"],
    ["od", "openssl pkey -in in -outform DER | od > out"],
    ["hexdump", "hexdump in > out"],
    ["openssl", "openssl pkcs12 -export -nocerts -inkey in -passout pass:abc | base64 > out"],
  ])("printed by %s: %s", ([program, line], context) => {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) context.skip(`NOT CHECKED: no ${program} here`);
    work.write("in", PEM);
    expect(spawnSync("sh", ["-c", line], { cwd: work.cwd }).status).toBe(0);
    rmSync(work.path("in"));
    const said = commit();
    expect(said).toBe(KEYS("out"));
  });

  test.each<[string, () => string | Uint8Array]>([
    ["PEM", () => publicKey("pem")],
    ["its body alone", () => bodyOf(publicKey("pem"))],
    ["base64 of PEM", () => Buffer.from(publicKey("pem")).toString("base64")],
    ["DER", () => publicDer("ed25519", {})],
    ["DER in hexadecimal", () => publicDer("ed25519", {}).toString("hex")],
    ["DER of RSA", () => publicDer("rsa", { modulusLength: 2048 })],
    ["DER of RSA in base64", () => publicDer("rsa", { modulusLength: 2048 }).toString("base64")],
    ["DER of a curve", () => publicDer("ec", { namedCurve: "P-256" }).toString("base64")],
    [
      "a line of OpenSSH",
      () =>
        `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), Buffer.alloc(32, 9)]).toString("base64")} a\n`,
    ],
    ["a JSON web key", () => JSON.stringify(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }))],
    [
      "a certificate's beginning",
      () =>
        `-----BEGIN CERTIFICATE-----\nMIIDazCCAlOgAwIBAgIUY2FiY2RlZmdoaWprbG1ub3BxcnMwDQYJKoZIhvcNAQEL\n-----END CERTIFICATE-----\n`,
    ],
    [
      "the prefix of a key in source, without a key",
      () => `const PREFIX = "302e020100300506032b657004220420";\nconst B64 = "MC4CAQAwBQYDK2VwBCIEI";\n`,
    ],
  ])("is not: the public one, %s", (_, content) => {
    work.write("file", content());
    expect(commit()).toBe("");
  });

  test("is not: what lock files and bundles are full of", () => {
    const hash = (at: number, size: number): Buffer =>
      createHash(size === 64 ? "sha512" : "sha256")
        .update(String(at))
        .digest();
    const many = (line: (at: number) => string): string => Array.from({ length: 400 }, (_, at) => line(at)).join("\n");
    work.write(
      "package-lock.json",
      many((at) => `"integrity": "sha512-${hash(at, 64).toString("base64")}",`),
    );
    work.write(
      "Cargo.lock",
      many((at) => `checksum = "${hash(at, 32).toString("hex")}"`),
    );
    work.write(
      "go.sum",
      many((at) => `example.org/a v1.0.${at} h1:${hash(at, 32).toString("base64")}`),
    );
    work.write("image.b64", Buffer.concat(Array.from({ length: 2000 }, (_, at) => hash(at, 64))).toString("base64"));
    work.write(
      "lines.b64",
      folded(Buffer.concat(Array.from({ length: 2000 }, (_, at) => hash(at, 64))).toString("base64"), 76, ""),
    );
    work.write("image.gz", gzipSync(Buffer.concat(Array.from({ length: 2000 }, (_, at) => hash(at, 64)))));
    work.write("broken.gz", Buffer.concat([Buffer.from("1f8b0800", "hex"), hash(1, 64)]));
    work.write(
      "base32",
      many((at) =>
        hash(at, 64)
          .toString("base64")
          .toUpperCase()
          .replace(/[^A-Z2-7]/g, ""),
      ),
    );
    work.write(
      "octal.txt",
      many((at) => [...hash(at, 32)].map((byte) => byte.toString(8).padStart(3, "0")).join(" ")),
    );
    work.write("image.bin", Buffer.concat(Array.from({ length: 2000 }, (_, at) => hash(at, 64))));
    work.write(
      "dump.txt",
      folded(
        Array.from({ length: 99 }, (_, at) => hash(at, 32).toString("hex").replace(/../g, "$& ")).join(""),
        48,
        "",
      ),
    );
    work.write(
      "jwks.json",
      JSON.stringify({ keys: [{ kty: "OKP", x: hash(1, 32).toString("base64url") }], d: "short" }),
    );
    expect(commit()).toBe("");
  });

  test.for<[string, string[]]>([
    ["ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "key"]],
    ["ssh-keygen", ["-q", "-t", "ed25519", "-N", "abcdef", "-f", "key"]],
    ["signify-openbsd", ["-G", "-n", "-p", "key.pub", "-s", "key.sec"]],
    ["minisign", ["-G", "-W", "-p", "key.pub", "-s", "key.sec"]],
  ])("that a program makes: %s %j", ([program, args], context) => {
    const { error, status } = spawnSync(program, args, { cwd: work.cwd });
    if (error) context.skip(`NOT CHECKED: there is no ${program} here`);
    expect(status).toBe(0);
    expect(commit()).toBe(KEYS(args.at(-1) ?? ""));
  });

  test("added to a file that was there; taken out again, it is no matter", () => {
    work.write("notes", "one\n");
    expect(commit()).toBe("");
    appendFileSync(work.path("notes"), PEM);
    expect(commit()).toBe(KEYS("notes"));
    git("commit", "--quiet", "--no-verify", "--message", "b");
    work.write("notes", "one\n");
    expect(commit()).toBe("");
  });

  test("in what is staged, not in what lies beside it", () => {
    work.write("notes", PEM);
    git("add", "notes");
    work.write("notes", "one\n");
    expect(git("commit", "--message", "a").out).toBe(KEYS("notes"));
    work.write("notes", "one\n");
    git("add", "notes");
    work.write("notes", PEM);
    expect(git("commit", "--quiet", "--message", "a")).toEqual({ code: 0, out: "" });
  });

  test("for all that the repository's attributes and settings say", () => {
    work.write(".gitattributes", "* binary -diff -text\n");
    work.write("key", PEM);
    for (const [name, value] of [
      ["diff.external", "true"],
      ["diff.relative", "true"],
      ["diff.noprefix", "true"],
      ["core.quotePath", "false"],
      ["diff.renames", "copies"],
      ["color.ui", "always"],
    ])
      git("config", name ?? "", value ?? "");
    expect(commit()).toBe(KEYS("key"));
  });

  test.each<[string, string]>([
    ["the words alone", `A PRIVATE KEY stays where it was made. A file that begins with\n${WORDS}\nis one.\n`],
    [
      "the words, then a digest and a path",
      `${WORDS}\n${"0a".repeat(32)}\n/usr/local/share/doc/packages/something/else/that/is/long\n`,
    ],
    ["a public key", `-----BEGIN PUBLIC KEY-----\n${"M".repeat(60)}\n-----END PUBLIC KEY-----\n`],
    ["the words in code", `if (text.includes("${WORDS}")) throw new Error("a private key");\n`],
    ["an age recipient and a mention", `age1${"q".repeat(58)}\nAGE-SECRET-KEY-1...\n`],
    ["a minisign public key", `untrusted comment: minisign public key\n${raw("Ed", 42)}\n`],
    ["empty", ""],
  ])("is not: %s", (_, text) => {
    work.write("file", text);
    expect(commit()).toBe("");
  });

  test("is not: a link, or a submodule", () => {
    symlinkSync(`${WORDS}\n${"M".repeat(64)}`, work.path("link"));
    const inner = repository(work, "inner");
    inner("commit", "--quiet", "--allow-empty", "--message", "b");
    expect(commit()).toBe("");
  });
});

function encrypted(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "abc" }) as string;
}
function rsa(locked: object = {}): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return privateKey.export({ format: "pem", type: "pkcs1", ...locked }) as string;
}
/** What the lines between the first and the last say, in one. */
const bodyOf = (pem: string): string =>
  pem
    .split("\n")
    .filter((line) => !line.startsWith("-"))
    .join("");
const DER = (): Buffer => Buffer.from(bodyOf(PEM), "base64");
const pairs = (): string[] => DER().toString("hex").match(/../g) ?? [];
const folded = (text: string, width: number, before: string): string =>
  (text.match(new RegExp(`.{1,${width}}`, "g")) ?? []).map((line) => `${before}${line}\n`).join("");
/** A pair of any kind; the types of Node know each kind by itself. */
const pairOf = (kind: string, options: object): { privateKey: KeyObject; publicKey: KeyObject } =>
  generateKeyPairSync(kind as "rsa", options as { modulusLength: number });
const der = (kind: string, options: object): Buffer =>
  pairOf(kind, options).privateKey.export({ format: "der", type: "pkcs8" });
const publicDer = (kind: string, options: object): Buffer =>
  pairOf(kind, options).publicKey.export({ format: "der", type: "spki" });
const publicKey = (format: "pem"): string =>
  generateKeyPairSync("ed25519").publicKey.export({ format, type: "spki" }) as string;
/** As ssh-keygen writes it, as far as its first words. */
const openssh = (): string =>
  `${WORDS.replace("PRIVATE", "OPENSSH PRIVATE")}\n${folded(Buffer.concat([Buffer.from("openssh-key-v1\0\0\0\0\u0004none\0\0\0\u0004none", "latin1"), Buffer.alloc(200, 3)]).toString("base64"), 70, "")}`;
const raw = (head: string, length: number): string =>
  Buffer.concat([Buffer.from(head, "latin1"), Buffer.alloc(length - head.length, "\x5a\x13\x77")]).toString("base64");

describe("what a registry has published", () => {
  let file = "";
  const FOLDERS = ["lab", "a b/it's", 'say "lab"', "-lab", "new\nline"];

  /** A registry in this folder, with one attestation, committed. */
  async function registry(folder = "lab"): Promise<void> {
    const made = await lab(work);
    file = made.file.slice(work.path("lab").length + 1);
    for (const left of ["statement.json", "statement.evidence"]) rmSync(work.path(left), { recursive: true });
    if (folder === "lab") return void expect(commit()).toBe("");
    mkdirSync(join(work.path(folder), ".."), { recursive: true });
    renameSync(work.path("lab"), work.path(folder));
    expect(commit()).toBe("");
  }

  const REFUSED = (...names: readonly string[]): string =>
    [
      "attest: refused, since published files of a registry never change:",
      ...names.map((name) => `  ${name}`),
      "Put them back with: git restore --source=HEAD --staged --worktree -- FILE. A correction is published as a new attestation.",
      "git commit --no-verify is for who knows better.",
      "",
    ].join("\n");
  const evidence = (): string => git("ls-files", "lab/attestations/evidence").out.split("\n")[0] ?? "none";

  test.each(FOLDERS)("in %j: not changed, not deleted; added to, at will", async (folder) => {
    await registry(folder);
    const path = join(folder, file);
    appendFileSync(work.path(path), "\n");
    const said = commit();
    expect(said).toMatch(
      /^attest: refused, since published files of a registry never change:\n {2}"?\S[^\n]* \(changed\)\nPut/,
    );
    git("restore", "--source=HEAD", "--staged", "--worktree", "--", path);
    rmSync(work.path(path));
    expect(commit()).toContain(
      "json (deleted or renamed)\n".replace(
        "json ",
        folder.includes('"') || folder.includes("\n") ? 'json" ' : "json ",
      ),
    );
    git("restore", "--source=HEAD", "--staged", "--worktree", "--", path);
    await publish(work, folder.startsWith("-") ? `./${folder}` : folder, { title: "Another" });
    expect(commit()).toBe("");
  });

  test("its evidence, and what is full of its log", async () => {
    await registry();
    const full = "lab/attestations/log/tile/0/000";
    work.write(full, "a\n");
    expect(commit()).toBe("");
    work.write(full, "b\n");
    work.write(evidence(), "5\n");
    expect(commit()).toBe(REFUSED(...[evidence(), full].map((name) => `${name} (changed)`)));
  });

  test("not what of a log is replaced by later files: proofs, its checkpoint, tiles that grow", async () => {
    await registry();
    const later = [
      file.replace(/json$/, "tlog-proof"),
      "attestations/log/checkpoint",
      "attestations/log/tile/0/000.p/5",
    ];
    for (const content of ["a\n", "b\n"]) {
      for (const name of later) work.write(`lab/${name}`, content);
      expect(commit()).toBe("");
    }
    rmSync(work.path("lab/attestations/log/tile/0/000.p/5"));
    expect(commit()).toBe("");
  });

  test("renamed, or turned into a link", async () => {
    await registry();
    git("mv", `lab/${file}`, "lab/attestations/test_0000000000000000.json");
    expect(commit()).toBe(REFUSED(`lab/${file} (deleted or renamed)`));
    git("reset", "--quiet", "--hard");
    rmSync(work.path(evidence()));
    symlinkSync("elsewhere", work.path(evidence()));
    expect(commit()).toBe(REFUSED(`${evidence()} (changed)`));
  });

  test("deleted together with what made the folder a registry", async () => {
    await registry();
    const archived = evidence();
    rmSync(work.path("lab"), { recursive: true });
    expect(commit()).toBe(REFUSED(...[archived, `lab/${file}`].map((name) => `${name} (deleted or renamed)`)));
  });

  test("at the top, as this repository itself", async () => {
    await registry("registry");
    git("mv", "registry/attest.json", "registry/attestations", "registry/keys", ".");
    git("commit", "--quiet", "--no-verify", "--message", "b");
    appendFileSync(work.path(file), "\n");
    expect(commit()).toBe(REFUSED(`${file} (changed)`));
  });

  test("not its index, keyring, pages or title; nor such names elsewhere", async () => {
    await registry();
    work.write("attestations/test_1.json", "1");
    work.write("lab/attestations/deep/test_1.json", "1");
    work.write("other/lab/attestations/test_1.json", "1");
    expect(commit()).toBe("");
    for (const name of [
      "attestations/test_1.json",
      "lab/attestations/deep/test_1.json",
      "other/lab/attestations/test_1.json",
    ])
      work.write(name, "2");
    for (const name of ["attestations/index/complete", "keys/keyring.json", "attest.json"])
      appendFileSync(work.path("lab", name), "\n");
    rmSync(work.path("lab/keys/signer.pub"));
    expect(commit()).toBe("");
  });

  test("only its mode: that is no change", async () => {
    await registry();
    git("update-index", "--chmod=+x", `lab/${file}`);
    expect(git("commit", "--quiet", "--message", "a").code).toBe(0);
  });

  test("by a merge: two that published each their own, fine; one that changed something, refused", async () => {
    await registry();
    git("checkout", "--quiet", "-b", "other");
    const add = (digit: string): string =>
      work.write(`lab/attestations/test_${digit.repeat(16)}.json`, readFileSync(work.path("lab", file)));
    const index = (text: string): string => work.write("lab/attestations/index.json", text);
    add("1");
    index("[1]\n");
    expect(commit()).toBe("");
    git("checkout", "--quiet", "main");
    add("2");
    index("[2]\n");
    expect(commit()).toBe("");
    expect(git("merge", "--quiet", "other").code).toBe(1); // the index of both
    index("[1, 2]\n"); // made anew
    expect(commit()).toBe("");

    git("checkout", "--quiet", "-b", "bad");
    appendFileSync(work.path("lab", file), "\n");
    git("commit", "--quiet", "--no-verify", "--all", "--message", "b");
    git("checkout", "--quiet", "main");
    git("merge", "--quiet", "--no-ff", "--no-commit", "bad");
    expect(commit()).toBe(REFUSED(`lab/${file} (changed)`));
  });

  test("both at once", async () => {
    await registry();
    work.write("key", PEM);
    appendFileSync(work.path("lab", file), "\n");
    const said = commit();
    expect(said).toContain("private key would be committed:\n  key\n");
    expect(said).toContain(`never change:\n  lab/${file} (changed)\n`);
    expect(said.match(/--no-verify/g)).toHaveLength(1);
  });

  test("part of it committed by name, and an amended commit", async () => {
    await registry();
    appendFileSync(work.path("lab", file), "\n");
    work.write("other", "1");
    git("add", "other");
    expect(git("commit", "--quiet", "--message", "a", "--", `lab/${file}`).out).toBe(REFUSED(`lab/${file} (changed)`));
    expect(git("commit", "--quiet", "--message", "a", "--", "other").code).toBe(0);
    expect(git("commit", "--quiet", "--amend", "--message", "c").code).toBe(0);
  });
});

test("what this repository itself holds would pass, as its first commit", () => {
  const files = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
  for (const name of files.stdout.split("\0").filter(Boolean)) {
    mkdirSync(join(work.path(name), ".."), { recursive: true });
    try {
      copyFileSync(join(root, name), work.path(name));
    } catch {
      // in the index only
    }
  }
  expect(commit()).toBe("");
});

test.for(["dash", "bash", "busybox"])("in %s", (shell, context) => {
  if (spawnSync(shell, ["--help"], { stdio: "ignore" }).error) context.skip(`NOT CHECKED: there is no ${shell} here`);
  work.write("key", PEM);
  git("add", "--all");
  const args = [...(shell === "busybox" ? ["sh"] : []), join(root, "hooks/pre-commit")];
  const ran = spawnSync(shell, args, { cwd: work.cwd, encoding: "utf8", env: work.env });
  expect({ code: ran.status, stderr: ran.stderr }).toEqual({ code: 1, stderr: KEYS("key") });
});

describe("with another awk", () => {
  /** A PATH on which `awk` is this. */
  function path(script: string): string {
    work.write("../awk/awk", `#!/bin/sh\n${script}\n`);
    chmodSync(work.path("../awk/awk"), 0o755);
    return `${work.path("../awk")}:${work.env["PATH"] ?? ""}`;
  }
  const hook = (PATH: string): number | null =>
    spawnSync("sh", [join(root, "hooks/pre-commit")], { cwd: work.cwd, env: { ...work.env, PATH } }).status;

  test.for(["mawk", "gawk", "original-awk", "busybox awk"])("%s", (awk, context) => {
    const [program = ""] = awk.split(" ");
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) context.skip(`NOT CHECKED: no ${program} here`);
    const PATH = path(`exec ${awk} "$@"`);
    for (const content of [
      PEM,
      Buffer.from(PEM).toString("base64"),
      DER().toString("hex"),
      DER(),
      Buffer.from(PEM, "utf16le"),
    ]) {
      work.write("key", content);
      git("add", "--all");
      expect(hook(PATH)).toBe(1);
    }
    work.write("key", publicKey("pem"));
    git("add", "--all");
    expect(hook(PATH)).toBe(0);
  });

  test("that fails: what could not be looked at does not pass", () => {
    work.write("key", publicKey("pem"));
    git("add", "--all");
    expect(hook(path("exit 2"))).toBe(2);
  });
});

test("outside of a repository it does not pass for a yes", () => {
  const ran = spawnSync("sh", [join(root, "hooks/pre-commit")], { cwd: work.root, env: work.env });
  expect(ran.status).not.toBe(0);
});
