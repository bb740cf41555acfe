/**
 * The members of an audit receipt, the notice `audit`: what was looked at, what was found, and with which means. Long lists are counted and
 * bound by digest, and their beginning is listed, so that a receipt stays small however large a registry is.
 */
import * as z from "zod/mini";
import { hex, utf8 } from "../bytes.js";
import type { Engine } from "../engine.js";
import { canonical, type Json } from "../json.js";
import { atMost, keyid, pointer, ruleId, sha256 } from "../schema.js";
import { UNWAIVABLE } from "./audit-rules.js";

/** Beyond so many documents their list is the subject, by its digest. */
export const MAX_SUBJECTS = 100;
export const MAX_FINDINGS = 50;
/** Keys, logs, and what was not checked. */
export const MAX_LISTED = 30;
/** Characters of a text; a longer one is cut by whoever writes it. */
export const MAX_TEXT = 300;

const count = z.number().check(z.int(), z.nonnegative());
const text = z.string().check(atMost(MAX_TEXT));

const finding = z.strictObject({
  rule: ruleId,
  /** SHA-256 of the payload that it is about; of the origin's text where it is the registry as a whole, or what cannot be read. */
  about: sha256,
  /** Where in it. */
  pointer,
  /** Counted as waived, by a notice of somebody whom the auditor trusts. */
  waived: z.optional(z.literal(true)),
});
export type ReceiptFinding = z.infer<typeof finding>;

/** How many there are, and the first of them. */
const listed = <T extends z.core.SomeType>(item: T) =>
  z.strictObject({ count, listed: z.array(item).check(atMost(MAX_LISTED)) });

export const auditMembers = {
  /** Of the registry, or the name of what was audited instead. */
  origin: text,
  documents: z.strictObject({ count, /** Of their payloads' digests, sorted, a line each. */ sha256 }),
  /** In how many places each state was found; those of this version stand in `reference.ts`. */
  states: z.record(z.string().check(z.regex(/^[a-z-]{1,40}$/)), count),
  findings: z.strictObject({
    count,
    /** Of the canonical JSON of the list of all of them. */ sha256,
    listed: z.array(finding).check(atMost(MAX_FINDINGS)),
  }),
  /** What computed hashes and signatures. */
  engine: text,
  /** The keys at hand, and where the auditor had them from. */
  keys: listed(z.strictObject({ keyid, source: text, by: z.enum(["you", "site"]) })),
  /** The logs as they were seen. */
  logs: listed(z.strictObject({ origin: text, size: count, root: sha256 })),
  /** Nothing was asked of the network. */
  offline: z.boolean(),
  /** What could not be looked at, or was not, in words. */
  notChecked: listed(text),
};

export type AuditMembers = z.infer<z.ZodMiniObject<typeof auditMembers>>;

/** @param digests of the payloads, sorted */
export const documentsDigest = (digests: readonly string[], { sha256 }: Engine): string =>
  hex(sha256(utf8(digests.map((digest) => `${digest}\n`).join(""))));

/** @param findings all of them, sorted */
export const findingsDigest = (findings: readonly ReceiptFinding[], { sha256 }: Engine): string =>
  hex(sha256(canonical(findings as Json)));

/** What a finding is about that is about no payload. */
export const originDigest = (origin: string, { sha256 }: Engine): string => hex(sha256(utf8(origin)));

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** Each document while they are few; else their list, and so of none. */
export const auditSubjects = (
  { documents: { count, sha256 } }: Pick<AuditMembers, "documents">,
  digests: readonly string[],
): Subject[] =>
  count > 0 && count <= MAX_SUBJECTS
    ? digests.map((digest) => ({ name: "payload", digest: { sha256: digest } }))
    : [{ name: "list of payloads", digest: { sha256 } }];

/** Where what is listed is not what is counted or bound: a list that is whole must have the digest that is named. */
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

/** What no audit of ours finds. Two findings may look the same here, since their sentences are left out. */
function findingsFault(
  listed: readonly ReceiptFinding[],
  count: number,
  states: AuditMembers["states"],
): string | undefined {
  if (listed.some(({ rule, waived }) => waived === true && UNWAIVABLE.has(rule)))
    return "predicate.findings: one of them waived for which no waiver is heeded";
  // Not so of `changed`: of a file that was tested again since, nothing is amiss.
  if (count === 0 && (states["gone"] ?? 0) > 0) return "predicate.states: something gone, and no finding";
  const disordered = listed.some((one, at) => {
    const before = listed[at - 1];
    if (before === undefined || (before.waived ?? false) < (one.waived ?? false)) return false;
    if ((before.waived ?? false) > (one.waived ?? false)) return true;
    // The order of rules is that of their levels, which a later version may see otherwise.
    return before.rule === one.rule && JSON.stringify(before) > JSON.stringify(one);
  });
  return disordered ? "predicate.findings: not sorted" : undefined;
}
