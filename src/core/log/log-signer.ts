/** Signs for a log, and remembers what it signed. */
import type { Bytes } from "../bytes.js";
import type { SignNow } from "./checkpoint.js";
import type { NoteKey } from "../keys/note.js";

export interface LogSigner {
  readonly key: NoteKey;
  readonly sign: SignNow;
  /**
   * A file to lock while a checkpoint is made: two copies of a registry on one machine share one key and must not fork the log. Undefined
   * if this machine keeps no state for the key; then only the published checkpoint is known.
   */
  readonly lock: string | undefined;
  /** The last checkpoint that the key signed; undefined if none is remembered. */
  last(): Bytes | undefined;
  /**
   * Must be durable before it returns: after a forgotten checkpoint the key could sign a fork.
   * @param still called right before the write; if it throws, the last checkpoint stays
   */
  remember(checkpoint: Bytes, still?: () => void): void;
}
