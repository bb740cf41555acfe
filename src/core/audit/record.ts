/**
 * The record of one audit, kept beside a registry as `attestations/audits/<time>.json`. Records are never overwritten, and each names the
 * previous one by digest. It is the registry keeper's word; an independent auditor makes a receipt.
 */
import * as z from "zod/mini";
import type { Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { fit, parseJson, readable, type Json } from "../json.js";
import { faultIn, sha256, timestamp } from "../schema.js";
import { STATES, type Look, type LookState } from "./reference.js";

export const RECORD_SCHEMA = "urn:f3-attest:audit:v1";

const text = z.string();
const count = z.number().check(z.int(), z.nonnegative());
const look = z.strictObject({
  pointer: text,
  place: z.enum(["archive", "address", "git", "attestation", "file"]),
  state: z.enum(STATES),
  detail: text,
});

const record = z.strictObject({
  schema: z.literal(RECORD_SCHEMA),
  at: timestamp,
  origin: text,
  /** SHA-256 of the previous record; absent in the first. */
  previous: z.optional(sha256),
  offline: z.boolean(),
  engine: text,
  logs: z.array(z.strictObject({ origin: text, size: count, root: sha256 })),
  /** Key: SHA-256 of the payload. */
  documents: z.record(
    sha256,
    z.strictObject({
      /** Number of references. */
      references: count,
      /** The looks whose state is not `same`. */
      looks: z.array(look),
      findings: z.array(z.strictObject({ rule: text, pointer: text, waived: z.optional(z.literal(true)) })),
    }),
  ),
});

export type AuditRecord = z.infer<typeof record>;
export type RecordedDocument = AuditRecord["documents"][string];

/** `2026-11-26T01-30-00.000Z.json`; sorts by time. */
export const recordName = (at: Date): string => `${at.toISOString().replaceAll(":", "-")}.json`;
export const isRecordName = (name: string): boolean => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.json$/.test(name);

export const formatRecord = (made: AuditRecord): Bytes => readable(fit(made as Json));

/** @throws AttestError `audit-format`, or a code of `parseJson` */
export function parseRecord(bytes: Bytes): AuditRecord {
  const parsed = record.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  throw new AttestError("audit-format", `expected the record of an audit, found at ${faultIn(parsed.error)}`);
}

/** One audit's result for one document. */
export interface RecordedAudit extends RecordedDocument {
  readonly at: string;
}

/** Oldest first. */
export const auditsOf = (records: readonly AuditRecord[], digest: string): RecordedAudit[] =>
  records
    .flatMap(({ at, documents }) => {
      const found = Object.hasOwn(documents, digest) ? documents[digest] : undefined;
      return found === undefined ? [] : [{ at, ...found }];
    })
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));

/** Latest state of a place, and how long it has been so. */
export interface Streak {
  readonly state: LookState;
  readonly detail: string;
  /** Time of the last audit that could look. */
  readonly at: string;
  /** Consecutive audits with this state; audits that could not look are not counted. */
  readonly audits: number;
  /** Time of the first of them. */
  readonly since: string;
}

/**
 * @param audits of one document, oldest first
 * @returns undefined where no audit looked
 */
export function streakOf(
  audits: readonly RecordedAudit[],
  { pointer, place }: Pick<Look, "pointer" | "place">,
): Streak | undefined {
  let streak: Streak | undefined;
  for (const { at, looks } of audits) {
    const found = looks.find((one) => one.pointer === pointer && one.place === place);
    const { state, detail } = found ?? { state: "same" as const, detail: "" };
    if (state === "not-checked") continue;
    streak =
      streak?.state === state
        ? { ...streak, at, detail, audits: streak.audits + 1 }
        : { state, detail, at, audits: 1, since: at };
  }
  return streak;
}
