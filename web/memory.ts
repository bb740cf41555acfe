/** What this browser last saw of each log: a checkpoint by the log's key line. Storage may be missing, shut or spoilt; then that is said. */
import { utf8, type Bytes } from "../src/core/bytes.js";
import { openCheckpoint, type Checkpoint } from "../src/core/checkpoint.js";
import type { Engine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { parseNoteKey } from "../src/core/note.js";

export type Recalled =
  | { readonly state: "first" | "blocked" | "unreadable" }
  | { readonly state: "known"; readonly bytes: Bytes; readonly checkpoint: Checkpoint };

const PREFIX = "f3-attest/log/";

/** @param key the log's key as a line, which is its identity */
export function recall(key: string, engine: Engine): Recalled {
  let text: string | null;
  try {
    text = localStorage.getItem(PREFIX + key);
  } catch {
    return { state: "blocked" }; // by the browser's settings, or for a file
  }
  if (text === null) return { state: "first" };
  try {
    const bytes = utf8(text);
    return {
      state: "known",
      bytes,
      checkpoint: openCheckpoint(bytes, parseNoteKey(key, engine), [], engine).checkpoint,
    };
  } catch (error) {
    if (error instanceof AttestError) return { state: "unreadable" };
    throw error;
  }
}

/** A checkpoint that was verified; returns whether it will be there the next time. */
export function remember(key: string, checkpoint: string): boolean {
  try {
    localStorage.setItem(PREFIX + key, checkpoint);
    return true;
  } catch {
    return false;
  }
}
