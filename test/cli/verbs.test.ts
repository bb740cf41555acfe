/** What each verb leaves behind and says, on the way from a first key to an attestation that other programs read as well. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, type TestContext } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { attest, copyOf, stranger, workspace, type Workspace } from "./attest.js";
import { drafted, lab, publish, sha256, writeDraft } from "./drafts.js";
import { failure, withCode } from "../core/refusal.js";

const program = (context: TestContext, name: string, ...args: readonly string[]): string => {
  const { error, stdout, stderr, status } = spawnSync(name, args, { encoding: "utf8" });
  if (error) context.skip(`NOT CHECKED: there is no ${name} here`);
  expect(status, stderr).toBe(0);
  return stdout;
};

const read = (path: string): JsonObject => JSON.parse(readFileSync(path, "utf8")) as JsonObject;
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("key", () => {
  let work: Workspace;
  let line = "";
  let keyid = "";
  beforeAll(async () => {
    work = workspace();
    const ran = await work.attest("key", "new");
    line = ran.stdout.trimEnd();
    keyid = /^fingerprint (SHA256:\S{43})$/m.exec(ran.stderr)?.[1] ?? "";
    expect(ran.code).toBe(0);
    // What a stranger is to type is complete as it stands there.
    expect(ran.stderr).toContain(`  attest verify FILE --key '${line}'\n`);
  });

  test("new: a secret that only the user can read, and the public line beside it", () => {
    expect(readdirSync(work.home)).toEqual(["keys"]);
    expect(readdirSync(join(work.home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
    expect([mode(work.home), mode(join(work.home, "keys")), mode(join(work.home, "keys/signer.pem"))]).toEqual([
      "700",
      "700",
      "600",
    ]);
    expect(readFileSync(join(work.home, "keys/signer.pub"), "utf8")).toBe(`${line}\n`);
  });

  test("new: ssh-keygen prints the keyid", (context) => {
    expect(program(context, "ssh-keygen", "-lf", join(work.home, "keys/signer.pub"))).toBe(
      `256 ${keyid} signer (ED25519)\n`,
    );
  });

  test("new: openssl reads the secret, and derives the same public key", (context) => {
    const text = program(context, "openssl", "pkey", "-in", join(work.home, "keys/signer.pem"), "-noout", "-text_pub");
    const bytes = Buffer.from(text.split("pub:")[1]?.replaceAll(/[\s:]/g, "") ?? "", "hex");
    expect(
      Buffer.from(line.split(" ")[1] ?? "", "base64")
        .subarray(-32)
        .equals(bytes),
    ).toBe(true);
  });

  test("show: the same line again", async () => {
    expect((await work.attest("key", "show")).stdout).toBe(`${line}\n`);
    expect((await work.attest("key", "show", "signer", "--json")).json()).toEqual({
      name: "signer",
      keyid,
      publicKey: line,
      encrypted: false,
      place: "plain",
    });
  });

  test("list: each key on a line; none is no fault", async () => {
    expect((await work.attest("key", "list")).stdout).toBe(`signer\t${keyid}\tno passphrase\n`);
    const none = await attest(["key", "list"], stranger(work));
    expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 0, stdout: "" });
    expect(none.stderr).toContain("attest key new");
  });

  test("show: of several, one must be named", async () => {
    const two = copyOf(work);
    await two.attest("key", "new", "second");
    const refused = failure(await two.attest("key", "show", "--json"));
    expect(refused).toEqual(withCode("usage", "second", "signer"));
    expect((await two.attest("key", "show", "second")).stdout).toMatch(/ second\n$/);
  });
});

describe("the home of keys", () => {
  test.each<[string, (env: Record<string, string>) => string, string[]]>([
    ["F3_ATTEST_HOME", (env) => env["F3_ATTEST_HOME"]!, []],
    ["else XDG_CONFIG_HOME/f3-attest", (env) => join(env["XDG_CONFIG_HOME"]!, "f3-attest"), ["F3_ATTEST_HOME"]],
    [
      "else ~/.config/f3-attest",
      (env) => join(env["HOME"]!, ".config/f3-attest"),
      ["F3_ATTEST_HOME", "XDG_CONFIG_HOME"],
    ],
    ["an empty variable is as good as none", (env) => join(env["HOME"]!, ".config/f3-attest"), ["XDG_CONFIG_HOME"]],
  ])("%s", async (what, place, without) => {
    const work = workspace();
    const env: Record<string, string> = { ...work.env, ...(what.startsWith("an empty") && { F3_ATTEST_HOME: "" }) };
    for (const name of without) Reflect.deleteProperty(env, name);
    expect((await attest(["key", "new"], { cwd: work.cwd, env })).code).toBe(0);
    expect(readdirSync(join(place({ ...work.env }), "keys"))).toEqual(["signer.pem", "signer.pub"]);
  });
});

describe("init", () => {
  test("an empty registry, with its signer, whose key is made when there is none", async () => {
    const work = workspace();
    const ran = await work.attest("init", "lab", "--origin", "example.org/lab", "--title", "Our lab");
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "lab\n" });
    expect(ran.stderr).toMatch(/^made a registry for example\.org\/lab; signer signer SHA256:\S+, a new key\n/);
    expect(readdirSync(work.path("lab"), { recursive: true }).sort()).toEqual([
      ".gitattributes",
      "attest.json",
      "attestations",
      "attestations/index",
      "attestations/index/complete",
      "attestations/log",
      "attestations/log/checkpoint",
      "keys",
      "keys/keyring.json",
      "keys/log.vkey",
      "keys/signer.pub",
    ]);
    expect(read(work.path("lab/attest.json"))).toEqual({ origin: "example.org/lab", title: "Our lab" });
    expect(read(work.path("lab/keys/keyring.json"))).toMatchObject({
      signers: [{ name: "signer" }],
      logs: [{ name: "log", key: expect.stringMatching(/^example\.org\/lab\/attestations\/log\+[0-9a-f]{8}\+/) }],
      witnesses: [],
    });
    expect(readFileSync(work.path("lab/keys/signer.pub"))).toEqual(readFileSync(join(work.home, "keys/signer.pub")));
  });

  test("here, without a name; the key that there is stays", async () => {
    const work = workspace();
    await work.attest("key", "new", "lab-2026");
    const ran = await work.attest("init", "--origin", "example.org", "--json");
    expect(ran.json()).toMatchObject({ registry: ".", signer: "lab-2026", keyMade: false });
    expect(readdirSync(work.path("keys"))).toEqual(["keyring.json", "lab-2026.pub", "log.vkey"]);
  });
});

describe("sign and show", () => {
  let work: Workspace;
  let file = "";
  beforeAll(async () => {
    work = workspace();
    ({ file } = await lab(work, { evidence: { "a.txt": "first\n", "deep/b.bin": "\0second" } }));
  });

  test("the published file: the readable format, and its name is the digest of what was signed", () => {
    const document = read(file);
    expect(Object.keys(document)).toEqual(["payload", "payloadType", "signatures"]);
    expect(readFileSync(file, "utf8")).toBe(`${JSON.stringify(document, null, 2)}\n`);
    expect(document["payload"]).toMatchObject(drafted({ evidence: { "a.txt": "first\n", "deep/b.bin": "\0second" } }));
  });

  test("evidence lies under its digest, and nothing else does", () => {
    const folder = work.path("lab/attestations/evidence/sha256");
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("/"));
    expect(names.sort()).toEqual(
      ["first\n", "\0second"].map((text) => `${sha256(text).slice(0, 2)}/${sha256(text)}`).sort(),
    );
    for (const name of names) expect(sha256(readFileSync(join(folder, name)))).toBe(name.slice(3));
  });

  test("the nearest registry is found: from inside it, and above the statement", async () => {
    const here = copyOf(work);
    const draft = writeDraft(
      { ...here, write: (name, text) => here.write(join("lab/results", name), text) },
      "statement",
      { title: "Another" },
    );
    expect((await here.attest("sign", draft)).code).toBe(0);
    expect((await attest(["sign", draft], { ...here, cwd: here.path("lab/attestations") })).code).toBe(0);
    expect((await here.attest("verify", "lab")).stdout).toContain("3 of 3 verified");
  });

  test("the same evidence again is no obstacle", async () => {
    const here = copyOf(work);
    await publish(here, "lab", { evidence: { "a.txt": "first\n" }, title: "Again" });
    expect((await here.attest("verify", "lab")).code).toBe(0);
  });

  test("show: what was tested, seen and signed, in words", async () => {
    const { code, stdout } = await work.attest("show", file);
    expect(code).toBe(0);
    for (const text of [
      "Addition adds",
      "VALIDATED The one required check passed.",
      "2 and 2 make 4.",
      "What it does not prove",
      sha256("first\n"),
      "a.txt",
      "deep/b.bin",
      "2026-03-01 10:00:00 UTC",
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test("show: the same facts as JSON", async () => {
    const { statement, report } = (await work.attest("show", file, "--json")).json();
    expect(statement).toEqual(read(file)["payload"]);
    expect(report).toMatchObject({ signature: "ok", trust: "confirmed-by-you", verdict: "VALIDATED", exit: 0 });
  });

  test("show: of an unknown signer, nothing", async () => {
    const copy = copyOf(work);
    const { code, stdout, stderr } = await attest(
      ["show", copy.write("aside.json", readFileSync(file))],
      stranger(copy),
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^Signer unknown: .*\nnothing of the document is shown\n$/);
  });

  test("sign --output -: the attestation itself", async () => {
    const here = copyOf(work);
    writeDraft(here, "plain", { evidence: {} });
    const ran = await here.attest("sign", "plain.json", "--output", "-");
    expect(ran.code).toBe(0);
    expect(Object.keys(ran.json())).toEqual(["payload", "payloadType", "signatures"]);
    expect(readdirSync(here.cwd)).not.toContain("-");
    expect((await attest(["verify", "-"], { ...here, input: ran.stdout })).code).toBe(0);
  });

  test("verify --verbose: each recomputed value stands apart from its name", async () => {
    const { stdout } = await work.attest("verify", file, "--verbose");
    const size = readFileSync(file).length;
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(new RegExp(`bytes read:? ${size}\\b`));
  });
});

test("version: of the tool, of node and of the engine", async () => {
  const work = workspace();
  const { version } = read(new URL("../../package.json", import.meta.url).pathname) as { version: string };
  const { stdout } = await work.attest("version");
  expect(stdout.split("\n")[0]).toBe(
    `attest ${version} (node ${process.version}, node:crypto (OpenSSL ${process.versions.openssl}))`,
  );
  expect((await work.attest("version", "--json")).json()).toMatchObject({ version, node: process.version });
});
