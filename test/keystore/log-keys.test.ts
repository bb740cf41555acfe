/** The keys of logs: kept like any secret, with what they signed last beside them; or from the environment, where nothing is kept. */
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { formatNoteKey, noteKey } from "../../src/core/keys/note.js";
import { withoutKeys } from "../../src/harness/command/environment.js";
import { refuseSecrets } from "../../src/harness/redaction/scan.js";
import { secretsIn } from "../../src/harness/redaction/secrets.js";
import { LogKeys } from "../../src/keystore/log-keys.js";
import { nodeEngine } from "../../src/node/engine.js";
import { temporary } from "../cli/attest.js";
import { naming, refusal } from "../core/refusal.js";

const ORIGIN = "example.org/lab/attestations/log";
const MESSAGE = utf8("a checkpoint");

const keysIn = (home: string, env: Readonly<Record<string, string>> = {}): LogKeys =>
  new LogKeys(home, nodeEngine, env);
const mode = (path: string): number => statSync(path).mode & 0o777;

describe("at home", () => {
  test("a new one: for its owner alone, found again by its public part, and with a memory", () => {
    const home = join(temporary(), "home");
    const keys = keysIn(home);
    const made = keys.create(ORIGIN);
    const folder = keys.folderOf(made.key);
    expect(readdirSync(join(home, "logs"))).toHaveLength(1);
    for (const place of [join(home, "logs"), folder]) expect(mode(place)).toBe(0o700);
    expect(mode(join(folder, "key.pem"))).toBe(0o600);
    expect(readFileSync(join(folder, "key.vkey"), "utf8")).toBe(`${formatNoteKey(made.key)}\n`);
    const found = keysIn(home).find(made.key);
    expect(nodeEngine.verify(made.key.bytes, MESSAGE, found!.sign(MESSAGE))).toBe(true);
    expect(found!.last()).toBeUndefined();
    found!.remember(utf8("last"));
    expect(keysIn(home).find(made.key)!.last()).toEqual(utf8("last"));
    expect(mode(join(folder, "checkpoint"))).toBe(0o600);
  });

  test("what is no longer to be remembered leaves the last one in memory, and nothing beside it", () => {
    const keys = keysIn(join(temporary(), "home"));
    const made = keys.create(ORIGIN);
    made.remember(utf8("last"));
    const lost = new Error("the lock is lost");
    const remember = (): void =>
      made.remember(utf8("too late"), () => {
        throw lost;
      });
    expect(remember).toThrow(lost);
    expect(made.last()).toEqual(utf8("last"));
    expect(readdirSync(keys.folderOf(made.key)).sort()).toEqual(["checkpoint", "key.pem", "key.vkey"]);
  });

  test("the home of other keys keeps the mode that it has", () => {
    const home = temporary();
    chmodSync(home, 0o755);
    keysIn(home).create(ORIGIN);
    expect(mode(home)).toBe(0o755);
  });

  test.each([
    ["the key", (folder: string) => join(folder, "key.pem"), 0o640, "600"],
    ["its folder, where its memory is", (folder: string) => folder, 0o770, "700"],
    ["the folder of all of them", (folder: string) => join(folder, ".."), 0o755, "700"],
  ])("is not used where others can read or change %s", (_, place, open, wanted) => {
    const keys = keysIn(join(temporary(), "home"));
    const { key } = keys.create(ORIGIN);
    const path = place(keys.folderOf(key));
    chmodSync(path, open);
    expect(() => keys.find(key)).toThrow(
      expect.objectContaining({
        code: "home-unsafe",
        message: expect.stringMatching(naming(wanted, open.toString(8))),
      }),
    );
    chmodSync(path, parseInt(wanted, 8));
    expect(keys.find(key)).toBeDefined();
  });

  test("is neither made nor used inside a git work tree", () => {
    const root = temporary();
    const keys = keysIn(join(root, "home"));
    const { key } = keys.create(ORIGIN);
    execFileSync("git", ["init", "-q", root]);
    for (const act of [() => keys.find(key), () => keys.create("example.org/other/attestations/log")])
      expect(act).toThrow(expect.objectContaining({ code: "home-unsafe" }));
    expect(readdirSync(join(root, "home/logs"))).toHaveLength(1);
  });

  test("another key's file in its place is refused, and what is none is not quoted", () => {
    const keys = keysIn(join(temporary(), "home"));
    const [one, other] = [keys.create(ORIGIN), keys.create(ORIGIN)];
    const place = join(keys.folderOf(one.key), "key.pem");
    writeFileSync(place, readFileSync(join(keys.folderOf(other.key), "key.pem")));
    const another = refusal(() => keys.find(one.key));
    expect([another.code, another.message]).toEqual(["key-format", expect.stringContaining(ORIGIN)]);
    writeFileSync(place, "secret words");
    const none = refusal(() => keys.find(one.key));
    expect([none.code, none.message]).toEqual(["key-format", expect.stringContaining(place)]);
    expect(`${none.message} ${none.hint ?? ""}`).not.toContain("secret words");
  });
});

describe("in F3_ATTEST_LOG_KEY", () => {
  const home = join(temporary(), "home");
  const { key } = keysIn(home).create(ORIGIN);
  const pem = readFileSync(join(keysIn(home).folderOf(key), "key.pem"), "utf8");

  test.each([
    ["as it is", pem],
    ["on one line", pem.trim().replaceAll("\n", "\\n")],
    ["with the line ends of Windows", pem.replaceAll("\n", "\r\n")],
  ])("%s: it signs, and nothing is kept on the machine", (_, text) => {
    const nowhere = join(temporary(), "nowhere");
    const found = keysIn(nowhere, { F3_ATTEST_LOG_KEY: text }).find(key);
    expect(nodeEngine.verify(key.bytes, MESSAGE, found!.sign(MESSAGE))).toBe(true);
    found!.remember(utf8("last"));
    expect([found!.last(), found!.lock]).toEqual([undefined, undefined]);
    expect(existsSync(nowhere)).toBe(false);
  });

  test("is no key of another log, none when it is empty, and never quoted", () => {
    const nowhere = join(temporary(), "nowhere");
    const other = noteKey(ORIGIN, keysIn(nowhere).create(ORIGIN).key.bytes, "ed25519", nodeEngine);
    rmSync(nowhere, { recursive: true });
    expect(keysIn(nowhere, { F3_ATTEST_LOG_KEY: pem }).find(other)).toBeUndefined();
    for (const text of ["", " \n"]) expect(keysIn(nowhere, { F3_ATTEST_LOG_KEY: text }).find(key)).toBeUndefined();
    const none = refusal(() => keysIn(nowhere, { F3_ATTEST_LOG_KEY: "secret words" }).find(key));
    expect([none.code, none.message]).toEqual(["key-format", expect.stringContaining("F3_ATTEST_LOG_KEY")]);
    expect(`${none.message} ${none.hint ?? ""}`).not.toContain("secret words");
  });

  test("gives way to the one at home, which has a memory", () => {
    expect(keysIn(home, { F3_ATTEST_LOG_KEY: pem }).find(key)!.lock).toBeDefined();
    mkdirSync(join(home, "empty"));
    expect(keysIn(join(home, "empty"), { F3_ATTEST_LOG_KEY: pem }).find(key)!.lock).toBeUndefined();
  });

  test("is never inherited by what is tested", () => {
    const env = { PATH: "/bin", F3_ATTEST_LOG_KEY: pem, f3_attest_log_key: pem };
    expect(withoutKeys(env)).toEqual({ PATH: "/bin" });
  });

  test.each(["F3_ATTEST_LOG_KEY", "F3_ATTEST_KEY"])(
    "%s is a secret, whole and by its line, also where it is recorded",
    (name) => {
      const values = secretsIn({ [name]: pem, PATH: "/bin" }, [name]).map(({ value }) => value);
      const line = pem.split("\n")[1]!;
      expect(values).toEqual(expect.arrayContaining([pem, line]));
      const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
      expect(d).not.toBe("");
      expect(() => refuseSecrets({ said: `key ${line}` }, [], secretsIn({ [name]: pem }, []), [])).toThrow(
        expect.objectContaining({ code: "secret-found" }),
      );
      expect(createPublicKey(pem).asymmetricKeyType).toBe("ed25519");
    },
  );
});
