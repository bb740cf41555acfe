/** How a served log is read: each file once, some at a time, whatever its length; and on from a kept state only where the log goes on from it. */
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8, type Bytes } from "../../src/core/bytes.js";
import { sealCheckpoint } from "../../src/core/log/checkpoint.js";
import { append } from "../../src/core/log/append.js";
import { formatEntry, type EntryOf } from "../../src/core/log/entry.js";
import { formatFoldState } from "../../src/core/log/fold-state.js";
import type { Wanted } from "../../src/core/log/fold.js";
import { consistencySince } from "../../src/core/log/read-all.js";
import { formatNoteKey, noteKey, type NoteKey } from "../../src/core/keys/note.js";
import { publicOf } from "../../src/keystore/secret.js";
import { nodeEngine } from "../../src/node/engine.js";
import { LogSource, type KeptLog, type SourcedLog, type Unread } from "../../src/store/log-source.js";
import { logFolder } from "../../src/store/paths.js";
import { sha256 } from "../cli/drafts.js";
import { leaf } from "./logs.js";

const ME = (leaf(0) as EntryOf<"result">).keyid;
/** As `formatEntry` writes it; a long log is made faster so. */
const text = (at: number): Bytes =>
  utf8(
    `{"at":"2026-03-01T10:00:00.000Z","keyid":"${ME}","kind":"result","payload":"${sha256(`payload ${at}`)}","signature":"${sha256(`signature ${at}`)}","verdict":"VALIDATED"}`,
  );
const texts = (count: number, from = 0): Bytes[] => Array.from({ length: count }, (_, at) => text(from + at));
const retraction: EntryOf<"notice"> = {
  kind: "notice",
  payload: sha256("notice"),
  signature: sha256("its signature"),
  keyid: ME,
  at: "2026-03-01T10:00:00.000Z",
  action: "retract",
  about: sha256("payload 3"),
};

/** A log in memory that counts how it is read. */
class Served {
  readonly key: NoteKey;
  readonly #secret = generateKeyPairSync("ed25519").privateKey;
  readonly files = new Map<string, Bytes>();
  size = 0;
  reads: string[] = [];
  #under = 0;
  most = 0;

  constructor(origin = "example.org/lab/attestations/log") {
    this.key = noteKey(origin, publicOf(this.#secret, nodeEngine).bytes, "ed25519", nodeEngine);
  }

  grow(entries: readonly Bytes[]): this {
    const { files, head } = append(this.size, entries, (path) => this.files.get(path), nodeEngine.sha256);
    for (const { path, bytes } of files) this.files.set(path, bytes);
    this.size = head.size;
    const signed = (message: Bytes): Bytes => new Uint8Array(sign(null, message, this.#secret));
    this.files.set("checkpoint", sealCheckpoint({ origin: this.key.name, ...head }, this.key, signed));
    return this;
  }

  /** The same key over other entries. */
  rewrite(entries: readonly Bytes[]): this {
    this.files.clear();
    this.size = 0;
    return this.grow(entries);
  }

  get checkpoint(): Bytes {
    return this.files.get("checkpoint") ?? new Uint8Array();
  }

  readonly read = async (path: string): Promise<Bytes | undefined> => {
    this.reads.push(path);
    this.most = Math.max(this.most, (this.#under += 1));
    await Promise.resolve();
    this.#under -= 1;
    return this.files.get(path.slice(logFolder(0).length + 1));
  };
}

const NONE: Wanted = { payloads: new Set(), keys: new Set() };
async function look(log: Served, kept?: KeptLog, wanted: Wanted = NONE): Promise<SourcedLog | Unread> {
  log.reads = [];
  const source = new LogSource(log.read, [{ key: log.key, entry: {} } as never], nodeEngine);
  const found = await source.folded({ wanted, kept: () => kept });
  return "why" in found ? found : found[0]!;
}
async function read(log: Served, kept?: KeptLog, wanted?: Wanted): Promise<SourcedLog> {
  const found = await look(log, kept, wanted);
  if ("why" in found) throw new Error(found.why);
  return found;
}
const namedLog = (log: Served): { origin: string; key: string } => ({
  origin: log.key.name,
  key: formatNoteKey(log.key),
});
const keptOf = (log: Served, found: SourcedLog): KeptLog => ({
  seen: { key: formatNoteKey(log.key), checkpoint: log.checkpoint },
  state: formatFoldState(namedLog(log), found, nodeEngine),
});
const bundles = ({ reads }: Served): number => reads.filter((path) => path.includes("/entries/")).length;

test("of 70,000 entries each file is read once, a few at a time; what came since is read alone", async () => {
  const log = new Served().grow(texts(69_999)).grow([formatEntry(retraction)]);
  const first = await read(log);
  expect(first).toMatchObject({ size: 70_000, from: 0, notices: [{ index: 69_999, entry: retraction }] });
  expect(log.reads).toHaveLength(1 + Math.ceil(70_000 / 256));
  expect(new Set(log.reads).size).toBe(log.reads.length);
  expect(log.most).toBeGreaterThan(2);
  expect(log.most).toBeLessThanOrEqual(8);

  const kept = keptOf(log, first);
  expect(await read(log, kept)).toMatchObject({ size: 70_000, from: 70_000, notices: first.notices });
  expect(log.reads).toEqual([`${logFolder(0)}/checkpoint`]);

  log.grow(texts(300, 70_000));
  const since = await read(log, kept);
  expect(since).toMatchObject({ size: 70_300, from: 70_000, notices: first.notices });
  expect(log.reads.length).toBeLessThanOrEqual(1 + 300 / 256 + 1);
  const again = await read(log);
  expect(since.range).toEqual(again.range);
  expect(since.rootAt(70_000)).toEqual(first.rootAt(70_000));
}, 30_000);

describe("a kept state", () => {
  const made = async (): Promise<{ log: Served; kept: KeptLog }> => {
    const log = new Served().grow(texts(600));
    return { log, kept: keptOf(log, await read(log)) };
  };
  const head = (log: Served): { size: number; root: Bytes } => {
    const [, size, root = ""] = Buffer.from(log.checkpoint).toString("utf8").split("\n");
    return { size: Number(size), root: new Uint8Array(Buffer.from(root, "base64")) };
  };

  test.each<[string, (log: Served) => Served, "same" | "grown" | "backwards" | "rewritten", boolean]>([
    ["the same log", (log) => log, "same", true],
    ["the log that grew", (log) => log.grow(texts(1, 600)), "grown", true],
    ["the log as it was before", (log) => log.rewrite(texts(500)), "backwards", false],
    ["as many other entries", (log) => log.rewrite(texts(600, 1)), "rewritten", false],
    [
      "more entries, of which an early one is another",
      (log) => log.rewrite([...texts(1, 9), ...texts(700, 1)]),
      "rewritten",
      false,
    ],
  ])("of %s", async (_, change, word, goesOn) => {
    const { log, kept } = await made();
    const before = head(log);
    change(log);
    for (const one of [kept, { ...kept, state: undefined }]) {
      const found = await read(log, one);
      expect(consistencySince(before, found)).toBe(word);
      expect(found.from > 0).toBe(goesOn && one === kept);
      expect(found.size).toBe(log.size);
      expect(bundles(log) >= Math.ceil(log.size / 256)).toBe(!(goesOn && one === kept));
    }
  });

  test("that is damaged, of another log, or past the checkpoint that was seen, is not used", async () => {
    const { log, kept } = await made();
    const { state = new Uint8Array() } = kept;
    const other = new Served().grow(texts(600));
    const early = new Served().grow(texts(600));
    const further = { ...keptOf(log, await read(log)), seen: { ...kept.seen, checkpoint: early.checkpoint } };
    log.grow(texts(50, 600));
    const past = { seen: kept.seen, state: keptOf(log, await read(log)).state };
    for (const one of [
      { ...kept, state: state.with(9, 0) },
      { ...kept, state: state.slice(0, -1) },
      { ...kept, state: new Uint8Array() },
      keptOf(other, await read(other)),
      past,
      { ...kept, seen: { ...kept.seen, checkpoint: utf8("nothing") } },
    ])
      expect((await read(log, one)).from).toBe(0);
    expect((await read(log, further)).from).toBe(600); // what the checkpoint is worth is another question
  });

  test("makes no damaged entry good, and no missing one", async () => {
    const { log, kept } = await made();
    log.grow(texts(300, 600));
    const path = "tile/entries/003.p/132";
    const bundle = log.files.get(path) ?? new Uint8Array();
    expect(bundle.length).toBeGreaterThan(0);
    log.files.set(path, bundle.with(40, (bundle[40] ?? 0) ^ 1));
    expect(await look(log, kept)).toHaveProperty("why");
    log.files.delete(path);
    expect(await look(log, kept)).toHaveProperty("why");
    log.files.set(path, bundle);
    expect(await look(log, kept)).toMatchObject({ size: 900, from: 600 });
  });

  test("goes on with the signers that were asked for then", async () => {
    const log = new Served().grow(texts(5));
    const wanted = { payloads: new Set([sha256("payload 3"), sha256("payload 7")]), keys: new Set<string>() };
    const kept = keptOf(log, await read(log, undefined, wanted));
    log.grow(texts(5, 5));
    const found = await read(log, kept);
    expect([...found.signers]).toEqual([
      [sha256("payload 3"), [ME]],
      [sha256("payload 7"), [ME]],
    ]);
    expect(found.wanted).toEqual(wanted);
  });
});
