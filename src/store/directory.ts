/** A store in a directory: each write is temp → fsync → rename → fsync of the directory. */
import { isAbsolute, join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { create, isFolder, list, read, replace, sweep } from "../node/files.js";
import type { Store } from "./store.js";

export class Directory implements Store {
  readonly place: string;

  constructor(root: string) {
    this.place = root;
  }

  read(path: string): Promise<Bytes | undefined> {
    return settle(() => read(this.#at(path)));
  }

  create(path: string, bytes: Bytes): Promise<void> {
    return settle(() => create(this.#at(path), bytes));
  }

  replace(path: string, bytes: Bytes): Promise<void> {
    return settle(() => replace(this.#at(path), bytes));
  }

  list(folder: string): Promise<readonly string[]> {
    return settle(() => {
      const path = this.#at(folder);
      if (isFolder(path)) sweep(path);
      return list(path);
    });
  }

  /** Callers build paths from digests and checked names only; this is the second lock on that door. */
  #at(path: string): string {
    if (isAbsolute(path) || path.split("/").includes(".."))
      throw new Error(`a path must stay inside the store, found ${path}`);
    return join(this.place, path);
  }
}

const settle = <T>(act: () => T): Promise<T> => new Promise((resolve) => resolve(act()));
