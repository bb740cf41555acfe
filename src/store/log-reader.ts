/** Reads a served log tile by tile, from a folder or over http. Its answers are unverified. */
import { hex, type Bytes } from "../core/bytes.js";
import { openCheckpoint, parseCheckpoint, type Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatEntry, parseEntry, type LogEntry, type SignedEntry } from "../core/log/entry.js";
import { leafHash, treeHead } from "../core/log/merkle.js";
import { parseNote, type NoteKey } from "../core/keys/note.js";
import { formatProof } from "../core/log/proof.js";
import {
  parseEntries,
  proveConsistency,
  proveInclusion,
  TILE_WIDTH,
  tilePath,
  tilesForConsistency,
  tilesForInclusion,
  type TileBytes,
} from "../core/log/tiles.js";

export type Read = (path: string) => Promise<Bytes | undefined>;

/** One log at the checkpoint that it served first. */
export class LogReader {
  /** The checkpoint note, verbatim. */
  readonly bytes: Bytes;
  readonly checkpoint: Checkpoint;
  readonly #read: Read;
  readonly #engine: Engine;
  readonly #tiles = new Map<string, Bytes | undefined>();
  #found: Map<string, number> | undefined;

  private constructor(read: Read, bytes: Bytes, checkpoint: Checkpoint, engine: Engine) {
    this.#read = read;
    this.bytes = bytes;
    this.checkpoint = checkpoint;
    this.#engine = engine;
  }

  /**
   * @param read paths below the log's own folder
   * @param key if given, its signature is checked; otherwise only the text is read
   * @returns undefined if no checkpoint is served
   * @throws AttestError `note-format`, `checkpoint-format`, `log-damaged`
   */
  static async open(read: Read, engine: Engine, key?: NoteKey): Promise<LogReader | undefined> {
    const bytes = await read("checkpoint");
    if (bytes === undefined) return undefined;
    const checkpoint =
      key === undefined ? parseCheckpoint(parseNote(bytes).text) : openCheckpoint(bytes, key, [], engine).checkpoint;
    return new LogReader(read, bytes, checkpoint, engine);
  }

  /**
   * A tlog-proof for an entry under this checkpoint.
   * @param checkpoint the same text with verified signature lines only (`verifiedNote`), since it is handed on
   * @throws AttestError `log-format` if a tile is missing
   */
  async prove(index: number, checkpoint = this.bytes): Promise<Bytes> {
    const { size } = this.checkpoint;
    const tiles = await this.#fetched(tilesForInclusion(index, size));
    const hashes = proveInclusion(index, size, tiles, this.#engine.sha256);
    return formatProof({ index, hashes, checkpoint });
  }

  /** A consistency proof from its first `from` entries; undefined if it has fewer. */
  async since(from: number): Promise<readonly Bytes[] | undefined> {
    const { size } = this.checkpoint;
    if (from > size) return undefined;
    const tiles = await this.#fetched(tilesForConsistency(from, size));
    return proveConsistency(from, size, tiles, this.#engine.sha256);
  }

  /** The bytes of the entries, one bundle at a time. @throws AttestError `log-format` */
  async *entries(from = 0): AsyncGenerator<{ readonly index: number; readonly bytes: Bytes }> {
    const { size } = this.checkpoint;
    for (let bundle = Math.floor(from / TILE_WIDTH); bundle * TILE_WIDTH < size; bundle += 1) {
      const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
      const path = tilePath({ level: "entries", index: bundle, width });
      const bytes = await this.#tile(path, (full) => wholeEntries(full, width));
      if (bytes === undefined) throw missing(path);
      for (const [at, entry] of parseEntries(bytes, width).entries())
        if (bundle * TILE_WIDTH + at >= from) yield { index: bundle * TILE_WIDTH + at, bytes: entry };
    }
  }

  /** All entries. @throws AttestError `log-format`, `leaf-format` */
  async leaves(): Promise<readonly LogEntry[]> {
    const all: LogEntry[] = [];
    for await (const { bytes } of this.entries()) all.push(parseEntry(bytes));
    return all;
  }

  /** Position of an entry; the first call reads the whole log. */
  async find(leaf: SignedEntry): Promise<number | undefined> {
    if (this.#found === undefined) {
      const found = new Map<string, number>();
      for await (const { index, bytes } of this.entries()) {
        const digest = hex(this.#engine.sha256(bytes));
        if (!found.has(digest)) found.set(digest, index);
      }
      this.#found = found;
    }
    return this.#found.get(hex(this.#engine.sha256(formatEntry(leaf))));
  }

  /** The head computed from the entries alone. */
  async headOfEntries(): Promise<{ readonly size: number; readonly root: Bytes }> {
    const hashes: Bytes[] = [];
    for await (const { bytes } of this.entries()) hashes.push(leafHash(bytes, this.#engine.sha256));
    return treeHead(hashes, this.#engine.sha256);
  }

  async #fetched(paths: readonly string[]): Promise<TileBytes> {
    await Promise.all(paths.map((path) => this.#tile(path)));
    return (path) => this.#tiles.get(path);
  }

  /** A partial tile may be deleted once the full one exists (C2SP tlog-tiles). Then its part of the full one is used. */
  async #tile(path: string, cut?: (full: Bytes) => Bytes): Promise<Bytes | undefined> {
    if (this.#tiles.has(path)) return this.#tiles.get(path);
    const [, whole = path, width] = /^(.*)\.p\/(\d+)$/.exec(path) ?? [];
    let bytes = await this.#read(path);
    if (bytes === undefined && width !== undefined) {
      const full = await this.#read(whole);
      bytes = full && (cut?.(full) ?? full.slice(0, Number(width) * 32));
    }
    this.#tiles.set(path, bytes);
    return bytes;
  }
}

const wholeEntries = (full: Bytes, width: number): Bytes => {
  let at = 0;
  for (let count = 0; count < width; count += 1) at += 2 + (full[at] ?? 0) * 256 + (full[at + 1] ?? 0);
  return full.slice(0, at);
};

const missing = (path: string): AttestError =>
  new AttestError("log-format", `expected the file ${path} of the log, found none`);
