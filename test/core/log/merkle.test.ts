/** The tree of a log: every small tree, every leaf, every pair of sizes; and what RFC 6962 and other people's trees say. */
import { describe, expect, test } from "vitest";
import { fromHex, hex, utf8, type Bytes } from "../../../src/core/bytes.js";
import {
  checkConsistency,
  checkInclusion,
  CompactRange,
  consistencyRanges,
  cover,
  inclusionRanges,
  join,
  leafHash,
  nodeHash,
  treeHead,
  type Range,
  type TreeHead,
} from "../../../src/core/log/merkle.js";
import { engines } from "../engines.js";

const sha256 = (data: Bytes): Bytes => engines[0]!.sha256(data);

/** RFC 6962 section 2.1, to the letter. */
function root(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(root(leaves.slice(0, k)), root(leaves.slice(k)), sha256);
}

const leaves = Array.from({ length: 101 }, (_, at) => leafHash(utf8(`leaf ${at}`), sha256));
const heads = Array.from({ length: 101 }, (_, size): TreeHead => ({ size, root: root(leaves.slice(0, size)) }));
const rangeHash = ({ from, until }: Range): Bytes => root(leaves.slice(from, until));

/** Each hash with a bit flipped, each one left out, one more at every place, and two in each other's place. */
function* corrupted(proof: readonly Bytes[]): Generator<Bytes[]> {
  for (const [at, hash] of proof.entries()) {
    const other = hash.slice();
    other[at % 32]! ^= 1 << (at % 8);
    yield proof.with(at, other);
    yield proof.toSpliced(at, 1);
    if (at > 0) yield proof.with(at, proof[at - 1]!).with(at - 1, hash);
  }
  for (let at = 0; at <= proof.length; at += 1) {
    yield proof.toSpliced(at, 0, leaves[at]!);
    if (at < proof.length) yield proof.toSpliced(at, 0, proof[at]!);
  }
}

describe("other people's trees", () => {
  /** The inputs and roots of certificate-transparency's merkle_tree_test. */
  const INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];

  test.each(engines)("$name: the roots are theirs", (engine) => {
    const hash = (data: Bytes): Bytes => engine.sha256(data);
    const hashed = INPUTS.map((input) => leafHash(fromHex(input), hash));
    expect(ROOTS.map((_, size) => hex(treeHead(hashed.slice(0, size), hash).root))).toEqual(ROOTS);
  });
});

test("a compact range goes on from every size with the hashes that it had there", () => {
  const range = new CompactRange(sha256);
  for (const [size, { root }] of heads.entries()) {
    if (size > 0) range.add(leaves[size - 1]!);
    expect({ size: range.size, root: range.root }).toEqual({ size, root });
    expect(range.hashes).toHaveLength(cover({ from: 0, until: size }).length);
    const again = new CompactRange(sha256, range);
    for (const leaf of leaves.slice(size)) again.add(leaf);
    expect({ size: again.size, root: again.root }).toEqual(treeHead(leaves, sha256));
  }
});

test("the head, in one pass and from the cover, is that of RFC 6962", () => {
  for (const [size, head] of heads.entries()) {
    expect(treeHead(leaves.slice(0, size), sha256)).toEqual(head);
    const nodes = cover({ from: 0, until: size });
    const hashes = nodes.map(({ level, index }) =>
      rangeHash({ from: index * 2 ** level, until: (index + 1) * 2 ** level }),
    );
    expect(join(hashes, sha256)).toEqual(head.root);
  }
});

test("a cover is of complete subtrees from end to end, also where sizes exceed 32 bits", () => {
  for (const range of [
    { from: 0, until: 0 },
    { from: 0, until: 2 ** 53 - 1 },
    { from: 2 ** 52, until: 2 ** 53 - 1 },
    { from: 2 ** 40, until: 2 ** 40 + 2 ** 33 + 5 },
  ]) {
    let at = range.from;
    for (const { level, index } of cover(range)) {
      expect(index * 2 ** level).toBe(at);
      at += 2 ** level;
    }
    expect(at).toBe(range.until);
  }
});

test("every leaf of every tree to size 100 is proven, and by no other proof, nor at another place, nor in another tree", () => {
  for (const head of heads) {
    for (let index = 0; index < head.size; index += 1) {
      const proof = inclusionRanges(index, head.size).map(rangeHash);
      const leaf = leaves[index]!;
      const holds = (given: readonly Bytes[], at = index, of = head, hash = leaf): boolean =>
        checkInclusion(at, of, hash, given, sha256);
      expect(holds(proof)).toBe(true);
      if (head.size > 32 && index % 7 !== 0 && index !== head.size - 1) continue; // the rest is slow, and there are enough of them
      for (const other of corrupted(proof)) expect(holds(other)).toBe(false);
      for (const at of [index - 1, index + 1, head.size, -1, NaN, 0.5]) expect(holds(proof, at)).toBe(false);
      expect(holds(proof, index, { ...head, root: leaves[100]! })).toBe(false);
      expect(holds(proof, index, head, leaves[100])).toBe(false);
    }
  }
});

test("every pair of sizes to 60 is consistent, and by no other proof", () => {
  for (let to = 0; to <= 60; to += 1) {
    for (let from = 0; from <= to; from += 1) {
      const [before, after] = [heads[from]!, heads[to]!];
      const proof = consistencyRanges(from, to).map(rangeHash);
      const holds = (given: readonly Bytes[], was = before, is = after): boolean =>
        checkConsistency(was, is, given, sha256);
      expect(holds(proof)).toBe(true);
      for (const other of corrupted(proof)) expect(holds(other)).toBe(false);
      expect(holds(proof, { size: from, root: leaves[100]! })).toBe(false);
      if (from > 0) expect(holds(proof, before, { size: to, root: leaves[100]! })).toBe(false);
      if (from !== to) expect(holds(proof, after, before)).toBe(false);
      if (from > 0) expect(holds(proof, { size: from - 1, root: before.root })).toBe(false);
    }
  }
});

describe("what no proof is for", () => {
  test("a leaf that is not there, a tree that shrinks", () => {
    expect(inclusionRanges(3, 3)).toEqual([]);
    expect(checkInclusion(0, heads[0]!, leaves[0]!, [], sha256)).toBe(false);
    expect(consistencyRanges(4, 3)).toEqual([]);
    expect(checkConsistency(heads[4]!, heads[3]!, [], sha256)).toBe(false);
  });

  test("the empty tree has one root", () => {
    expect(checkConsistency({ size: 0, root: leaves[0]! }, heads[3]!, [], sha256)).toBe(false);
    expect(checkConsistency({ size: 0, root: leaves[0]! }, { size: 0, root: leaves[0]! }, [], sha256)).toBe(false);
  });

  test("hashes that are not of 32 bytes: the node above could be split elsewhere", () => {
    const [left, right] = [leaves[0]!, leaves[1]!];
    const moved = [new Uint8Array([...left, right[0]!]), right.slice(1)] as const;
    expect(nodeHash(...moved, sha256)).toEqual(heads[2]!.root);
    expect(checkInclusion(0, heads[2]!, moved[0], [moved[1]], sha256)).toBe(false);
  });

  test("sizes that are no safe integers", () => {
    for (const size of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      const head = { size, root: heads[1]!.root };
      expect(checkInclusion(0, head, leaves[0]!, [], sha256)).toBe(false);
      expect(checkConsistency(head, heads[100]!, [], sha256)).toBe(false);
      expect(checkConsistency(heads[0]!, head, [], sha256)).toBe(false);
    }
  });
});

test("a proof in a tree of 2^53 - 1 leaves", () => {
  // Every subtree of a level is the same, so that the hash of a range depends on its cover alone.
  const levels = [leaves[0]!];
  while (levels.length < 53) levels.push(nodeHash(levels.at(-1)!, levels.at(-1)!, sha256));
  const hashOf = (range: Range): Bytes =>
    join(
      cover(range).map(({ level }) => levels[level]!),
      sha256,
    );
  const size = 2 ** 53 - 1;
  const head = { size, root: hashOf({ from: 0, until: size }) };
  for (const index of [0, 2 ** 31, 2 ** 32 + 1, 2 ** 52 - 1, 2 ** 52, size - 1]) {
    const proof = inclusionRanges(index, size).map(hashOf);
    expect(checkInclusion(index, head, leaves[0]!, proof, sha256)).toBe(true);
    expect(checkInclusion(index, head, leaves[0]!, proof.slice(1), sha256)).toBe(false);
  }
  for (const from of [1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, size - 1]) {
    const before = { size: from, root: hashOf({ from: 0, until: from }) };
    expect(checkConsistency(before, head, consistencyRanges(from, size).map(hashOf), sha256)).toBe(true);
  }
});
