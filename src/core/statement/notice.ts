/**
 * A notice: a signed statement about a key, a signature, or another statement. Not a test result, so it has no verdict.
 *
 *     rotate    one key hands over to another; signed by both, so that the new one is vouched for and shown to be at hand
 *     revoke    nothing that a key signed from then on can be relied on; signed by that key or by its successor
 *     receipt   somebody else saw a signature; the only time in this package that is not the signer's own claim
 *     retract    a statement is taken back           supersede    another one stands in its place
 *     abandon    a plan is given up: its result will not come
 *     waive     a finding of an audit is known, and not to be counted until a day; heeded by whoever trusts the key
 *     audit     what somebody's audit found: an audit receipt
 */
import * as z from "zod/mini";
import { auditMembers, auditFault, auditSubjects } from "./audit-receipt.js";
import { fromBase64, hex } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { formatKey, parseKey, type PublicKey } from "../keys/key.js";
import { atMost, keyid, logName, pointer, ruleId, sha256, timestamp } from "../schema.js";
import { STATEMENT_TYPE } from "./statement.js";

export const NOTICE_TYPE = "urn:f3-attest:notice:v1";
export const NOTICE_VERSION = 1;

export const MAX_REASON = 2000;
const reason = z.string().check(z.regex(/\S/, "some text"), atMost(MAX_REASON));
const common = {
  version: z.literal(NOTICE_VERSION),
  /** Claimed by whoever signs. */ signedAt: timestamp,
  /** The log that is meant to hold it. */ log: z.optional(logName),
};
/** A payload's SHA-256: the identity of a statement. */
const about = sha256;

/** A waiver for ever is none. A year, and the day more that some have. */
export const MAX_WAIVER_DAYS = 366;
const DAY_MS = 24 * 60 * 60 * 1000;

const predicate = z.discriminatedUnion("action", [
  z.object({ ...common, action: z.literal("rotate"), from: keyid, /** A public key line. */ to: z.string(), reason }),
  z.object({
    ...common,
    action: z.literal("revoke"),
    key: keyid,
    /** The key was in nobody else's hands before. */ since: timestamp,
    reason,
  }),
  z.object({
    ...common,
    action: z.literal("receipt"),
    /** SHA-256 of the 64 bytes. */ signature: sha256,
    /** SHA-256 of what was signed. */ payload: sha256,
  }),
  z.object({ ...common, action: z.literal("retract"), about, reason }),
  z.object({ ...common, action: z.literal("supersede"), about, by: about, reason }),
  z.object({ ...common, action: z.literal("abandon"), about, reason }),
  z.object({
    ...common,
    action: z.literal("waive"),
    about,
    /** The id of a rule of the audit; a later version may have more of them. */
    rule: ruleId,
    /** Where in the payload; absent for the rule at whatever place. */
    pointer: z.optional(pointer),
    reason,
    /** The last moment at which it counts. */
    until: timestamp,
  }),
  z.object({ ...common, action: z.literal("audit"), ...auditMembers }),
]);

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: z.optional(z.string()), digest: z.strictObject({ sha256 }) })),
  predicateType: z.literal(NOTICE_TYPE),
  predicate,
});

export type Notice = z.infer<typeof predicate>;
export type NoticeStatement = z.infer<typeof statement>;

/** The digest in a fingerprint is that of the key's wire form (RFC 4253 section 6.6), so a key is a subject like any other. */
const keyDigest = (id: string): string => hex(fromBase64(`${id.slice("SHA256:".length)}=`));

/** @param documents the digests of the payloads that an audit was of; no other notice has any that are not in it */
const subjectsOf = (notice: Notice, engine: Engine, documents: readonly string[]): NoticeStatement["subject"] => {
  const key = (id: string): NoticeStatement["subject"][number] => ({
    name: `key ${id}`,
    digest: { sha256: keyDigest(id) },
  });
  switch (notice.action) {
    case "rotate":
      return [key(notice.from), key(parseKey(notice.to, engine).keyid)];
    case "revoke":
      return [key(notice.key)];
    case "receipt":
      return [
        { name: "signature", digest: { sha256: notice.signature } },
        { name: "payload", digest: { sha256: notice.payload } },
      ];
    case "retract":
    case "abandon":
    case "waive":
      return [{ name: "payload", digest: { sha256: notice.about } }];
    case "audit":
      return auditSubjects(notice, documents);
    case "supersede":
      return [
        { name: "payload", digest: { sha256: notice.about } },
        { name: "successor", digest: { sha256: notice.by } },
      ];
  }
};

/** The one way to the statement: its subjects are derived, never given. @throws AttestError `key-format` */
export const noticeStatement = (
  notice: Notice,
  engine: Engine,
  documents: readonly string[] = [],
): NoticeStatement => ({
  _type: STATEMENT_TYPE,
  subject: subjectsOf(notice, engine, documents),
  predicateType: NOTICE_TYPE,
  predicate: notice,
});

/** The notice, or the first place where it is none. Members that this version does not know are dropped. */
export function readNotice(value: unknown, engine: Engine): { readonly notice: Notice } | { readonly fault: string } {
  const parsed = statement.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { fault: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a notice"}` };
  }
  const { predicate: notice, subject } = parsed.data;
  try {
    const digests = (all: NoticeStatement["subject"]): string[] => all.map(({ digest }) => digest.sha256);
    if (digests(subject).join() !== digests(subjectsOf(notice, engine, digests(subject))).join())
      return { fault: "subject: not the digests of what the notice is about" };
    if (notice.action === "supersede" && notice.by === notice.about) return { fault: "predicate.by: the same again" };
    if (notice.action === "rotate" && successorOf(notice, engine).keyid === notice.from)
      return { fault: "predicate.to: the same key again" };
    if (notice.action === "waive") {
      const ms = Date.parse(notice.until) - Date.parse(notice.signedAt);
      if (ms <= 0 || ms > MAX_WAIVER_DAYS * DAY_MS)
        return { fault: `predicate.until: not after signedAt, or more than ${MAX_WAIVER_DAYS} days after it` };
    }
    const fault = notice.action === "audit" ? auditFault(notice, digests(subject), engine) : undefined;
    if (fault !== undefined) return { fault };
  } catch (error) {
    if (error instanceof AttestError) return { fault: `predicate: ${error.message}` };
    throw error;
  }
  return { notice };
}

/** @throws AttestError `key-format` */
export const successorOf = ({ to }: Extract<Notice, { action: "rotate" }>, engine: Engine): PublicKey =>
  parseKey(to, engine);

export const rotation = (from: PublicKey, to: PublicKey, reason: string, now: Date): Notice => ({
  ...{ version: NOTICE_VERSION, action: "rotate", from: from.keyid, to: formatKey(to), reason },
  signedAt: now.toISOString(),
});
