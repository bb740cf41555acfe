/**
 * Closes files that this process inherited and would pass on to every program it starts: a passphrase, a keystore's folder. Node hides only
 * descriptors below 17 from its children. Files that Node opened itself have the close-on-exec flag, inherited ones do not.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** `O_CLOEXEC` (open(2)), as /proc/self/fdinfo shows it (proc(5)). */
const CLOSED_ON_EXEC = 0o2000000;

/** Call before starting a program that is not ours. Linux only: macOS does not pass them on. */
export function closeInherited(): void {
  if (process.platform !== "linux") return;
  for (const number of numbers())
    if (number > 2 && isInherited(number))
      try {
        closeSync(number);
      } catch {
        // closed by now
      }
}

function numbers(): number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return []; // without /proc the open files are unknown
  }
}

function isInherited(number: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
  } catch {
    return false; // the folder being listed
  }
}
