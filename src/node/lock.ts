/**
 * A lock between processes: a directory `<file>.lock`, made by mkdir and removed by rmdir. A holder that does not touch it for ten
 * seconds is taken for dead (the on-disk protocol of the npm package proper-lockfile).
 *
 * What the protocol cannot give: a holder that is stopped for longer than that, exactly between its last look at the lock and its
 * rename, writes over its successor. `Held.isMine` shrinks that window to two system calls; no lock made of names can close it.
 */
import { lstatSync, mkdirSync, renameSync, rmdirSync, type Stats } from "node:fs";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";

export const STALE_MS = 10_000;

/** How long one wait for the lock may stop the event loop in all; after that it waits by timers. */
const BLOCKING_MS = 4;

export interface LockOptions {
  /** How long to wait for the lock before giving up; longer than STALE_MS, so that a dead holder is outlived. */
  readonly patienceMs?: number;
}

export interface HeldLock {
  /** Whether the lock at the path is still the one that was taken: asked right before the write that it protects. */
  isMine(): boolean;
}

/**
 * Takes the lock of `file`, runs `act` while holding it, and gives it back. `act` is synchronous, and nothing is awaited from the
 * taking to the giving back: a lock is never held across a wait, and no other task of this process can meet it.
 * @throws AttestError `locked` when it could not be had in time, `io`
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
        "another process is writing: try again, or look which one it is",
      );
    }
    // Most holders are done within a millisecond, and no timer is as short. Waits are random, so that no waiter always comes too late.
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

/** Never notified: what a thread can wait at for less than a millisecond. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** Thrown inside `act` before anything was written: the whole of it is done again under a new lock. */
export class LockLost extends Error {}

/** For how long one lock was seen unchanged, on a clock that nobody sets: a wrong time of the machine or of the lock keeps nobody out. */
class Watch {
  #seen: Stats | undefined;
  #since = 0;

  unchangedMs(seen: Stats): number {
    if (this.#seen === undefined || !same(this.#seen, seen)) [this.#seen, this.#since] = [seen, performance.now()];
    return performance.now() - this.#since;
  }
}

/** One try. A lock that is there is looked at only: a failing mkdir would hold up the holder, who works in the same folder. */
function take(path: string, watch: Watch): Stats | undefined {
  const seen = look(path);
  if (seen !== undefined && !breakStale(path, seen, watch.unchangedMs(seen))) return undefined;
  try {
    const before = performance.now();
    mkdirSync(path);
    const mine = look(path);
    // Stopped between the two for so long that it may be somebody else's by now: left to go stale.
    return performance.now() - before < STALE_MS / 2 ? mine : undefined;
  } catch (error) {
    if (errno(error) === "EEXIST") return undefined;
    if (error instanceof AttestError) throw error;
    throw ioError("take the lock", path, error);
  }
}

/**
 * Moves a lock that is older than STALE_MS out of the way. Its age is read against the file system's own clock, from a directory that
 * is made for the purpose: a waiter whose clock is an hour ahead would otherwise take the lock from a living holder.
 *
 * By renaming, not by rmdir: of several waiters that see the same stale lock one gets it. Should a fresh lock have come to be between
 * the last look and the rename, its holder finds it gone at its own last look, and does its work again.
 */
function breakStale(path: string, seen: Stats, unchangedMs: number): boolean {
  if (!seen.isDirectory()) return false; // nobody's lock by this protocol
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

/** The name itself: a link that leads nowhere is there, and mkdir refuses it. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw ioError("look at the lock", path, error);
  }
}
