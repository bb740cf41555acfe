/**
 * A log's folder as its writer sees it under the lock. Each file is read only once, so the bytes that were checked against the signed root
 * are the bytes that are extended, even if someone else writes there.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { equal, type Bytes } from "../core/bytes.js";
import type { Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { lastEntriesFit, type TileFile } from "../core/log/append.js";
import { prover } from "../core/log/prove.js";
import { checkConsistency, HASH_BYTES, leafHash, type TreeHead } from "../core/log/merkle.js";
import { parseEntries, proveConsistency, rootAt, TILE_WIDTH, tilePath, type Tile } from "../core/log/tiles.js";
import { discard, read, replace, replaceAll } from "../node/files.js";

export const CHECKPOINT = "checkpoint";

export class LogFolder {
  readonly #place: string;
  readonly #engine: Engine;
  readonly #still: () => void;
  readonly #read = new Map<string, Bytes | undefined>();
  #bundle: { readonly path: string; readonly entries: readonly Bytes[] } | undefined;

  /** @param still throws if the lock was lost; called right before each write */
  constructor(place: string, engine: Engine, still: () => void) {
    this.#place = place;
    this.#engine = engine;
    this.#still = still;
  }

  readonly bytes = (path: string): Bytes | undefined => {
    if (!this.#read.has(path)) this.#read.set(path, read(join(this.#place, path), { within: this.#place }));
    return this.#read.get(path);
  };

  /** Whether there are entries, even without a checkpoint. */
  hasTiles(): boolean {
    return existsSync(join(this.#place, "tile"));
  }

  /** Overwrites: no checkpoint covers these files yet, and a killed writer may have left others. */
  write(files: readonly TileFile[]): void {
    replaceAll(
      files.map(({ path, bytes }) => ({ path: join(this.#place, path), bytes })),
      this.#still,
    );
    for (const { path, bytes } of files) this.#read.set(path, bytes);
  }

  publish(checkpoint: Bytes): void {
    replace(join(this.#place, CHECKPOINT), checkpoint, 0o644, this.#still);
    this.#read.set(CHECKPOINT, checkpoint);
  }

  /** The hashes that prove each entry. */
  prover(size: number): (index: number) => Bytes[] {
    return prover(size, this.bytes, this.#engine.sha256);
  }

  /**
   * Checks that the tiles have the signed root, and that they continue the earlier tree.
   * @throws AttestError `log-fork`
   */
  mustHold(latest: Checkpoint, earlier?: Checkpoint): void {
    const { sha256 } = this.#engine;
    let found = "others";
    try {
      const whole = equal(rootAt(latest.size, latest.size, this.bytes, sha256), latest.root);
      if (whole && lastEntriesFit(latest.size, this.bytes, sha256)) {
        if (earlier === undefined) return;
        const proof = proveConsistency(earlier.size, latest.size, this.bytes, sha256);
        if (checkConsistency(earlier, latest, proof, sha256)) return;
      }
    } catch (error) {
      if (!(error instanceof AttestError && error.code === "log-format")) throw error;
      found = "fewer, or a part of them";
    }
    throw fork(`the key of the log ${latest.origin} signed ${latest.size} entries, and ${this.#place} has ${found}`);
  }

  /** The bytes of an entry, checked against the tree's hash. @throws AttestError `log-format`, `log-fork` */
  entry(index: number, size: number): Bytes {
    const tile = tileWith("entries", index, size);
    const path = tilePath(tile);
    if (this.#bundle?.path !== path)
      this.#bundle = { path, entries: parseEntries(this.bytes(path) ?? new Uint8Array(), tile.width) };
    const entry = this.#bundle.entries[index % TILE_WIDTH];
    if (entry !== undefined && this.holds(entry, index, size)) return entry;
    throw fork(`entry ${index} in ${this.#place} is not the one that the log's key signed`);
  }

  /** Whether the entry at that index is this one, by its hash. */
  holds(entry: Bytes, index: number, size: number): boolean {
    if (index >= size) return false;
    const row = this.bytes(tilePath(tileWith(0, index, size))) ?? new Uint8Array();
    const from = (index % TILE_WIDTH) * HASH_BYTES;
    return equal(row.subarray(from, from + HASH_BYTES), leafHash(entry, this.#engine.sha256));
  }

  /** A full tile replaces its partial ones (C2SP tlog-tiles). Also covers the previous tile, whose writer may have been killed. */
  discardPartial({ size: from }: TreeHead, { size: to }: TreeHead): void {
    for (let level = 0; TILE_WIDTH ** (level + 1) <= to; level += 1) {
      const full = (size: number): number => Math.floor(size / TILE_WIDTH ** (level + 1));
      for (let index = Math.max(0, full(from) - 1); index < full(to); index += 1) {
        for (const kind of level === 0 ? ([0, "entries"] as const) : [level]) {
          const path = `${tilePath({ level: kind, index, width: TILE_WIDTH })}.p`;
          discard(join(this.#place, path));
        }
      }
    }
  }
}

function tileWith(level: 0 | "entries", index: number, size: number): Tile {
  const at = Math.floor(index / TILE_WIDTH);
  return { level, index: at, width: Math.min(TILE_WIDTH, size - at * TILE_WIDTH) };
}

export const fork = (message: string): AttestError =>
  new AttestError(
    "log-fork",
    message,
    "nothing was signed: restore a copy that has them; if there is none, begin a new log with: attest log start",
  );
