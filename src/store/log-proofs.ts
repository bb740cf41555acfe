/** The proofs that a log's writer puts beside the documents: which entries are proven already, and which proof file stays. */
import type { Bytes } from "../core/bytes.js";
import { openCheckpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { parseEntry, type LogEntry } from "../core/log/entry.js";
import { checkInclusion, leafHash } from "../core/log/merkle.js";
import { parseNote, type NoteKey } from "../core/keys/note.js";
import { parseProof } from "../core/log/proof.js";
import type { LogFolder } from "./log-folder.js";
import type { Still, Store } from "./store.js";

/** Path of an entry's proof, from its document's id; undefined if it has no document. */
export type ProofPath = (leaf: LogEntry) => string | undefined;

export interface Proven {
  readonly index: number;
  readonly proof: Bytes;
}

interface Unwritten {
  readonly leaf: LogEntry;
  readonly proof: () => Bytes;
}

export class LogProofs {
  readonly #store: Store;
  readonly #key: NoteKey;
  readonly #engine: Engine;
  readonly #pathOf: ProofPath;
  /** Paths without a file, as this commit found them under the lock. */
  readonly #missing = new Set<string>();

  constructor(store: Store, key: NoteKey, engine: Engine, pathOf: ProofPath) {
    this.#store = store;
    this.#key = key;
    this.#engine = engine;
    this.#pathOf = pathOf;
  }

  pathOf(leaf: LogEntry): string | undefined {
    return this.#pathOf(leaf);
  }

  /**
   * The entry's position according to the existing proof file: an earlier or concurrent writer may have entered it. A document with several
   * signatures has one proof file, for one of its entries; the others are searched for.
   */
  async of(folder: LogFolder, size: number, entry: Bytes, path: string): Promise<Proven | undefined> {
    const proof = await this.#store.read(path);
    this.#missing.delete(path);
    if (proof === undefined) {
      this.#missing.add(path);
      return undefined;
    }
    const proven = await refusedAsUndefined(() => this.#proven(folder, size, entry, proof));
    if (proven !== undefined || !(await this.#stays(folder, size, path, proof))) return proven;
    const index = await folder.find(entry, size);
    return index === undefined ? undefined : { index, proof };
  }

  /** Durable before it returns. Writes the first of several entries of a document; an existing proof of another of its entries stays. */
  async write(folder: LogFolder, size: number, proofs: readonly Unwritten[], still: Still): Promise<void> {
    const [made, replaced] = [new Map<string, Bytes>(), new Map<string, Bytes>()];
    for (const { leaf, proof } of proofs) {
      const path = this.#pathOf(leaf);
      if (path === undefined || made.has(path) || replaced.has(path)) continue;
      const there = this.#missing.has(path) ? undefined : await this.#store.read(path);
      if (there === undefined && this.#store.shared) made.set(path, proof());
      else if (there === undefined || !(await this.#stays(folder, size, path, there))) replaced.set(path, proof());
    }
    this.#missing.clear();
    await this.#store.createEach(made); // every machine that finishes the turn makes the same bytes
    await this.#store.replaceEach(replaced, still);
  }

  async #stays(folder: LogFolder, size: number, path: string, proof: Bytes): Promise<boolean> {
    const shown = await refusedAsUndefined(async () => {
      const { index, checkpoint } = parseProof(proof);
      const ours = parseNote(checkpoint).signatures.some(
        ({ name, id }) => name === this.#key.name && id === this.#key.id,
      );
      if (!ours) return true; // written by an older log of the same registry
      const entry = await folder.entry(index, size);
      return this.#pathOf(parseEntry(entry)) === path && (await this.#proven(folder, size, entry, proof)) !== undefined;
    });
    return shown === true;
  }

  async #proven(folder: LogFolder, size: number, entry: Bytes, proof: Bytes): Promise<Proven | undefined> {
    const { sha256 } = this.#engine;
    const { index, hashes, checkpoint } = parseProof(proof);
    if (!(await folder.holds(entry, index, size))) return undefined;
    const signed = openCheckpoint(checkpoint, this.#key, [], this.#engine).checkpoint;
    return checkInclusion(index, signed, leafHash(entry, sha256), hashes, sha256) ? { index, proof } : undefined;
  }
}

/** A malformed proof proves nothing. An unreadable file is an error. */
async function refusedAsUndefined<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError && error.code !== "io" && error.code !== "network") return undefined;
    throw error;
  }
}
