/** Adds entries to a log: returns the changed files and the new head. Pure: writes nothing, and reads only O(log n) tiles. */
import { concat, equal, type Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { HASH_BYTES, leafHash, treeHead, type Sha256, type TreeHead } from "./merkle.js";
import {
  formatEntries,
  newTiles,
  parseEntries,
  rootAt,
  TILE_WIDTH,
  tilePath,
  type Tile,
  type TileBytes,
} from "./tiles.js";

export interface TileFile {
  readonly path: string;
  readonly bytes: Bytes;
}

export interface Appended {
  /** Entry bundles first, then hashes, level by level. */
  readonly files: readonly TileFile[];
  readonly head: TreeHead;
}

/** @throws AttestError `log-format` if a needed tile of the old tree is missing or has a wrong length */
export function append(from: number, entries: readonly Bytes[], tileBytes: TileBytes, sha256: Sha256): Appended {
  const to = from + entries.length;
  const made = new Map<string, Bytes>();
  const leafHashes = entries.map((entry) => leafHash(entry, sha256));
  for (const tile of newTiles(from, to)) {
    const bytes =
      tile.level === "entries"
        ? bundle(tile, from, entries, tileBytes)
        : row(tile, from, tileBytes, (index) =>
            tile.level === 0 ? leafHashes[index - from] : nodeOver(Number(tile.level), index, made, sha256),
          );
    made.set(tilePath(tile), bytes);
  }
  const root = rootAt(to, to, (path) => made.get(path) ?? tileBytes(path), sha256);
  return { files: [...made].map(([path, bytes]) => ({ path, bytes })), head: { size: to, root } };
}

/** The tile's previous content at its old width; empty for a new tile. */
function before(tile: Tile, from: number, tileBytes: TileBytes): { readonly width: number; readonly bytes: Bytes } {
  const all = tile.level === "entries" ? from : Math.floor(from / TILE_WIDTH ** tile.level);
  const width = Math.max(0, Math.min(TILE_WIDTH, all - tile.index * TILE_WIDTH));
  if (width === 0) return { width, bytes: new Uint8Array() };
  const path = tilePath({ ...tile, width });
  const bytes = tileBytes(path);
  if (bytes === undefined) throw new AttestError("log-format", `expected the file ${path}, found none`);
  return { width, bytes };
}

function bundle(tile: Tile, from: number, entries: readonly Bytes[], tileBytes: TileBytes): Bytes {
  const { width, bytes } = before(tile, from, tileBytes);
  const first = tile.index * TILE_WIDTH + width - from;
  parseEntries(bytes, width); // refuses to extend a damaged bundle
  return concat(bytes, formatEntries(entries.slice(first, first + tile.width - width)));
}

function row(tile: Tile, from: number, tileBytes: TileBytes, hashAt: (index: number) => Bytes | undefined): Bytes {
  const { width, bytes } = before(tile, from, tileBytes);
  if (bytes.length !== width * HASH_BYTES)
    throw new AttestError("log-format", `expected ${width * HASH_BYTES} bytes in a tile, found ${bytes.length}`);
  const added = Array.from({ length: tile.width - width }, (_, at) => {
    const hash = hashAt(tile.index * TILE_WIDTH + width + at);
    if (hash === undefined) throw new Error(`expected every hash of ${tilePath(tile)} to be made by now`);
    return hash;
  });
  return concat(bytes, ...added);
}

/** The hash over a tile of the level below that this growth completed. */
function nodeOver(level: number, index: number, made: ReadonlyMap<string, Bytes>, sha256: Sha256): Bytes | undefined {
  const bytes = made.get(tilePath({ level: level - 1, index, width: TILE_WIDTH }));
  return bytes && treeHead(hashesOf(bytes), sha256).root;
}

const hashesOf = (row: Bytes): Bytes[] =>
  Array.from({ length: row.length / HASH_BYTES }, (_, at) => row.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));

/**
 * Whether the partial entry bundle matches the tree's leaf hashes. The root does not cover the bundle, so appending to a changed bundle
 * would publish wrong entries. @throws AttestError `log-format`
 */
export function lastEntriesFit(size: number, tileBytes: TileBytes, sha256: Sha256): boolean {
  const last: Tile = { level: 0, index: Math.floor(size / TILE_WIDTH), width: size % TILE_WIDTH };
  if (last.width === 0) return true;
  const row = before(last, size, tileBytes).bytes;
  const entries = parseEntries(before({ ...last, level: "entries" }, size, tileBytes).bytes, last.width);
  return equal(row, concat(...entries.map((entry) => leafHash(entry, sha256))));
}
