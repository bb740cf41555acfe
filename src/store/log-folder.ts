/**
 * A log's folder as its writer sees it under the lock. Each file is read only once, so the bytes that were checked against the signed root
 * are the bytes that are extended, even if someone else writes there.
 */
import { equal, type Bytes } from "../core/bytes.js";
import type { Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { lastEntriesFit, type TileFile } from "../core/log/append.js";
import { prover } from "../core/log/prove.js";
import { checkConsistency, HASH_BYTES, leafHash, type TreeHead } from "../core/log/merkle.js";
import {
  parseEntries,
  proveConsistency,
  rootAt,
  TILE_WIDTH,
  tilePath,
  type Tile,
  type TileBytes,
} from "../core/log/tiles.js";
import type { Still, Store } from "./store.js";

export const CHECKPOINT = "checkpoint";

export class LogFolder {
  readonly #store: Store;
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #still: Still;
  readonly #read = new Map<string, Bytes | undefined>();
  #bundle: { readonly path: string; readonly entries: readonly Bytes[] } | undefined;

  /** @param still throws if the lock was lost; called right before each write */
  constructor(store: Store, folder: string, engine: Engine, still: Still) {
    this.#store = store;
    this.#folder = folder;
    this.#engine = engine;
    this.#still = still;
  }

  get place(): string {
    return placeOf(this.#store, this.#folder);
  }

  async bytes(path: string): Promise<Bytes | undefined> {
    if (!this.#read.has(path)) this.#read.set(path, await this.#store.read(`${this.#folder}/${path}`));
    return this.#read.get(path);
  }

  /** Runs a computation over tiles, which cannot wait: at each tile that was not read yet it is broken off, and begun again with that tile. */
  async over<T>(compute: (tileBytes: TileBytes) => T): Promise<T> {
    for (;;) {
      try {
        return compute((path) => {
          if (!this.#read.has(path)) throw new Unread(path);
          return this.#read.get(path);
        });
      } catch (error) {
        if (!(error instanceof Unread)) throw error;
        await this.bytes(error.path);
      }
    }
  }

  /** Whether there are entries, even without a checkpoint. */
  async hasTiles(): Promise<boolean> {
    return (await this.#store.list(`${this.#folder}/tile`)).length > 0;
  }

  /**
   * Overwrites: no checkpoint covers these files yet, and a killed writer may have left others. On a shared store their content follows from
   * the turns, so every machine writes the same.
   */
  async write(files: readonly TileFile[]): Promise<void> {
    const named = new Map(files.map(({ path, bytes }) => [`${this.#folder}/${path}`, bytes]));
    if (this.#store.shared) await this.#store.createEach(named);
    else await this.#store.replaceEach(named, this.#still);
    for (const { path, bytes } of files) this.#read.set(path, bytes);
  }

  /** @param isOlder whether it takes the place of the one that is there now: on a shared store a slow writer comes after a quick one */
  async publish(checkpoint: Bytes, isOlder: (published: Bytes) => boolean): Promise<void> {
    await publishCheckpoint(this.#store, this.#folder, checkpoint, isOlder, this.#still);
    this.#read.set(CHECKPOINT, checkpoint);
  }

  /** The hashes that prove each of these entries. */
  async proofs(indexes: readonly number[], size: number): Promise<Bytes[][]> {
    return await this.over((tileBytes) => indexes.map(prover(size, tileBytes, this.#engine.sha256)));
  }

  /**
   * Checks that the tiles have the signed root, and that they continue the earlier tree.
   * @throws AttestError `log-fork`
   */
  async mustHold(latest: Checkpoint, earlier?: Checkpoint): Promise<void> {
    const { sha256 } = this.#engine;
    let found = "others";
    try {
      const holds = await this.over((tileBytes) => {
        if (!equal(rootAt(latest.size, latest.size, tileBytes, sha256), latest.root)) return false;
        if (!lastEntriesFit(latest.size, tileBytes, sha256)) return false;
        if (earlier === undefined) return true;
        const proof = proveConsistency(earlier.size, latest.size, tileBytes, sha256);
        return checkConsistency(earlier, latest, proof, sha256);
      });
      if (holds) return;
    } catch (error) {
      if (!(error instanceof AttestError && error.code === "log-format")) throw error;
      found = "fewer, or a part of them";
    }
    throw fork(`the key of the log ${latest.origin} signed ${latest.size} entries, and ${this.place} has ${found}`);
  }

  /** The bytes of an entry, checked against the tree's hash. @throws AttestError `log-format`, `log-fork` */
  async entry(index: number, size: number): Promise<Bytes> {
    const tile = tileWith("entries", index, size);
    const path = tilePath(tile);
    if (this.#bundle?.path !== path)
      this.#bundle = { path, entries: parseEntries((await this.bytes(path)) ?? new Uint8Array(), tile.width) };
    const entry = this.#bundle.entries[index % TILE_WIDTH];
    if (entry !== undefined && (await this.holds(entry, index, size))) return entry;
    throw fork(`entry ${index} in ${this.place} is not the one that the log's key signed`);
  }

  /** Whether the entry at that index is this one, by its hash. */
  async holds(entry: Bytes, index: number, size: number): Promise<boolean> {
    if (index >= size) return false;
    const from = (index % TILE_WIDTH) * HASH_BYTES;
    const row = await this.#hashes(index, size);
    return equal(row.subarray(from, from + HASH_BYTES), leafHash(entry, this.#engine.sha256));
  }

  /** The last index of an entry, by its hash; undefined if the log does not have it. */
  async find(entry: Bytes, size: number): Promise<number | undefined> {
    const hash = leafHash(entry, this.#engine.sha256);
    for (let first = Math.floor((size - 1) / TILE_WIDTH) * TILE_WIDTH; first >= 0; first -= TILE_WIDTH) {
      const row = await this.#hashes(first, size);
      for (let at = Math.min(size - first, TILE_WIDTH) - 1; at >= 0; at -= 1)
        if (equal(row.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), hash)) return first + at;
    }
    return undefined;
  }

  /** The hashes of an entry and its neighbours. */
  async #hashes(index: number, size: number): Promise<Bytes> {
    return (await this.bytes(tilePath(tileWith(0, index, size)))) ?? new Uint8Array();
  }

  /**
   * A full tile replaces its partial ones (C2SP tlog-tiles). Also covers the previous tile, whose writer may have been killed. On a shared
   * store they stay: a slower writer still reads them.
   */
  async discardPartial({ size: from }: TreeHead, { size: to }: TreeHead): Promise<void> {
    if (this.#store.shared) return;
    for (let level = 0; TILE_WIDTH ** (level + 1) <= to; level += 1) {
      const full = (size: number): number => Math.floor(size / TILE_WIDTH ** (level + 1));
      for (let index = Math.max(0, full(from) - 1); index < full(to); index += 1) {
        for (const kind of level === 0 ? ([0, "entries"] as const) : [level]) {
          const path = `${tilePath({ level: kind, index, width: TILE_WIDTH })}.p`;
          await this.#store.discard(`${this.#folder}/${path}`);
        }
      }
    }
  }
}

/** The same for a writer of checkpoints alone. */
export async function publishCheckpoint(
  store: Store,
  folder: string,
  checkpoint: Bytes,
  isOlder: (published: Bytes) => boolean,
  still: Still,
): Promise<void> {
  const path = `${folder}/${CHECKPOINT}`;
  if (store.shared) await store.update(path, (now) => (now === undefined || isOlder(now) ? checkpoint : undefined));
  else await store.replace(path, checkpoint, still);
}

class Unread extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} was not read yet`);
    this.path = path;
  }
}

/** For messages. */
export const placeOf = ({ place }: Store, folder: string): string => `${place.replace(/\/$/, "")}/${folder}`;

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
