/** Signals wait while something is written that must be whole, and then do what they would have done. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A second signal ends the process at once, unless somebody else listens. */
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
    // One that came in the last moment is told on the next turn, or never; the first may be what is left of this one.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    release();
  }
}
