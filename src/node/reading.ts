/** Reads files that someone else may have written: regular files alone, of a limited size, and inside of a folder where one is named. */
import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "./faults.js";

/** Above every document and piece of evidence of this version; a pipe or device could be endless. */
const MAX_READ = 64 * 1024 * 1024;

export interface ReadOptions {
  readonly limit?: number;
  /** The folder that must contain the file after following all links. */
  readonly within?: string;
  /** Nobody changes that folder while it is read, so links on the way are looked for once a second: a registry, and no tested project. */
  readonly steady?: boolean;
}

/**
 * The bytes, or undefined if there is no such file. Folders, pipes and devices do not count as files. A link out of `within` is refused,
 * because a registry written by someone else could point to our files. Throws `io`, `too-large`.
 */
export const read = (path: string, { limit = MAX_READ, within, steady }: ReadOptions = {}): Bytes | undefined =>
  opened(
    path,
    within === undefined
      ? undefined
      : { real: () => (steady === true ? realWithin(within) : realFolder(within)), steady },
    (file, size) => {
      if (size > limit) throw new AttestError("too-large", `expected at most ${limit} bytes at ${path}, found ${size}`);
      return whole(file, size);
    },
  );

/** Of a size that is known, and is 0 for files that the kernel makes: the bytes that it had then, in two calls fewer than `readFileSync`. */
function whole(file: number, size: number): Bytes {
  const bytes = new Uint8Array(size);
  for (let at = 0, length = 1; at < size; at += length) {
    length = readSync(file, bytes, at, size - at, null);
    if (length === 0) return bytes.slice(0, at);
  }
  return size === 0 ? owned(readFileSync(file)) : bytes;
}

/**
 * The bytes of a file that the user named: a pipe or a device, too, as a shell makes them. Throws what `openSync` throws, and `too-large`: among
 * the files that somebody sent may be a link to a device without end.
 */
export function readNamed(path: string, limit = MAX_READ): Bytes {
  const file = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; ;) {
      const chunk = Buffer.allocUnsafeSlow(BLOCK);
      const length = readSync(file, chunk, 0, Math.min(chunk.length, limit + 1 - size), null);
      size += length;
      if (size > limit) throw new AttestError("too-large", `expected at most ${limit} bytes at ${path}, found more`);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
    }
    const all = owned(Buffer.concat(chunks));
    for (const chunk of chunks) chunk.fill(0); // it may be a key
    return all;
  } finally {
    closeSync(file);
  }
}

/** Read size. One block is shared by all files; a larger one gains nothing. */
const BLOCK = 1024 * 1024;
let block: Buffer | undefined;

export interface FileDigest {
  readonly sha256: string;
  readonly size: number;
}

/**
 * Digest of a file of any length in constant memory; undefined if there is none. Like `read`, it follows no link out of a folder. Throws
 * `io`.
 * @param within the folder's `realFolder`, computed once for a hundred thousand files
 * @param steady as in `ReadOptions`
 */
export const digestOf = (path: string, within?: string, steady?: boolean): FileDigest | undefined =>
  opened(path, within === undefined ? undefined : { real: () => within, steady }, (file) => {
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
  folder: { readonly real: () => string; readonly steady?: boolean | undefined } | undefined,
  use: (file: number, size: number) => T,
): T | undefined {
  const refused = (found: string): AttestError =>
    new AttestError("io", `expected a regular file at ${path}, found ${found}`);
  let file: number | undefined;
  const stays = (): void => {
    if (folder !== undefined && !inside(realpathSync.native(path), folder.real()))
      throw refused(`a link that leads out of ${folder.real()}`);
  };
  try {
    const quick = folder?.steady === true && liesWithin(dirname(path), folder.real());
    file = quick ? openedUnlinked(path) : undefined;
    if (file === undefined) {
      stays(); // checked first, because opening has side effects on a device for example
      file = openSync(path, READING);
      stays();
    }
    const stats = fstatSync(file);
    if (!stats.isFile()) throw refused("something else");
    return use(file, stats.size);
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    throw ioError("read", path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** O_NONBLOCK: opening a pipe without a writer would wait. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Undefined for a link, which is then followed with care. Not on Windows. */
function openedUnlinked(path: string): number | undefined {
  try {
    return openSync(path, READING | constants.O_NOFOLLOW);
  } catch (error) {
    if (errno(error) === "ELOOP") return undefined;
    throw error;
  }
}

const KNOWN_S = 1;
const MAX_KNOWN = 4096;
/** When a folder was last found to lie in another: the files of one folder are read by the thousand. */
const known = new Map<string, number>();

function liesWithin(path: string, folder: string): boolean {
  if (process.platform === "win32" || path.split(sep).includes("..")) return false; // after a link, .. is another folder
  const name = `${resolve(path)}\0${folder}`;
  const [at, now] = [known.get(name), process.uptime()];
  if (at !== undefined && now - at < KNOWN_S) return true;
  const real = realpathSync.native(path);
  if (real !== folder && !inside(real, folder)) return false;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(name, now);
  return true;
}

/** The first bytes of a file; undefined if `read` would not read it. */
export function startOf(path: string, length: number): Bytes | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return undefined;
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, 0));
  } catch {
    return undefined; // `read` reports the reason
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Copies the bytes and wipes Node's buffer: Node reuses it, and it may hold a secret. */
export function owned(buffer: Buffer): Bytes {
  const copy = new Uint8Array(buffer);
  buffer.fill(0);
  return copy;
}

const roots = new Map<string, { readonly real: string; readonly at: number }>();
/** The same, computed once a second. */
function realWithin(place: string): string {
  const folder = resolve(place);
  const before = roots.get(folder);
  if (before !== undefined && process.uptime() - before.at < KNOWN_S) return before.real;
  const real = realFolder(folder);
  if (roots.size >= MAX_KNOWN) roots.clear();
  roots.set(folder, { real, at: process.uptime() });
  return real;
}

/** The folder's path after following all links. */
export const realFolder = (folder: string): string => realpathSync.native(folder);
export const inside = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
