/** Compares this browser's memory of a document's log with what is shown now. */
import { fromUtf8, type Bytes } from "../src/core/bytes.js";
import { parseCheckpoint } from "../src/core/log/checkpoint.js";
import type { Engine } from "../src/core/engine.js";
import { orUndefined } from "../src/core/errors.js";
import type { LogEvidence } from "../src/core/log/presence.js";
import { parseNote } from "../src/core/keys/note.js";
import type { LogName } from "../src/core/keys/keyring.js";
import type { Report } from "../src/core/verify/report.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember, type Recalled } from "./memory.js";

/** Undefined if the log is invalid; the log step reports that. A checkpoint shown to continue the remembered one replaces it. */
export function memoryOf(
  { logged, signature, trust }: Report,
  named: LogName,
  evidence: LogEvidence | undefined,
  recalled: Recalled,
): MemoryWord | undefined {
  const known = trust === "confirmed-by-you" || trust === "registry-only";
  if (signature !== "ok" || !known || logged === undefined || evidence?.served === undefined) return undefined;
  if (logged.uncompared !== undefined) return "uncompared";
  const { checkpoint } = evidence.served;
  const word = recalled.state === "known" && recalled.checkpoint.size < (sizeOf(checkpoint) ?? 0) ? "grown" : "same";
  const kept = remember(named, fromUtf8(checkpoint));
  if (recalled.state === "known") return word;
  return recalled.state === "first" && !kept ? "blocked" : recalled.state;
}

const sizeOf = (note: Bytes): number | undefined => orUndefined(() => parseCheckpoint(parseNote(note).text).size);

export const recallFor = (named: LogName, engine: Engine): Recalled => recall(named, engine);
