/**
 * A notice: a signed statement about a key, a signature, or another statement. It is not a test result and has no verdict.
 *
 *     rotate     a new key replaces an old one; signed by both, which proves that the new key's owner has it and agrees
 *     revoke     nothing that a key signed from a date on can be relied on; signed by that key or a successor
 *     receipt    someone else saw a signature; the only time in this package that is not the signer's own claim
 *     retract    a statement no longer holds
 *     supersede  another statement replaces one
 *     abandon    the result of a plan will not come
 *     waive      an audit finding is accepted until a date; effective for auditors who confirmed the key
 *     audit      what an audit found: an audit receipt
 */
import * as z from "zod/mini";
import { auditMembers, auditFault, auditSubjects } from "./audit-receipt.js";
import { fromBase64, hex } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { formatKey, parseKey, type PublicKey } from "../keys/key.js";
import { atMost, faultIn, keyid, logName, pointer, ruleId, sha256, timestamp } from "../schema.js";
import { STATEMENT_TYPE } from "./statement.js";

export const NOTICE_TYPE = "urn:f3-attest:notice:v1";
export const NOTICE_VERSION = 1;

export const MAX_REASON = 2000;
const reason = z.string().check(z.regex(/\S/, "some text"), atMost(MAX_REASON));
const common = {
  version: z.literal(NOTICE_VERSION),
  /** Claimed by the signer. */ signedAt: timestamp,
  /** The log that should hold it. */ log: z.optional(logName),
};
/** SHA-256 of a payload: the identity of a statement. */
const about = sha256;

/** A waiver must expire within a year; 366 covers leap years. */
export const MAX_WAIVER_DAYS = 366;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Made when the first notice is read: most documents are results. */
const predicate = z.lazy(() =>
  z.discriminatedUnion("action", [
    z.object({ ...common, action: z.literal("rotate"), from: keyid, /** A public key line. */ to: z.string(), reason }),
    z.object({
      ...common,
      action: z.literal("revoke"),
      key: keyid,
      /** From this time on, someone else may have had the key. */ since: timestamp,
      reason,
    }),
    z.object({
      ...common,
      action: z.literal("receipt"),
      /** SHA-256 of the 64 bytes. */ signature: sha256,
      /** SHA-256 of the signed payload. */ payload: sha256,
    }),
    z.object({ ...common, action: z.literal("retract"), about, reason }),
    z.object({ ...common, action: z.literal("supersede"), about, by: about, reason }),
    z.object({ ...common, action: z.literal("abandon"), about, reason }),
    z.object({
      ...common,
      action: z.literal("waive"),
      about,
      /** Id of an audit rule; later versions may add rules. */
      rule: ruleId,
      /** Position in the payload; absent if it covers the rule anywhere. */
      pointer: z.optional(pointer),
      reason,
      /** The last moment at which it counts. */
      until: timestamp,
    }),
    z.object({ ...common, action: z.literal("audit"), ...auditMembers() }),
  ]),
);

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.strictObject({ name: z.optional(z.string()), digest: z.strictObject({ sha256 }) })),
  predicateType: z.literal(NOTICE_TYPE),
  predicate,
});

export type Notice = z.infer<typeof predicate>;
export const NOTICE_ACTIONS = [
  "rotate",
  "revoke",
  "receipt",
  "retract",
  "supersede",
  "abandon",
  "waive",
  "audit",
] as const satisfies readonly Notice["action"][];
export type NoticeStatement = z.infer<typeof statement>;

/** The digest in a fingerprint is the SHA-256 of the key's wire form (RFC 4253 section 6.6), so a key can be a subject. */
const keyDigest = (id: string): string => hex(fromBase64(`${id.slice("SHA256:".length)}=`));

/** @param documents payload digests of the audited documents; used by audit receipts only */
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

/** Builds the statement and derives its subjects. @throws AttestError `key-format` */
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

/** The notice, or the first fault. Drops members that this version does not know. */
export function readNotice(value: unknown, engine: Engine): { readonly notice: Notice } | { readonly fault: string } {
  const parsed = statement.safeParse(value);
  if (!parsed.success) return { fault: faultIn(parsed.error) };
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
  version: NOTICE_VERSION,
  action: "rotate",
  from: from.keyid,
  to: formatKey(to),
  reason,
  signedAt: now.toISOString(),
});
