/** Files that are either there whole or not there: what the keystore and the store write with. */
import { createHash, hash, randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
  writeSync,
  mkdtempSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { equal, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";

/** More than any document or piece of evidence that this version takes; a pipe or a device could go on for ever. */
const MAX_READ = 64 * 1024 * 1024;

export interface ReadOptions {
  readonly limit?: number;
  /** The folder that the file must lie in when every link has been followed. */
  readonly within?: string;
}

/**
 * The bytes, or undefined when there is no such file. A folder, a pipe or a device is no file; a link that leads out of `within` is
 * refused, because a registry that somebody else wrote could name our files by it. Throws `io`, `too-large`.
 */
export const read = (path: string, { limit = MAX_READ, within }: ReadOptions = {}): Bytes | undefined =>
  opened(path, within === undefined ? undefined : () => realFolder(within), (file, size) => {
    if (size > limit) throw new AttestError("too-large", `expected at most ${limit} bytes at ${path}, found ${size}`);
    return owned(readFileSync(file));
  });

/** At a time, into one block for all files: larger ones gain nothing. */
const BLOCK = 1024 * 1024;
let block: Buffer | undefined;

export interface FileDigest {
  readonly sha256: string;
  readonly size: number;
}

/**
 * Of a file of any length, in flat memory; undefined where there is none. As `read`, it follows no link out of a folder. Throws `io`.
 * @param within the folder's `realFolder`, which is asked for once and not for each of a hundred thousand files
 */
export const digestOf = (path: string, within?: string): FileDigest | undefined =>
  opened(path, within === undefined ? undefined : () => within, (file) => {
    const into = (block ??= Buffer.allocUnsafeSlow(BLOCK));
    const size = readSync(file, into, 0, BLOCK, null);
    if (size < BLOCK && readSync(file, into, size, BLOCK - size, null) === 0)
      return { sha256: hash("sha256", into.subarray(0, size), "hex"), size };
    return inBlocks(file);
  });

function inBlocks(file: number): FileDigest {
  const into = (block ??= Buffer.allocUnsafeSlow(BLOCK));
  const whole = createHash("sha256");
  let size = 0;
  for (let length = 1, at = 0; length > 0; at += length) {
    length = readSync(file, into, 0, BLOCK, at);
    whole.update(into.subarray(0, length));
    size += length;
  }
  return { sha256: whole.digest("hex"), size };
}

function opened<T>(
  path: string,
  folder: (() => string) | undefined,
  use: (file: number, size: number) => T,
): T | undefined {
  const refused = (found: string): AttestError =>
    new AttestError("io", `expected a regular file at ${path}, found ${found}`);
  let file: number | undefined;
  const stays = (): void => {
    if (folder !== undefined && !inside(realpathSync.native(path), folder()))
      throw refused(`a link that leads out of ${folder()}`);
  };
  try {
    stays(); // to open something is to do something to it, a device for example
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe without a writer would not open
    const stats = fstatSync(file);
    if (!stats.isFile()) throw refused("something else");
    stays();
    return use(file, stats.size);
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    throw ioError("read", path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The first bytes of a file, fewer where it has no more; undefined for what `read` would not read. */
export function startOf(path: string, length: number): Bytes | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
  } catch {
    return undefined; // told by `read`
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A copy; what Node read into is wiped, because Node lends it to others next, and it may be a secret. */
export function owned(buffer: Buffer): Bytes {
  const copy = new Uint8Array(buffer);
  buffer.fill(0);
  return copy;
}

/** Where a folder is when every link has been followed. */
export const realFolder = (folder: string): string => realpathSync.native(folder);
const inside = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/**
 * That nothing is written through a link that leads out: a reader refuses what lies there, and a tested command may have made the link.
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

/** Makes a file that was not there. The same bytes again are no error; others are: `file-exists`, and the old ones stay. */
export function create(path: string, bytes: Bytes, mode = 0o644): void {
  inPlace(path, bytes, mode, (temporary) => {
    try {
      linkSync(temporary, path); // unlike rename, link refuses to overwrite
    } catch (error) {
      if (errno(error) !== "EEXIST") throw error;
      if (isOtherFile(path, bytes) || !equal(read(path, { limit: bytes.length }) ?? new Uint8Array(), bytes)) {
        throw new AttestError("file-exists", `${path} exists already, with other bytes`, "nothing was overwritten");
      }
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

/** Of another length: it may be too large to be read at all. */
const isOtherFile = (path: string, bytes: Bytes): boolean => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size !== bytes.length;
};

/**
 * Writes a file, whatever was there: a reader sees the old bytes or the new ones, never a part.
 * @param still called right before the new bytes take their place; what it throws leaves the old ones there
 */
export function replace(path: string, bytes: Bytes, mode = 0o644, still?: () => void): void {
  replaceAll([{ path, bytes }], still, mode);
}

/** The same for many at once: each file is synced by itself, and each folder once, when all of them are in their places. */
export function replaceAll(
  files: readonly { readonly path: string; readonly bytes: Bytes }[],
  still: () => void = () => undefined,
  mode = 0o644,
): void {
  const folders = new Set(files.map(({ path }) => dirname(path)));
  const waiting = new Map<string, string>(); // temporary → final name
  let at = "";
  try {
    for (at of folders) makeFolder(at);
    for (const { path, bytes } of files) {
      const temporary = temporaryOf((at = path));
      waiting.set(temporary, path);
      writeSynced(temporary, bytes, mode);
    }
    for (const [temporary, path] of waiting) {
      still();
      renameSync(temporary, (at = path));
      waiting.delete(temporary);
    }
    for (at of folders) syncFolder(at);
    for (const folder of folders) sweep(folder);
  } catch (error) {
    for (const temporary of waiting.keys()) discard(temporary);
    throw told(error, at);
  }
}

/** temp → fsync → `place` → fsync of the directory, so that the name outlives a power cut too. */
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

const temporaryOf = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);

function writeSynced(path: string, bytes: Bytes, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What the system did not say is not told as its word: a lock that was lost, say. */
const told = (error: unknown, path: string): unknown =>
  errno(error) === undefined || error instanceof AttestError ? error : ioError("write", path, error);

/** What nobody needs any more: the fault that is being told, or what was done, is what matters. */
export function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // told by the caller's own fault
  }
}

/** Parents too; each new one is synced into the one above it. */
export function makeFolder(path: string, mode = 0o755): void {
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first === undefined) return;
    for (let above = dirname(resolve(path)); above.length >= dirname(resolve(first)).length; above = dirname(above)) {
      syncFolder(above);
      if (above === dirname(above)) return;
    }
  } catch (error) {
    throw ioError("make the folder", path, error);
  }
}

/** Where only the owner may look, whoever made it. @throws AttestError `io` */
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
  if (process.platform === "win32") return; // a directory cannot be opened there
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Names in a folder, sorted, without those that begin with a dot: unfinished files of a writer that was killed. */
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

/** Removes a file, and that it is gone outlives a power cut. One that was not there is no error. @throws AttestError `io` */
export function remove(path: string): void {
  try {
    rmSync(path, { force: true });
    syncFolder(dirname(path));
  } catch (error) {
    throw ioError("remove", path, error);
  }
}

/**
 * Removes every unfinished or doubly named copy of one file, however young: for secrets, which must not outlive their removal.
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

const UNFINISHED = /^\..*\.[0-9a-f]{12}\.tmp$/;

const ABANDONED_MS = 60 * 60_000;

/** Removes what killed writers left beside what was just written: our own temporary files, once they are an hour old. */
function sweep(folder: string): void {
  try {
    for (const name of unfinishedIn(folder)) {
      const path = join(folder, name);
      const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (made !== undefined && Date.now() - made > ABANDONED_MS) discard(path);
    }
  } catch {
    // what was written stands, and the next writer looks again
  }
}

/** @throws AttestError `io` where it may not even be looked at */
export const isFolder = (path: string): boolean => statsOf(path)?.isDirectory() ?? false;
export const isFile = (path: string): boolean => statsOf(path)?.isFile() ?? false;

/** A path that no file can have is one where there is nothing. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (["ENOTDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"].includes(errno(error) ?? "")) return undefined;
    throw ioError("read", path, error);
  }
}

/** Made now, and for whoever asked to remove. @throws AttestError `io` */
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
