/**
 * An entry of a registry's log: a small record of one signature, so that the log can be read without the documents.
 *
 *     { "kind": "result", "payload": SHA-256, "signature": SHA-256 of its 64 bytes, "keyid", "at", "verdict", "plan"?, "test"? }
 *     { "kind": "plan", … "at", "deadline", "test" }   { "kind": "notice", … "at", "action", and what it is about }
 *     { "kind": "shard", "origin", "size", "root", "key" }      the first entry of a log that goes on where another one ended
 *
 * What it says beside the digests stands in the signed statement too; an entry that says otherwise is none of that statement's.
 */
import * as z from "zod/mini";
import { equal, hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { canonical, parseJson, type Json, type JsonObject } from "../json.js";
import { NOTICE_TYPE, readNotice, successorOf } from "../statement/notice.js";
import type { HandOver } from "../keys/owner.js";
import { PLAN_TYPE, planOf, readPlan, testOf } from "../statement/plan.js";
import { keyid, sha256, timestamp } from "../schema.js";
import { readStatement } from "../statement/statement.js";
import { VERDICTS } from "../statement/verdict.js";

/** Far below the 65,535 bytes that a bundle of a log can hold. */
const MAX_LEAF = 4096;

const signed = { payload: sha256, signature: sha256, keyid, /** Claimed by the signer. */ at: timestamp };
const schema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("result"),
      ...signed,
      verdict: z.enum(VERDICTS),
      /** Of the payload of the plan that it names. */
      plan: z.optional(sha256),
      /** Which test it is of (`testOf`); there where a plan is named. */
      test: z.optional(sha256),
    })
    .check(z.refine(({ plan, test }) => (plan === undefined) === (test === undefined), "plan and test go together")),
  z.strictObject({ kind: z.literal("plan"), ...signed, deadline: timestamp, test: sha256 }),
  z
    .strictObject({
      kind: z.literal("notice"),
      ...signed,
      action: z.string().check(z.regex(/^[a-z]{1,20}$/)),
      /** Of the payload that it takes back, replaces or gives up. */
      about: z.optional(sha256),
      /** Both keys of a hand-over, so that the log alone says who owns a key. */
      from: z.optional(keyid),
      to: z.optional(keyid),
      /** The key that is revoked, and from when on. */
      key: z.optional(keyid),
      since: z.optional(timestamp),
    })
    .check(
      z.refine(
        ({ action, from, to }) => [from, to].every((member) => (member !== undefined) === (action === "rotate")),
        "from and to belong to a hand-over",
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
]);

export type LogEntry = z.infer<typeof schema>;
export type SignedEntry = Exclude<LogEntry, { kind: "shard" }>;
export type EntryOf<K extends LogEntry["kind"]> = Extract<LogEntry, { kind: K }>;

/**
 * Names one signature of one payload by one key, as an entry does. The key is part of it: in a document it is a hint that nobody signs, so
 * whoever changes it there has another signature, and not a way to hide this one.
 */
export const signatureName = ({
  payload,
  signature,
  keyid: by,
}: Pick<SignedEntry, "payload" | "signature" | "keyid">): string => `${payload} ${signature} ${by}`;

/** The hand-overs among entries: each needs the signatures of both keys, so it has two. */
export function handOversIn(leaves: Iterable<LogEntry>): HandOver[] {
  const all = [...leaves].flatMap((leaf) => (leaf.kind === "notice" && leaf.action === "rotate" ? leaf : []));
  const entered = new Set(all.map(({ payload, keyid: by }) => `${payload} ${by}`));
  return all.flatMap(({ payload, keyid: by, from, to }) =>
    from !== undefined && to !== undefined && by === to && entered.has(`${payload} ${from}`) ? { from, to } : [],
  );
}

/** The bytes of an entry: one spelling (RFC 8785). The inverse of `parseLeaf`. */
export const formatEntry = (leaf: LogEntry): Bytes => canonical(leaf as Json);

/** @throws AttestError `leaf-format` */
export function parseEntry(bytes: Bytes): LogEntry {
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
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refused(`at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  if (!equal(formatEntry(parsed.data), bytes)) throw refused("another spelling than the canonical one");
  return parsed.data;
}

/** What of a document is logged. */
export interface Signing {
  readonly payload: JsonObject;
  /** Of the payload's canonical bytes, as hex. */
  readonly digest: string;
  /** By whom, as verified: a document need not name its keys. */
  readonly keyid: string;
  readonly sig: Bytes;
}

/**
 * The entry that belongs to one signature; undefined for a payload that is no statement of this version, and for what is no fingerprint:
 * whatever is entered stays, and an entry that nobody can read would spoil the log for good.
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
      ...{ kind: "notice", ...common, at: notice.signedAt, action: notice.action },
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
