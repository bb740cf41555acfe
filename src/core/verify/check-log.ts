/** The steps that look beyond the document: its plan, its log, and later notices about it. */
import { equal, hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { message, parseEnvelope, type Envelope } from "../statement/envelope.js";
import { AttestError, orUndefined } from "../errors.js";
import { publicKey } from "../keys/key.js";
import { entryOf } from "../log/entry.js";
import { checkPresence, type LogPresence, type Witnessed, type Witnesses } from "../log/presence.js";
import { parseNoteKey, type NoteKey } from "../keys/note.js";
import { Owners } from "../keys/owner.js";
import { logNamed } from "../statement/payload.js";
import { departures, planOf, readPlan, type PlanStatement } from "../statement/plan.js";
import type { CheckList, Report, SignerReport } from "./report.js";
import type { SeenAt } from "./signatures.js";
import { NoticeEntries } from "../log/notice-entries.js";
import { NoticeSet } from "./notice-set.js";
import { statusOf } from "./retraction.js";
import type { ResultStatement } from "../statement/statement.js";
import type { VerifyOptions } from "./options.js";

/** Compares a result with its plan: announced by the same key, and for the same test. */
export function checkAgainstPlan(
  statement: ResultStatement,
  signers: readonly SignerReport[],
  { planned, keys, engine }: VerifyOptions,
  ladder: CheckList,
): void {
  const digest = planOf(statement);
  if (digest === undefined)
    return ladder.notChecked(
      "plan",
      "no-plan",
      "no plan: nothing was announced beforehand, so nothing is known of other runs",
    );
  const bytes = planned?.(digest);
  if (bytes === undefined) return ladder.notChecked("plan", "no-plan", "its plan is not available", { plan: digest });
  const found = readPlanned(
    bytes,
    digest,
    signers,
    keys.map(({ key }) => key),
    engine,
  );
  if (typeof found === "string") return ladder.failed("plan", "plan-departed", found, { plan: digest });
  const departed = departures(found, statement);
  if (departed.length > 0) return ladder.failed("plan", "plan-departed", departed.join("; "), { plan: digest });
  ladder.passed("plan", "it is the test that was announced: subject, checks, criteria and configuration are the same", {
    plan: digest,
    "announced (claimed)": found.predicate.signedAt,
  });
}

/** The plan, or why the available document is not a plan announced by the same signer. */
function readPlanned(
  bytes: Bytes,
  digest: string,
  signers: readonly SignerReport[],
  keys: readonly { readonly keyid: string; readonly bytes: Bytes }[],
  engine: Engine,
): PlanStatement | string {
  try {
    const envelope = parseEnvelope(bytes);
    if (hex(engine.sha256(envelope.payloadBytes)) !== digest) return "the document given as its plan is another one";
    const read = readPlan(envelope.payload);
    if ("fault" in read) return "the document that it names as its plan is not a plan";
    const signed = message(envelope.payloadType, envelope.payloadBytes);
    const good = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
    const same = envelope.signatures.some(({ keyid, sig }) => {
      const key = keys.find((one) => one.keyid === keyid && good.includes(one.keyid));
      return key !== undefined && engine.verify(key.bytes, signed, sig);
    });
    return same ? read.plan : "its plan is not signed by the key that signed the result";
  } catch (error) {
    if (error instanceof AttestError) return `what it names as its plan cannot be read: ${error.message}`;
    throw error;
  }
}

/** The log's answer, computed once: the time of the signature is needed before the log step. */
export interface PresenceOf {
  readonly view: LogPresence | undefined;
  /** The time at which trusted witnesses had seen that signer's signature in the log. */
  readonly seen: (signature: Bytes, signer: string) => SeenAt | undefined;
}

export function logPresence(envelope: Envelope, digest: string, options: VerifyOptions): PresenceOf {
  const { log, engine } = options;
  const named = logNamed(envelope.payload);
  const view =
    named === undefined || log === undefined
      ? undefined
      : checkPresence(named, log, engine, independent(named.key, options));
  const others = envelope.signatures.flatMap(({ keyid }) => keyid ?? []);
  const seen = (signature: Bytes, signer: string): SeenAt | undefined => {
    if (view === undefined || options.witnesses === undefined || options.witnesses.keys.length === 0) return undefined;
    const leaf = entryOf({ payload: envelope.payload, digest, keyid: signer, sig: signature }, engine);
    const witnessed: Witnessed | undefined = leaf && view.find(leaf, others)?.witnessed;
    return witnessed && { at: witnessed.at, by: witnessed.by.join(", "), source: "witnesses whom you trust" };
  };
  return { view, seen };
}

/** Nobody is a witness of their own signatures or their own log, with any of their keys. */
function independent(
  logKey: string,
  { witnesses = { keys: [], quorum: 1 }, owners = new Owners(), log, engine }: VerifyOptions,
): Witnesses {
  const named = orUndefined(() => parseNoteKey(logKey, engine)); // checkPresence reports a malformed key
  const operators = [...(named === undefined ? [] : [named]), ...(log?.operators ?? [])];
  const ownerOf = (key: NoteKey, signers: readonly string[]): string | undefined => {
    const { keyid } = publicKey(key.bytes, engine);
    const operator = operators.some(({ bytes }) => equal(key.bytes, bytes));
    return operator || owners.owns(keyid, signers) ? undefined : owners.of(keyid);
  };
  return { ...witnesses, ownerOf };
}

/** Returns the position in the log. */
export function checkLog(
  envelope: Envelope,
  digest: string,
  signers: readonly SignerReport[],
  { view }: PresenceOf,
  { log, engine }: VerifyOptions,
  ladder: CheckList,
): Report["logged"] {
  const named = logNamed(envelope.payload);
  if (named === undefined) return void ladder.notChecked("log", "no-log", "it names no log");
  const values = { log: named.origin, "log key": named.key };
  if (view === undefined || (log?.proof === undefined && log?.served === undefined && view.fault === undefined))
    return void ladder.notChecked(
      "log",
      "no-proof",
      `it names the log ${named.origin}, but nothing of it is available`,
      values,
    );
  if (view.fault !== undefined) return void ladder.failed("log", view.fault.code, view.fault.detail, values);
  const all = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  const found = envelope.signatures.flatMap(({ sig }, at) => {
    const signer = signers[at];
    if (signer?.signature !== "ok") return [];
    const leaf = entryOf({ payload: envelope.payload, digest, keyid: signer.keyid, sig }, engine);
    return (leaf && view.find(leaf, all)) ?? [];
  });
  const [first] = found.sort((a, b) => a.index - b.index);
  const size = String(view.size ?? 0);
  if (first === undefined) {
    if (log?.proof !== undefined)
      return void ladder.failed(
        "log",
        "log-unproven",
        `the proof beside it is not of an entry for it in ${named.origin}`,
        values,
      );
    return void ladder.failed(
      "log",
      "log-missing",
      `${named.origin}, as it is served with ${entries(view.size ?? 0)}, has none for it`,
      values,
    );
  }
  const witnessed = found.flatMap((one) => one.witnessed ?? []).sort((a, b) => Date.parse(a.at) - Date.parse(b.at))[0];
  const time =
    witnessed === undefined
      ? "its order is the operator's claim; no third party that you trust saw it"
      : `seen by ${witnessed.by.join(", ")} at ${witnessed.at}`;
  const longer =
    view.uncompared === undefined
      ? ""
      : `; it had ${view.uncompared} when this verifier last saw it, and how it grew since was not looked at here`;
  ladder.passed(
    "log",
    `entry ${first.index} of ${named.origin}, which has ${entries(view.size ?? 0)}; ${time}${longer}`,
    {
      ...values,
      entry: String(first.index),
      entries: size,
      ...(witnessed && { "witnessed at": witnessed.at, "witnessed by": witnessed.by.join(", ") }),
    },
  );
  return {
    ...first,
    ...(witnessed && { witnessed }),
    ...(view.uncompared !== undefined && { uncompared: view.uncompared }),
    origin: named.origin,
  };
}

const entries = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`);

/** Whether its signer or a successor key retracted it, as far as the known notices and log entries show. */
export function checkRetraction(
  envelope: Envelope,
  digest: string,
  signers: readonly SignerReport[],
  view: LogPresence | undefined,
  options: VerifyOptions,
  ladder: CheckList,
): Report["standing"] {
  const { notices, unread, entries, packed = false, keys, owners = new Owners(), atHand = new Set(), engine } = options;
  if (notices === undefined && entries === undefined)
    return void ladder.notChecked("retraction", "no-notices", "no registry is available");
  const good = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  const said = {
    notices: notices ?? NoticeSet.read([], engine),
    entries: entries?.notices ?? NoticeEntries.NONE,
    keys,
    owners,
    atHand,
  };
  const heard = statusOf(digest, [...good, ...(entries?.signersOf?.(digest) ?? [])], said);
  // A log state is only claimed if its entries were read: otherwise a withheld notice would go unnoticed.
  const whole = entries?.whole === true && !packed && view?.fault === undefined;
  const asOf = whole && view?.size !== undefined ? { origin: view.origin, size: view.size } : undefined;
  const state =
    asOf === undefined
      ? `by what is ${packed ? "in this pack" : "served here"}`
      : `as of log state ${asOf.size} of ${asOf.origin}`;
  const standing = { ...heard, ...(asOf && { asOf }) };
  const [last] = heard.remarks;
  switch (heard.word) {
    case "retracted": {
      const why =
        last === undefined
          ? "the log has an entry that retracts it; the notice is not available"
          : `retracted at ${last.at} (claimed): ${last.reason}`;
      ladder.failed("retraction", "retracted", why, { state });
      return standing;
    }
    case "undecided": {
      const by = [...new Set(heard.undecided.map((one) => one.by))].join(", ");
      const why = `the log has an entry by ${by} that may retract it, and the owner of that key is unknown`;
      ladder.notChecked("retraction", "retraction-undecided", why, { state });
      return standing;
    }
    case "superseded": {
      const by = last?.successor === undefined ? "a later one, whose notice is not available" : last.successor;
      const open = entries?.missing === true ? unreadPart(envelope, { packed, whole, unread }) : undefined;
      if (open !== undefined && !packed)
        return void ladder.notChecked("retraction", "entries-missing", `replaced by ${by}; beyond that, ${open}`);
      ladder.passed("retraction", `not retracted, but replaced by ${by}: read that one first; ${state}`, { state });
      return standing;
    }
    case "in-force":
  }
  const open = unreadPart(envelope, { packed, whole, unread });
  // Missing entries may be the retraction. A log that a page is too short for, or that is another registry's, is a weaker case.
  const code = packed ? "no-notices" : entries?.missing === true ? "entries-missing" : "standing-unread";
  if (open !== undefined) return void ladder.notChecked("retraction", code, open);
  const others = heard.contradictions.length;
  ladder.passed(
    "retraction",
    others === 0
      ? `nothing retracts it, ${state}`
      : `not retracted by its signer, ${state}; ${others === 1 ? "someone else says otherwise" : `${others} others say otherwise`}, without effect`,
    { state },
  );
  return standing;
}

/** Why an absence of notices proves nothing. */
function unreadPart(
  { payload }: Envelope,
  { packed, whole, unread }: { readonly packed: boolean; readonly whole: boolean; readonly unread: string | undefined },
): string | undefined {
  if (packed) return "nothing in this pack retracts it; later or omitted notices are not known here";
  if (whole) return undefined;
  if (logNamed(payload) !== undefined)
    return "no known notice retracts it, but the entries of its log were not read: a withheld notice would go unnoticed";
  return unread === undefined ? undefined : `no known notice retracts it, but not all were read: ${unread}`;
}
