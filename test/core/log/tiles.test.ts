/** The files of a log: what they are called, what is in them, and that every hash comes out of them. */
import { describe, expect, test } from "vitest";
import { concat, utf8, type Bytes } from "../../../src/core/bytes.js";
import {
  checkConsistency,
  checkInclusion,
  cover,
  join,
  leafHash,
  treeHead,
  type Node,
  type TreeHead,
} from "../../../src/core/log/merkle.js";
import {
  formatEntries,
  hashes,
  newTiles,
  nodeHashIn,
  parseEntries,
  proveConsistency,
  proveInclusion,
  rootAt,
  tileOf,
  tilePath,
  tilesFor,
  tilesForConsistency,
  tilesForInclusion,
  tilesForRoot,
  TILE_WIDTH,
  type Tile,
  type TileBytes,
} from "../../../src/core/log/tiles.js";
import { engines } from "../engines.js";
import { naming, refusal } from "../refusal.js";

const sha256 = (data: Bytes): Bytes => engines[0]!.sha256(data);
const paths = (tiles: readonly Tile[]): string[] => tiles.map(tilePath);

describe("a path", () => {
  test.each([
    [{ level: 0, index: 0, width: 256 }, "tile/0/000"],
    [{ level: 0, index: 999, width: 256 }, "tile/0/999"],
    [{ level: 0, index: 1000, width: 256 }, "tile/0/x001/000"],
    [{ level: 0, index: 1234067, width: 256 }, "tile/0/x001/x234/067"],
    [{ level: 5, index: 1234067, width: 5 }, "tile/5/x001/x234/067.p/5"],
    [{ level: "entries", index: 17, width: 255 }, "tile/entries/017.p/255"],
    [{ level: 0, index: 2 ** 45, width: 1 }, "tile/0/x035/x184/x372/x088/832.p/1"],
  ] as const)("%j is %s", (tile, path) => {
    expect(tilePath(tile)).toBe(path);
  });
});

describe("the files of a tree", () => {
  test("of 70,000 leaves are those of the specification's example", () => {
    const all = paths(newTiles(0, 70_000));
    const hashTiles = all.filter((path) => !path.startsWith("tile/entries/"));
    const full = Array.from({ length: 273 }, (_, at) => `tile/0/${String(at).padStart(3, "0")}`);
    expect(hashTiles).toEqual([...full, "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]);
    expect(all.filter((path) => path.startsWith("tile/entries/"))).toEqual(
      hashTiles.slice(0, 274).map((path) => path.replace("tile/0", "tile/entries")),
    );
  });

  test.each([
    [0, 0, []],
    [5, 5, []],
    [0, 1, ["tile/entries/000.p/1", "tile/0/000.p/1"]],
    [1, 2, ["tile/entries/000.p/2", "tile/0/000.p/2"]],
    [255, 256, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]],
    [256, 257, ["tile/entries/001.p/1", "tile/0/001.p/1"]],
    [
      255,
      513,
      [
        ...["tile/entries/000", "tile/entries/001", "tile/entries/002.p/1"],
        ...["tile/0/000", "tile/0/001", "tile/0/002.p/1", "tile/1/000.p/2"],
      ],
    ],
    [65535, 65536, ["tile/entries/255", "tile/0/255", "tile/1/000", "tile/2/000.p/1"]],
  ])("that grew from %i to %i", (from, to, expected) => {
    expect(paths(newTiles(from, to))).toEqual(expected);
  });

  test("every step on the way writes what the whole way ends with", () => {
    for (const size of [1, 255, 256, 257, 300, 511, 512, 700]) {
      const written = new Set<string>();
      for (let at = 0; at < size; at += 1) for (const path of paths(newTiles(at, at + 1))) written.add(path);
      for (const path of paths(newTiles(0, size))) expect(written).toContain(path);
    }
  });
});

/** Leaves made of their number, and the files of the tree over the first `size` of them. */
const leaves = Array.from({ length: 65_537 }, (_, at) => leafHash(Uint8Array.of(at >> 16, at >> 8, at), sha256));
const complete: Bytes[][] = [leaves];
for (let below = leaves; below.length >= TILE_WIDTH; below = complete.at(-1)!)
  complete.push(
    Array.from(
      { length: Math.floor(below.length / TILE_WIDTH) },
      (_, at) => treeHead(below.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH), sha256).root,
    ),
  );

function filesOf(size: number): Map<string, Bytes> {
  const files = new Map<string, Bytes>();
  for (const tile of newTiles(0, size)) {
    if (tile.level === "entries") continue;
    const from = tile.index * TILE_WIDTH;
    files.set(tilePath(tile), concat(...complete[tile.level]!.slice(from, from + tile.width)));
  }
  return files;
}

const SIZES = [1, 2, 3, 7, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537];
const trees = SIZES.map((size) => {
  const files = filesOf(size);
  return { size, files, head: treeHead(leaves.slice(0, size), sha256) };
});

/** Only what was asked for beforehand is at hand. */
const only =
  (files: ReadonlyMap<string, Bytes>, wanted: readonly string[]): TileBytes =>
  (path) =>
    wanted.includes(path) ? files.get(path) : undefined;

describe.each(trees)("a tree of $size leaves", ({ size, files, head }) => {
  test("its root comes out of the tiles that are named for it", () => {
    expect(rootAt(size, size, only(files, tilesForRoot(size)), sha256)).toEqual(head.root);
  });

  test("leaves at the edges of its tiles are proven", () => {
    const places = [0, 1, 127, 128, 254, 255, 256, 257, 511, 512, 32_768, 65_279, 65_280, 65_534, 65_535, size - 1];
    for (const index of new Set(places.filter((at) => at < size))) {
      const proof = proveInclusion(index, size, only(files, tilesForInclusion(index, size)), sha256);
      expect(checkInclusion(index, head, leaves[index]!, proof, sha256)).toBe(true);
      expect(checkInclusion(index, head, leaves[65_536 - index]!, proof, sha256)).toBe(index === 65_536 - index);
    }
  });

  test("it continues each smaller tree, whose root its own tiles still give", () => {
    for (const before of trees.filter((tree) => tree.size <= size)) {
      const proof = proveConsistency(before.size, size, only(files, tilesForConsistency(before.size, size)), sha256);
      expect(checkConsistency(before.head, head, proof, sha256)).toBe(true);
      const wanted = tilesForRoot(before.size, size);
      expect(rootAt(before.size, size, only(files, wanted), sha256)).toEqual(before.head.root);
    }
  });

  test("of the tiles that are named for a proof none can be missing", () => {
    for (const index of [0, size - 1]) {
      const wanted = tilesForInclusion(index, size);
      for (const path of wanted) {
        const without = only(
          files,
          wanted.filter((one) => one !== path),
        );
        expect(refusal(() => proveInclusion(index, size, without, sha256))).toMatchObject({
          code: "log-format",
          message: expect.stringMatching(naming(path)),
        });
      }
    }
  });
});

describe("a node", () => {
  const size = 65_537;
  const files = filesOf(size);
  const under = ({ level, index }: Node): TreeHead =>
    treeHead(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level), sha256);

  test("of any level is read or computed from one tile", () => {
    for (const node of [
      ...[0, 1, 7, 8, 9, 15, 16].map((level) => ({ level, index: 0 })),
      ...[0, 1, 7, 8].map((level) => ({ level, index: Math.floor(size / 2 ** level) - 1 })),
      { level: 3, index: 33 },
    ]) {
      const tile = tileOf(node, size);
      expect(nodeHashIn(files.get(tilePath(tile))!, tile, node, sha256)).toEqual(under(node).root);
    }
  });

  test("those of one tile ask for it once", () => {
    const nodes = cover({ from: 0, until: 255 });
    expect(paths(tilesFor(nodes, 255))).toEqual(["tile/0/000.p/255"]);
    expect(
      join(
        hashes(nodes, 255, (path) => filesOf(255).get(path), sha256),
        sha256,
      ),
    ).toEqual(treeHead(leaves.slice(0, 255), sha256).root);
  });

  test("a tile of another length is refused", () => {
    const tile = tileOf({ level: 0, index: 0 }, 5);
    for (const length of [0, 31, 4 * 32, 5 * 32 - 1, 5 * 32 + 1, 256 * 32])
      expect(refusal(() => nodeHashIn(new Uint8Array(length), tile, { level: 0, index: 0 }, sha256)).code).toBe(
        "log-format",
      );
  });

  test("one that the tree has not is refused", () => {
    const bytes = new Uint8Array(5 * 32);
    const tile = tileOf({ level: 0, index: 0 }, 5);
    expect(refusal(() => nodeHashIn(bytes, tile, { level: 1, index: 2 }, sha256)).code).toBe("log-format");
    expect(refusal(() => hashes([{ level: 0, index: 5 }], 5, () => bytes, sha256)).code).toBe("log-format");
    expect(refusal(() => hashes([{ level: 3, index: 0 }], 5, () => bytes, sha256)).code).toBe("log-format");
    expect(refusal(() => hashes([{ level: 9, index: 0 }], 5, () => bytes, sha256)).code).toBe("log-format");
  });
});

describe("a bundle of entries", () => {
  const entries = [utf8("one"), new Uint8Array(), utf8("three"), new Uint8Array(0x1234).fill(7)];
  const bundle = formatEntries(entries);

  test("there and back", () => {
    expect(parseEntries(bundle, 4)).toEqual(entries);
    expect(formatEntries(parseEntries(bundle, 4))).toEqual(bundle);
    expect(parseEntries(new Uint8Array(), 0)).toEqual([]);
    expect(bundle.subarray(0, 7)).toEqual(Uint8Array.of(0, 3, ...utf8("one"), 0, 0));
  });

  test("an entry may be as long as its length can say", () => {
    const longest = new Uint8Array(65_535).fill(1);
    expect(parseEntries(formatEntries([longest]), 1)).toEqual([longest]);
    expect(refusal(() => formatEntries([new Uint8Array(65_536)])).code).toBe("log-format");
  });

  test("any other number of entries, and any missing end, is refused", () => {
    for (const width of [0, 3, 5, 256]) expect(refusal(() => parseEntries(bundle, width)).code).toBe("log-format");
    const small = formatEntries(entries.slice(0, 3));
    for (let length = 0; length < small.length; length += 1)
      expect(refusal(() => parseEntries(small.subarray(0, length), 3)).code).toBe("log-format");
  });
});
