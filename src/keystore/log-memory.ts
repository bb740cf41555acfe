/**
 * What this verifier last saw of each log: `logs/<digest of its key line>`, a checkpoint each. It is what makes a log that went backwards, or
 * was rewritten, visible to whoever comes back; nothing is ever trusted because it is remembered.
 *
 * A witness remembers by a log's origin instead: what it cosigns names the origin and not the key, so that the same origin under another key
 * is another history of the same log.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { formatNote, parseNote } from "../core/note.js";
import type { LogName } from "../core/payload.js";
import { makeFolder, read, replace } from "../node/files.js";

const MAX_BYTES = 64 * 1024;

export class LogMemory {
  readonly #folder: string;
  readonly #by: keyof LogName;

  constructor(state: string, name = "logs", by: keyof LogName = "key") {
    this.#folder = join(state, name);
    this.#by = by;
  }

  #path(named: LogName): string {
    return join(this.#folder, createHash("sha256").update(named[this.#by]).digest("hex").slice(0, 32));
  }

  /** What was spoilt is as none to a verifier, who only compares; a witness must not take it for a first sight: `too-large`. */
  recall(named: LogName): Bytes | undefined {
    try {
      return read(this.#path(named), { limit: MAX_BYTES });
    } catch (error) {
      if (this.#by === "key" && error instanceof AttestError && error.code === "too-large") return undefined;
      throw error;
    }
  }

  /** Its text and the line of the log's own key: others are anybody's, of any length. @throws AttestError `io`, `note-format` */
  keep(named: LogName, checkpoint: Bytes): void {
    const { text, signatures } = parseNote(checkpoint);
    const [name, id] = named.key.split("+");
    const own = signatures.filter((signature) => signature.name === name && signature.id === id);
    this.keepText(named, formatNote({ text, signatures: own }));
  }

  /** Of a row of logs, what is remembered of all of them together. */
  keepText(named: LogName, bytes: Bytes): void {
    makeFolder(this.#folder, 0o700);
    replace(this.#path(named), bytes, 0o600);
  }
}
