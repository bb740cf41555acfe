/** Files that exist completely or not at all. The keystore and the store write with these. */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  writeSync,
  mkdtempSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { equal, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";
import { inside, read, realFolder } from "./reading.js";

/**
 * Refuses to write through a link that leads out of the folder: a reader would refuse the result, and a tested command may have made the
 * link.
 * @throws AttestError `io`
 */
export function mustStayWithin(path: string, folder: string): void {
  try {
    const isThere = (one: string): boolean => lstatSync(one, { throwIfNoEntry: false }) !== undefined;
    if (!isThere(folder)) return;
    let there = path;
    while (!isThere(there)) there = dirname(there);
    const [real, root] = [realFolder(there), realFolder(folder)];
    if (real === root || inside(real, root)) return;
    throw new AttestError(
      "io",
      `${there} is a link that leads out of ${folder}`,
      "remove the link, and put back what was there",
    );
  } catch (error) {
    throw error instanceof AttestError ? error : ioError("write", path, error);
  }
}

/**
 * Refuses a folder, existing or not, in which nothing can be written; makes nothing.
 * @throws AttestError `io`
 */
export function mustBeWritable(folder: string): void {
  const there = nearestFolder(folder);
  try {
    opendirSync(there).closeSync(); // ENOTDIR for a file
    accessSync(there, constants.W_OK);
  } catch (error) {
    throw ioError("write to", there, error);
  }
}

/** The folder itself, or its nearest existing parent. */
const nearestFolder = (path: string): string =>
  existsSync(path) || path === dirname(path) ? path : nearestFolder(dirname(path));

/** Creates a file. Identical existing bytes are accepted; others throw `file-exists` and stay. Returns whether this call made it. */
export function create(path: string, bytes: Bytes, mode = 0o644): boolean {
  let made = false;
  inPlace(path, bytes, mode, (temporary) => {
    try {
      made = named(temporary, path, bytes);
    } finally {
      rmSync(temporary, { force: true });
    }
  });
  return made;
}

/** Gives a finished temporary file its name, beside the old one. False if it had the same bytes. @throws AttestError `file-exists` */
export function named(temporary: string, path: string, bytes: Bytes): boolean {
  try {
    linkSync(temporary, path); // unlike rename, link does not overwrite
    return true;
  } catch (error) {
    if (errno(error) !== "EEXIST") throw error;
    if (isOtherFile(path, bytes) || !equal(read(path, { limit: bytes.length }) ?? new Uint8Array(), bytes)) {
      throw new AttestError("file-exists", `${path} exists already, with other bytes`, "nothing was overwritten");
    }
    return false;
  }
}

/** Compares lengths first: the file may be too large to read. */
const isOtherFile = (path: string, bytes: Bytes): boolean => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size !== bytes.length;
};

/**
 * Replaces a file. A reader sees the old bytes or the new ones, never a part.
 * @param still called right before the rename; if it throws, the old bytes stay
 */
export function replace(path: string, bytes: Bytes, mode = 0o644, still: () => void = () => undefined): void {
  inPlace(path, bytes, mode, (temporary) => {
    still();
    renameSync(temporary, path);
  });
}

/** temp → fsync → `place` → fsync of the folder, so that the name survives a power failure. */
function inPlace(path: string, bytes: Bytes, mode: number, place: (temporary: string) => void): void {
  const temporary = temporaryOf(path);
  try {
    makeFolder(dirname(path));
    writeSynced(temporary, bytes, mode);
    place(temporary);
    syncFolder(dirname(path));
    sweep(dirname(path));
  } catch (error) {
    discard(temporary);
    throw told(error, path);
  }
}

export const temporaryOf = (path: string, random = randomText()): string =>
  join(dirname(path), `.${basename(path)}.${random}.tmp`);

export const randomText = (): string => randomBytes(6).toString("hex");

function writeSynced(path: string, bytes: Bytes, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeWhole(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function writeWhole(file: number, bytes: Bytes): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** Passes on errors that are not from the system, for example a lost lock. */
export const told = (error: unknown, path: string): unknown =>
  errno(error) === undefined || error instanceof AttestError ? error : ioError("write", path, error);

/** Deletes a file that nobody needs. A failure is ignored: the caller's own fault or result matters. */
export function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // the caller reports its own fault
  }
}

/** Creates parents too, and syncs each new folder into its parent. */
export const makeFolder = (path: string, mode = 0o755): void => makeFolders([path], mode);

/** The same for many: each parent is synced once. */
export function makeFolders(paths: Iterable<string>, mode = 0o755): void {
  const parents = new Set<string>();
  let at = "";
  try {
    for (at of paths) {
      const first = mkdirSync(at, { recursive: true, mode });
      if (first === undefined) continue;
      for (let above = dirname(resolve(at)); above.length >= dirname(resolve(first)).length; above = dirname(above)) {
        parents.add(above);
        if (above === dirname(above)) break;
      }
    }
    for (at of parents) syncFolder(at);
  } catch (error) {
    throw ioError("make the folder", at, error);
  }
}

/** Makes sure that only the owner can read the folder. @throws AttestError `io` */
export function privateFolder(path: string): void {
  makeFolder(path, 0o700);
  if (process.platform === "win32") return;
  try {
    chmodSync(path, 0o700);
  } catch (error) {
    throw ioError("keep others out of", path, error);
  }
}

export function syncFolder(path: string): void {
  if (process.platform === "win32") return; // Windows cannot open folders
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Sorted names without dot files: those are temporary files of killed writers. */
export function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw ioError("list", path, error);
  }
}

/** Removes a file durably. A missing file is no error. @throws AttestError `io` */
export function remove(path: string): void {
  try {
    rmSync(path, { force: true });
    syncFolder(dirname(path));
  } catch (error) {
    throw ioError("remove", path, error);
  }
}

/**
 * Removes every temporary file and second link of one file, of any age: copies of a secret must not survive its removal.
 * @throws AttestError `io`
 */
export function removeUnfinished(path: string): void {
  const head = `.${basename(path)}.`;
  for (const name of unfinishedIn(dirname(path)))
    if (name.startsWith(head) && name.length === head.length + "0123456789ab.tmp".length)
      remove(join(dirname(path), name));
}

function unfinishedIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => UNFINISHED.test(name));
  } catch (error) {
    throw ioError("list", folder, error);
  }
}

/** A folder of a hundred thousand files is not listed at each write. */
const MAX_SWEPT = 1024;

function firstNames(folder: string): string[] {
  const names: string[] = [];
  const open = opendirSync(folder);
  try {
    for (let entry = open.readSync(); entry !== null && names.length < MAX_SWEPT; entry = open.readSync())
      names.push(entry.name);
  } finally {
    open.closeSync();
  }
  return names;
}

const UNFINISHED = /^\..*\.[0-9a-f]{12}\.tmp$/;

const ABANDONED_MS = 60 * 60_000;

/** Removes our own temporary files beside the written file if they are older than an hour, as far as they are found. */
export function sweep(folder: string): void {
  try {
    for (const name of firstNames(folder).filter((one) => UNFINISHED.test(one))) {
      const path = join(folder, name);
      const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (made !== undefined && Date.now() - made > ABANDONED_MS) discard(path);
    }
  } catch {
    // the write succeeded, and the next writer tries again
  }
}

/** @throws AttestError `io` if even looking is not permitted */
export const isFolder = (path: string): boolean => statsOf(path)?.isDirectory() ?? false;
export const isFile = (path: string): boolean => statsOf(path)?.isFile() ?? false;

/** An impossible path counts as missing. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (["ENOTDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"].includes(errno(error) ?? "")) return undefined;
    throw ioError("read", path, error);
  }
}

/** A new folder; the caller must remove it. @throws AttestError `io` */
export function temporaryFolder(purpose: string, place = tmpdir()): string {
  try {
    return mkdtempSync(join(place, `f3-attest-${purpose}-`));
  } catch (error) {
    throw new AttestError(
      "io",
      `could not make a temporary folder in ${place}: ${errno(error) ?? String(error)}`,
      "name a folder in which you may write: TMPDIR=DIR",
    );
  }
}
