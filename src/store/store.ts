/** Where published bytes live: five verbs, whose names say what is never overwritten. Paths are relative, with forward slashes. */
import type { Bytes } from "../core/bytes.js";

export interface Store {
  /** For messages: where this is. */
  readonly place: string;
  read(path: string): Promise<Bytes | undefined>;
  /** Only where nothing is; the same bytes again are no error, others throw `file-exists`. */
  create(path: string, bytes: Bytes): Promise<void>;
  replace(path: string, bytes: Bytes): Promise<void>;
  /** Reads and replaces in one step, so that of two writers neither undoes the other; undefined leaves it as it is. */
  update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
}
