/** Go's own log library, golang.org/x/mod/sumdb, verifies what is written here: checkpoints, tiles, bundles and proofs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { concat, utf8, type Bytes } from "../../src/core/bytes.js";
import { cosign, sealCheckpoint, withSignatures } from "../../src/core/log/checkpoint.js";
import { leafHash, treeHead } from "../../src/core/log/merkle.js";
import { formatNote, formatNoteKey, noteKey, parseNote } from "../../src/core/keys/note.js";
import { formatProof, parseProof } from "../../src/core/log/proof.js";
import {
  formatEntries,
  newTiles,
  proveInclusion,
  tilePath,
  tilesForInclusion,
  TILE_WIDTH,
} from "../../src/core/log/tiles.js";
import { nodeEngine } from "../../src/node/engine.js";
import { signer } from "../core/making.js";

/** Where Debian's golang-golang-x-mod-dev puts it. */
const SHARED = "/usr/share/gocode";
const SIZES = [1, 255, 256, 257, 65_535, 65_536];

const absent =
  spawnSync("go", ["version"]).status !== 0 || !existsSync(join(SHARED, "src/golang.org/x/mod/sumdb/tlog"));
if (absent)
  console.warn("NOT CHECKED WITH Go's sumdb/note and sumdb/tlog: golang-go or golang-golang-x-mod-dev is missing here");

const sha256 = (data: Bytes): Bytes => nodeEngine.sha256(data);
const [log, witness] = [signer(), signer()];
const logKey = noteKey("log.example/one", log.key.bytes, "ed25519", nodeEngine);
const witnessKey = noteKey("witness.example/w", witness.key.bytes, "cosignature-v1", nodeEngine);

const entries = Array.from({ length: SIZES.at(-1)! }, (_, at) =>
  utf8(`entry ${at}${at % 3 === 0 ? "" : ", and more of it"}`),
);
const leaves = entries.map((entry) => leafHash(entry, sha256));

const place = mkdtempSync(join(tmpdir(), "attest-tlog-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const folderOf = (size: number): string => join(place, String(size));

function write(folder: string, path: string, bytes: Bytes): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** Everything that a log of the first `size` entries publishes, and proofs of some of them. */
function publish(size: number): void {
  const folder = folderOf(size);
  const rows: Bytes[][] = [];
  const files = new Map<string, Bytes>();
  for (const tile of newTiles(0, size)) {
    const range = [tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width] as const;
    if (tile.level === "entries") {
      files.set(tilePath(tile), formatEntries(entries.slice(...range)));
      continue;
    }
    const row = (tile.level === 0 ? leaves : rows[tile.level - 1]!).slice(...range);
    files.set(tilePath(tile), concat(...row));
    if (tile.width === TILE_WIDTH) (rows[tile.level] ??= []).push(treeHead(row, sha256).root);
  }
  for (const [path, bytes] of files) write(folder, path, bytes);

  const { root } = treeHead(leaves.slice(0, size), sha256);
  const sealed = sealCheckpoint({ origin: logKey.name, size, root }, logKey, (message) => log.sign(message));
  const line = cosign(parseNote(sealed), witnessKey, 1_700_000_000, (message) => witness.sign(message));
  const checkpoint = withSignatures(sealed, [line]);
  write(folder, "checkpoint", checkpoint);
  for (const index of places(size)) {
    const wanted = new Set(tilesForInclusion(index, size));
    const hashes = proveInclusion(index, size, (path) => (wanted.has(path) ? files.get(path) : undefined), sha256);
    write(folder, `${index}.tlog-proof`, formatProof({ index, hashes, checkpoint }));
    write(folder, `${index}.entry`, entries[index]!);
  }
}

const places = (size: number): number[] =>
  [...new Set([0, 1, 127, 254, 255, 256, 511, 32_768, 65_534, size - 1])]
    .filter((at) => at < size)
    .sort((a, b) => a - b);

/** What Go says of a signature that does not fit. */
const [BY_LOG, BY_WITNESS] = [logKey, witnessKey].map(
  ({ name, id }) => `the checkpoint: invalid signature for key ${name}+${id}\n`,
) as [string, string];

const program = join(place, "tlogcheck");

function go(...folders: string[]): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(
    program,
    [formatNoteKey(logKey), formatNoteKey(witnessKey), ...folders],
    { encoding: "utf8" },
  );
  return { code: status, out: stdout + stderr };
}

describe.skipIf(absent)("Go's sumdb", () => {
  beforeAll(() => {
    const main = join(place, "go/src/tlogcheck/main.go");
    mkdirSync(dirname(main), { recursive: true });
    writeFileSync(main, readFileSync(fileURLToPath(new URL("tlog/main.go", import.meta.url))));
    const built = spawnSync("go", ["build", "-o", program, "tlogcheck"], {
      encoding: "utf8",
      env: {
        ...process.env,
        GO111MODULE: "off",
        GOPATH: `${join(place, "go")}:${SHARED}`,
        GOCACHE: join(place, "cache"),
        GOFLAGS: "",
      },
    });
    expect(built.status, built.stderr).toBe(0);
    for (const size of SIZES) publish(size);
  }, 240_000);

  test("verifies each checkpoint, root, entry and proof, and that each log continues the one before", () => {
    const { code, out } = go(...SIZES.map(folderOf));
    expect(code, out).toBe(0);
    const said = SIZES.flatMap((size, at) => [
      `${size} root`,
      ...places(size).map((index) => `${size} holds ${index}`),
      ...(at === 0 ? [] : [`${size} continues ${SIZES[at - 1] ?? ""}`]),
    ]);
    expect(out.trimEnd().split("\n").sort()).toEqual(said.sort());
  });

  /** A copy of a small log with one file changed. */
  function forged(name: string, change: (bytes: Bytes) => Bytes): string {
    publish(257);
    const path = join(folderOf(257), name);
    writeFileSync(path, change(new Uint8Array(readFileSync(path))));
    return folderOf(257);
  }
  const flipped = (bytes: Bytes): Bytes => bytes.with(5, bytes[5]! ^ 1);
  const grown = (bytes: Bytes): Bytes => {
    const note = parseNote(bytes);
    return formatNote({ ...note, text: note.text.replace("\n257\n", "\n258\n") });
  };
  const moved = (bytes: Bytes): Bytes => {
    const proof = parseProof(bytes);
    return formatProof({ ...proof, hashes: proof.hashes.toReversed() });
  };
  const bumped = (bytes: Bytes): Bytes => {
    const proof = parseProof(bytes);
    return formatProof({ ...proof, checkpoint: grown(proof.checkpoint) });
  };

  test.each([
    ["a size that was tampered with", "checkpoint", grown, BY_LOG],
    ["another size in a proof", "255.tlog-proof", bumped, BY_LOG],
    ["a byte of a tile", "tile/0/000", flipped, /inconsistent tile/],
    ["a byte of a bundle", "tile/entries/000", flipped, /another entry than in the bundle|invalid transparency proof/],
    ["the hashes of a proof in another order", "255.tlog-proof", moved, /invalid transparency proof/],
  ])("refuses %s", (_, name, change, why) => {
    const { code, out } = go(forged(name, change));
    expect([code, out.replaceAll(/^257 .*\n/gm, "")]).toEqual([
      1,
      why instanceof RegExp ? expect.stringMatching(why) : why,
    ]);
  });

  test("refuses a witness's signature at another time, and a checkpoint that the witness did not sign", () => {
    const at = (time: number) => (bytes: Bytes) => {
      const note = parseNote(bytes);
      const [first, second] = note.signatures;
      return formatNote({ ...note, signatures: [first!, { ...second!, blob: second!.blob.with(7, time) }] });
    };
    expect(go(forged("checkpoint", at(1))).out).toBe(BY_WITNESS);
    const alone = (bytes: Bytes): Bytes => {
      const note = parseNote(bytes);
      return formatNote({ ...note, signatures: note.signatures.slice(0, 1) });
    };
    expect(go(forged("checkpoint", alone)).out).toBe("the checkpoint: not signed by log and witness\n");
  });
});
