/** A store in a directory: each write is temp → fsync → rename → fsync of the directory. */
import { basename, dirname, isAbsolute, join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { create, digestOf, list, mustStayWithin, read, realFolder, replace, type FileDigest } from "../node/files.js";
import { LockLost, withLock } from "../node/lock.js";
import type { Store } from "./store.js";

export class Directory implements Store {
  readonly place: string;
  #real: string | undefined;

  constructor(root: string) {
    this.place = root;
  }

  read(path: string): Promise<Bytes | undefined> {
    return settle(() => this.readNow(path));
  }

  /** The same at once, for whoever cannot wait. */
  readNow(path: string): Bytes | undefined {
    return read(this.#at(path), { within: this.place });
  }

  /** Hashed piece by piece, whatever its length. */
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
      if (!held.isMine()) throw new LockLost(); // stopped for so long that another writer has the lock: read again
      replace(file, next);
    });
  }

  list(folder: string): Promise<readonly string[]> {
    return settle(() => list(this.#at(folder)));
  }

  /** Its folder, not the file itself: whatever is there in its place is not followed but replaced, or refused. */
  #writable(path: string): string {
    const at = this.#at(path);
    mustStayWithin(dirname(at), this.place);
    return at;
  }

  /** Callers build paths from digests and checked names only; this is the second lock on that door. */
  #at(path: string): string {
    if (isAbsolute(path) || path.split("/").includes(".."))
      throw new Error(`a path must stay inside the store, found ${path}`);
    return join(this.place, path);
  }
}

const settle = <T>(act: () => T): Promise<T> => new Promise((resolve) => resolve(act()));
