/**
 * Where published bytes are kept. The method names say what is never overwritten. Each write is durable once it resolves, and a reader sees
 * the old bytes of a file or the new ones, never a part.
 */
import type { Bytes } from "../core/bytes.js";
import type { Source } from "./source.js";

/** Whether this call made the file, or found it with the same bytes. Of many calls, on many machines, one makes it. */
export type Created = "created" | "identical";

/** Called right before bytes become visible. If it throws, they never do. */
export type Still = () => void;

export interface Store extends Source {
  /**
   * Several machines may write at once: there `exclusively` keeps apart the tasks of this process alone, and only `create` and `update` tell
   * who was first. Of two `replace` the later one wins, and a file that is removed must have one writer at a time.
   */
  readonly shared: boolean;
  /** Throws what a write in that folder would throw, as far as that is known beforehand; makes nothing. @throws AttestError `io` */
  mustBeWritable(folder: string): Promise<void>;
  /** Creates a file. Identical existing bytes are accepted, others throw `file-exists`. */
  create(path: string, bytes: Bytes): Promise<Created>;
  /**
   * Creates each of many files, faster than one after the other, and each as durable. Refused or cut short, it has created some of them, whole
   * ones, and keeps no order. Empty ones may cost next to nothing.
   */
  createEach(files: ReadonlyMap<string, Bytes>): Promise<void>;
  replace(path: string, bytes: Bytes, still?: Still): Promise<void>;
  /** Replaces each of many files, faster than one after the other. Cut short, it has replaced some of them, and no order is kept. */
  replaceEach(files: ReadonlyMap<string, Bytes>, still?: Still): Promise<void>;
  /** Reads and replaces in one step, so that concurrent writers do not undo each other. Undefined leaves it unchanged. */
  update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void>;
  /** Removes files. A missing one is no error. */
  remove(...paths: readonly string[]): Promise<void>;
  /** Removes a file, or a folder with all that is in it, that nobody needs any more. A failure is no error, and it need not be durable. */
  discard(path: string): Promise<void>;
  /**
   * Runs `act` while no other writer runs one for the same path; in a `shared` store, no other writer of this process. In a writer that was
   * taken for dead `still` throws `LockLost`, and `act` runs again.
   * @throws AttestError `locked`, `io`
   */
  exclusively<T>(path: string, act: (still: Still) => T | Promise<T>): Promise<T>;
  /** Sorted names of files and folders; empty for a missing folder. */
  list(folder: string): Promise<readonly string[]>;
}
