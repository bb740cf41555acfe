/** The logs that a page carries or fetched, read whole, and held against what this browser remembers of them. */
import type { Beside } from "../src/core/account.js";
import { fromUtf8, utf8 } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import type { NoteEntry } from "../src/core/keyring.js";
import { grownFrom, readLedger, type Ledger, type WholeLog } from "../src/core/ledger.js";
import { formatNote, formatNoteKey, type NoteKey } from "../src/core/note.js";
import type { LogState } from "../src/view/ledger.js";
import type { PageData } from "../src/view/page-data.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember } from "./memory.js";

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
  beside: Beside,
  engine: Engine,
  witnesses: readonly NoteKey[] = [],
): LogState {
  if (texts === undefined) return { kind: "none" };
  if (typeof texts === "number") return { kind: "long", size: texts };
  return stateOfLogs(wholeLogs(texts, listed), witnesses, beside, engine);
}

export function stateOfLogs(
  logs: readonly WholeLog[],
  witnesses: readonly NoteKey[],
  beside: Beside,
  engine: Engine,
): LogState {
  const read = readLedger(logs, witnesses, engine, beside);
  return "fault" in read ? { kind: "fault", fault: read.fault } : { kind: "read", ledger: read };
}

const WORST: readonly MemoryWord[] = ["rewritten", "backwards", "unreadable", "blocked", "grown", "same", "first"];

/** Of several logs the worst word. What went on from what was remembered is remembered in its place. */
export function compareWithMemory({ logs }: Ledger, engine: Engine): MemoryWord {
  const words = logs.map((log): MemoryWord => {
    const named = { origin: log.key.name, key: formatNoteKey(log.key) };
    const before = recall(named, engine);
    if (before.state === "known" && before.log.key !== named.key) return "rewritten"; // made anew
    const word = before.state === "known" ? grownFrom(before.checkpoint, log, engine) : before.state;
    if (word === "backwards" || word === "rewritten") return word;
    const kept = remember(named, fromUtf8(formatNote(log.opened.note)));
    return word === "first" && !kept ? "blocked" : word;
  });
  return WORST.find((word) => words.includes(word)) ?? "first";
}
