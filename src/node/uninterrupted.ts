/** Delays signals during a write that must complete, and then lets them act. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A second signal ends the process at once, unless something else listens. */
export async function uninterrupted<T>(act: () => Promise<T>): Promise<T> {
  const came: NodeJS.Signals[] = [];
  const hold = (signal: NodeJS.Signals): void => {
    if (came.push(signal) > 1) release();
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, hold);
    const [first] = came.splice(0);
    if (first !== undefined && process.listenerCount(first) === 0) process.kill(process.pid, first);
  };
  for (const signal of SIGNALS) process.on(signal, hold);
  try {
    return await act();
  } finally {
    // A signal from the last moment arrives on the next turn, or as the rest of the first.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    release();
  }
}
