/**
 * Appending to a registry's log: tiles, then the checkpoint that is remembered beside the key, then the proofs, then the checkpoint that is
 * published. Cut short anywhere, the log that is published verifies, and the next writer finishes what was remembered.
 *
 * The remembered checkpoint is what keeps one key from signing two logs. What lies in the folder is gone on with only when it holds every
 * entry that the key ever signed for.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { equal, type Bytes } from "../core/bytes.js";
import { openCheckpoint, sealCheckpoint, type Checkpoint } from "../core/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { grow } from "../core/growth.js";
import { formatLeaf, parseLeaf, type Leaf } from "../core/leaf.js";
import type { TreeHead } from "../core/merkle.js";
import type { LogSigner } from "../core/log-signer.js";
import { formatProof } from "../core/proof.js";
import { parseEntries, proveInclusion, rootAt, TILE_WIDTH, tilePath, type Tile } from "../core/tiles.js";
import { read, replace } from "../node/files.js";
import { LockLost, withLock, type Held } from "../node/lock.js";

export interface Appended {
  readonly index: number;
  /** The file `<id>.tlog-proof` (C2SP tlog-proof). */
  readonly proof: Bytes;
}

interface Waiting {
  readonly leaf: Leaf;
  readonly done: (appended: Appended) => void;
  readonly failed: (error: unknown) => void;
}

const CHECKPOINT = "checkpoint";

export class LogWriter {
  readonly #folder: string;
  readonly #signer: LogSigner;
  readonly #engine: Engine;
  /** Where the proof of an entry lies, by the id that its document has. */
  readonly #proofPath: (leaf: Leaf) => string | undefined;
  #waiting: Waiting[] = [];
  #working = false;

  constructor(folder: string, signer: LogSigner, engine: Engine, proofPath: (leaf: Leaf) => string | undefined) {
    this.#folder = folder;
    this.#signer = signer;
    this.#engine = engine;
    this.#proofPath = proofPath;
  }

  /** Publishes the checkpoint of an empty log, or finishes what a writer that was killed had remembered. */
  async settle(): Promise<TreeHead> {
    return await withLock(this.#signer.lock, (held) => this.#commit([], held).head);
  }

  /**
   * Entries in the order of the calls; those of many calls at once share one checkpoint. Resolves when the checkpoint is published.
   * @throws AttestError `log-fork`, `log-format`, `log-damaged`, `locked`, `io`
   */
  append(leaf: Leaf): Promise<Appended> {
    return new Promise((done, failed) => {
      this.#waiting.push({ leaf, done, failed });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    await Promise.resolve(); // whoever calls in the same turn comes along
    while (this.#waiting.length > 0) {
      let batch: readonly Waiting[] = [];
      try {
        const proofs = await withLock(this.#signer.lock, (held) => {
          batch = batch.length > 0 ? batch : this.#waiting.splice(0); // taken once, also where the lock was lost
          return this.#commit(
            batch.map(({ leaf }) => leaf),
            held,
          ).appended;
        });
        batch.forEach(({ done }, at) => proofs[at] && done(proofs[at]));
      } catch (error) {
        for (const { failed } of batch.length > 0 ? batch : this.#waiting.splice(0)) failed(error);
      }
    }
    this.#working = false;
  }

  #commit(leaves: readonly Leaf[], held: Held): { head: TreeHead; appended: Appended[] } {
    const before = this.#settled(held);
    if (leaves.length === 0 && before !== undefined) return { head: before, appended: [] };
    const { sha256 } = this.#engine;
    const from = before?.size ?? 0;
    const { files, head } = grow(from, leaves.map(formatLeaf), this.#tile, sha256);
    // No checkpoint covers them yet: they may stand where a writer that was killed left others.
    for (const { path, bytes } of files) replace(join(this.#folder, path), bytes);
    const checkpoint = sealCheckpoint({ origin: this.#signer.key.name, ...head }, this.#signer.key, this.#signer.sign);
    if (!held.isMine()) throw new LockLost();
    this.#signer.remember(checkpoint);
    const appended = leaves.map((_, at) => this.#proof(from + at, head.size, checkpoint));
    this.#writeProofs(leaves, appended);
    if (!held.isMine()) throw new LockLost();
    replace(join(this.#folder, CHECKPOINT), checkpoint);
    this.#discardPartial(from, head.size);
    return { head, appended };
  }

  #tile = (path: string): Bytes | undefined => read(join(this.#folder, path));

  #proof(index: number, size: number, checkpoint: Bytes): Appended {
    const hashes = proveInclusion(index, size, this.#tile, this.#engine.sha256);
    return { index, proof: formatProof({ index, hashes, checkpoint }) };
  }

  /** Of several entries for one document the first. */
  #writeProofs(leaves: readonly Leaf[], appended: readonly Appended[]): void {
    const written = new Set<string>();
    leaves.forEach((leaf, at) => {
      const path = this.#proofPath(leaf);
      const proof = appended[at]?.proof;
      if (path === undefined || proof === undefined || written.has(path)) return;
      written.add(path);
      if (read(path) === undefined) replace(path, proof);
    });
  }

  /**
   * The log to go on from: the published one and the remembered one agree, or the one of them that goes further holds the other. Publishes
   * what was remembered and not published. @throws AttestError `log-fork`
   */
  #settled(held: Held): TreeHead | undefined {
    const published = this.#open(this.#tile(CHECKPOINT));
    const last = this.#signer.last();
    const remembered = this.#open(last);
    if (remembered === undefined || last === undefined) {
      if (published !== undefined) this.#mustHold(published, published.size);
      return published;
    }
    const size = Math.max(remembered.size, published?.size ?? 0);
    this.#mustHold(remembered, size);
    if (published !== undefined) this.#mustHold(published, size);
    if (published !== undefined && published.size >= remembered.size) return published;
    if (!held.isMine()) throw new LockLost();
    this.#repairProofs(published?.size ?? 0, remembered.size, last);
    replace(join(this.#folder, CHECKPOINT), last);
    return remembered;
  }

  #open(bytes: Bytes | undefined): Checkpoint | undefined {
    return bytes === undefined ? undefined : openCheckpoint(bytes, this.#signer.key, [], this.#engine).checkpoint;
  }

  /** The tiles in the folder give the root that was signed. */
  #mustHold({ size, root, origin }: Checkpoint, atSize: number): void {
    let found: Bytes | undefined;
    try {
      found = rootAt(size, atSize, this.#tile, this.#engine.sha256);
    } catch (error) {
      if (!(error instanceof AttestError && error.code === "log-format")) throw error;
    }
    if (found !== undefined && equal(found, root)) return;
    throw new AttestError(
      "log-fork",
      `expected the log ${origin} to hold the ${size} entries that its key signed, found ${found === undefined ? "fewer" : "others"} in ${this.#folder}`,
      "nothing was signed: bring back a copy that has them; if there is none, begin a new log with: attest log start",
    );
  }

  #repairProofs(from: number, size: number, checkpoint: Bytes): void {
    const width = (bundle: number): number => Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
    for (let index = from; index < size; index += 1) {
      const bundle = Math.floor(index / TILE_WIDTH);
      const tile: Tile = { level: "entries", index: bundle, width: width(bundle) };
      const entry = parseEntries(this.#tile(tilePath(tile)) ?? new Uint8Array(), tile.width)[index % TILE_WIDTH];
      if (entry !== undefined) this.#writeProofs([parseLeaf(entry)], [this.#proof(index, size, checkpoint)]);
    }
  }

  /** A tile that is full makes its partial ones needless (C2SP tlog-tiles). */
  #discardPartial(from: number, to: number): void {
    for (let level = 0; TILE_WIDTH ** level <= to; level += 1) {
      const [before, after] = [from, to].map((size) => Math.floor(size / TILE_WIDTH ** (level + 1))) as [
        number,
        number,
      ];
      for (let index = before; index < after; index += 1) {
        for (const kind of level === 0 ? ([0, "entries"] as const) : [level])
          rmSync(join(this.#folder, `${tilePath({ level: kind, index, width: TILE_WIDTH })}.p`), {
            recursive: true,
            force: true,
          });
      }
    }
  }
}
