/** A registry's history in memory: what was signed, what the log has of it, and what of both a reader is shown, as the command line and a page take it. */
import { NoticeSet } from "../../src/core/verify/notice-set.js";
import { NoticeEntries } from "../../src/core/log/notice-entries.js";
import { bundledEntries } from "../../src/core/verify/bundled.js";
import { fromUtf8, type Bytes } from "../../src/core/bytes.js";
import { cosign, sealCheckpoint, withSignatures } from "../../src/core/log/checkpoint.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import type { Json, JsonObject } from "../../src/core/json.js";
import { formatEntry, entryOf, type LogEntry } from "../../src/core/log/entry.js";
import { enteredIn, readAllLogs, type Logs, type WholeLog } from "../../src/core/log/read-all.js";
import { keyHistory } from "../../src/core/verify/key-history.js";
import type { LogEvidence, RememberedLog } from "../../src/core/log/presence.js";
import { prover } from "../../src/core/log/prove.js";
import { RebuiltTree } from "../../src/core/log/rebuild.js";
import { formatNoteKey, noteKey, type NoteKey } from "../../src/core/keys/note.js";
import { noticeStatement, rotation, type Notice } from "../../src/core/statement/notice.js";
import { logNamed } from "../../src/core/statement/payload.js";
import type { LogName } from "../../src/core/keys/keyring.js";
import type { Policy } from "../../src/core/verify/policy.js";
import { formatProof } from "../../src/core/log/proof.js";
import type { Report } from "../../src/core/verify/report.js";
import { identify } from "../../src/core/statement/statement.js";
import { engine, look, sites, yours } from "./looking.js";
import { result, sealed, signer, type TestSigner } from "./making.js";

export const ORIGIN = "example.org/lab/attestations/log";

/** Of a log, and of a second one of the same origin that takes its place. */
export const operators = [signer(), signer()] as const;
export const logKey = (operator: TestSigner = operators[0]): NoteKey =>
  noteKey(ORIGIN, operator.key.bytes, "ed25519", engine);
export const named = (operator?: TestSigner): LogName => ({ origin: ORIGIN, key: formatNoteKey(logKey(operator)) });

/** A signed document, and the entries that belong to its signatures. */
export interface Made {
  readonly bytes: Bytes;
  readonly digest: string;
  readonly leaf: LogEntry;
  readonly leaves: readonly LogEntry[];
}

export function made(payload: JsonObject, ...by: TestSigner[]): Made {
  const bytes = sealed(payload, ...by);
  const { payloadBytes, signatures } = parseEnvelope(bytes);
  const { digest } = identify(payloadBytes, engine);
  const leaves = signatures.flatMap(({ keyid = "", sig }) => entryOf({ payload, digest, keyid, sig }, engine) ?? []);
  const [leaf] = leaves;
  if (leaf === undefined) throw new Error("no entry for this payload");
  return { bytes, digest, leaf, leaves };
}

export const attestation = (by: TestSigner, log: LogName | undefined, title = "Addition adds"): Made =>
  made(result({ title, ...(log && { log: { ...log } }) }), by);
export const said = (notice: Notice, ...by: TestSigner[]): Made =>
  made(noticeStatement(notice, engine) as Json as JsonObject, ...by);
export const handOver = (from: TestSigner, to: TestSigner, at = "2026-03-01T11:00:00Z"): Made =>
  said(rotation(from.key, to.key, "a planned change of keys", new Date(at)), from, to);
const AFTER = { version: 1, signedAt: "2026-03-01T12:00:00Z", reason: "the control was miswired" } as const;
export const retraction = (about: Made, by: TestSigner): Made =>
  said({ ...AFTER, action: "retract", about: about.digest }, by);
export const replacement = (about: Made, by: TestSigner): Made =>
  said({ ...AFTER, action: "supersede", about: about.digest, by: "f".repeat(64) }, by);
export const revocation = (of: TestSigner, by: TestSigner): Made =>
  said({ ...AFTER, action: "revoke", key: of.key.keyid, since: "2026-01-01T00:00:00Z" }, by);

function regrown(entries: readonly Bytes[]): RebuiltTree {
  const made = new RebuiltTree(engine.sha256);
  for (const entry of entries) made.add(entry);
  return made;
}

/** @param witness who cosigns it */
export function logOf(
  all: readonly Made[],
  operator = operators[0],
  witness?: { key: NoteKey; by: TestSigner },
): WholeLog {
  const entries = all.flatMap(({ leaves }) => leaves.map(formatEntry));
  const { head } = regrown(entries);
  const key = logKey(operator);
  const checkpoint = sealCheckpoint({ origin: ORIGIN, ...head }, key, (message) => operator.sign(message));
  if (witness === undefined) return { key, entries, checkpoint };
  const at = Date.parse("2026-03-01T13:00:00Z") / 1000;
  const line = cosign(readLedgerOf({ key, entries, checkpoint }).logs[0]!.opened.note, witness.key, at, (message) =>
    witness.by.sign(message),
  );
  return { key, entries, checkpoint: withSignatures(checkpoint, [line]) };
}

export function readLedgerOf(log: WholeLog): Logs {
  const read = readAllLogs([log], [], engine);
  if ("fault" in read) throw new Error(read.fault.detail);
  return read;
}

/** As `<id>.tlog-proof` lies beside a document. */
export function proofOf({ leaf }: Made, { entries, checkpoint }: WholeLog): Bytes | undefined {
  const hash = formatEntry(leaf);
  const index = entries.findIndex((entry) => fromUtf8(entry) === fromUtf8(hash));
  if (index < 0) return undefined;
  const tree = regrown(entries);
  return formatProof({ index, hashes: prover(tree.size, tree.tileBytes, engine.sha256)(index), checkpoint });
}

/** What somebody is shown who has the first signer's key, and a site that lists the others. */
export interface Shown {
  readonly document: Made;
  readonly signers: readonly TestSigner[];
  readonly notices: readonly Made[];
  readonly log?: WholeLog | undefined;
  /** Whether the entries are served, or the checkpoint and the proofs alone. */
  readonly entries: boolean;
  readonly remembered?: RememberedLog | undefined;
  readonly policy?: Policy;
  readonly witnesses?: readonly NoteKey[];
}

const common = (
  { signers: [first, ...others], notices, policy, witnesses = [] }: Shown,
  logged = NoticeEntries.NONE,
) => {
  const read = NoticeSet.read(
    notices.map(({ bytes }) => bytes),
    engine,
  );
  const keys = [yours(first!), sites(first!), ...others.map((one) => sites(one))];
  return {
    keys: keyHistory(read, keys, engine, logged).keys,
    options: {
      ...keyHistory(read, keys, engine, logged),
      notices: read,
      policy: policy ?? {},
      witnesses: { keys: witnesses, quorum: 1 },
    },
  };
};

const evidence = ({ document, log, remembered }: Shown): LogEvidence | undefined =>
  log && {
    proof: proofOf(document, log),
    served: { checkpoint: log.checkpoint, proof: proofOf(document, log), sinceProof: [], sinceRemembered: [] },
    remembered,
  };

/** With a registry at hand, as `attest verify` and `site build` have it; and as the front page and the log's page, which carry every entry. */
export function atRegistry(shown: Shown): Report {
  const logs = shown.log && shown.entries ? readLedgerOf(shown.log).logs : undefined;
  const { options, keys } = common(shown, logs && enteredIn(logs, undefined).notices);
  const log = evidence(shown);
  return look(shown.document.bytes, keys, {
    ...options,
    ...(log && { log }),
    ...(logs && { entries: enteredIn(logs, logNamed(parseEnvelope(shown.document.bytes).payload)) }),
    ...(logs === undefined && log && { entries: { notices: NoticeEntries.NONE, whole: false, missing: true } }),
  });
}

/** With what an attestation's own page carries: of the log, the entries that concern it, each with its proof. */
export function onPage(shown: Shown): Report {
  const envelope = parseEnvelope(shown.document.bytes);
  const all = shown.log && shown.entries ? readLedgerOf(shown.log).logs[0]!.entries : [];
  const marks = all.flatMap((leaf) => {
    const proof = leaf.kind === "notice" && shown.log ? proofOf({ ...shown.document, leaf }, shown.log) : undefined;
    return proof === undefined ? [] : [{ leaf: fromUtf8(formatEntry(leaf)), proof: fromUtf8(proof) }];
  });
  const notices = bundledEntries(envelope, marks, [], engine);
  const { options, keys } = common(shown, notices);
  const log = evidence(shown);
  return look(shown.document.bytes, keys, { ...options, ...(log && { log }), entries: { notices, whole: false } });
}

export const step = ({ checks }: Report, name: string): string =>
  checks.find((check) => check.name === name)?.code ?? "";
