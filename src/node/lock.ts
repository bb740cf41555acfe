/**
 * A lock between processes: a folder `<file>.lock`, made by mkdir and removed by rmdir. A holder that does not touch it for ten seconds
 * counts as dead (the on-disk protocol of the npm package proper-lockfile).
 *
 * A limit of the protocol: a holder that is stopped for longer, exactly between its last check and its rename, overwrites its successor's
 * work. `Held.isMine` reduces that window to two system calls; no lock made of names can close it.
 */
import { lstatSync, mkdirSync, renameSync, rmdirSync, type Stats } from "node:fs";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";

export const STALE_MS = 10_000;

/** Total time that one wait may block the event loop; after that it uses timers. */
const BLOCKING_MS = 4;

export interface LockOptions {
  /** Time to wait for the lock before failing. Longer than STALE_MS, so that a dead holder is outlived. */
  readonly patienceMs?: number;
}

export interface HeldLock {
  /** Whether the lock is still the one that was taken. Call right before the protected write. */
  isMine(): boolean;
}

/**
 * Takes the lock of `file`, runs `act`, and releases it. `act` is synchronous and nothing is awaited in between: a lock is never held
 * across a wait, and no other task of this process can meet it.
 * @throws AttestError `locked` if it could not be taken in time, `io`
 */
export async function withLock<T>(
  file: string,
  act: (held: HeldLock) => T,
  { patienceMs = 15_000 }: LockOptions = {},
): Promise<T> {
  const path = `${file}.lock`;
  const started = performance.now();
  const watch = new Watch();
  for (let blocked = 0, pause = 1; ;) {
    const mine = take(path, watch);
    if (mine !== undefined) {
      const isMine = (): boolean => same(mine, look(path));
      try {
        return act({ isMine });
      } catch (error) {
        if (!(error instanceof LockLost)) throw error;
      } finally {
        if (isMine()) release(path);
      }
    }
    if (performance.now() - started > patienceMs) {
      throw new AttestError(
        "locked",
        `the lock ${path} was held for ${patienceMs} ms`,
        "another process is writing: wait for it, then run the same command again",
      );
    }
    // Most holders finish within a millisecond, and timers are slower. Random waits, so that no waiter always loses.
    if (blocked < BLOCKING_MS) {
      const wait = 0.05 + Math.random() * 0.45;
      Atomics.wait(NOBODY, 0, 0, wait);
      blocked += wait;
    } else {
      await sleep(pause * (0.5 + Math.random()));
      pause = Math.min(pause * 1.5, 16);
    }
  }
}

/** Never notified; lets a thread wait for less than a millisecond. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** Thrown inside `act` before anything was written; the whole act is repeated under a new lock. */
export class LockLost extends Error {}

/** How long one lock was seen unchanged, by a monotonic clock: wrong wall clocks then keep nobody out. */
class Watch {
  #seen: Stats | undefined;
  #since = 0;

  unchangedMs(seen: Stats): number {
    if (this.#seen === undefined || !same(this.#seen, seen)) [this.#seen, this.#since] = [seen, performance.now()];
    return performance.now() - this.#since;
  }
}

/** One attempt. It first looks whether the lock exists: a failing mkdir would slow the holder, who works in the same folder. */
function take(path: string, watch: Watch): Stats | undefined {
  const seen = look(path);
  if (seen !== undefined && !breakStale(path, seen, watch.unchangedMs(seen))) return undefined;
  try {
    const before = performance.now();
    mkdirSync(path);
    const mine = look(path);
    // This process was stopped so long between the two that the lock may belong to another by now: let it go stale.
    return performance.now() - before < STALE_MS / 2 ? mine : undefined;
  } catch (error) {
    if (errno(error) === "EEXIST") return undefined;
    if (error instanceof AttestError) throw error;
    throw ioError("take the lock", path, error);
  }
}

/**
 * Moves a lock older than STALE_MS out of the way. The age is measured by the file system's clock, using a new temporary folder: a waiter
 * whose clock is ahead would otherwise take the lock of a living holder.
 *
 * Uses rename, not rmdir, so that only one of several waiters gets a stale lock. If a fresh lock appeared in between, its holder notices at
 * its last check and repeats its work.
 */
function breakStale(path: string, seen: Stats, unchangedMs: number): boolean {
  if (!seen.isDirectory()) return false; // not a lock of this protocol
  const outlived = unchangedMs >= STALE_MS;
  if (!outlived && Date.now() - seen.mtimeMs < STALE_MS && Date.now() >= seen.mtimeMs) return false;
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    if (!outlived && fileSystemNow(`${aside}.now`) - seen.mtimeMs < STALE_MS) return false;
    if (!same(seen, look(path))) return true;
    renameSync(path, aside);
    rmdirSync(aside);
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) !== "ENOENT") throw ioError("break the stale lock", path, error);
  }
  return true;
}

function fileSystemNow(path: string): number {
  mkdirSync(path);
  const now = look(path)?.mtimeMs ?? 0;
  rmdirSync(path);
  return now;
}

function release(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw ioError("release the lock", path, error);
  }
}

const same = (a: Stats, b: Stats | undefined): boolean =>
  b !== undefined && a.ino === b.ino && a.birthtimeMs === b.birthtimeMs && a.mtimeMs === b.mtimeMs;

/** Looks at the name itself: mkdir refuses a dangling link too. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw ioError("look at the lock", path, error);
  }
}
