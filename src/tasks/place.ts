/** How the files of a task list are read and put in place: whole or not at all, never through a link. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { fromUtf8, utf8 } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { syncFolder } from "../node/files.js";
import { errno, ioError } from "../node/faults.js";
import { LockLost } from "../node/lock.js";
import { notATask, parseTask, type Task } from "./document.js";

/** More than any task: what a writer would have to read and write anew each time. */
const MAX_TASK = 16 * 1024 * 1024;

/** A task as it was read, its file still open: by that is known whether the name still means the same file. */
export interface OpenTask {
  readonly task: Task;
  isDeleted(): boolean;
  close(): void;
}

/**
 * Undefined when there is no such file. A link is no task, wherever it leads: the vendor's tools make none, and one that somebody else
 * put there could show us any file of the user, and copy it into the list with the next update.
 * @throws AttestError `task-format`, `io`
 */
export function openTask(path: string, id: string): OpenTask | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // a pipe would not open
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    if (errno(error) === "ELOOP") throw notATask(id, "a link");
    throw ioError("read", path, error);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw notATask(id, "no regular file");
    if (stats.size > MAX_TASK) throw notATask(id, `${stats.size} bytes`);
    const task = parseTask(text(readFileSync(file), id), id);
    return { task, isDeleted: () => fstatSync(file).nlink === 0, close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw error instanceof AttestError ? error : ioError("read", path, error);
  }
}

function text(bytes: Uint8Array, id: string): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw notATask(id, "bytes that are not UTF-8");
  }
}

/**
 * Writes a temporary file beside `path`, and `put` gives it its name. Whatever goes wrong, none is left.
 *
 * With `durable` the bytes and the name are on the disk before it returns. That is for what another process acts on: that there is a
 * task, and its status. After a power cut it is no loss to have an older progress text, and to wait for the disk at each of them would
 * double what an update costs.
 */
export function place(path: string, content: string, durable: boolean, put: (temporary: string) => void): void {
  const temporary = `${path}.tmp.${process.pid}.${randomBytes(4).toString("hex")}`;
  const bytes = utf8(content);
  try {
    const file = openSync(temporary, "wx", 0o644);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    put(temporary);
    if (durable) syncFolder(dirname(path));
  } catch (error) {
    discard(temporary);
    if (error instanceof AttestError || error instanceof LockLost) throw error;
    throw ioError("write", path, error);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // the fault that is being told is the one that matters
  }
}

const ABANDONED_MS = 60 * 60_000;
/** Of ours alone, by the form of its name: another tool's file that looks unfinished is that tool's business. */
const UNFINISHED = /^(?:[1-9]\d{0,14}\.json|\.highwatermark)\.tmp\.\d+\.[0-9a-f]{8}$/;
const BROKEN_LOCK = /^(?:[1-9]\d{0,14}\.json|\.lock)\.lock\.[0-9a-f]{12}(?:\.now)?$/;

/** Removes what writers that were killed left behind, once it is an hour old. */
export function sweep(folder: string, now = Date.now()): void {
  for (const name of readdirSync(folder)) {
    if (!UNFINISHED.test(name) && !BROKEN_LOCK.test(name)) continue;
    const path = join(folder, name);
    try {
      const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (made === undefined || now - made <= ABANDONED_MS) continue;
      if (UNFINISHED.test(name)) rmSync(path, { force: true });
      else rmdirSync(path);
    } catch {
      // another writer swept it, or it is not ours after all: nothing depends on it
    }
  }
}
