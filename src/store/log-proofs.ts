/** The proofs that a log's writer puts beside the documents: which entries are proven already, and which proof file stays. */
import type { Bytes } from "../core/bytes.js";
import { openCheckpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { parseEntry, type LogEntry } from "../core/log/entry.js";
import { checkInclusion, leafHash } from "../core/log/merkle.js";
import { parseNote, type NoteKey } from "../core/keys/note.js";
import { parseProof } from "../core/log/proof.js";
import { read, replaceAll } from "../node/files.js";
import type { LogFolder } from "./log-folder.js";

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
  readonly #key: NoteKey;
  readonly #engine: Engine;
  readonly #pathOf: ProofPath;

  constructor(key: NoteKey, engine: Engine, pathOf: ProofPath) {
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
  of(folder: LogFolder, size: number, entry: Bytes, path: string): Proven | undefined {
    const proof = read(path);
    if (proof === undefined) return undefined;
    const proven = refusedAsUndefined(() => this.#proven(folder, size, entry, proof));
    if (proven !== undefined || !this.#stays(folder, size, path)) return proven;
    for (let index = size - 1; index >= 0; index -= 1) if (folder.holds(entry, index, size)) return { index, proof };
    return undefined;
  }

  /** Durable before it returns. Writes the first of several entries of a document; an existing proof of another of its entries stays. */
  write(folder: LogFolder, size: number, proofs: readonly Unwritten[]): void {
    const files = new Map<string, Bytes>();
    for (const { leaf, proof } of proofs) {
      const path = this.#pathOf(leaf);
      if (path !== undefined && !files.has(path) && !this.#stays(folder, size, path)) files.set(path, proof());
    }
    replaceAll([...files].map(([path, bytes]) => ({ path, bytes })));
  }

  #stays(folder: LogFolder, size: number, path: string): boolean {
    const proof = read(path);
    if (proof === undefined) return false;
    const shown = refusedAsUndefined(() => {
      const { index, checkpoint } = parseProof(proof);
      const ours = parseNote(checkpoint).signatures.some(
        ({ name, id }) => name === this.#key.name && id === this.#key.id,
      );
      if (!ours) return true; // written by an older log of the same registry
      const entry = folder.entry(index, size);
      return this.#pathOf(parseEntry(entry)) === path && this.#proven(folder, size, entry, proof) !== undefined;
    });
    return shown === true;
  }

  #proven(folder: LogFolder, size: number, entry: Bytes, proof: Bytes): Proven | undefined {
    const { sha256 } = this.#engine;
    const { index, hashes, checkpoint } = parseProof(proof);
    if (!folder.holds(entry, index, size)) return undefined;
    const signed = openCheckpoint(checkpoint, this.#key, [], this.#engine).checkpoint;
    return checkInclusion(index, signed, leafHash(entry, sha256), hashes, sha256) ? { index, proof } : undefined;
  }
}

/** A malformed proof proves nothing. An unreadable file is an error. */
function refusedAsUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError && error.code !== "io") return undefined;
    throw error;
  }
}
