/**
 * The environment of one call of the program. Commands share it without passing it on. A process has one working directory and one
 * environment, so calls run one at a time.
 */
import type { Readable, Writable } from "node:stream";

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A process fits this. */
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

/** The last call stays until the next begins, because something it started may still print. */
let current: Call | undefined;

function call(): Call {
  if (current === undefined) throw new Error("nothing was called yet");
  return current;
}

export const io = (): Io => call().io;

/** The words after the program's name. */
export const typed = (): readonly string[] => call().typed;

/** Sets the exit status and ends nothing. */
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

/** Made on first use in a call, and kept for that call only. */
export function oncePerCall<T>(make: () => T): () => T {
  const made = new WeakMap<Call, { readonly value: T }>();
  return () => {
    const found = made.get(call()) ?? { value: make() };
    made.set(call(), found);
    return found.value;
  };
}
