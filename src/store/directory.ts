/** A store in a folder. Each write is temp → fsync → rename → fsync of the folder. */
import { basename, dirname, isAbsolute, join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import {
  create,
  digestOf,
  list,
  mustStayWithin,
  read,
  realFolder,
  remove,
  replace,
  type FileDigest,
} from "../node/files.js";
import { LockLost, withLock } from "../node/lock.js";
import type { Store } from "./store.js";

export class Directory implements Store {
  readonly place: string;
  readonly remote = false;
  #real: string | undefined;

  constructor(root: string) {
    this.place = root;
  }

  read(path: string, limit?: number): Promise<Bytes | undefined> {
    return settle(() => this.readNow(path, limit));
  }

  digest(path: string): Promise<FileDigest | undefined> {
    return settle(() => this.digestNow(path));
  }

  /** Synchronous. */
  readNow(path: string, limit?: number): Bytes | undefined {
    return read(this.#at(path), { within: this.place, ...(limit !== undefined && { limit }) });
  }

  /** Hashes a file of any length in pieces. */
  digestNow(path: string): FileDigest | undefined {
    return digestOf(this.#at(path), (this.#real ??= realFolder(this.place)));
  }

  create(path: string, bytes: Bytes): Promise<void> {
    return settle(() => create(this.#writable(path), bytes));
  }

  replace(path: string, bytes: Bytes): Promise<void> {
    return settle(() => replace(this.#writable(path), bytes));
  }

  async update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void> {
    const file = this.#writable(path);
    await withLock(join(dirname(file), `.${basename(file)}`), (held) => {
      const next = change(this.readNow(path));
      if (next === undefined) return;
      if (!held.isMine()) throw new LockLost(); // this process was stopped so long that another writer has the lock: start again
      replace(file, next);
    });
  }

  remove(path: string): Promise<void> {
    return settle(() => remove(this.#writable(path)));
  }

  list(folder: string): Promise<readonly string[]> {
    return settle(() => list(this.#at(folder)));
  }

  /** Checks the folder, not the file itself: an existing link is replaced or refused, never followed. */
  #writable(path: string): string {
    const at = this.#at(path);
    mustStayWithin(dirname(at), this.place);
    return at;
  }

  /** Callers build paths only from digests and checked names; this checks again. */
  #at(path: string): string {
    if (isAbsolute(path) || path.split("/").includes(".."))
      throw new Error(`a path must stay inside the store, found ${path}`);
    return join(this.place, path);
  }
}

const settle = <T>(act: () => T): Promise<T> => new Promise((resolve) => resolve(act()));
