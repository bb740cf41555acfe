/**
 * Where a registry is read: a folder, or an address. Paths are relative to the registry and use forward slashes. Whatever is read was written
 * by someone else and is unverified.
 */
import type { Bytes } from "../core/bytes.js";
import type { FileDigest } from "../node/reading.js";

export type { FileDigest };

export interface Source {
  /** The location, for messages. */
  readonly place: string;
  /** Each read is a request, and the answer is what a server says. */
  readonly remote: boolean;
  /**
   * The bytes; undefined if there is no such file.
   * @param limit the most bytes that are read; by default more than any document or piece of evidence has
   * @throws AttestError `io`, `network`, `too-large`
   */
  read(path: string, limit?: number): Promise<Bytes | undefined>;
  /** Digest and size of a file of any length, in constant memory; undefined if there is none. @throws AttestError `io`, `network` */
  digest(path: string): Promise<FileDigest | undefined>;
  /** Sorted names of files and folders; empty for a missing folder. Absent where nothing can be listed. */
  list?(folder: string): Promise<readonly string[]>;
}
