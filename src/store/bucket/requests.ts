/** Requests that are sent again where that can help: a server that is busy, a connection that broke. With full jitter, within a total time. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";

export interface Patience {
  /** After this no attempt begins. */
  readonly totalMs: number;
  /** The longest first pause; it doubles each time. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** For one attempt, answer included. */
  readonly attemptMs: number;
}
export const PATIENCE: Patience = { totalMs: 60_000, firstMs: 100, longestMs: 5_000, attemptMs: 60_000 };

/** Thrown by an attempt that another one may better. */
export class Passing extends Error {}
/** No attempt succeeded. The message says why, and quotes nothing that was sent or answered. */
export class Unanswered extends Error {}

/** Another attempt may succeed. 409 is ConditionalRequestConflict, of two writers at once. */
export const isPassing = (status: number): boolean => [409, 429, 500, 502, 503, 504].includes(status);

/** @throws Unanswered, and what else `attempt` throws */
export async function persist<T>(attempt: (signal: AbortSignal) => Promise<T>, patience: Patience): Promise<T> {
  const started = performance.now();
  for (let tries = 0; ; tries += 1) {
    const signal = AbortSignal.timeout(patience.attemptMs);
    try {
      return await attempt(signal);
    } catch (error) {
      if (error instanceof AttestError) throw error;
      const { why, again } = signal.aborted ? TIMED_OUT : faultOf(error);
      const pause = pauseAfter(tries, patience);
      if (!again || performance.now() - started + pause > patience.totalMs) throw new Unanswered(why);
      await sleep(pause);
    }
  }
}

/** Full jitter: of many that failed at once, few come back at once. */
export const pauseAfter = (tries: number, { firstMs, longestMs }: Patience): number =>
  Math.random() * Math.min(longestMs, firstMs * 2 ** tries);

const TIMED_OUT = { why: "it did not answer in time", again: true };

/** Of a connection that broke, or that will be possible in a moment. */
const BROKEN = /^(?:ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_.*)$/;

/** fetch throws a TypeError whose cause has the code. Anything else is not about the connection, and thrown. */
function faultOf(error: unknown): { readonly why: string; readonly again: boolean } {
  if (error instanceof Passing) return { why: error.message, again: true };
  if (!(error instanceof TypeError)) throw error;
  const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined || !/^[A-Z0-9_]{1,64}$/.test(code)) {
    if (error.message === "terminated") return { why: "the connection broke", again: true };
    return { why: "the connection failed", again: false };
  }
  return { why: `the connection failed (${code})`, again: BROKEN.test(code) };
}

/** The whole body; undefined if it has more bytes than the limit. */
export async function bodyOf(response: Response, limit: number): Promise<Bytes | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) return undefined; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
