/** Inclusion proofs for many entries of one tree; shared hashes are computed once. */
import type { Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { inclusionRanges, nodeHash, powerBelow, type Range, type Sha256 } from "./merkle.js";
import { nodeHashIn, TILE_WIDTH, tileOf, tilePath, type TileBytes } from "./tiles.js";

/** Returns the hashes for `checkInclusion` of any entry. Throws `log-format` if a tile is missing or has a wrong length. */
export function prover(size: number, tileBytes: TileBytes, sha256: Sha256): (index: number) => Bytes[] {
  const known = new Map<string, Bytes>();
  const hashOf = ({ from, until }: Range): Bytes => {
    const name = `${from}-${until}`;
    const hash = known.get(name) ?? stored({ from, until }) ?? joined({ from, until });
    known.set(name, hash);
    return hash;
  };
  /** Undefined if no tile holds it. */
  const stored = ({ from, until }: Range): Bytes | undefined => {
    const level = Math.log2(until - from);
    if (!Number.isInteger(level) || level % Math.log2(TILE_WIDTH) !== 0) return undefined;
    const node = { level, index: from / (until - from) };
    const tile = tileOf(node, size);
    const bytes = tileBytes(tilePath(tile));
    if (bytes === undefined) throw new AttestError("log-format", `expected the file ${tilePath(tile)}, found none`);
    return nodeHashIn(bytes, tile, node, sha256);
  };
  const joined = ({ from, until }: Range): Bytes => {
    const middle = from + powerBelow(until - from);
    return nodeHash(hashOf({ from, until: middle }), hashOf({ from: middle, until }), sha256);
  };
  return (index) => inclusionRanges(index, size).map(hashOf);
}
