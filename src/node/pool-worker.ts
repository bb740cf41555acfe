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
