/** Whoever can sign for a log, and must remember what it signed. */
import type { Bytes } from "../bytes.js";
import type { SignNow } from "./checkpoint.js";
import type { NoteKey } from "../keys/note.js";

export interface LogSigner {
  readonly key: NoteKey;
  readonly sign: SignNow;
  /**
   * A file that is locked while a checkpoint is made: two copies of a registry on one machine have one key, and must not fork. Undefined
   * where this machine keeps nothing of the key: then what is published is all that is known of what it signed.
   */
  readonly lock: string | undefined;
  /** The last checkpoint that the key signed; undefined where nothing is remembered. */
  last(): Bytes | undefined;
  /**
   * Durable before it returns: what is signed and forgotten could be signed otherwise.
   * @param still called right before it is remembered; what it throws leaves the last one in memory
   */
  remember(checkpoint: Bytes, still?: () => void): void;
}
