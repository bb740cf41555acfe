/** Ctrl-C during a run: the run is told, ends what it started, and says how far it came. A second one ends everything at once. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** What shells give for a program that was interrupted. */
const INTERRUPTED = 130;

export async function interruptible<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(signal);
  };
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    return await act(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, abort);
  }
}
