/** A store in a folder. Each write is temp → fsync → rename → fsync of the folder. */
import { dirname, isAbsolute, join, posix } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { create, discard, list, mustBeWritable, mustStayWithin, replace } from "../node/files.js";
import { createAll, removeAll, replaceAll, type Files } from "../node/many-files.js";
import { digestOf, read, realFolder, type FileDigest } from "../node/reading.js";
import { withLock } from "../node/lock.js";
import type { Created, Still, Store } from "./store.js";

export class Directory implements Store {
  readonly place: string;
  readonly remote = false;
  readonly shared: boolean = false;
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

  create(path: string, bytes: Bytes): Promise<Created> {
    return settle(() => (create(this.#writable(path), bytes) ? "created" : "identical"));
  }

  createEach(files: ReadonlyMap<string, Bytes>): Promise<void> {
    return settle(() => createAll(this.#filesAt(files)));
  }

  replace(path: string, bytes: Bytes, still?: Still): Promise<void> {
    return settle(() => replace(this.#writable(path), bytes, undefined, still));
  }

  replaceEach(files: ReadonlyMap<string, Bytes>, still?: Still): Promise<void> {
    return settle(() => replaceAll(this.#filesAt(files), still));
  }

  async update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void> {
    const file = this.#writable(path);
    await this.exclusively(hidden(path), (still) => {
      const next = change(this.#read(path));
      if (next === undefined) return;
      replace(file, next, undefined, still);
    });
  }

  remove(...paths: readonly string[]): Promise<void> {
    return settle(() => removeAll(this.#allWritable(paths)));
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

  #filesAt(files: ReadonlyMap<string, Bytes>): Files {
    const paths = this.#allWritable([...files.keys()]);
    return new Map([...files.values()].map((bytes, at) => [paths[at] ?? "", bytes]));
  }

  #writable(path: string): string {
    return this.#allWritable([path])[0] ?? "";
  }

  /** Checks the folders, not the files themselves: an existing link is replaced or refused, never followed. */
  #allWritable(paths: readonly string[]): string[] {
    const all = paths.map((path) => this.#at(path));
    for (const folder of new Set(all.map((at) => dirname(at)))) mustStayWithin(folder, this.place);
    return all;
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
