/**
 * The files of a log (C2SP tlog-tiles): which files exist, what they contain, and which hashes they yield.
 *
 * A hash tile of level L holds the hashes of up to 256 complete subtrees of 256^L leaves each. An entry bundle holds the entries, each
 * after its length. A partial file is named by its width and never rewritten: the next one has another name.
 */
import { concat, type Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import {
  consistencyRanges,
  cover,
  HASH_BYTES,
  inclusionRanges,
  join,
  treeHead,
  type Node,
  type Range,
  type Sha256,
} from "./merkle.js";

export const TILE_WIDTH = 256;
/** 256 = 2^8: each tile spans this many levels. */
const TILE_LEVELS = 8;
const MAX_ENTRY = 0xffff;

export interface Tile {
  readonly level: number | "entries";
  readonly index: number;
  /** From 1 to 256 (full). */
  readonly width: number;
}

/** The bytes of the file at a path; undefined if it is missing. */
export type TileBytes = (path: string) => Bytes | undefined;

const refused = (expected: string, found: string): AttestError =>
  new AttestError("log-format", `expected ${expected}, found ${found}`);

/** `tile/0/x001/x234/067`, or `tile/0/x001/x234/067.p/5` while it holds five. */
export function tilePath({ level, index, width }: Tile): string {
  const [last = "", ...groups] = thousands(index);
  const name = [last, ...groups.map((group) => `x${group}`)].reverse().join("/");
  return `tile/${level}/${name}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** The digits in groups of three, the last group first. */
function thousands(index: number): string[] {
  const group = String(index % 1000).padStart(3, "0");
  return index < 1000 ? [group] : [group, ...thousands(Math.floor(index / 1000))];
}

/** Number of hashes on this level of tiles, in a tree of `size` leaves. */
const hashesAt = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level);

const tileAt = (level: number | "entries", index: number, size: number): Tile => ({
  level,
  index,
  width: Math.min(TILE_WIDTH, hashesAt(level === "entries" ? 0 : level, size) - index * TILE_WIDTH),
});

/** Every file that a tree of `to` leaves has and one of `from` leaves lacks: entry bundles first, then hashes, level by level. */
export function newTiles(from: number, to: number): Tile[] {
  const grown = (level: number | "entries", before: number, after: number): Tile[] => {
    const tiles: Tile[] = [];
    if (before === after) return tiles;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index += 1)
      tiles.push(tileAt(level, index, to));
    return tiles;
  };
  const tiles = grown("entries", from, to);
  for (let level = 0; hashesAt(level, to) > 0; level += 1)
    tiles.push(...grown(level, hashesAt(level, from), hashesAt(level, to)));
  return tiles;
}

/** The hashes in the tile's row below a node. */
const rowOf = ({ level, index }: Node): Range => {
  const width = 2 ** (level % TILE_LEVELS);
  return { from: (index * width) % TILE_WIDTH, until: ((index * width) % TILE_WIDTH) + width };
};

/** The tile, in a tree of `size` leaves, from which the node's hash is computed. */
export function tileOf(node: Node, size: number): Tile {
  const index = Math.floor((node.index * 2 ** (node.level % TILE_LEVELS)) / TILE_WIDTH);
  return tileAt(Math.floor(node.level / TILE_LEVELS), index, size);
}

/** Throws `log-format` if the tile has a wrong length or does not cover the node. */
export function nodeHashIn(tileBytes: Bytes, tile: Tile, node: Node, sha256: Sha256): Bytes {
  if (tileBytes.length !== tile.width * HASH_BYTES)
    throw refused(`${tilePath(tile)} to be of ${tile.width * HASH_BYTES} bytes`, `${tileBytes.length}`);
  const { from, until } = rowOf(node);
  if (until > tile.width)
    throw refused(`${until} hashes in ${tilePath(tile)}`, `a tree in which there are ${tile.width}`);
  return treeHead(hashesOf(tileBytes.subarray(from * HASH_BYTES, until * HASH_BYTES)), sha256).root;
}

function hashesOf(row: Bytes): Bytes[] {
  return Array.from({ length: row.length / HASH_BYTES }, (_, at) => row.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** An entry bundle. Throws `log-format` for an entry that is too long for the length field. */
export function formatEntries(entries: readonly Bytes[]): Bytes {
  return concat(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY) throw refused(`an entry of at most ${MAX_ENTRY} bytes`, `${entry.length}`);
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/** The inverse: exactly `width` entries and nothing after them. Throws `log-format`. */
export function parseEntries(bytes: Bytes, width: number): Bytes[] {
  const entries: Bytes[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [high, low] = [bytes[at], bytes[at + 1]];
    const until = at + 2 + (high ?? 0) * 0x100 + (low ?? 0);
    if (low === undefined || until > bytes.length) throw refused("whole entries", `an end in entry ${entries.length}`);
    entries.push(bytes.slice(at + 2, until));
    at = until;
  }
  if (entries.length !== width) throw refused(`a bundle of ${width} entries`, `${entries.length}`);
  return entries;
}

/** The tiles that `hashes` needs, each once. */
export function tilesFor(nodes: readonly Node[], size: number): Tile[] {
  const tiles = nodes.map((node) => tileOf(node, size));
  return [...new Map(tiles.map((tile) => [tilePath(tile), tile])).values()];
}

/** The hash of each node in a tree of `size` leaves. Throws `log-format` if a tile is missing or has a wrong length. */
export function hashes(nodes: readonly Node[], size: number, tileBytes: TileBytes, sha256: Sha256): Bytes[] {
  return nodes.map((node) => {
    const tile = tileOf(node, size);
    const bytes = tileBytes(tilePath(tile));
    if (bytes === undefined) throw refused(`the file ${tilePath(tile)}`, "none");
    return nodeHashIn(bytes, tile, node, sha256);
  });
}

const rangeHashes = (ranges: readonly Range[], size: number, tileBytes: TileBytes, sha256: Sha256): Bytes[] =>
  ranges.map((range) => join(hashes(cover(range), size, tileBytes, sha256), sha256));
const pathsFor = (ranges: readonly Range[], size: number): string[] =>
  tilesFor(ranges.flatMap(cover), size).map(tilePath);

/** The hashes for `checkInclusion`. */
export const proveInclusion = (index: number, size: number, tileBytes: TileBytes, sha256: Sha256): Bytes[] =>
  rangeHashes(inclusionRanges(index, size), size, tileBytes, sha256);
export const tilesForInclusion = (index: number, size: number): string[] =>
  pathsFor(inclusionRanges(index, size), size);

/** The hashes for `checkConsistency`, from the tiles of the later tree. */
export const proveConsistency = (from: number, to: number, tileBytes: TileBytes, sha256: Sha256): Bytes[] =>
  rangeHashes(consistencyRanges(from, to), to, tileBytes, sha256);
export const tilesForConsistency = (from: number, to: number): string[] => pathsFor(consistencyRanges(from, to), to);

/** The root of the first `size` leaves, from the tiles of a tree of `atSize`. */
export const rootAt = (size: number, atSize: number, tileBytes: TileBytes, sha256: Sha256): Bytes =>
  join(hashes(cover({ from: 0, until: size }), atSize, tileBytes, sha256), sha256);
export const tilesForRoot = (size: number, atSize = size): string[] => pathsFor([{ from: 0, until: size }], atSize);
