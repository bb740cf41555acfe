/** Where published bytes are kept. The method names say what is never overwritten. */
import type { Bytes } from "../core/bytes.js";
import type { Source } from "./source.js";

export interface Store extends Source {
  /** Creates a file. Identical existing bytes are accepted, others throw `file-exists`. */
  create(path: string, bytes: Bytes): Promise<void>;
  replace(path: string, bytes: Bytes): Promise<void>;
  /** Reads and replaces in one step, so that concurrent writers do not undo each other. Undefined leaves it unchanged. */
  update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void>;
  /** A missing file is no error. */
  remove(path: string): Promise<void>;
  /** Sorted names of files and folders; empty for a missing folder. */
  list(folder: string): Promise<readonly string[]>;
}
