/**
 * Rebuilds a log from its entries: every tile, the head, and the root at any size. Served files are compared with this byte for byte. It
 * stores 32 bytes per entry, and not the entries.
 */
import type { Bytes } from "../bytes.js";
import { CompactRange, HASH_BYTES, leafHash, treeHead, type Sha256, type TreeHead } from "./merkle.js";
import { rootAt, TILE_WIDTH, type Tile, type TileBytes } from "./tiles.js";

const TILE_PATH = /^tile\/(\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/;

/** Concatenated hashes in a buffer that doubles. */
interface Row {
  bytes: Bytes;
  count: number;
}

export class RebuiltTree {
  readonly #sha256: Sha256;
  /** One row per level of tiles. */
  readonly #rows: Row[] = [];

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get size(): number {
    return this.#rows[0]?.count ?? 0;
  }

  add(entry: Bytes): void {
    this.#push(0, leafHash(entry, this.#sha256));
  }

  #push(level: number, hash: Bytes): void {
    const row = (this.#rows[level] ??= { bytes: new Uint8Array(TILE_WIDTH * HASH_BYTES), count: 0 });
    if ((row.count + 1) * HASH_BYTES > row.bytes.length) {
      const larger = new Uint8Array(row.bytes.length * 2);
      larger.set(row.bytes);
      row.bytes = larger;
    }
    row.bytes.set(hash, row.count * HASH_BYTES);
    row.count += 1;
    if (row.count % TILE_WIDTH !== 0) return;
    const tile = { level, index: row.count / TILE_WIDTH - 1, width: TILE_WIDTH };
    this.#push(level + 1, treeHead(hashesIn(this.tile(tile) ?? new Uint8Array()), this.#sha256).root);
  }

  /** The expected bytes of a hash tile; undefined if this log has no such tile. */
  tile({ level, index, width }: Tile): Bytes | undefined {
    const row = level === "entries" ? undefined : this.#rows[level];
    const from = index * TILE_WIDTH;
    if (row === undefined || width < 1 || width > TILE_WIDTH || from + width > row.count) return undefined;
    return row.bytes.subarray(from * HASH_BYTES, (from + width) * HASH_BYTES);
  }

  /** The same by path, for proofs at any size up to its own. */
  readonly tileBytes: TileBytes = (path) => {
    const [, level = "", name = "", width] = TILE_PATH.exec(path) ?? [];
    const index = Number(name.replace(/[x/]/g, ""));
    return name === ""
      ? undefined
      : this.tile({ level: Number(level), index, width: width === undefined ? TILE_WIDTH : Number(width) });
  };

  get head(): TreeHead {
    return { size: this.size, root: rootAt(this.size, this.size, this.tileBytes, this.#sha256) };
  }

  hashOf(index: number): Bytes | undefined {
    return this.#rows[0] === undefined || index >= this.size
      ? undefined
      : this.#rows[0].bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }

  /** The roots at these sizes, in one pass; sizes beyond the log are left out. */
  rootsAt(sizes: Iterable<number>): ReadonlyMap<number, Bytes> {
    const wanted = new Set(sizes);
    const last = [...wanted].reduce((most, size) => (size <= this.size ? Math.max(most, size) : most), 0);
    const roots = new Map<number, Bytes>();
    const range = new CompactRange(this.#sha256);
    if (wanted.has(0)) roots.set(0, range.root);
    for (let index = 0; index < last; index += 1) {
      range.add(this.hashOf(index) ?? new Uint8Array());
      if (wanted.has(range.size)) roots.set(range.size, range.root);
    }
    return roots;
  }
}

const hashesIn = (tile: Bytes): Bytes[] =>
  Array.from({ length: tile.length / HASH_BYTES }, (_, at) => tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
