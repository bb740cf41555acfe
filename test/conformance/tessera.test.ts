// A log that transparency-dev/tessera wrote: every checkpoint, tile and entry of it is read, and every proof made from them.
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Bytes } from "../../src/core/bytes.js";
import { openCheckpoint } from "../../src/core/log/checkpoint.js";
import { checkConsistency, checkInclusion, leafHash, treeHead } from "../../src/core/log/merkle.js";
import { formatNote, parseNoteKey } from "../../src/core/keys/note.js";
import {
  newTiles,
  parseEntries,
  proveConsistency,
  proveInclusion,
  rootAt,
  tilePath,
  type TileBytes,
} from "../../src/core/log/tiles.js";
import { engines } from "../core/engines.js";
import { folder, vector, vectorNames } from "./vectors.js";

const VKEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

const file = (path: string): Bytes => new Uint8Array(vector("tessera-log", ...path.split("/")));
const tileBytes: TileBytes = file;
const absent = !existsSync(`${folder}/tessera-log`);
if (absent) console.warn("ATTEST_VECTORS has no tessera-log: not checked");
const names = absent ? [] : vectorNames("tessera-log").filter((name) => name.startsWith("checkpoint."));

describe.skipIf(absent).each(engines)("$name", (engine) => {
  const sha256 = (data: Bytes): Bytes => engine.sha256(data);
  const opened = names.map((name) => openCheckpoint(file(name), parseNoteKey(VKEY, engine), [], engine));
  const heads = opened.map(({ checkpoint }) => checkpoint).sort((a, b) => a.size - b.size);

  /** The hashes of the leaves of a tree, from its bundle of entries. */
  const leaves = (size: number): Bytes[] =>
    newTiles(0, size)
      .filter(({ level }) => level === "entries")
      .flatMap((tile) => parseEntries(file(tilePath(tile)), tile.width))
      .map((entry) => leafHash(entry, sha256));

  test("sixteen checkpoints open, each spelled as here, and the last is the one that is published", () => {
    expect(heads.map(({ size }) => size)).toEqual(Array.from({ length: 16 }, (_, size) => size));
    for (const [at, name] of names.entries()) expect(formatNote(opened[at]!.note)).toEqual(file(name));
    expect(openCheckpoint(file("checkpoint"), parseNoteKey(VKEY, engine), [], engine).checkpoint).toEqual(heads.at(-1));
  });

  test("each root is that of its entries, and that of its tiles", () => {
    for (const { size, root } of heads) {
      expect(treeHead(leaves(size), sha256)).toEqual({ size, root });
      expect(rootAt(size, size, tileBytes, sha256)).toEqual(root);
      expect(rootAt(size, 15, tileBytes, sha256)).toEqual(root);
    }
  });

  test("each continues each before it", () => {
    for (const after of heads) {
      for (const before of heads.slice(0, after.size + 1)) {
        const proof = proveConsistency(before.size, after.size, tileBytes, sha256);
        expect(checkConsistency(before, after, proof, sha256)).toBe(true);
        if (before.size > 0 && before.size < after.size)
          expect(checkConsistency({ ...before, root: after.root }, after, proof, sha256)).toBe(false);
      }
    }
  });

  test("each entry is in each tree that is large enough", () => {
    for (const head of heads) {
      for (const [index, leaf] of leaves(head.size).entries()) {
        const proof = proveInclusion(index, head.size, tileBytes, sha256);
        expect(checkInclusion(index, head, leaf, proof, sha256)).toBe(true);
      }
    }
  });
});
