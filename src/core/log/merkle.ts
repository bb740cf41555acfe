/**
 * The hash tree of a log (RFC 6962 section 2, RFC 9162 section 2.1): making and checking proofs.
 *
 *     leaf = H(0x00 || data)     node = H(0x01 || left || right)     empty tree = H("")
 *
 * Sizes go up to 2^53 - 1, so they are halved by division: shifts would cut them to 32 bits.
 */
import { equal, type Bytes } from "../bytes.js";

export type Sha256 = (data: Bytes) => Bytes;

export const HASH_BYTES = 32;

const NOTHING = new Uint8Array();

export const leafHash = (data: Bytes, sha256: Sha256): Bytes => hashOf(0, data, NOTHING, sha256);
export const nodeHash = (left: Bytes, right: Bytes, sha256: Sha256): Bytes => hashOf(1, left, right, sha256);

/** A shared buffer for small inputs, only used during one hash: allocating takes as long as hashing. */
const scratch = new Uint8Array(1024);

function hashOf(prefix: 0 | 1, first: Bytes, second: Bytes, sha256: Sha256): Bytes {
  const length = 1 + first.length + second.length;
  const bytes = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  bytes[0] = prefix;
  bytes.set(first, 1);
  bytes.set(second, 1 + first.length);
  return sha256(bytes);
}

/** The complete subtree over the leaves from index * 2^level until (index + 1) * 2^level, and its hash. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Leaves under one hash: `from` is a multiple of a power of two that is at least their number. */
export interface Range {
  readonly from: number;
  readonly until: number;
}

export interface TreeHead {
  readonly size: number;
  readonly root: Bytes;
}

/** The complete subtrees that make up a range, left to right, each smaller than the one before. */
export function cover({ from, until }: Range): Node[] {
  const nodes: Node[] = [];
  for (let at = from; at < until;) {
    const { level, width } = powerWithin(until - at);
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The hash of a range from the hashes of its cover; for an empty range, the hash of the empty tree. */
export function join(hashes: readonly Bytes[], sha256: Sha256): Bytes {
  const last = hashes.at(-1);
  if (last === undefined) return sha256(NOTHING);
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right, sha256), last);
}

/** RFC 9162 section 2.1.3.1, leaf to root: one proof hash per range. Empty if the leaf does not exist. */
export function inclusionRanges(index: number, size: number): Range[] {
  if (index >= size) return [];
  const ranges: Range[] = [];
  let [from, until] = [0, size];
  while (until - from > 1) {
    const middle = from + powerBelow(until - from);
    ranges.push(index < middle ? { from: middle, until } : { from, until: middle });
    [from, until] = index < middle ? [from, middle] : [middle, until];
  }
  return ranges.reverse();
}

/** RFC 9162 section 2.1.4.1, in proof order. Empty from size 0, to the same size, and backwards. */
export function consistencyRanges(before: number, after: number): Range[] {
  if (before === 0 || before >= after) return [];
  const ranges: Range[] = [];
  let [from, until] = [0, after];
  while (until !== before) {
    const middle = from + powerBelow(until - from);
    ranges.push(before <= middle ? { from: middle, until } : { from, until: middle });
    [from, until] = before <= middle ? [from, middle] : [middle, until];
  }
  if (from !== 0) ranges.push({ from, until }); // otherwise it is the whole earlier tree, whose root is known
  return ranges.reverse();
}

/** RFC 9162 section 2.1.3.2. */
export function checkInclusion(
  index: number,
  head: TreeHead,
  leafHash: Bytes,
  proof: readonly Bytes[],
  sha256: Sha256,
): boolean {
  if (!isCount(index) || !isCount(head.size) || index >= head.size || ![leafHash, ...proof].every(isHash)) return false;
  let [node, last, hash] = [index, head.size - 1, leafHash];
  for (const beside of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(beside, hash, sha256);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, beside, sha256);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(hash, head.root);
}

/** RFC 9162 section 2.1.4.2; every tree is consistent with the empty one. */
export function checkConsistency(before: TreeHead, after: TreeHead, proof: readonly Bytes[], sha256: Sha256): boolean {
  if (!isCount(before.size) || !isCount(after.size) || before.size > after.size || !proof.every(isHash)) return false;
  if (before.size === 0 && !equal(before.root, sha256(NOTHING))) return false;
  if (before.size === after.size) return proof.length === 0 && equal(before.root, after.root);
  if (before.size === 0) return proof.length === 0;
  let [node, last] = [before.size - 1, after.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  // If the earlier tree is complete, its root is the first hash, and the proof omits it.
  const [first, ...rest] = node === 0 ? [before.root, ...proof] : proof;
  if (first === undefined) return false;
  let [was, is] = [first, first];
  for (const beside of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      [was, is] = [nodeHash(beside, was, sha256), nodeHash(beside, is, sha256)];
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      is = nodeHash(is, beside, sha256);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(was, before.root) && equal(is, after.root);
}

/**
 * The hashes of the complete subtrees that make up a tree, the largest first: one for each one in the binary digits of its size. This is all
 * that is needed to go on (a compact range that begins at 0).
 */
export class CompactRange {
  readonly #sha256: Sha256;
  readonly #hashes: Bytes[];
  #size: number;

  /** @param from as read from another one: as many hashes as `cover` has nodes for that size */
  constructor(
    sha256: Sha256,
    from: { readonly size: number; readonly hashes: readonly Bytes[] } = { size: 0, hashes: [] },
  ) {
    this.#sha256 = sha256;
    this.#hashes = [...from.hashes];
    this.#size = from.size;
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Bytes[] {
    return this.#hashes;
  }

  get root(): Bytes {
    return join(this.#hashes, this.#sha256);
  }

  add(leafHash: Bytes): void {
    let hash = leafHash;
    for (let node = this.#size; isOdd(node); node = half(node))
      hash = nodeHash(this.#hashes.pop() ?? NOTHING, hash, this.#sha256);
    this.#hashes.push(hash);
    this.#size += 1;
  }
}

export function treeHead(leafHashes: Iterable<Bytes>, sha256: Sha256): TreeHead {
  const range = new CompactRange(sha256);
  for (const hash of leafHashes) range.add(hash);
  return { size: range.size, root: range.root };
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const isHash = (bytes: Bytes): boolean => bytes.length === HASH_BYTES;
const isOdd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);

/** The largest power of two that is at most n; n is at least 1. */
function powerWithin(n: number): { readonly level: number; readonly width: number } {
  let [level, width] = [0, 1];
  for (; width * 2 <= n; width *= 2) level += 1;
  return { level, width };
}

/** The largest power of two below n; n is at least 2. RFC 9162 splits a tree of n leaves there. */
export const powerBelow = (n: number): number => powerWithin(n - 1).width;
