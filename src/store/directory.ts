/** A store in a folder. Each write is temp → fsync → rename → fsync of the folder. */
import { dirname, isAbsolute, join, posix } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { create, discard, list, mustBeWritable, mustStayWithin, remove, replace, replaceAll } from "../node/files.js";
import { digestOf, read, realFolder, type FileDigest } from "../node/reading.js";
import { withLock } from "../node/lock.js";
import type { Still, Store } from "./store.js";

export class Directory implements Store {
  readonly place: string;
  readonly remote = false;
  #real: string | undefined;

  constructor(root: string) {
    this.place = root;
  }

  read(path: string, limit?: number): Promise<Bytes | undefined> {
    return settle(() => this.#read(path, limit));
  }

  digest(path: string): Promise<FileDigest | undefined> {
    return settle(() => digestOf(this.#at(path), (this.#real ??= realFolder(this.place)), true));
  }

  #read(path: string, limit?: number): Bytes | undefined {
    return read(this.#at(path), { within: this.place, steady: true, ...(limit !== undefined && { limit }) });
  }

  mustBeWritable(folder: string): Promise<void> {
    return settle(() => {
      mustStayWithin(this.#at(folder), this.place);
      mustBeWritable(this.#at(folder));
    });
  }

  create(path: string, bytes: Bytes): Promise<void> {
    return settle(() => create(this.#writable(path), bytes));
  }

  replace(path: string, bytes: Bytes, still?: Still): Promise<void> {
    return settle(() => replace(this.#writable(path), bytes, undefined, still));
  }

  /** One fsync for each file, and one for each folder at the end. */
  replaceEach(files: ReadonlyMap<string, Bytes>, still?: Still): Promise<void> {
    return settle(() =>
      replaceAll(
        [...files].map(([path, bytes]) => ({ path: this.#writable(path), bytes })),
        still,
      ),
    );
  }

  async update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void> {
    const file = this.#writable(path);
    await this.exclusively(hidden(path), (still) => {
      const next = change(this.#read(path));
      if (next === undefined) return;
      replace(file, next, undefined, still);
    });
  }

  remove(path: string): Promise<void> {
    return settle(() => remove(this.#writable(path)));
  }

  discard(path: string): Promise<void> {
    return settle(() => discard(this.#writable(path)));
  }

  exclusively<T>(path: string, act: (still: Still) => T | Promise<T>): Promise<T> {
    return settle(() => withLock(this.#writable(path), ({ still }) => act(still)));
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

/** The lock of a file is not listed beside it. */
const hidden = (path: string): string => posix.join(posix.dirname(path), `.${posix.basename(path)}`);

const settle = <T>(act: () => T | Promise<T>): Promise<T> => new Promise((resolve) => resolve(act()));
