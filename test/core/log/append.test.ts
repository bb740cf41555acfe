/** A log that grows, in any steps, is the log that was made at once; and made again from its entries it is the same, tile by tile. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8, type Bytes } from "../../../src/core/bytes.js";
import { append } from "../../../src/core/log/append.js";
import { leafHash, treeHead } from "../../../src/core/log/merkle.js";
import { RebuiltTree } from "../../../src/core/log/rebuild.js";
import { newTiles, parseEntries, proveInclusion, rootAt, tilePath, TILE_WIDTH } from "../../../src/core/log/tiles.js";
import { engines } from "../engines.js";
import { outcome } from "../mangling.js";
import { NIGHT } from "../../night.js";

const sha256 = (data: Bytes): Bytes => engines[0]!.sha256(data);
const entries = (from: number, to: number): Bytes[] =>
  Array.from({ length: to - from }, (_, at) => utf8(`entry ${from + at}`));

type Files = Map<string, Bytes>;
function grown(sizes: readonly number[]): { files: Files; root: Bytes; size: number } {
  const files: Files = new Map();
  let [from, root] = [0, sha256(new Uint8Array())];
  for (const to of sizes) {
    const growth = append(from, entries(from, to), (path) => files.get(path), sha256);
    for (const { path, bytes } of growth.files) files.set(path, bytes);
    [from, root] = [growth.head.size, growth.head.root];
  }
  return { files, root, size: from };
}
const rootOf = (size: number): Bytes =>
  treeHead(
    entries(0, size).map((entry) => leafHash(entry, sha256)),
    sha256,
  ).root;

/** Around the edges of tiles more often than elsewhere. */
const size = fc.oneof(fc.nat({ max: 600 }), fc.constantFrom(1, 255, 256, 257, 511, 512, 513));
const steps = fc.array(size, { minLength: 1, maxLength: 6 }).map((all) => [...all].sort((a, b) => a - b));

describe("a log that grows", () => {
  test("in any steps has the root, and the files, of one that was made at once", () => {
    fc.assert(
      fc.property(steps, (sizes) => {
        const [slowly, once] = [grown(sizes), grown([sizes.at(-1)!])];
        expect(slowly.root).toEqual(rootOf(slowly.size));
        for (const [path, bytes] of once.files) expect(slowly.files.get(path), path).toEqual(bytes);
        for (const tile of newTiles(0, slowly.size))
          expect(slowly.files.has(tilePath(tile)), tilePath(tile)).toBe(true);
      }),
      { numRuns: NIGHT ? 30 : 10 },
    );
  });

  test("writes nothing where nothing came, and gives the head that was", () => {
    const { files, root } = grown([300]);
    const { files: none, head } = append(300, [], (path) => files.get(path), sha256);
    expect(none).toEqual([]);
    expect(head).toEqual({ size: 300, root });
    expect(append(0, [], () => undefined, sha256).head).toEqual({ size: 0, root: sha256(new Uint8Array()) });
  });

  test("past 65,536 entries has a third level", () => {
    const { files, root } = grown([65_535, 65_537]);
    expect(files.get("tile/2/000.p/1")).toHaveLength(32);
    expect(files.get("tile/1/000")).toHaveLength(TILE_WIDTH * 32);
    expect(root).toEqual(rootOf(65_537));
  });

  test("reads only the last tile of each level", () => {
    const { files } = grown([600]);
    const read: string[] = [];
    append(600, entries(600, 601), (path) => (read.push(path), files.get(path)), sha256);
    expect(new Set(read)).toEqual(new Set(["tile/entries/002.p/88", "tile/0/002.p/88", "tile/1/000.p/2"]));
  });

  test.each([["tile/0/001.p/44"], ["tile/entries/001.p/44"], ["tile/1/000.p/1"]])(
    "is not gone on with without %s",
    (path) => {
      const { files } = grown([300]);
      const go = (bytes: Bytes | undefined) => () =>
        append(300, entries(300, 600), (other) => (other === path ? bytes : files.get(other)), sha256);
      expect(outcome(go(undefined))).toBe("log-format");
      expect(outcome(go(files.get(path)!.slice(1)))).toBe("log-format");
      expect(outcome(go(files.get(path)))).toHaveProperty("head.size", 600);
    },
  );
});

describe("a log made again from its entries", () => {
  const again = (count: number): RebuiltTree => {
    const regrown = new RebuiltTree(sha256);
    for (const entry of entries(0, count)) regrown.add(entry);
    return regrown;
  };

  test("has its tiles, its head, and the roots that it had", () => {
    fc.assert(
      fc.property(steps, (sizes) => {
        const { files, root, size } = grown(sizes);
        const regrown = again(size);
        expect(regrown.head).toEqual({ size, root });
        for (const [path, bytes] of files)
          if (!path.startsWith("tile/entries/")) expect(regrown.tileBytes(path), path).toEqual(bytes);
        const roots = regrown.rootsAt([0, ...sizes]);
        for (const one of [0, ...sizes]) expect(roots.get(one)).toEqual(rootOf(one));
      }),
      { numRuns: NIGHT ? 30 : 10 },
    );
  });

  test("gives proofs at any size that it had", () => {
    const regrown = again(600);
    for (const [index, at] of [
      [0, 1],
      [5, 300],
      [299, 300],
      [511, 512],
      [599, 600],
    ] as const)
      expect(proveInclusion(index, at, regrown.tileBytes, sha256)).toEqual(
        proveInclusion(index, at, again(at).tileBytes, sha256),
      );
    expect(rootAt(300, 600, regrown.tileBytes, sha256)).toEqual(rootOf(300));
  });

  test("has nothing that it has not", () => {
    const regrown = again(3);
    expect(regrown.rootsAt([4]).size).toBe(0);
    for (const path of [
      "tile/0/000.p/4",
      "tile/0/000",
      "tile/0/001.p/1",
      "tile/1/000.p/1",
      "tile/entries/000.p/3",
      "tile/0/000.p/0",
      "x",
    ])
      expect(regrown.tileBytes(path), path).toBeUndefined();
    expect(regrown.hashOf(3)).toBeUndefined();
    expect(new RebuiltTree(sha256).head).toEqual({ size: 0, root: sha256(new Uint8Array()) });
  });

  test("is made from the bundles that were written", () => {
    const { files } = grown([5, 9]);
    expect(parseEntries(files.get("tile/entries/000.p/9")!, 9)).toEqual(entries(0, 9));
  });
});
