/**
 * An entry of a registry's log: a small record of one signature, so that the log can be read without the documents.
 *
 *     { "kind": "result", "payload": SHA-256, "signature": SHA-256 of its 64 bytes, "keyid", "at", "verdict", "plan"?, "test"? }
 *     { "kind": "plan", … "at", "deadline", "test" }   { "kind": "notice", … "at", "action", and what it is about }
 *     { "kind": "shard", "origin", "size", "root", "key" }      the first entry of a log that goes on where another one ended
 *
 * The signed statement contains everything that an entry says beside the digests. An entry that differs belongs to no statement.
 */
import * as z from "zod/mini";
import { equal, fromUtf8, hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError, orUndefined } from "../errors.js";
import { canonical, parseJson, type Json, type JsonObject } from "../json.js";
import { NOTICE_TYPE, readNotice, successorOf } from "../statement/notice.js";
import type { HandOver } from "../keys/owner.js";
import { PLAN_TYPE, planOf, readPlan, testOf } from "../statement/plan.js";
import { faultIn, keyid, sha256, timestamp } from "../schema.js";
import { readStatement } from "../statement/statement.js";
import { VERDICTS, type Verdict } from "../statement/verdict.js";

/** Far below the 65,535 bytes that an entry bundle allows. */
const MAX_LEAF = 4096;

const signed = { payload: sha256, signature: sha256, keyid, /** Claimed by the signer. */ at: timestamp };
/** Made when the first entry is read that `commonEntry` does not read. */
const schema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("result"),
        ...signed,
        verdict: z.enum(VERDICTS),
        /** Payload digest of the plan that the result names. */
        plan: z.optional(sha256),
        /** Identifies the test (`testOf`); present if a plan is named. */
        test: z.optional(sha256),
      })
      .check(z.refine(({ plan, test }) => (plan === undefined) === (test === undefined), "plan and test go together")),
    z.strictObject({ kind: z.literal("plan"), ...signed, deadline: timestamp, test: sha256 }),
    z
      .strictObject({
        kind: z.literal("notice"),
        ...signed,
        action: z.string().check(z.regex(/^[a-z]{1,20}$/)),
        /** Payload digest of what it retracts, supersedes or abandons. */
        about: z.optional(sha256),
        /** Both keys of a rotation, so that the log alone shows who owns a key. */
        from: z.optional(keyid),
        to: z.optional(keyid),
        /** The revoked key, and the time from which it is revoked. */
        key: z.optional(keyid),
        since: z.optional(timestamp),
      })
      .check(
        z.refine(
          ({ action, from, to }) => [from, to].every((member) => (member !== undefined) === (action === "rotate")),
          "from and to belong to a rotation",
        ),
        z.refine(
          ({ action, key, since }) => [key, since].every((member) => (member !== undefined) === (action === "revoke")),
          "key and since belong to a revocation",
        ),
      ),
    z.strictObject({
      kind: z.literal("shard"),
      origin: z.string(),
      size: z.number().check(z.int(), z.nonnegative()),
      root: sha256,
      key: z.string(),
    }),
  ]),
);

export type LogEntry = z.infer<typeof schema>;
export type SignedEntry = Exclude<LogEntry, { kind: "shard" }>;
export type EntryOf<K extends LogEntry["kind"]> = Extract<LogEntry, { kind: K }>;

/**
 * Identifies one signature of one payload by one key, as an entry does. The keyid is included: in a document it is an unsigned hint, so
 * changing it names another signature and cannot hide this one.
 */
export const signatureName = ({
  payload,
  signature,
  keyid: by,
}: Pick<SignedEntry, "payload" | "signature" | "keyid">): string => `${payload} ${signature} ${by}`;

/** The rotations among the entries. Each has two entries, because both keys sign. */
export function handOversIn(leaves: Iterable<LogEntry>): HandOver[] {
  const all = [...leaves].flatMap((leaf) => (leaf.kind === "notice" && leaf.action === "rotate" ? leaf : []));
  const entered = new Set(all.map(({ payload, keyid: by }) => `${payload} ${by}`));
  return all.flatMap(({ payload, keyid: by, from, to }) =>
    from !== undefined && to !== undefined && by === to && entered.has(`${payload} ${from}`) ? { from, to } : [],
  );
}

/** The canonical bytes of an entry (RFC 8785). The inverse of `parseEntry`. */
export const formatEntry = (leaf: LogEntry): Bytes => canonical(leaf as Json);

/** @throws AttestError `leaf-format` */
export const parseEntry = (bytes: Bytes): LogEntry => commonEntry(bytes) ?? parseAnyEntry(bytes);

/** The same for any entry, by way of JSON and the schema. @throws AttestError `leaf-format` */
export function parseAnyEntry(bytes: Bytes): LogEntry {
  const refused = (found: string): AttestError =>
    new AttestError("leaf-format", `expected an entry of a registry's log, found ${found}`);
  if (bytes.length > MAX_LEAF) throw refused(`${bytes.length} bytes`);
  let value: Json;
  try {
    value = parseJson(bytes);
  } catch (error) {
    if (error instanceof AttestError) throw refused(error.message);
    throw error;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused(`at ${faultIn(parsed.error)}`);
  if (!equal(formatEntry(parsed.data), bytes)) throw refused("another spelling than the canonical one");
  return parsed.data;
}

const HASH = '"([0-9a-f]{64})"';
const BY = '\\{"at":"([-0-9T:.]+Z)",(?:"deadline":"([-0-9T:.]+Z)",)?"keyid":"(SHA256:[A-Za-z0-9+/]{43})"';
const COMMON = new RegExp(
  `^${BY},"kind":"(plan|result)","payload":${HASH},(?:"plan":${HASH},)?"signature":${HASH}(?:,"test":${HASH})?(?:,"verdict":"(${VERDICTS.join("|")})")?\\}$`,
);

/**
 * Reads the canonical text of a plan or a result, which most entries are. A log may have a million, and the way through JSON and its schema
 * takes ten times as long. Undefined for anything else, good or bad.
 */
function commonEntry(bytes: Bytes): LogEntry | undefined {
  const [, at = "", deadline, by = "", kind, payload = "", plan, signature = "", test, verdict] =
    COMMON.exec(orUndefined(() => fromUtf8(bytes)) ?? "") ?? [];
  if (!timestamp.safeParse(at).success) return undefined;
  if (kind === "plan") {
    if (plan !== undefined || verdict !== undefined || test === undefined) return undefined;
    if (!timestamp.safeParse(deadline).success) return undefined;
    return { kind, payload, signature, keyid: by, at, deadline: deadline ?? "", test };
  }
  if (verdict === undefined || deadline !== undefined || (plan === undefined) !== (test === undefined))
    return undefined;
  const named = plan !== undefined && { plan, test };
  return { kind: "result", payload, signature, keyid: by, at, verdict: verdict as Verdict, ...named };
}

/** The parts of a document that are logged. */
export interface Signing {
  readonly payload: JsonObject;
  /** SHA-256 of the payload's canonical bytes, as hex. */
  readonly digest: string;
  /** The verified signer: a document need not name its keys. */
  readonly keyid: string;
  readonly sig: Bytes;
}

/**
 * The entry for one signature. Undefined for a payload that is not a statement of this version and for a malformed fingerprint: entries are
 * permanent, and an unreadable one would spoil the log for good.
 */
export function entryOf({ payload, digest, keyid: by, sig }: Signing, engine: Engine): SignedEntry | undefined {
  if (!keyid.safeParse(by).success) return undefined;
  const common = { payload: digest, signature: hex(engine.sha256(sig)), keyid: by };
  if (payload["predicateType"] === PLAN_TYPE) {
    const read = readPlan(payload);
    if ("fault" in read) return undefined;
    const { signedAt, deadline, hypothesis, command } = read.plan.predicate;
    const test = testOf({ subject: read.plan.subject, hypothesis, command }, engine);
    return { kind: "plan", ...common, at: signedAt, deadline, test };
  }
  if (payload["predicateType"] === NOTICE_TYPE) {
    const read = readNotice(payload, engine);
    if ("fault" in read) return undefined;
    const { notice } = read;
    return {
      kind: "notice",
      ...common,
      at: notice.signedAt,
      action: notice.action,
      ...("about" in notice && { about: notice.about }),
      ...(notice.action === "rotate" && { from: notice.from, to: successorOf(notice, engine).keyid }),
      ...(notice.action === "revoke" && { key: notice.key, since: notice.since }),
    };
  }
  const read = readStatement(payload);
  if ("fault" in read) return undefined;
  const { subject, predicate } = read.statement;
  const { verdict, signedAt, hypothesis, run } = predicate.f3;
  const plan = planOf(read.statement);
  const test = testOf({ subject, hypothesis, command: run.command }, engine);
  return { kind: "result", ...common, at: signedAt, verdict, ...(plan !== undefined && { plan, test }) };
}
