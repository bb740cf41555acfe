/**
 * What this verifier last saw of each log: `logs/<digest of its key line>`, a checkpoint each. It is what makes a log that went backwards, or
 * was rewritten, visible to whoever comes back; nothing is ever trusted because it is remembered.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Bytes } from "../core/bytes.js";
import type { LogName } from "../core/payload.js";
import { makeFolder, read, replace } from "../node/files.js";

const MAX_BYTES = 64 * 1024;

export class LogMemory {
  readonly #folder: string;

  /** @param state where the verifier's state lies; a witness has a memory of its own */
  constructor(state: string, name = "logs") {
    this.#folder = join(state, name);
  }

  /** The key is the log's identity; its line carries the origin. */
  #path({ key }: LogName): string {
    return join(this.#folder, createHash("sha256").update(key).digest("hex").slice(0, 32));
  }

  recall(named: LogName): Bytes | undefined {
    return read(this.#path(named), { limit: MAX_BYTES });
  }

  /** @throws AttestError `io` */
  keep(named: LogName, checkpoint: Bytes): void {
    makeFolder(this.#folder, 0o700);
    replace(this.#path(named), checkpoint, 0o600);
  }
}
