/** A worker's side of `pool.ts`. */
import { parentPort, workerData } from "node:worker_threads";

interface Piece {
  readonly piece: number;
  readonly work: unknown;
}

/** What the pool gave to its workers, and this one's number. */
export const given = (): { readonly data: unknown; readonly number: number } =>
  workerData as { data: unknown; number: number };

/** Answers piece after piece. What `answer` throws ends the pool. */
export function serve(answer: (work: unknown) => Promise<unknown>): void {
  let last: Promise<unknown> = Promise.resolve();
  parentPort?.on("message", ({ piece, work }: Piece) => {
    last = last.then(async () => parentPort?.postMessage({ piece, answer: await answer(work) }));
  });
}

/** Items that come in pieces, for a reader that goes through all of them; it asks for the next one when it is done with the last. */
export class Fed<T> implements AsyncIterable<T> {
  #items: readonly T[] = [];
  #more: (() => void) | undefined;
  #emptied: (() => void) | undefined;

  /** Resolves when all of these were read and done with. */
  feed(items: readonly T[]): Promise<void> {
    this.#items = items;
    this.#more?.();
    return new Promise((resolve) => (this.#emptied = resolve));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      yield* this.#items;
      this.#items = [];
      this.#emptied?.();
      await new Promise<void>((resolve) => (this.#more = resolve));
    }
  }
}
