/** Reads a served log tile by tile, from a folder or over http. Its answers are unverified. */
import { equal, type Bytes } from "../core/bytes.js";
import { openCheckpoint, parseCheckpoint, type Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatEntry, parseEntry, type LogEntry, type SignedEntry } from "../core/log/entry.js";
import { CompactRange, HASH_BYTES, leafHash } from "../core/log/merkle.js";
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

/** Requests for bundles that are under way together. */
const AT_ONCE = 6;
/** Hash tiles in memory: 8 MiB. */
const MAX_TILES = 1024;

export type Read = (path: string) => Promise<Bytes | undefined>;

/** One log at the checkpoint that it served first. */
export class LogReader {
  /** The checkpoint note, verbatim. */
  readonly bytes: Bytes;
  readonly checkpoint: Checkpoint;
  readonly #read: Read;
  readonly #engine: Engine;
  /** The least recently used first. */
  readonly #tiles = new Map<string, Promise<Bytes | undefined>>();
  /** The first four bytes of the digest of each entry. */
  #starts: Uint32Array | undefined;

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

  /** The bytes of the entries, a bundle at a time, while the next ones are fetched. @throws AttestError `log-format` */
  async *bundles(from = 0): AsyncGenerator<{ readonly index: number; readonly entries: readonly Bytes[] }> {
    const { size } = this.checkpoint;
    const under: Promise<readonly Bytes[]>[] = [];
    for (let index = from, next = from - (from % TILE_WIDTH); index < size;) {
      for (; next < size && under.length < AT_ONCE; next += TILE_WIDTH) {
        const bundle = this.#bundle(next / TILE_WIDTH);
        bundle.catch(() => undefined); // a reader who stops early awaits no more of them
        under.push(bundle);
      }
      const entries = ((await under.shift()) ?? []).slice(index % TILE_WIDTH);
      yield { index, entries };
      index += entries.length;
    }
  }

  async #bundle(index: number): Promise<readonly Bytes[]> {
    const width = Math.min(TILE_WIDTH, this.checkpoint.size - index * TILE_WIDTH);
    const path = tilePath({ level: "entries", index, width });
    const bytes = await readEntries(this.#read, path, width);
    if (bytes === undefined) throw missing(path);
    return parseEntries(bytes, width);
  }

  /** All entries. @throws AttestError `log-format`, `leaf-format` */
  async leaves(): Promise<readonly LogEntry[]> {
    const all: LogEntry[] = [];
    for await (const { entries } of this.bundles()) for (const bytes of entries) all.push(parseEntry(bytes));
    return all;
  }

  /** Position of an entry. The first call reads the whole log, and keeps four bytes of each entry. @throws AttestError `log-format` */
  async find(leaf: SignedEntry): Promise<number | undefined> {
    const wanted = formatEntry(leaf);
    const starts = (this.#starts ??= await this.#startsOf());
    const start = this.#startOf(wanted);
    for (let at = starts.indexOf(start); at >= 0; at = starts.indexOf(start, at + 1)) {
      const found = (await this.#bundle(Math.floor(at / TILE_WIDTH)))[at % TILE_WIDTH];
      if (found !== undefined && equal(found, wanted)) return at;
    }
    return undefined;
  }

  #startOf(entry: Bytes): number {
    const { buffer, byteOffset } = this.#engine.sha256(entry);
    return new DataView(buffer, byteOffset).getUint32(0);
  }

  async #startsOf(): Promise<Uint32Array> {
    let starts = new Uint32Array(TILE_WIDTH); // grows: the size in a checkpoint can be any
    for await (const { index, entries } of this.bundles()) {
      if (index + entries.length > starts.length) {
        const larger = new Uint32Array(starts.length * 2);
        larger.set(starts);
        starts = larger;
      }
      starts.set(
        entries.map((entry) => this.#startOf(entry)),
        index,
      );
    }
    return starts.subarray(0, this.checkpoint.size);
  }

  /** The head computed from the entries alone. */
  async headOfEntries(): Promise<{ readonly size: number; readonly root: Bytes }> {
    const range = new CompactRange(this.#engine.sha256);
    for await (const { entries } of this.bundles())
      for (const bytes of entries) range.add(leafHash(bytes, this.#engine.sha256));
    return { size: range.size, root: range.root };
  }

  async #fetched(paths: readonly string[]): Promise<TileBytes> {
    const tiles = new Map(await Promise.all(paths.map(async (path) => [path, await this.#tile(path)] as const)));
    return (path) => tiles.get(path);
  }

  /** Neighbouring entries share tiles, and the tiles of a long log do not fit in memory. */
  #tile(path: string): Promise<Bytes | undefined> {
    const known = this.#tiles.get(path);
    const [oldest] = this.#tiles.size < MAX_TILES ? [] : this.#tiles.keys();
    if (known !== undefined) this.#tiles.delete(path);
    else if (oldest !== undefined) this.#tiles.delete(oldest);
    const tile = known ?? readPartial(this.#read, path, (full, width) => full.slice(0, width * HASH_BYTES));
    this.#tiles.set(path, tile);
    tile.catch(() => this.#tiles.delete(path)); // asked for again
    return tile;
  }
}

/** A bundle, or the beginning of a fuller one. */
export const readEntries = (read: Read, path: string, width: number): Promise<Bytes | undefined> =>
  readPartial(read, path, (full) => {
    let at = 0;
    for (let count = 0; count < width; count += 1) at += 2 + (full[at] ?? 0) * 256 + (full[at + 1] ?? 0);
    return full.slice(0, at);
  });

/** A partial tile may be deleted once the full one exists (C2SP tlog-tiles). Then its part of the full one is used. */
async function readPartial(
  read: Read,
  path: string,
  cut: (full: Bytes, width: number) => Bytes,
): Promise<Bytes | undefined> {
  const [, whole, width] = /^(.*)\.p\/(\d+)$/.exec(path) ?? [];
  const bytes = await read(path);
  if (bytes !== undefined || whole === undefined) return bytes;
  const full = await read(whole);
  return full && cut(full, Number(width));
}

const missing = (path: string): AttestError =>
  new AttestError("log-format", `expected the file ${path} of the log, found none`);
