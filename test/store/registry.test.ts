/** A registry on disk: what is published stays, its index can be made again, and writers beside each other lose nothing. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import type { Json } from "../../src/core/json.js";
import { formatKey } from "../../src/core/keys/key.js";
import type { KeyEntry } from "../../src/core/keys/keyring.js";
import { nodeEngine } from "../../src/node/engine.js";
import { signNotice } from "../../src/pipeline/publish/notice.js";
import { Directory } from "../../src/store/directory.js";
import { attestationPath, evidencePath, Registry } from "../../src/store/registry.js";
import { sha256 } from "../cli/drafts.js";
import { sealed, signer, statement } from "../core/making.js";
import { idOf } from "../core/looking.js";

let folder = "";
let registry: Registry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "attest-registry-"));
  registry = await Registry.create(new Directory(folder), { origin: "example.org/lab", title: "Our lab" }, nodeEngine);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const me = signer();
const text = (path: string): string => readFileSync(join(folder, path), "utf8");
const marks = (): string[] =>
  readdirSync(join(folder, "attestations/index"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(join(folder, "attestations/index"), join(parentPath, name)))
    .sort();
const attestation = (title: string): { id: string; bytes: Uint8Array } => {
  const bytes = sealed(statement({ predicate: { f3: { title } } }), me);
  return { id: idOf(bytes), bytes };
};
const entry = (name: string, { key } = signer()): KeyEntry => ({ name, key, validFrom: "2026-01-01T00:00:00Z" });
const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof AttestError ? error.code : error),
  );

/** Counts the calls, and the names that a listing gives. */
class Counting extends Directory {
  readonly calls: Record<string, number> = {};

  #count(call: string, by = 1): void {
    this.calls[call] = (this.calls[call] ?? 0) + by;
  }

  override read(path: string): ReturnType<Directory["read"]> {
    this.#count("read");
    return super.read(path);
  }

  override create(path: string, bytes: Uint8Array): ReturnType<Directory["create"]> {
    this.#count("create");
    return super.create(path, bytes);
  }

  override createEach(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#count("create", files.size);
    return super.createEach(files);
  }

  override replace(path: string, bytes: Uint8Array): Promise<void> {
    this.#count("replace");
    return super.replace(path, bytes);
  }

  override async list(path: string): Promise<readonly string[]> {
    const names = await super.list(path);
    this.#count("list");
    this.#count("listed", names.length);
    return names;
  }
}

describe("made and opened", () => {
  test("as it was described", async () => {
    expect((await Registry.open(new Directory(folder), nodeEngine)).about).toEqual({
      origin: "example.org/lab",
      title: "Our lab",
    });
  });

  test("not twice, and nothing is changed", async () => {
    const before = text("attest.json");
    expect(
      await code(Registry.create(new Directory(folder), { origin: "example.org/other", title: "b" }, nodeEngine)),
    ).toBe("registry-exists");
    expect(text("attest.json")).toBe(before);
  });

  test("not where there is none", async () => {
    expect(await code(Registry.open(new Directory(join(folder, "keys")), nodeEngine))).toBe("registry-missing");
  });

  test.each([
    "https://example.org",
    "Example.org",
    "example.org/",
    "example.org//a",
    "/a",
    "",
    "a b",
    "example.org/../b?c",
    "user@example.org",
  ])("not of the origin %j", async (origin) => {
    const elsewhere = join(folder, "elsewhere");
    expect(await code(Registry.create(new Directory(elsewhere), { origin, title: "a" }, nodeEngine))).toBe(
      "registry-format",
    );
    expect(existsSync(elsewhere)).toBe(false);
  });

  test.each<[string, Json]>([
    ["a member more", { origin: "example.org", title: "a", more: 1 }],
    ["no title", { origin: "example.org" }],
    ["an empty title", { origin: "example.org", title: "" }],
    ["a list", []],
  ])("not from a file with %s", async (_, value) => {
    writeFileSync(join(folder, "attest.json"), JSON.stringify(value));
    expect(await code(Registry.open(new Directory(folder), nodeEngine))).toBe("registry-format");
  });
});

describe("published", () => {
  test("evidence and attestation, in their places", async () => {
    const one = attestation("One");
    const digest = sha256("output");
    await registry.publish({ ...one, evidence: new Map([[digest, utf8("output")]]) });
    expect(text(attestationPath(one.id))).toBe(new TextDecoder().decode(one.bytes));
    expect(text(evidencePath(digest))).toBe("output");
    expect(marks()).toEqual(["complete"]);
    expect(await registry.names()).toEqual([`${one.id}.json`]);
  });

  test("again, the same is no error", async () => {
    const one = { ...attestation("One"), evidence: new Map([[sha256("a"), utf8("a")]]) };
    await registry.publish(one);
    await registry.publish(one);
    expect(await registry.names()).toHaveLength(1);
  });

  test("other bytes under one id are refused, and the old ones stay", async () => {
    const one = attestation("One");
    await registry.publish({ ...one, evidence: new Map() });
    const before = readdirSync(folder, { recursive: true });
    expect(await code(registry.publish({ id: one.id, bytes: attestation("Two").bytes, evidence: new Map() }))).toBe(
      "file-exists",
    );
    expect(text(attestationPath(one.id))).toBe(new TextDecoder().decode(one.bytes));
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  test("other bytes under one digest are refused before the attestation that names them is there", async () => {
    const one = attestation("One");
    await registry.store.create(evidencePath(sha256("a")), utf8("b"));
    expect(await code(registry.publish({ ...one, evidence: new Map([[sha256("a"), utf8("a")]]) }))).toBe("file-exists");
    expect(await registry.names()).toEqual([]);
  });

  test("names that are no ids are passed over", async () => {
    for (const name of [
      "index.json",
      "test_0123.json",
      "test_0123456789ABCDEF.json",
      "note.txt",
      "plan_0123456789abcdef.json.bak",
    ])
      writeFileSync(join(folder, "attestations", name), "{}");
    writeFileSync(join(folder, "attestations/plan_0123456789abcdef.json"), "{}");
    expect(await registry.names()).toEqual(["plan_0123456789abcdef.json"]);
  });
});

describe("the index", () => {
  const about = sha256("what is retracted");
  const retraction = async (): Promise<{ id: string; bytes: Uint8Array }> =>
    await signNotice(
      { version: 1, action: "retract", about, reason: "Wrong.", signedAt: "2026-03-01T10:00:00Z" },
      [{ ...me, name: "me", sign: (message) => Promise.resolve(me.sign(message)) }],
      nodeEngine,
    );

  test("marks a notice by its action, and a result by the plan that it names", async () => {
    const notice = await retraction();
    await registry.publish({ ...notice, evidence: new Map() });
    const relations = [{ type: "planned-by", target: "a plan", digest: { sha256: sha256("a plan") } }];
    const bytes = sealed(statement({ predicate: { f3: { relations } } }), me);
    await registry.publish({ id: idOf(bytes), bytes, evidence: new Map() });
    await registry.publish({ ...attestation("No plan"), evidence: new Map() });
    const plan = `plan_${sha256("a plan").slice(0, 16)}`;
    expect(marks()).toEqual([`answers/${plan}/${idOf(bytes)}`, "complete", `notices/retract/${notice.id}`]);
    expect((await registry.markedNotices(["retract"])).concerning(about)).toHaveLength(1);
    expect((await registry.markedNotices(["rotate"])).all).toEqual([]);
  });

  test("is made again from what is there, also by a registry of an older version", async () => {
    await registry.publish({ ...(await retraction()), evidence: new Map() });
    const before = marks();
    writeFileSync(join(folder, "attestations/test_0123456789abcdef.json"), "junk");
    rmSync(join(folder, "attestations/index"), { recursive: true });
    writeFileSync(join(folder, "attestations/index.json"), "[]");
    const later = await Registry.open(new Directory(folder), nodeEngine);
    expect((await later.notices()).all, "of the folder").toHaveLength(1);
    await later.publish({ ...attestation("One"), evidence: new Map() });
    expect(marks()).toEqual(before);
    expect(existsSync(join(folder, "attestations/index.json"))).toBe(false);
  });

  test("says nothing of itself: what it names is read, and must be a notice", async () => {
    const marked = join(folder, "attestations/index/notices/revoke");
    mkdirSync(marked, { recursive: true });
    for (const name of ["note_0123456789abcdef", "test_0123456789abcdef", "x"]) writeFileSync(join(marked, name), "");
    writeFileSync(join(folder, "attestations/test_0123456789abcdef.json"), "junk");
    expect((await registry.markedNotices(["revoke"])).all).toEqual([]);
  });

  test("is completed beside what somebody else put there", async () => {
    mkdirSync(join(folder, "attestations/index/unlogged/foo"), { recursive: true });
    writeFileSync(join(folder, "attestations/index/unlogged/test_0123456789abcdef"), "");
    expect(await registry.complete([])).toEqual([]);
    expect(readdirSync(join(folder, "attestations/index/unlogged"))).toEqual(["foo"]);
  });

  test("decides nothing for a reader: a notice without its mark is one of the registry's", async () => {
    await registry.publish({ ...(await retraction()), evidence: new Map() });
    rmSync(join(folder, "attestations/index/notices"), { recursive: true });
    const later = await Registry.open(new Directory(folder), nodeEngine);
    expect((await later.notices()).concerning(about)).toHaveLength(1);
  });

  test("lacks none, when two processes publish side by side", async () => {
    const writer = fileURLToPath(new URL("publish.mjs", import.meta.url));
    const each = 15;
    await Promise.all(
      [0, 1].map((which) =>
        promisify(execFile)(process.execPath, [writer, folder, String(which * each), String(each)]),
      ),
    );
    expect(await registry.names()).toHaveLength(2 * each);
    expect(readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"))).toEqual(
      [],
    );
  });
});

describe("what one more costs", () => {
  /** Paths that are read, listed or written while one more is published. */
  async function touched(count: number): Promise<Record<string, number>> {
    const place = mkdtempSync(join(tmpdir(), "attest-registry-"));
    const made = await Registry.create(new Directory(place), { origin: "example.org/lab", title: "a" }, nodeEngine);
    expect(made.about.origin).toBe("example.org/lab");
    for (let at = 0; at < count; at += 1) {
      const { id, bytes } = attestation(String(at));
      writeFileSync(join(place, attestationPath(id)), bytes);
    }
    const store = new Counting(place);
    const opened = await Registry.open(store, nodeEngine);
    await opened.publish({ ...attestation("One more"), evidence: new Map([[sha256("a"), utf8("a")]]) });
    rmSync(place, { recursive: true });
    return store.calls;
  }

  test("is the same among 3 and among 300", async () => {
    const few = await touched(3);
    expect(few["create"]).toBeGreaterThan(1);
    expect(await touched(300)).toEqual(few);
  });
});

describe("the keyring", () => {
  test("lists a signer once, with its line beside it", async () => {
    const one = entry("one");
    await registry.listSigner(one);
    await registry.listSigner({ ...one, validFrom: "2030-01-01T00:00:00Z" });
    expect((await registry.keyring()).signers).toEqual([one]);
    expect(text("keys/one.pub")).toBe(`${formatKey(one.key)} one\n`);
  });

  test("keeps the name that it gave a key", async () => {
    const one = entry("one");
    await registry.listSigner(one);
    await registry.listSigner({ ...one, name: "two" });
    expect((await registry.keyring()).signers).toEqual([one]);
    expect(readdirSync(join(folder, "keys"))).toEqual(["keyring.json", "one.pub"]);
  });

  test("gives a name to one key only", async () => {
    const one = entry("one");
    await registry.listSigner(one);
    expect(await code(registry.listSigner(entry("one")))).toBe("key-exists");
    expect((await registry.keyring()).signers).toEqual([one]);
    expect(text("keys/one.pub")).toBe(`${formatKey(one.key)} one\n`);
  });

  test("puts back a line that went missing", async () => {
    const one = entry("one");
    await registry.listSigner(one);
    rmSync(join(folder, "keys/one.pub"));
    await registry.listSigner(one);
    expect(text("keys/one.pub")).toBe(`${formatKey(one.key)} one\n`);
  });

  test("keeps what others wrote about a key", async () => {
    const revoked = {
      ...entry("one"),
      revoked: { at: "2026-02-01T00:00:00Z", reason: "lost" },
      note: "see the minutes",
    };
    await registry.listSigner(revoked);
    await registry.listSigner(entry("two"));
    expect((await registry.keyring()).signers[0]).toEqual(revoked);
  });

  // Each reads the list, adds to it and writes it: without a lock the second would take the first one's key away again.
  test("loses none, when two are listed side by side", async () => {
    const beside = await Registry.open(new Directory(folder), nodeEngine);
    const [one, two] = [entry("one"), entry("two")];
    await Promise.all([registry.listSigner(one), beside.listSigner(two)]);
    expect((await registry.keyring()).signers.map(({ name }) => name).sort()).toEqual(["one", "two"]);
  });

  test("that is gone is told", async () => {
    rmSync(join(folder, "keys/keyring.json"));
    expect(await code(registry.keyring())).toBe("registry-format");
  });
});
