/**
 * What one call of the program has of the world. It is the same for every verb, so no verb hands it on; and a process has one working
 * directory and one environment, so there is one call at a time.
 */
import type { Readable, Writable } from "node:stream";

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A process is one. */
export interface Io {
  readonly stdin: Readable & Terminal;
  readonly stdout: Writable & Terminal;
  readonly stderr: Writable & Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: () => string;
}

interface Call {
  readonly typed: readonly string[];
  readonly io: Io;
  status: number;
  isOver: boolean;
}

/** The last one stays until the next begins: what it started may still have something to say. */
let current: Call | undefined;

function call(): Call {
  if (current === undefined) throw new Error("nothing was called yet");
  return current;
}

export const io = (): Io => call().io;

/** What was typed after the name of the program. */
export const typed = (): readonly string[] => call().typed;

/** Ends nothing: it is what the call gives at its end. */
export const exitWith = (status: number): void => void (call().status = status);

/** Returns the exit status; 0 if none was set. */
export async function calling(typed: readonly string[], io: Io, act: () => Promise<void>): Promise<number> {
  if (current?.isOver === false) throw new Error("another call goes on in this process");
  const begun: Call = (current = { typed, io, status: 0, isOver: false });
  try {
    await act();
    return begun.status;
  } finally {
    begun.isOver = true;
  }
}

/** Made when a call first asks for it, and kept for that call alone. */
export function oncePerCall<T>(make: () => T): () => T {
  const made = new WeakMap<Call, { readonly value: T }>();
  return () => {
    const found = made.get(call()) ?? { value: make() };
    made.set(call(), found);
    return found.value;
  };
}
