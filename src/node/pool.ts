/** Work in pieces on all processors, with the answers in the order of the pieces. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** Pieces that may be finished before an earlier one: their answers wait in memory. */
const AHEAD = 3;

export interface Pool<P> {
  /** A module that calls `serve` of `node/pool-worker.ts`. */
  readonly module: URL;
  /** For every worker, with its number from 0. */
  readonly data: unknown;
  readonly pieces: Iterable<P>;
  readonly workers?: number;
}

/** Whether that module is there: while sources are tested it is not. */
export const canPool = (module: URL): boolean => availableParallelism() > 1 && existsSync(module);

const PIECE = 64;

/** In pieces of a size that keeps workers busy, and their answers few. */
export const inPieces = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / PIECE) }, (_, at) => all.slice(at * PIECE, (at + 1) * PIECE));

interface Answer<A> {
  readonly piece: number;
  readonly answer: A;
}

/** @throws what a worker threw */
export async function* pooled<P, A>({
  module,
  data,
  pieces,
  workers = availableParallelism(),
}: Pool<P>): AsyncGenerator<A> {
  const open = pieces[Symbol.iterator]();
  const done = new Map<number, A>();
  let [given, taken] = [0, 0];
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const idle = new Set<Worker>();
  const all = Array.from({ length: workers }, (_, number) => new Worker(module, { workerData: { data, number } }));
  const fail = (error: unknown): void => {
    failure ??= { error };
    wake();
  };
  const feed = (): void => {
    for (const worker of idle) {
      if (given - taken >= workers * AHEAD) return;
      const next = open.next();
      if (next.done === true) return;
      idle.delete(worker);
      worker.postMessage({ piece: given, work: next.value });
      given += 1;
    }
  };
  for (const worker of all) {
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new Error(`a worker ended with ${code}`)));
    worker.on("message", ({ piece, answer }: Answer<A>) => {
      done.set(piece, answer);
      idle.add(worker);
      feed();
      wake();
    });
    idle.add(worker);
  }
  try {
    feed();
    while (taken < given) {
      if (failure !== undefined) throw failure.error;
      const answer = done.get(taken);
      if (answer === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      done.delete(taken);
      taken += 1;
      feed();
      yield answer;
    }
  } finally {
    for (const worker of all) worker.removeAllListeners();
    await Promise.all(all.map((worker) => worker.terminate()));
  }
}
