/**
 * A lock between processes: a folder `<file>.lock`, made by mkdir and removed by rmdir. A holder that does not touch it for ten seconds
 * counts as dead (the on-disk protocol of the npm package proper-lockfile). Tasks of one process take turns.
 *
 * A limit of the protocol: a holder that is stopped for longer, exactly between its last check and its rename, overwrites its successor's
 * work. `Held.isMine` reduces that window to two system calls; no lock made of names can close it.
 */
import { lstatSync, lutimesSync, mkdirSync, renameSync, rmdirSync, type Stats } from "node:fs";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";
import { Turns } from "./turns.js";

export const STALE_MS = 10_000;

/** How often a holder touches its lock: three attempts may come late. */
const REFRESH_MS = STALE_MS / 4;

/** Total time that one wait may block the event loop; after that it uses timers. */
const BLOCKING_MS = 4;

export interface LockOptions {
  /** Time to wait for the lock before failing. Longer than STALE_MS, so that a dead holder is outlived. */
  readonly patienceMs?: number;
}

export interface HeldLock {
  /** Whether the lock is still the one that was taken. Call right before the protected write. */
  readonly isMine: () => boolean;
  /** The same, as a call that throws `LockLost`. */
  readonly still: () => void;
}

/**
 * Takes the lock of `file`, runs `act`, and releases it. The lock is refreshed as long as `act` works or waits. `act` must not take the same
 * lock again: it would wait for itself.
 * @throws AttestError `locked` if it could not be taken in time, `io`
 */
export async function withLock<T>(
  file: string,
  act: (held: HeldLock) => T | Promise<T>,
  { patienceMs = 15_000 }: LockOptions = {},
): Promise<T> {
  const path = `${file}.lock`;
  const patience = new Patience(path, patienceMs);
  for (;;) {
    // Time that passes before a turn is not waiting for another process. Each attempt is a turn of its own: a holder that lost its lock goes behind the tasks that wait.
    const done = await turns.take(resolve(path), async () => {
      const held = new Held(path, await taken(path, patience));
      try {
        return { value: await act(held) };
      } catch (error) {
        if (!(error instanceof LockLost && error.path === path)) throw error;
        return undefined;
      } finally {
        held.release();
      }
    });
    if (done !== undefined) return done.value;
    patience.check();
  }
}

/** By the lock's path. */
const turns = new Turns();

/** How long one call may wait, from its first turn on. */
class Patience {
  readonly #path: string;
  readonly #ms: number;
  #started: number | undefined;

  constructor(path: string, ms: number) {
    this.#path = path;
    this.#ms = ms;
  }

  /** @throws AttestError `locked` */
  check(): void {
    if (performance.now() - (this.#started ??= performance.now()) <= this.#ms) return;
    throw new AttestError(
      "locked",
      `the lock ${this.#path} was held for ${this.#ms} ms`,
      "another process is writing: wait for it, then run the same command again",
    );
  }
}

/** Waits until the lock can be taken. */
async function taken(path: string, patience: Patience): Promise<Stats> {
  const watch = new Watch();
  for (let blocked = 0, pause = 1; ;) {
    const mine = take(path, watch);
    if (mine !== undefined) return mine;
    patience.check();
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

/** A lock that this process took, refreshed by a timer while it waits, and at each look while it works without a break. */
class Held implements HeldLock {
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  #mine: Stats;
  #refreshed = performance.now();

  constructor(path: string, mine: Stats) {
    this.#path = path;
    this.#mine = mine;
    this.#timer = setInterval(() => this.#keep(), REFRESH_MS / 2).unref();
  }

  readonly isMine = (): boolean => {
    if (!this.#isThere()) return false;
    if (performance.now() - this.#refreshed < REFRESH_MS) return true;
    this.#refresh();
    return this.#isThere();
  };

  readonly still = (): void => {
    if (!this.isMine()) throw new LockLost(this.#path);
  };

  release(): void {
    clearInterval(this.#timer);
    if (this.#isThere()) release(this.#path);
  }

  #isThere(): boolean {
    return same(this.#mine, look(this.#path));
  }

  #keep(): void {
    try {
      this.isMine();
    } catch {
      // the next write looks again, and reports it
    }
  }

  /** By the file system's clock, by which waiters measure its age. A successor's lock, touched by mistake, is lost to both. */
  #refresh(): void {
    try {
      const now = fileSystemNow(`${this.#path}.${randomBytes(6).toString("hex")}.now`) / 1000;
      lutimesSync(this.#path, now, now);
    } catch (error) {
      if (errno(error) === undefined) throw error;
      return; // on a full disk the lock grows old
    }
    const seen = look(this.#path);
    if (seen?.ino !== this.#mine.ino || seen.birthtimeMs !== this.#mine.birthtimeMs) return;
    this.#mine = seen;
    this.#refreshed = performance.now();
  }
}

/** Never notified; lets a thread wait for less than a millisecond. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** Thrown inside `act` before anything was written; the whole act is repeated under a new lock. */
export class LockLost extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`the lock ${path} was lost`);
    this.path = path;
  }
}

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
