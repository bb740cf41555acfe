/** Reads the logs that a page carries or fetched, and compares them with this browser's memory. */
import type { SummaryOptions } from "../src/core/log/summary.js";
import { fromUtf8, utf8 } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import type { NoteEntry, LogName } from "../src/core/keys/keyring.js";
import { consistencySince, readAllLogs, type Logs, type WholeLog } from "../src/core/log/read-all.js";
import { formatNote, formatNoteKey, type NoteKey } from "../src/core/keys/note.js";
import type { LogsText } from "../src/formats/page-data.js";
import type { LogState } from "../src/view/ledger.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember } from "./memory.js";

/** @param texts the page's copy of the logs in its keyring; the page alone never decides whether there is a log */
export function stateOf(
  texts: LogsText,
  listed: readonly NoteEntry[],
  beside: SummaryOptions,
  engine: Engine,
  witnesses: readonly NoteKey[] = [],
): LogState {
  if (texts === undefined) return listed.length === 0 ? { kind: "none" } : { kind: "withheld" };
  const carried = typeof texts === "number" ? listed.length : texts.length;
  if (listed.length === 0 || carried !== listed.length)
    return {
      kind: "fault",
      fault: {
        code: "log-damaged",
        detail: `the page carries ${carried} logs, and its keyring lists ${listed.length}`,
      },
    };
  if (typeof texts === "number") return { kind: "long", size: texts };
  const whole = listed.map(({ key }, shard) => ({
    key,
    checkpoint: utf8(texts[shard]?.checkpoint ?? ""),
    entries: (texts[shard]?.entries ?? []).map(utf8),
  }));
  return stateOfLogs(whole, witnesses, beside, engine);
}

export function stateOfLogs(
  logs: readonly WholeLog[],
  witnesses: readonly NoteKey[],
  beside: SummaryOptions,
  engine: Engine,
): LogState {
  const read = readAllLogs(logs, witnesses, engine, beside);
  return "fault" in read ? { kind: "fault", fault: read.fault } : { kind: "read", ledger: read };
}

const WORST: readonly MemoryWord[] = [
  ...(["rewritten", "backwards", "withheld", "unreadable", "blocked", "grown", "same", "first"] as const),
];
export const worstOf = (words: readonly MemoryWord[]): MemoryWord | undefined =>
  WORST.find((word) => words.includes(word));

/** What this browser remembers if the page shows nothing of a log. @param logs the logs that should be shown */
export const missedBy = (state: LogState, logs: readonly LogName[], engine: Engine): MemoryWord | undefined =>
  state.kind === "withheld" && logs.some((log) => recall(log, engine).state === "known") ? "withheld" : undefined;

/** The worst answer among several logs. A log that continues the remembered one replaces it. */
export function compareWithMemory({ logs }: Logs, engine: Engine): MemoryWord | undefined {
  const words = logs.map((log): MemoryWord => {
    const named = { origin: log.key.name, key: formatNoteKey(log.key) };
    const before = recall(named, engine);
    if (before.state === "known" && before.log.key !== named.key) return "rewritten"; // made anew
    const word = before.state === "known" ? consistencySince(before.checkpoint, log) : before.state;
    if (word === "backwards" || word === "rewritten") return word;
    const kept = remember(named, fromUtf8(formatNote(log.opened.note)));
    return word === "first" && !kept ? "blocked" : word;
  });
  return worstOf(words);
}
