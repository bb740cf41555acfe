/** The logs that a page carries or fetched, read whole, and held against what this browser remembers of them. */
import { fromUtf8, utf8 } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import type { NoteEntry } from "../src/core/keyring.js";
import { grownFrom, readLedger, type Ledger, type WholeLog } from "../src/core/ledger.js";
import { formatNote, formatNoteKey, type NoteKey } from "../src/core/note.js";
import type { Known } from "../src/core/signatures.js";
import type { LogState } from "../src/view/ledger.js";
import type { PageData } from "../src/view/page-data.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember } from "./memory.js";

/** A key may take back what the key before it signed. */
export const speaksFor =
  (keys: readonly Known[]) =>
  (keyid: string, signer: string): boolean =>
    keys.some(({ key, after = [] }) => key.keyid === keyid && after.includes(signer));

export const wholeLogs = (texts: PageData["logs"], listed: readonly NoteEntry[]): readonly WholeLog[] =>
  typeof texts !== "object"
    ? []
    : listed.map(({ key }, shard) => ({
        key,
        checkpoint: utf8(texts[shard]?.checkpoint ?? ""),
        entries: (texts[shard]?.entries ?? []).map(utf8),
      }));

export function stateOf(
  texts: PageData["logs"],
  listed: readonly NoteEntry[],
  keys: readonly Known[],
  engine: Engine,
  witnesses: readonly NoteKey[] = [],
): LogState {
  if (texts === undefined) return { kind: "none" };
  if (typeof texts === "number") return { kind: "long", size: texts };
  return stateOfLogs(wholeLogs(texts, listed), witnesses, keys, engine);
}

export function stateOfLogs(
  logs: readonly WholeLog[],
  witnesses: readonly NoteKey[],
  keys: readonly Known[],
  engine: Engine,
): LogState {
  const read = readLedger(logs, witnesses, engine, speaksFor(keys));
  return "fault" in read ? { kind: "fault", fault: read.fault } : { kind: "read", ledger: read };
}

const WORST: readonly MemoryWord[] = ["rewritten", "backwards", "unreadable", "blocked", "grown", "same", "first"];

/** Of several logs the worst word. What went on from what was remembered is remembered in its place. */
export function compareWithMemory({ logs }: Ledger, engine: Engine): MemoryWord {
  const words = logs.map((log): MemoryWord => {
    const key = formatNoteKey(log.key);
    const before = recall(key, engine);
    const word = before.state === "known" ? grownFrom(before.checkpoint, log, engine) : before.state;
    if (word === "backwards" || word === "rewritten") return word;
    const kept = remember(key, fromUtf8(formatNote(log.opened.note)));
    return word === "first" && !kept ? "blocked" : word;
  });
  return WORST.find((word) => words.includes(word)) ?? "first";
}
