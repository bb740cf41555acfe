/** The documents of a registry: results, plans and notices, each a file named by its id. */
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { ATTESTATIONS, attestationPath } from "./paths.js";
import type { Store } from "./store.js";

export interface Document {
  readonly id: string;
  readonly bytes: Bytes;
}

/** By file name, which must be the id. */
export const isNotice = (name: string): boolean => /^note_[0-9a-f]{16}\.json$/.test(name);
export const isPlan = (name: string): boolean => /^plan_[0-9a-f]{16}\.json$/.test(name);
export const isResult = (name: string): boolean => /^test_[0-9a-f]{16}\.json$/.test(name);
export const isDocument = (name: string): boolean => /^(?:test|plan|note)_[0-9a-f]{16}\.json$/.test(name);
export const idIn = (name: string): string => name.replace(/\.json$/, "");

export class Documents {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** File names, sorted. */
  async names(): Promise<readonly string[]> {
    return (await this.#store.list(ATTESTATIONS)).filter(isDocument);
  }

  async *all(): AsyncGenerator<Document> {
    for (const id of (await this.names()).map(idIn)) yield { id, bytes: await this.bytes(id) };
  }

  /** Empty if there is none, and for anything but a regular file. @throws AttestError `network`: it may be there */
  async bytes(id: string): Promise<Bytes> {
    try {
      return (await this.#store.read(attestationPath(id))) ?? new Uint8Array();
    } catch (error) {
      if (error instanceof AttestError && error.code !== "network") return new Uint8Array();
      throw error;
    }
  }
}
