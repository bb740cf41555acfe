/**
 * What this browser last saw of each log: origin, key and checkpoint, so that a log made anew under another key is not a first visit. If
 * storage is missing, blocked or damaged, the page says so.
 */
import { utf8 } from "../src/core/bytes.js";
import { openCheckpoint, type Checkpoint } from "../src/core/log/checkpoint.js";
import type { Engine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import { isObject, parseJson } from "../src/core/json.js";
import type { RememberedLog } from "../src/core/log/presence.js";
import { parseNoteKey } from "../src/core/keys/note.js";
import type { LogName } from "../src/core/keys/keyring.js";

export type Recalled =
  | { readonly state: "first" | "blocked" | "unreadable" }
  | { readonly state: "known"; readonly log: RememberedLog; readonly checkpoint: Checkpoint };

const PREFIX = "f3-attest/log/";

export function recall({ origin }: Pick<LogName, "origin">, engine: Engine): Recalled {
  let text: string | null;
  try {
    text = localStorage.getItem(PREFIX + origin);
  } catch {
    return { state: "blocked" }; // by the browser's settings, or for a file
  }
  if (text === null) return { state: "first" };
  try {
    const value = parseJson(utf8(text));
    const { key, checkpoint } = isObject(value) ? value : {};
    if (typeof key !== "string" || typeof checkpoint !== "string") return { state: "unreadable" };
    const log = { key, checkpoint: utf8(checkpoint) };
    const opened = openCheckpoint(log.checkpoint, parseNoteKey(key, engine), [], engine);
    return { state: "known", log, checkpoint: opened.checkpoint };
  } catch (error) {
    if (error instanceof AttestError) return { state: "unreadable" };
    throw error;
  }
}

/** Stores a verified checkpoint. Returns whether it will be available next time. */
export function remember({ origin, key }: LogName, checkpoint: string): boolean {
  try {
    localStorage.setItem(PREFIX + origin, JSON.stringify({ key, checkpoint }));
    return true;
  } catch {
    return false;
  }
}
