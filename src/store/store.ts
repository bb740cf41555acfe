/** Where published bytes live: four verbs, whose names say what is never overwritten. Paths are relative, with forward slashes. */
import type { Bytes } from "../core/bytes.js";

export interface Store {
  /** For messages: where this is. */
  readonly place: string;
  read(path: string): Promise<Bytes | undefined>;
  /** Only where nothing is; the same bytes again are no error, others throw `file-exists`. */
  create(path: string, bytes: Bytes): Promise<void>;
  replace(path: string, bytes: Bytes): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
}
