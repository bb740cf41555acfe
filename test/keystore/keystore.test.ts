/** Where secrets lie: for the user alone, outside of every repository, and never overwritten. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { Keystore, type Passphrase } from "../../src/keystore/keystore.js";
import { nodeEngine } from "../../src/node/engine.js";
import { locked } from "../cli/drafts.js";
import { naming, refusal } from "../core/refusal.js";

let root = "";
let home = "";
let store: Keystore;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "attest-keystore-")));
  home = join(root, "home");
  store = new Keystore(home, nodeEngine);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const none: Passphrase = () => Promise.resolve(undefined);
const mode = (...path: string[]): string => (statSync(join(home, ...path)).mode & 0o777).toString(8);
const secret = (name = "signer"): string => readFileSync(join(home, "keys", `${name}.pem`), "utf8");
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );

describe("a new key", () => {
  test("is for the user alone, whatever the umask", () => {
    const before = process.umask(0);
    try {
      store.create("signer");
    } finally {
      process.umask(before);
    }
    expect([mode(), mode("keys"), mode("keys", "signer.pem")]).toEqual(["700", "700", "600"]);
  });

  test("closes a folder that stood open", () => {
    mkdirSync(join(home, "keys"), { recursive: true, mode: 0o755 });
    store.create("signer");
    expect(mode("keys")).toBe("700");
  });

  test("leaves the secret, the public line and nothing else", async () => {
    const made = store.create("signer");
    expect(readdirSync(join(home, "keys"))).toEqual(["signer.pem", "signer.pub"]);
    expect(store.list()).toEqual([made]);
    expect(store.find("signer")).toEqual(made);
    const signer = await store.signer("signer", none);
    expect(nodeEngine.verify(made.key.bytes, utf8("a"), await signer.sign(utf8("a")))).toBe(true);
  });

  test("never takes the place of another", () => {
    store.create("signer");
    const before = secret();
    expect(refusal(() => store.create("signer")).code).toBe("key-exists");
    expect(secret()).toBe(before);
  });

  test("nor that of one under a passphrase", async () => {
    store.create("signer");
    writeFileSync(join(home, "keys/signer.age"), await locked(secret(), "pw"), { mode: 0o600 });
    rmSync(join(home, "keys/signer.pem"));
    expect(refusal(() => store.create("signer")).code).toBe("key-exists");
    expect(readdirSync(join(home, "keys"))).toEqual(["signer.age", "signer.pub"]);
  });

  test("two are two", () => {
    expect(store.create("a").key.keyid).not.toBe(store.create("b").key.keyid);
    expect(store.list().map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test.each(["", ".", "..", "../a", "a/b", "a\\b", "A", "-a", "_a", ".a", "a b", "a\n", "é", "a".repeat(65), "con:"])(
    "is not named %j",
    (name) => {
      expect(refusal(() => store.create(name)).code).toBe("key-name");
      expect(refusal(() => store.find(name)).code).toBe("key-name");
      expect(existsSync(home)).toBe(false);
    },
  );

  test.each(["a", "0", "lab-2026", "a.b_c-d", "a".repeat(64)])("may be named %s", (name) => {
    expect(store.create(name).name).toBe(name);
  });
});

describe("inside a git work tree", () => {
  const refused = (place: string): void => {
    const before = readdirSync(root, { recursive: true });
    const error = refusal(() => new Keystore(place, nodeEngine).create("signer"));
    expect(error).toMatchObject({
      code: "home-unsafe",
      hint: "set F3_ATTEST_HOME to a folder outside of every repository",
    });
    expect(readdirSync(root, { recursive: true })).toEqual(before);
  };

  beforeEach(() => {
    mkdirSync(join(root, "repo/.git"), { recursive: true });
    mkdirSync(join(root, "repo/deep/er"), { recursive: true });
  });

  test("at its top", () => refused(join(root, "repo")));
  test("deep in it", () => refused(join(root, "repo/deep/er")));
  test("in a folder that is not there yet", () => refused(join(root, "repo/not/there/yet")));
  test("by way of ..", () => refused(join(root, "other/../repo/secrets")));

  test("in a work tree or submodule, whose .git is a file", () => {
    mkdirSync(join(root, "tree"));
    writeFileSync(join(root, "tree/.git"), "gitdir: ../repo/.git/worktrees/tree\n");
    refused(join(root, "tree/secrets"));
  });

  test("through a link to it", () => {
    symlinkSync(join(root, "repo/deep"), join(root, "link"));
    refused(join(root, "link"));
    refused(join(root, "link/not/there/yet"));
  });

  test("through a link to what is not there yet: nothing comes to be there", () => {
    symlinkSync(join(root, "repo/not-yet"), join(root, "link"));
    expect(() => new Keystore(join(root, "link"), nodeEngine).create("signer")).toThrow(AttestError);
    expect(existsSync(join(root, "repo/not-yet"))).toBe(false);
  });

  test("beside it is no matter, nor is a link that leads out of it", () => {
    mkdirSync(home);
    symlinkSync(home, join(root, "repo/link"));
    expect(new Keystore(join(root, "repo/link"), nodeEngine).create("signer").name).toBe("signer");
    expect(new Keystore(join(root, "repo-too"), nodeEngine).create("signer").name).toBe("signer");
  });

  test("a key that got there later does not sign, nor is it put under a passphrase there", async () => {
    store.create("signer");
    renameSync(home, join(root, "repo/home"));
    const moved = new Keystore(join(root, "repo/home"), nodeEngine);
    expect(await code(moved.signer("signer", none))).toBe("home-unsafe");
    expect(await code(moved.encrypt("signer", "pw", none))).toBe("home-unsafe");
    expect(moved.list().length).toBe(1); // its public part is no secret
  });
});

describe("a secret that others can read", () => {
  test.each(["644", "640", "604", "620", "602", "666"])(
    "of mode %s: it does not sign until that is mended",
    async (loose) => {
      store.create("signer");
      chmodSync(join(home, "keys/signer.pem"), parseInt(loose, 8));
      expect(await code(store.signer("signer", none))).toBe("home-unsafe");
      chmodSync(join(home, "keys/signer.pem"), 0o600);
      expect((await store.signer("signer", none)).name).toBe("signer");
    },
  );

  test("says what to type, and that it may be too late", async () => {
    store.create("signer");
    chmodSync(join(home, "keys/signer.pem"), 0o644);
    await expect(store.signer("signer", none)).rejects.toMatchObject({
      code: "home-unsafe",
      message: expect.stringMatching(naming(600, 644, join(home, "keys/signer.pem"))),
      hint: expect.stringContaining(`chmod 600 ${join(home, "keys/signer.pem")}`),
    });
  });

  test("under a passphrase as well", async () => {
    store.create("signer");
    writeFileSync(join(home, "keys/signer.age"), await locked(secret(), "pw"), { mode: 0o644 });
    rmSync(join(home, "keys/signer.pem"));
    expect(await code(store.signer("signer", () => Promise.resolve("pw")))).toBe("home-unsafe");
  });
});

describe("files that are not what they should be", () => {
  beforeEach(() => store.create("signer"));

  test("a secret that is none: its bytes are not repeated", async () => {
    writeFileSync(join(home, "keys/signer.pem"), "hunter2");
    await expect(store.signer("signer", none)).rejects.toMatchObject({
      code: "key-format",
      message: expect.not.stringContaining("hunter2"),
    });
  });

  test("a public line of another key: the signature would be by nobody, so there is none", async () => {
    const other = store.create("other");
    renameSync(join(home, "keys/other.pub"), join(home, "keys/signer.pub"));
    expect(store.find("signer").key).toEqual(other.key);
    expect(await code(store.signer("signer", none))).toBe("key-format");
  });

  test("no public line: it follows from the secret", () => {
    const { key } = store.find("signer");
    rmSync(join(home, "keys/signer.pub"));
    expect(store.find("signer").key).toEqual(key);
  });

  test("names that no key has are passed over", () => {
    for (const name of [".signer.pem.0123456789ab.tmp", "UPPER.pem", "notes.txt", "signer.pem~"])
      writeFileSync(join(home, "keys", name), "x");
    expect(store.list().map(({ name }) => name)).toEqual(["signer"]);
  });

  // As after a crash between the two: the plain secret is still there, so the key is not under a passphrase, whatever lies beside it.
  test("a plain file beside an encrypted one: setting the passphrase again removes it", async () => {
    writeFileSync(join(home, "keys/signer.age"), await locked(secret(), "pw"), { mode: 0o600 });
    expect(store.list()).toMatchObject([{ name: "signer", place: "plain" }]);
    expect((await store.signer("signer", none)).name).toBe("signer");
    expect(await store.encrypt("signer", "another", none)).toMatchObject({ place: "passphrase" });
    expect(readdirSync(join(home, "keys"))).toEqual(["signer.age", "signer.pub"]);
  });

  test("an encrypted secret whose public line is gone does not keep the other keys from being used", async () => {
    store.create("other");
    writeFileSync(join(home, "keys/lost.age"), await locked(secret(), "pw"), { mode: 0o600 });
    expect(store.list().map(({ name }) => name)).toEqual(["other", "signer"]);
    expect(refusal(() => store.find("lost")).code).toBe("key-missing");
  });
});

test("no keys and no home is an empty list", () => {
  expect(store.list()).toEqual([]);
  expect(refusal(() => store.find("signer"))).toMatchObject({
    code: "key-missing",
    hint: "make one with: attest key new signer",
  });
});
