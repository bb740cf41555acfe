/**
 * Signals during a run. While a test runs, the first signal ends what it started, and the result says how far it came. While the result is
 * written, the first signal waits until it is safe. A second signal ends everything at once, and says what stands.
 */
import { constants } from "node:os";
import { isatty } from "node:tty";
import { talk } from "./ui.js";

type Ending = "SIGINT" | "SIGTERM" | "SIGHUP";

/**
 * A hang-up concerns a terminal: without one, as under nohup(1), it is ignored. Node resets all signals at start, so an inherited "ignore"
 * cannot be detected.
 */
const hasTerminal = [0, 1, 2].some((fd) => isatty(fd));
const SIGNALS: readonly Ending[] = ["SIGINT", "SIGTERM", ...(hasTerminal ? (["SIGHUP"] as const) : [])];

export function outliveHangUps(): void {
  if (!hasTerminal) process.on("SIGHUP", () => undefined);
}

/** The innermost listener comes last. */
const listeners: ((signal: Ending) => void)[] = [];
let stands: (() => string) | undefined;

const listen = (signal: Ending): void => listeners.at(-1)?.(signal);

async function during<T>(listener: (signal: Ending) => void, act: () => Promise<T>): Promise<T> {
  if (listeners.push(listener) === 1) for (const signal of SIGNALS) process.on(signal, listen);
  try {
    return await act();
  } finally {
    listeners.splice(listeners.lastIndexOf(listener), 1);
    if (listeners.length === 0) for (const signal of SIGNALS) process.removeListener(signal, listen);
  }
}

function endNow(signal: Ending): never {
  if (stands !== undefined) talk(`ended by a second ${signal}: ${stands()}`);
  process.exit(128 + constants.signals[signal]);
}

/** @param act gets the first signal, and ends what it started */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: Ending): void => (controller.signal.aborted ? endNow(signal) : controller.abort(signal));
  return await during(abort, () => act(controller.signal));
}

/** @param standing describes the current state; printed if a second signal ends everything */
export async function heldUntilSafe<T>(standing: () => string, act: () => Promise<T>): Promise<T> {
  let first = true;
  const hold = (signal: Ending): void => {
    if (!first) endNow(signal);
    first = false;
    talk(`${signal}: the result is being written; a second one ends that at once`);
  };
  stands = standing;
  try {
    return await during(hold, act);
  } finally {
    stands = undefined;
  }
}
