/**
 * Many files at once. As with one, the bytes of each are on the disk before its name is, and all names are when the call resolves. What is
 * saved is waiting: files are synced beside each other, so that a file system commits them together, and each folder is synced once.
 */
import { closeSync, fsync, openSync, renameSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { Bytes } from "../core/bytes.js";
import { errno, ioError } from "./faults.js";
import {
  discard,
  isFolder,
  makeFolders,
  named,
  randomText,
  sweep,
  syncFolder,
  temporaryOf,
  told,
  writeWhole,
} from "./files.js";

/** By path. */
export type Files = ReadonlyMap<string, Bytes>;

/**
 * Creates each of them as `create` does. Stops at the first that exists with other bytes; those before it are there then.
 *
 * Empty files of one folder are one file under many names, synced once. Nothing here ever writes into a file that has its name, so none can
 * change with another.
 */
export async function createAll(files: Files): Promise<void> {
  await inPlaces(files, { sharing: true, place: named });
}

/** Replaces each of them as `replace` does. */
export async function replaceAll(files: Files, still: () => void = () => undefined): Promise<void> {
  await inPlaces(files, {
    sharing: false,
    place: (temporary, path) => {
      still();
      renameSync(temporary, path);
    },
  });
}

/** Removes them durably. A missing one is no error. @throws AttestError `io` */
export function removeAll(paths: readonly string[]): void {
  let at = "";
  try {
    for (at of paths) removeOne(at);
    for (at of new Set(paths.map((path) => dirname(path)))) if (isFolder(at)) syncFolder(at);
  } catch (error) {
    throw ioError("remove", at, error);
  }
}

function removeOne(path: string): void {
  try {
    unlinkSync(path); // rmSync looks at it before
  } catch (error) {
    if (errno(error) !== "ENOENT") throw error;
  }
}

interface Placing {
  /** Empty files may be one. */
  readonly sharing: boolean;
  /** Gives a finished file its name. */
  readonly place: (temporary: string, path: string, bytes: Bytes) => void;
}

async function inPlaces(files: Files, { sharing, place }: Placing): Promise<void> {
  const folders = new Set([...files.keys()].map((path) => dirname(path)));
  const temporaries = new Map<string, Bytes>();
  let at = "";
  try {
    makeFolders(folders);
    const random = randomText();
    const empty = new Empty(random);
    const waiting = [...files].map(([path, bytes]): [temporary: string, path: string, bytes: Bytes] => {
      const temporary = sharing && bytes.length === 0 ? empty.for(path) : temporaryOf(path, random);
      temporaries.set(temporary, bytes);
      return [temporary, path, bytes];
    });
    await writeAll([...temporaries]);
    for (const one of waiting) {
      at = one[1];
      place(...one);
      if (!sharing) temporaries.delete(one[0]); // renamed
    }
    for (at of temporaries.keys()) unlinkSync(at);
    temporaries.clear();
    for (at of folders) syncFolder(at);
    for (const folder of folders) sweep(folder);
  } catch (error) {
    for (const temporary of temporaries.keys()) discard(temporary);
    throw told(error, at);
  }
}

/** Below what any file system allows: NTFS has 1024 names of one file. */
const MAX_NAMES = 1000;

/** The temporary empty files, each for many names in its folder. */
class Empty {
  readonly #in = new Map<string, { readonly temporary: string; names: number }>();
  readonly #random: string;

  constructor(random: string) {
    this.#random = random;
  }

  for(path: string): string {
    const folder = dirname(path);
    const before = this.#in.get(folder);
    const one =
      before === undefined || before.names === MAX_NAMES
        ? { temporary: temporaryOf(path, this.#random), names: 1 }
        : before;
    one.names += 1;
    this.#in.set(folder, one);
    return one.temporary;
  }
}

/** Node has four threads that sync; a few more files are ready for them. */
const AT_ONCE = 16;

/** Waits for all, also if one fails: the caller removes them then. */
async function writeAll(files: readonly (readonly [path: string, bytes: Bytes])[]): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let one = files[next++]; one !== undefined; one = files[next++]) await writeSynced(...one);
  };
  const writers = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, files.length) }, writer));
  for (const one of writers) if (one.status === "rejected") throw one.reason;
}

const synced = promisify(fsync);

async function writeSynced(path: string, bytes: Bytes): Promise<void> {
  try {
    const file = openSync(path, "wx", 0o644);
    try {
      writeWhole(file, bytes);
      await synced(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw ioError("write", path, error);
  }
}
