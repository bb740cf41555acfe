/** Whose turn it is to go on with a log that several machines write: who makes the object named after its size. */
import { AttestError } from "../core/errors.js";
import type { Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { openTurn, sealTurn } from "../core/log/turn.js";
import type { Store } from "./store.js";

export class LogTurns {
  readonly #store: Store;
  readonly #folder: string;
  readonly #signer: LogSigner;
  readonly #engine: Engine;

  /** @param folder the log's */
  constructor(store: Store, folder: string, signer: LogSigner, engine: Engine) {
    this.#store = store;
    this.#folder = folder;
    this.#signer = signer;
    this.#engine = engine;
  }

  /** The entries that go on from this size; undefined if nobody has begun. @throws AttestError `log-damaged`, `io`, `network` */
  async after(size: number): Promise<readonly Bytes[] | undefined> {
    const bytes = await this.#store.read(this.#path(size));
    return bytes && openTurn(bytes, this.#signer.key, size, this.#engine);
  }

  /**
   * Whether these entries go on from that size; false if others do. Once it is true, any machine with the key can finish it.
   * @throws AttestError `io`, `network`
   */
  async take(from: number, entries: readonly Bytes[]): Promise<boolean> {
    const turn = sealTurn({ origin: this.#signer.key.name, from, entries }, this.#signer.sign);
    try {
      await this.#store.create(this.#path(from), turn);
      return true;
    } catch (error) {
      if (error instanceof AttestError && error.code === "file-exists") return false;
      throw error;
    }
  }

  #path(size: number): string {
    return `${this.#folder}/turns/${String(size).padStart(12, "0")}.json`;
  }
}
