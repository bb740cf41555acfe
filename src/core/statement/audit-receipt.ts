/**
 * The members of an audit receipt (notice `audit`): what was checked, what was found, with which tools. Long lists are counted and bound by
 * digest, and only their beginning is included, so a receipt stays small.
 */
import * as z from "zod/mini";
import { hex, utf8 } from "../bytes.js";
import type { Engine } from "../engine.js";
import { canonical, type Json } from "../json.js";
import { atMost, keyid, pointer, ruleId, sha256 } from "../schema.js";
import { UNWAIVABLE } from "./audit-rules.js";

/** With more documents, the subject is the digest of their list. */
export const MAX_SUBJECTS = 100;
export const MAX_FINDINGS = 50;
/** Limit for keys, logs, and what was not checked. */
export const MAX_LISTED = 30;
/** Limit in characters; the writer cuts longer texts. */
export const MAX_TEXT = 300;

const count = () => z.number().check(z.int(), z.nonnegative());
const text = () => z.string().check(atMost(MAX_TEXT));

const finding = () =>
  z.strictObject({
    rule: ruleId,
    /** SHA-256 of the payload; of the origin's text for a finding about the registry or an unreadable document. */
    about: sha256,
    /** Position in the payload. */
    pointer,
    /** Waived by a notice of someone the auditor trusts. */
    waived: z.optional(z.literal(true)),
  });
export type ReceiptFinding = z.infer<ReturnType<typeof finding>>;

/** The total number, and the first items. */
const listed = <T extends z.core.SomeType>(item: T) =>
  z.strictObject({ count: count(), listed: z.array(item).check(atMost(MAX_LISTED)) });

/** Made when the first receipt is read. */
export const auditMembers = () => ({
  /** Origin of the registry, or the name of what was audited instead. */
  origin: text(),
  documents: z.strictObject({
    count: count(),
    /** `sha256` covers the payload digests, sorted, one per line. */ sha256,
  }),
  /** Number of places per state; `core/audit/reference.ts` lists the states of this version. */
  states: z.record(z.string().check(z.regex(/^[a-z-]{1,40}$/)), count()),
  findings: z.strictObject({
    count: count(),
    /** `sha256` covers the canonical JSON of the whole list. */ sha256,
    listed: z.array(finding()).check(atMost(MAX_FINDINGS)),
  }),
  /** The implementation of hashes and signatures. */
  engine: text(),
  /** The known keys and their sources. */
  keys: listed(z.strictObject({ keyid, source: text(), by: z.enum(["you", "site"]) })),
  /** The logs as seen. */
  logs: listed(z.strictObject({ origin: text(), size: count(), root: sha256 })),
  /** The network was not used. */
  offline: z.boolean(),
  /** What was not or could not be checked, in words. */
  notChecked: listed(text()),
});

export type AuditMembers = z.infer<z.ZodMiniObject<ReturnType<typeof auditMembers>>>;

/** @param digests of the payloads, sorted */
export const documentsDigest = (digests: readonly string[], { sha256 }: Engine): string =>
  hex(sha256(utf8(digests.map((digest) => `${digest}\n`).join(""))));

/** @param findings all of them, sorted */
export const findingsDigest = (findings: readonly ReceiptFinding[], { sha256 }: Engine): string =>
  hex(sha256(canonical(findings as Json)));

/** Identifies the subject of a finding that concerns no payload. */
export const originDigest = (origin: string, { sha256 }: Engine): string => hex(sha256(utf8(origin)));

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** Each document, or the list of documents if there are too many. */
export const auditSubjects = (
  { documents: { count, sha256 } }: Pick<AuditMembers, "documents">,
  digests: readonly string[],
): Subject[] =>
  count > 0 && count <= MAX_SUBJECTS
    ? digests.map((digest) => ({ name: "payload", digest: { sha256: digest } }))
    : [{ name: "list of payloads", digest: { sha256 } }];

/** The first inconsistency: a complete list must match its count and digest. */
export function auditFault(
  { documents, states, findings, keys, logs, notChecked }: AuditMembers,
  subjects: readonly string[],
  engine: Engine,
): string | undefined {
  const each = documents.count > 0 && documents.count <= MAX_SUBJECTS;
  if (each && (subjects.length !== documents.count || documentsDigest(subjects, engine) !== documents.sha256))
    return "predicate.documents: not the digest of the subjects";
  if (each && subjects.some((one, at) => at > 0 && one <= (subjects[at - 1] ?? "")))
    return "predicate.documents: subjects that are not sorted, or one of them twice";
  for (const [name, { count, listed }] of Object.entries({ findings, keys, logs, notChecked }))
    if (listed.length > count) return `predicate.${name}: lists more than it counts`;
  if (findings.listed.length === findings.count && findingsDigest(findings.listed, engine) !== findings.sha256)
    return "predicate.findings: not the digest of those that are listed";
  return findingsFault(findings.listed, findings.count, states);
}

/** Findings that our audit never produces. Equal entries are allowed, since their sentences are left out. */
function findingsFault(
  listed: readonly ReceiptFinding[],
  count: number,
  states: AuditMembers["states"],
): string | undefined {
  if (listed.some(({ rule, waived }) => waived === true && UNWAIVABLE.has(rule)))
    return "predicate.findings: a rule that cannot be waived is marked as waived";
  // `changed` is allowed: a file that was tested again since then is no finding.
  if (count === 0 && (states["gone"] ?? 0) > 0) return "predicate.states: something gone, and no finding";
  const disordered = listed.some((one, at) => {
    const before = listed[at - 1];
    if (before === undefined || (before.waived ?? false) < (one.waived ?? false)) return false;
    if ((before.waived ?? false) > (one.waived ?? false)) return true;
    // Only checked within a rule: rules are sorted by level, and a later version may change levels.
    return before.rule === one.rule && JSON.stringify(before) > JSON.stringify(one);
  });
  return disordered ? "predicate.findings: not sorted" : undefined;
}
