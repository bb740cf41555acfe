/**
 * Whether a signature is in the log that its statement names: by the proof beside the document, the served log, and what this verifier saw
 * of that log before. Three faults are kept apart: not in the log · the log shrank · the log was rewritten.
 *
 * The log's key is the one in the signed payload. A log that a registry merely serves proves nothing.
 */
import { equal, hex, type Bytes } from "../bytes.js";
import { openCheckpoint, type OpenedCheckpoint } from "./checkpoint.js";
import type { Code } from "../codes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { formatEntry, type SignedEntry } from "./entry.js";
import { checkConsistency, checkInclusion, leafHash, type TreeHead } from "./merkle.js";
import { parseNoteKey, type NoteKey } from "../keys/note.js";
import type { LogName } from "../keys/keyring.js";
import { parseProof } from "./proof.js";

/** What is available of the log that a document names. Nothing here need be trusted. */
export interface LogEvidence {
  /** `<id>.tlog-proof`, the file beside the document. */
  readonly proof?: Bytes | undefined;
  /** The log as currently served. */
  readonly served?: Served | undefined;
  /** The log's registry is available but shows nothing of the log. */
  readonly withheld?: boolean | undefined;
  /** The last checkpoint that this verifier saw from a log of that origin. */
  readonly remembered?: RememberedLog | undefined;
  /** A fault in another log of the same registry, found with earlier checkpoints. */
  readonly beside?: LogFault | undefined;
  /** Keys of all logs of the registry; none of them counts as a witness. */
  readonly operators?: readonly NoteKey[] | undefined;
}

export interface LogFault {
  readonly code: Code;
  readonly detail: string;
}

export interface RememberedLog {
  /** The log's key then, as a line. A log of the same origin under another key is not its continuation. */
  readonly key: string;
  readonly checkpoint: Bytes;
  /** For a witness: its user gave the key, or the log's own address did. Otherwise the first to submit it chose the key. */
  readonly given?: boolean | undefined;
}

export interface Served {
  readonly checkpoint: Bytes;
  /** Computed from its tiles: the same kind of proof under this checkpoint; undefined if the entry was not found. */
  readonly proof?: Bytes | undefined;
  /**
   * Consistency proofs (RFC 9162 section 2.1.4) from the proof's own checkpoint and from the remembered one. A live server can supply both.
   * A prebuilt page cannot know what its reader remembers, so it has only the first.
   */
  readonly sinceProof?: readonly Bytes[] | undefined;
  readonly sinceRemembered?: readonly Bytes[] | undefined;
  /** Why its files could not be read as a log. */
  readonly damage?: string | undefined;
}

/** The witnesses whose time the verifier accepts, and how many of them must have seen the log. */
export interface Witnesses {
  readonly keys: readonly NoteKey[];
  /** At least 1. */
  readonly quorum: number;
  /** The owner of a witness's key, because owners count once. Undefined if the witness is not independent of these signers. */
  readonly ownerOf?: (key: NoteKey, signers: readonly string[]) => string | undefined;
}

export interface Witnessed {
  /** RFC 3339 time of the last witness in the earliest quorum. */
  readonly at: string;
  readonly by: readonly string[];
}

export interface Inclusion {
  readonly index: number;
  /** Size in the checkpoint that shows it. */
  readonly size: number;
  readonly witnessed?: Witnessed | undefined;
}

/** What a log shows about one document. */
export interface LogPresence {
  readonly origin: string;
  /** Size of the served log, else in the proof. */
  readonly size: number | undefined;
  readonly fault?: LogFault;
  /** The remembered size, if the log has grown and no consistency proof is available. Neither good nor bad. */
  readonly uncompared?: number | undefined;
  /**
   * The position of an entry; undefined if nothing shows it. Signers cannot witness their own entries: `signers` lists signers beside the
   * entry's own.
   */
  find(leaf: SignedEntry, signers?: readonly string[]): Inclusion | undefined;
}

interface Proven {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  readonly opened: OpenedCheckpoint;
}

/** @param named `log` of the statement; a fault in it or in the evidence is returned, never thrown */
export function checkPresence(
  named: LogName,
  evidence: LogEvidence,
  engine: Engine,
  witnesses: Witnesses = { keys: [], quorum: 1 },
): LogPresence {
  const { origin } = named;
  const none = { origin, size: undefined, find: () => undefined };
  try {
    const key = parseNoteKey(named.key, engine);
    if (key.name !== origin)
      return {
        ...none,
        fault: { code: "log-unproven", detail: `expected a key of the log ${origin}, found one of ${key.name}` },
      };
    const replaced = replacedFault(named, evidence);
    if (replaced !== undefined) return { ...none, fault: replaced };
    const damage = evidence.served?.damage;
    if (damage !== undefined) return { ...none, fault: { code: "log-damaged", detail: damage } };
    const open = (bytes: Bytes): OpenedCheckpoint => openCheckpoint(bytes, key, witnesses.keys, engine);
    const proofs = [evidence.proof, evidence.served?.proof].flatMap((bytes): Proven[] => {
      if (bytes === undefined) return [];
      const { index, hashes, checkpoint } = parseProof(bytes);
      return [{ index, hashes, opened: open(checkpoint) }];
    });
    const served = evidence.served && open(evidence.served.checkpoint);
    const own = evidence.proof === undefined ? undefined : proofs[0]?.opened;
    const size = (served ?? own)?.checkpoint.size;
    const remembered = evidence.remembered && openRemembered(evidence.remembered.checkpoint, key, engine);
    const fault = historyFault({ evidence, served, own, remembered, engine });
    const longer = remembered !== undefined && served !== undefined && notCompared(remembered, served, evidence);
    return {
      origin,
      size,
      ...(longer && { uncompared: remembered.checkpoint.size }),
      ...(fault && { fault }),
      find: (leaf, signers = []) => {
        const hash = leafHash(formatEntry(leaf), engine.sha256);
        const good = proofs.filter(({ index, hashes, opened }) =>
          checkInclusion(index, opened.checkpoint, hash, hashes, engine.sha256),
        );
        const [first] = good;
        if (first === undefined) return undefined;
        const times = good.flatMap(({ opened }) => quorumTime(opened, witnesses, [leaf.keyid, ...signers]) ?? []);
        const [witnessed] = times.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
        return { index: first.index, size: first.opened.checkpoint.size, ...(witnessed && { witnessed }) };
      },
    };
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    return {
      ...none,
      fault: { code: error.code === "log-damaged" ? error.code : "log-unproven", detail: error.message },
    };
  }
}

/** A log is identified by its origin, not its key: a log that is made anew has another key. */
function replacedFault({ origin, key }: LogName, { remembered, beside }: LogEvidence): LogFault | undefined {
  if (remembered !== undefined && remembered.key !== key)
    return {
      code: "log-rewritten",
      detail: `the log ${origin} had another key when this verifier last saw it: it was recreated`,
    };
  return beside;
}

/** It was opened when it was remembered. Treat a file that was damaged since as missing. */
function openRemembered(bytes: Bytes, key: NoteKey, engine: Engine): OpenedCheckpoint | undefined {
  try {
    return openCheckpoint(bytes, key, [], engine);
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

interface Seen {
  readonly evidence: LogEvidence;
  readonly served: OpenedCheckpoint | undefined;
  readonly own: OpenedCheckpoint | undefined;
  readonly remembered: OpenedCheckpoint | undefined;
  readonly engine: Engine;
}

function historyFault({ evidence, served, own, remembered, engine }: Seen): LogPresence["fault"] {
  const before = remembered?.checkpoint;
  if (served === undefined && evidence.withheld === true && before !== undefined)
    return {
      code: "log-backwards",
      detail: `nothing of the log is shown here, and it had ${before.size} entries when this verifier last saw it`,
    };
  if (served === undefined) {
    // A single checkpoint can only be compared with another of the same size.
    const now = own?.checkpoint;
    if (before === undefined || now === undefined || before.size !== now.size || equal(before.root, now.root))
      return undefined;
    return { code: "log-rewritten", detail: rewritten(before.size) };
  }
  const { sinceProof = [], sinceRemembered = [] } = evidence.served ?? {};
  const now = served.checkpoint;
  if (before !== undefined && remembered !== undefined && !notCompared(remembered, served, evidence)) {
    const word = compareHeads(before, now, sinceRemembered, engine);
    if (word === "backwards")
      return {
        code: "log-backwards",
        detail: `the log has ${now.size} entries, and had ${before.size} when this verifier last saw it`,
      };
    if (word === "rewritten") return { code: "log-rewritten", detail: rewritten(before.size) };
  }
  if (own !== undefined) {
    const word = compareHeads(own.checkpoint, now, sinceProof, engine);
    if (word === "backwards")
      return {
        code: "log-backwards",
        detail: `the log has ${now.size} entries, and the proof beside the document was made at ${own.checkpoint.size}`,
      };
    if (word === "rewritten")
      return { code: "log-rewritten", detail: `the log does not contain what the proof beside the document shows` };
  }
  return undefined;
}

const notCompared = (remembered: OpenedCheckpoint, served: OpenedCheckpoint, evidence: LogEvidence): boolean =>
  remembered.checkpoint.size < served.checkpoint.size && evidence.served?.sinceRemembered === undefined;

const rewritten = (size: number): string =>
  `the log is not the one whose first ${size} entries this verifier saw before`;

export type Consistency = "same" | "grown" | "backwards" | "rewritten";

/** Compares two heads of one log. */
export function compareHeads(before: TreeHead, after: TreeHead, proof: readonly Bytes[], engine: Engine): Consistency {
  if (after.size < before.size) return "backwards";
  if (after.size === before.size) return equal(before.root, after.root) ? "same" : "rewritten";
  return checkConsistency(before, after, proof, engine.sha256) ? "grown" : "rewritten";
}

/** The time by which a quorum had seen the checkpoint. Each owner of witness keys counts once. */
export function quorumTime(
  { cosigned }: OpenedCheckpoint,
  { quorum, ownerOf = ({ bytes }) => hex(bytes) }: Witnesses,
  signers: readonly string[] = [],
): Witnessed | undefined {
  const earliest = new Map<string, { readonly name: string; readonly at: number }>();
  for (const { key, at } of cosigned) {
    const owner = ownerOf(key, signers);
    if (owner === undefined) continue;
    const before = earliest.get(owner);
    if (before === undefined || at < before.at) earliest.set(owner, { name: key.name, at });
  }
  const inOrder = [...earliest.values()].sort((a, b) => a.at - b.at).slice(0, quorum);
  const last = inOrder.at(-1);
  if (last === undefined || inOrder.length < quorum) return undefined;
  return { at: new Date(last.at * 1000).toISOString(), by: inOrder.map(({ name }) => name) };
}
