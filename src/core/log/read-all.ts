/**
 * Reads all logs of a registry completely: checks every entry against its signed checkpoint and each log against its predecessor, then
 * summarizes them. With all entries no proofs are needed: every earlier root can be computed.
 */
import { summarize, type LogSummary, type SummaryOptions, type NumberedEntry } from "./summary.js";
import { equal, hex, type Bytes } from "../bytes.js";
import { openCheckpoint } from "./checkpoint.js";
import type { Code } from "../codes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import type { LogEntry } from "./entry.js";
import { beginning, damaged, LogFold, type FoldedLog } from "./fold.js";
import { NoticeEntries } from "./notice-entries.js";
import type { Consistency } from "./presence.js";
import { leafHash, treeHead, type TreeHead } from "./merkle.js";
import { formatNoteKey, type NoteKey } from "../keys/note.js";
import type { LogName } from "../keys/keyring.js";

/** What was read of the entries of logs. */
export interface ReadEntries {
  readonly notices: NoticeEntries;
  /**
   * Keyids of the signers of that payload according to the log, as far as they can matter: a server can strip signatures from a document.
   */
  readonly signersOf?: ((digest: string) => readonly string[]) | undefined;
  /** All entries of the document's log were read and match its signed root. Only then does an absence mean something. */
  readonly whole: boolean;
  /** The registry should show these entries and does not. False if a page is too short for a log, or it belongs to another registry. */
  readonly missing?: boolean | undefined;
}

/** A whole log, as served or as carried by a page. */
export interface WholeLog {
  /** From a keyring: a log cannot vouch for its own key. */
  readonly key: NoteKey;
  readonly checkpoint: Bytes;
  readonly entries: readonly Bytes[];
}

/** The same with every entry. */
export interface ReadLog extends FoldedLog {
  readonly entries: readonly LogEntry[];
  /** Of the entries. */
  readonly hashes: readonly Bytes[];
}

export interface Logs {
  readonly logs: readonly ReadLog[];
  readonly summary: LogSummary;
}

export interface LogsFault {
  readonly code: Code;
  readonly detail: string;
}

/**
 * @param witnesses whose cosignatures are checked
 * @param beside as in `summarize`
 */
export function readAllLogs(
  logs: readonly WholeLog[],
  witnesses: readonly NoteKey[],
  engine: Engine,
  beside?: SummaryOptions,
): Logs | { readonly fault: LogsFault } {
  try {
    const read = readLogs(logs, witnesses, engine);
    return { logs: read, summary: summarize(entriesOf(read), beside) };
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const code = error.code === "leaf-format" ? error.code : "log-damaged";
    return { fault: { code, detail: error.message } };
  }
}

/**
 * All logs of a registry in order, each continuing the one before.
 * @throws AttestError `log-damaged`, `leaf-format`, `note-format`, `checkpoint-format`
 */
export function readLogs(logs: readonly WholeLog[], witnesses: readonly NoteKey[], engine: Engine): readonly ReadLog[] {
  const read = logs.map((log) => readLog(log, witnesses, engine));
  read.forEach((log, shard) => mustGoOn(read[shard - 1], log));
  return read;
}

/** @throws AttestError `log-damaged`, `leaf-format`, `note-format`, `checkpoint-format` */
export function readLog(
  { key, checkpoint, entries }: WholeLog,
  witnesses: readonly NoteKey[],
  engine: Engine,
): ReadLog {
  const opened = openCheckpoint(checkpoint, key, witnesses, engine);
  const { size } = opened.checkpoint;
  if (entries.length !== size) throw damaged(`${size} entries, as its checkpoint says`, String(entries.length));
  const hashes = entries.map((entry) => leafHash(entry, engine.sha256));
  const fold = new LogFold(engine, beginning("all"));
  const read = entries.flatMap((entry, index) => fold.add(entry, hashes[index]) ?? []);
  const rootAt = (earlier: number): Bytes => treeHead(hashes.slice(0, earlier), engine.sha256).root;
  return { ...fold.under(key, opened), entries: read, hashes, rootAt };
}

/**
 * The first entry of a further log binds the final state of the one before, which is closed.
 * @throws AttestError `log-damaged`
 */
export function mustGoOn(before: FoldedLog | undefined, { first, key }: FoldedLog): void {
  if (before === undefined) {
    if (first !== undefined) throw damaged(`the log before ${key.name}, from which it goes on`, "none");
    return;
  }
  const { origin, size, root } = before.opened.checkpoint;
  const bound =
    first !== undefined &&
    first.origin === origin &&
    first.size === size &&
    first.root === hex(root) &&
    first.key === formatNoteKey(before.key);
  if (!bound) throw damaged(`the log ${key.name} to go on from ${origin} with ${size} entries`, "another beginning");
}

export const entriesOf = (logs: readonly ReadLog[]): NumberedEntry[] =>
  logs.flatMap(({ entries }, shard) => entries.map((entry, index) => ({ shard, index, entry })));

/** Summarizes the same logs again with what has become known since. */
export const resummarize = ({ logs }: Logs, beside: SummaryOptions): Logs => ({
  logs,
  summary: summarize(entriesOf(logs), beside),
});

/** The entries of these logs that concern a document naming this log. */
export function enteredIn(logs: readonly FoldedLog[], named: LogName | undefined): ReadEntries {
  const whole = logs.some(({ key }) => formatNoteKey(key) === named?.key);
  return { ...(indices.get(logs) ?? indexed(logs)), whole };
}

type Index = Pick<ReadEntries, "notices" | "signersOf">;
/** Cached per registry, since all its documents need the same index. */
const indices = new WeakMap<readonly FoldedLog[], Index>();
function indexed(logs: readonly FoldedLog[]): Index {
  const made = {
    notices: new NoticeEntries(logs.flatMap(({ notices }) => notices.map(({ entry }) => entry))),
    // A document's signatures may be in several logs of its registry.
    signersOf: (digest: string) => logs.flatMap(({ signers }) => signers.get(digest) ?? []),
  };
  indices.set(logs, made);
  return made;
}

/** Compares a fully read log with an earlier head of it. */
export function consistencySince(
  before: TreeHead,
  { opened, rootAt }: Pick<FoldedLog, "opened" | "rootAt">,
): Consistency {
  const now = opened.checkpoint;
  if (now.size < before.size) return "backwards";
  const root = rootAt(before.size);
  if (root === undefined || !equal(root, before.root)) return "rewritten";
  return now.size === before.size ? "same" : "grown";
}
