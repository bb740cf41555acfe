/**
 * Files that were open before this process began, and that it would hand on to every program it starts: a passphrase, a keystore's folder.
 * Node closes those below 17 to its children. What Node opens itself is closed to them too, so that the flag tells the one from the other.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";

/** `O_CLOEXEC` (open(2)), as /proc/self/fdinfo shows it (proc(5)). */
const CLOSED_ON_EXEC = 0o2000000;

/** Called before a program is started that is not ours. Other systems than Linux are not asked: macOS starts programs without them. */
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
    return []; // no /proc: nobody can say which there are
  }
}

function isInherited(number: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
  } catch {
    return false; // the folder that was being listed
  }
}
