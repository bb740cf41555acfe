/**
 * Signals during a run. While a test runs, the first one ends what it started, and the run says how far it came. While its result is
 * written, the first one waits until the result is safe. A second one ends everything at once, and says what stands.
 */
import { constants } from "node:os";
import { talk } from "./ui.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Ending = (typeof SIGNALS)[number];

/** Who is asked now: the innermost. */
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

/** @param act is told of the first signal, and ends what it started */
export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: Ending): void => (controller.signal.aborted ? endNow(signal) : controller.abort(signal));
  return await during(abort, () => act(controller.signal));
}

/** @param standing says where one stands; told when a second signal ends everything */
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
