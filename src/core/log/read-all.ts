/**
 * The logs of a registry, read whole: every entry against the checkpoint that is signed over it, each log against the one that it goes on
 * from, and then what they say together. Whoever has all entries needs no proofs: each earlier root is computed from them.
 */
import { summarize, type LogSummary, type SummaryOptions, type NumberedEntry } from "./summary.js";
import { base64, equal, hex, type Bytes } from "../bytes.js";
import { openCheckpoint, type OpenedCheckpoint } from "./checkpoint.js";
import type { Code } from "../codes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { parseEntry, type LogEntry, type EntryOf } from "./entry.js";
import type { Consistency } from "./presence.js";
import { leafHash, treeHead, type TreeHead } from "./merkle.js";
import { formatNoteKey, type NoteKey } from "../keys/note.js";
import type { LogName } from "../keys/keyring.js";

/** As it is served, or as a page carries it. */
/** What was read of the entries of logs. */
export interface ReadEntries {
  readonly notices: readonly EntryOf<"notice">[];
  /** Keyids of whoever signed the payload with that digest, as the log has it: whoever serves a document can take a signature away. */
  readonly signersOf?: ((digest: string) => readonly string[]) | undefined;
  /** All entries of the log that the document names were read, and give the root that its key signed: only then does an absence say something. */
  readonly whole: boolean;
  /** The registry should show these entries, and does not. Not so where a log is only too long to be read, or is another registry's. */
  readonly missing?: boolean | undefined;
}

export interface WholeLog {
  /** From a keyring: a log cannot be asked whose it is. */
  readonly key: NoteKey;
  readonly checkpoint: Bytes;
  readonly entries: readonly Bytes[];
}

/** One whose entries give the root that its key signed. */
export interface ReadLog {
  readonly key: NoteKey;
  readonly opened: OpenedCheckpoint;
  readonly entries: readonly LogEntry[];
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
 * @param witnesses whose cosignatures are looked at
 * @param beside as in `accountOf`
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
 * All logs of a registry in their order, each going on from the one before it.
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
  const { size, root } = opened.checkpoint;
  if (entries.length !== size) throw damaged(`${size} entries, as its checkpoint says`, String(entries.length));
  const hashes = entries.map((entry) => leafHash(entry, engine.sha256));
  const found = treeHead(hashes, engine.sha256).root;
  if (!equal(found, root))
    throw damaged(`entries whose root is ${base64(root)}, as its checkpoint says`, base64(found));
  return { key, opened, entries: entries.map(parseEntry), hashes };
}

const damaged = (expected: string, found: string): AttestError =>
  new AttestError("log-damaged", `expected ${expected}, found ${found}`);

/** The first entry of a further log binds the one before it, as that one is now: nothing is entered there any more. */
function mustGoOn(before: ReadLog | undefined, { entries, key }: ReadLog): void {
  const [first] = entries;
  if (before === undefined) {
    if (first?.kind === "shard") throw damaged(`the log before ${key.name}, from which it goes on`, "none");
    return;
  }
  const { origin, size, root } = before.opened.checkpoint;
  const bound =
    first?.kind === "shard" &&
    first.origin === origin &&
    first.size === size &&
    first.root === hex(root) &&
    first.key === formatNoteKey(before.key);
  if (!bound) throw damaged(`the log ${key.name} to go on from ${origin} with ${size} entries`, "another beginning");
}

export const entriesOf = (logs: readonly ReadLog[]): NumberedEntry[] =>
  logs.flatMap(({ entries }, shard) => entries.map((entry, index) => ({ shard, index, entry })));

/** The same logs, counted with what else is known by now. */
export const resummarize = ({ logs }: Logs, beside: SummaryOptions): Logs => ({
  logs,
  summary: summarize(entriesOf(logs), beside),
});

/** What these logs have entered, for a document that names this one. */
export function enteredIn(logs: readonly ReadLog[], named: LogName | undefined): ReadEntries {
  const whole = logs.some(({ key }) => formatNoteKey(key) === named?.key);
  return { ...(indices.get(logs) ?? indexed(logs)), whole };
}

type Index = Pick<ReadEntries, "notices" | "signersOf">;
/** Made once for the logs of a registry, whose documents all ask for the same. */
const indices = new WeakMap<readonly ReadLog[], Index>();
function indexed(logs: readonly ReadLog[]): Index {
  const signers = new Map<string, string[]>();
  const notices: EntryOf<"notice">[] = [];
  for (const leaf of logs.flatMap(({ entries }) => entries)) {
    if (leaf.kind === "shard") continue;
    if (leaf.kind === "notice") notices.push(leaf);
    const known = signers.get(leaf.payload);
    if (known === undefined) signers.set(leaf.payload, [leaf.keyid]);
    else known.push(leaf.keyid);
  }
  const made = { notices, signersOf: (digest: string) => signers.get(digest) ?? [] };
  indices.set(logs, made);
  return made;
}

/** How a log that is at hand as a whole went on from an earlier head of it. */
export function consistencySince(before: TreeHead, { opened, hashes }: ReadLog, engine: Engine): Consistency {
  const now = opened.checkpoint;
  if (now.size < before.size) return "backwards";
  const { root } = treeHead(hashes.slice(0, before.size), engine.sha256);
  if (!equal(root, before.root)) return "rewritten";
  return now.size === before.size ? "same" : "grown";
}
