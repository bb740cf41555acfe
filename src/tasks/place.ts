/** Reads and writes task files: completely or not at all, never through a link. */
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

/** Above the size of any task; a writer must read and write all of it each time. */
const MAX_TASK = 16 * 1024 * 1024;

/** A task with its file still open, to detect later whether the name still belongs to the same file. */
export interface OpenTask {
  readonly task: Task;
  isDeleted(): boolean;
  close(): void;
}

/**
 * Undefined if there is no such file. A link is never a task: the vendor's tools make none, and a planted one could show us any file of the
 * user, and copy it into the list with the next update.
 * @throws AttestError `task-format`, `io`
 */
export function openTask(path: string, id: string): OpenTask | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK); // O_NONBLOCK: opening a pipe would wait
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
 * Writes a temporary file beside `path`; `put` gives it its final name. No temporary file is left behind.
 *
 * With `durable`, bytes and name are on disk before it returns. That is for facts that other processes act on: a task's existence and
 * status. Losing a progress text in a power failure is harmless, and waiting for the disk at each one would double an update's cost.
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
    // the reported fault matters more
  }
}

const ABANDONED_MS = 60 * 60_000;
/** Our temporary files by the form of their names; files of other tools are left alone. */
const UNFINISHED = /^(?:[1-9]\d{0,14}\.json|\.highwatermark)\.tmp\.\d+\.[0-9a-f]{8}$/;
const BROKEN_LOCK = /^(?:[1-9]\d{0,14}\.json|\.lock)\.lock\.[0-9a-f]{12}(?:\.now)?$/;

/** Removes files of killed writers after an hour. */
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
      // swept by another writer, or not ours: nothing depends on it
    }
  }
}
