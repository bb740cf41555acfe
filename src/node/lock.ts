/**
 * A lock between processes: a directory `<file>.lock`, made by mkdir and removed by rmdir. A holder that does not touch it for ten
 * seconds is taken for dead (the on-disk protocol of the npm package proper-lockfile).
 *
 * What the protocol cannot give: a holder that is stopped for longer than that, exactly between its last look at the lock and its
 * rename, writes over its successor. `Held.isMine` shrinks that window to two system calls; no lock made of names can close it.
 */
import { mkdirSync, renameSync, rmdirSync, statSync, type Stats } from "node:fs";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./files.js";

export const STALE_MS = 10_000;

export interface LockOptions {
  /** How long to wait for the lock before giving up; longer than STALE_MS, so that a dead holder is outlived. */
  readonly patienceMs?: number;
}

export interface Held {
  /** Whether the lock at the path is still the one that was taken: asked right before the write that it protects. */
  isMine(): boolean;
}

/**
 * Takes the lock of `file`, runs `act` while holding it, and gives it back. `act` is synchronous: a lock is never held across a wait.
 * @throws AttestError `locked` when it could not be had in time, `io`
 */
export async function withLock<T>(
  file: string,
  act: (held: Held) => T,
  { patienceMs = 15_000 }: LockOptions = {},
): Promise<T> {
  const path = `${file}.lock`;
  for (const until = performance.now() + patienceMs; ;) {
    const mine = await take(path, until, patienceMs);
    const isMine = (): boolean => same(mine, look(path));
    try {
      return act({ isMine });
    } catch (error) {
      if (!(error instanceof LockLost)) throw error;
    } finally {
      if (isMine()) release(path);
    }
  }
}

/** Thrown inside `act` before anything was written: the whole of it is done again under a new lock. */
export class LockLost extends Error {}

async function take(path: string, until: number, patienceMs: number): Promise<Stats> {
  for (let pause = 0.2; ; pause = Math.min(pause * 2, 8)) {
    try {
      const before = performance.now();
      mkdirSync(path);
      const mine = statSync(path);
      // Stopped between the two for so long that it may be somebody else's by now: left to go stale.
      if (performance.now() - before < STALE_MS / 2) return mine;
    } catch (error) {
      if (errno(error) !== "EEXIST" && errno(error) !== "ENOENT") throw ioError("take the lock", path, error);
      if (errno(error) === "ENOENT" && look(`${path}/..`) === undefined) throw ioError("take the lock", path, error);
    }
    if (breakStale(path)) continue;
    if (performance.now() > until) {
      throw new AttestError(
        "locked",
        `expected the lock ${path} within ${patienceMs} ms, found it held all the while`,
        "another process is writing without end; try again, or look which one holds it",
      );
    }
    await sleep(pause * (0.5 + Math.random()));
  }
}

/**
 * Removes a lock that is older than STALE_MS. Its age is read against the file system's own clock, from a directory that is made for
 * the purpose: a waiter whose clock is an hour ahead would otherwise take the lock from a living holder.
 *
 * By renaming, not by rmdir and mkdir: of several waiters that see the same stale lock one gets it, and whoever renamed a lock that
 * had meanwhile become a fresh one is found out by the age of what it holds in its hand.
 */
function breakStale(path: string): boolean {
  const seen = look(path);
  if (seen === undefined) return true;
  if (Date.now() - seen.mtimeMs < STALE_MS && Date.now() >= seen.mtimeMs) return false;
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(`${aside}.now`);
    const now = statSync(`${aside}.now`).mtimeMs;
    rmdirSync(`${aside}.now`);
    if (now - seen.mtimeMs < STALE_MS) return false;
    if (!same(seen, look(path))) return true;
    renameSync(path, aside);
    rmdirSync(aside);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw ioError("break the stale lock", path, error);
  }
  return true;
}

function release(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errno(error) !== "ENOENT") throw ioError("release the lock", path, error);
  }
}

const same = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.birthtimeMs === b.birthtimeMs && a.mtimeMs === b.mtimeMs;

function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
