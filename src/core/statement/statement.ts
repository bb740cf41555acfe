/**
 * What is signed: an in-toto Statement v1 whose predicate is a test result (in-toto/attestation, spec/predicates/test-result.md). Our own
 * members are in the one extension member `f3`.
 */
import * as z from "zod/mini";
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { criterion } from "./criterion.js";
import { fit } from "../json.js";
import { checkId, descriptor, digestSet, faultIn, filled, logName, subjects, timestamp } from "../schema.js";
import { derive, OUTCOMES, VERDICTS } from "./verdict.js";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const RESULT_TYPE = "https://in-toto.io/attestation/test-result/v0.1";
export const VERSION = 1;

/** A writer keeps payloads below this: ssh-agent and WebKitGTK's WebCrypto stop at 64 KiB. */
export const MAX_PAYLOAD = 60_000;

const text = z.string();
const size = z.number().check(z.int(), z.nonnegative());

const check = z.object({
  id: checkId,
  /** A sentence that can be true or false. */
  claim: filled,
  required: z.boolean(),
  outcome: z.enum(OUTCOMES),
  expected: text,
  /** What was seen; for a skipped check, why it was not tried. */
  observed: text,
  measurements: z.optional(
    z
      .array(z.object({ name: filled, value: z.number(), unit: z.optional(text) }))
      .check(
        z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "names of measurements repeat"),
      ),
  ),
  /** Present if the outcome is computed from raw observations; `expected` then says the same in words. */
  criterion: z.optional(criterion),
});

const evidence = z.object({
  ...descriptor,
  name: filled,
  digest: digestSet,
  /** Bytes. */
  size,
  role: filled,
  /** The age of the bytes and how it is known; absent exactly if the kind is `unknown`. */
  sourceDate: z.optional(timestamp),
  sourceDateKind: z.enum(["observed", "file-mtime", "git-commit", "declared", "unknown"]),
});

const f3 = z.object({
  version: z.literal(VERSION),
  title: filled,
  hypothesis: filled,
  summary: text,
  sections: z.array(z.object({ heading: filled, body: text })),
  verdict: z.enum(VERDICTS),
  checks: z
    .array(check)
    .check(z.refine((checks) => new Set(checks.map(({ id }) => id)).size === checks.length, "check ids repeat")),
  /** Charts: one bar per measurement of a check, or a measurement as a share of another. */
  figures: z.optional(
    z.array(
      z.object({
        title: filled,
        bars: z.array(z.object({ label: filled, check: checkId, measurement: filled, of: z.optional(filled) })),
      }),
    ),
  ),
  /** What the run did not examine, in words. */
  notChecked: z.array(filled),
  evidence: z.array(
    evidence.check(
      z.refine(
        (item) => (item.sourceDate === undefined) === (item.sourceDateKind === "unknown"),
        "sourceDate and its kind",
      ),
    ),
  ),
  relations: z.array(
    z.object({
      type: z.enum(["verifies", "reproduces", "answers", "contradicts", "supersedes", "planned-by"]),
      target: filled,
      digest: z.optional(digestSet),
    }),
  ),
  run: z.object({
    startedAt: timestamp,
    finishedAt: timestamp,
    command: z.optional(z.array(text)),
    exitCode: z.optional(z.number().check(z.int())),
    environment: z.record(text, text),
    seed: z.optional(text),
  }),
  /** Claimed by the signer; no third party saw it. */
  signedAt: timestamp,
  log: z.optional(logName),
});

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: subjects,
  predicateType: z.literal(RESULT_TYPE),
  predicate: z.object({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(z.strictObject(descriptor)),
    url: z.optional(text),
    passedTests: z.array(text),
    warnedTests: z.array(text),
    failedTests: z.array(text),
    f3,
  }),
});

/**
 * A result. Members that this version does not know are ignored inside `predicate` (in-toto's monotonic principle: they must never turn a
 * refusal into an acceptance), and `readStatement` drops them, so they are never shown.
 */
export type ResultStatement = z.infer<typeof statement>;
export type F3 = ResultStatement["predicate"]["f3"];
export type CheckRecord = F3["checks"][number];
export type EvidenceRef = F3["evidence"][number];
export type Subject = ResultStatement["subject"][number];
export type Descriptor = ResultStatement["predicate"]["configuration"][number];
export type Figure = NonNullable<F3["figures"]>[number];
export type Relation = F3["relations"][number];

/** A complete statement except for the time of its signature. */
export type Draft = Omit<ResultStatement, "predicate"> & {
  readonly predicate: Omit<ResultStatement["predicate"], "f3"> & { readonly f3: Omit<F3, "signedAt" | "log"> };
};

export type StatementRead = { readonly statement: ResultStatement } | { readonly fault: string };

/** Several steps read the same payload: its schema, its entry in the log, its plan. */
const read = new WeakMap<object, StatementRead>();

/** The statement, or the first fault: `predicate.f3.checks.0.claim: …`. The same object is read once, so it must not change afterwards. */
export function readStatement(value: unknown): StatementRead {
  const known = typeof value === "object" && value !== null ? read.get(value) : undefined;
  if (known !== undefined) return known;
  const parsed = statement.safeParse(value);
  const found = parsed.success ? { statement: parsed.data } : { fault: faultIn(parsed.error) };
  if (typeof value === "object" && value !== null) read.set(value, found);
  return found;
}

/** The parts of a test run, before verdict, lists and signature are derived. */
export interface Findings {
  readonly subject: readonly Subject[];
  readonly configuration: readonly Descriptor[];
  readonly f3: Omit<F3, "version" | "verdict" | "signedAt" | "log">;
}

/** The only way to make a draft: verdict and lists are derived, never passed in. */
export function draft(found: Findings): Draft {
  // The tested program controls some of these texts.
  const { subject, configuration, f3: findings } = fit(found);
  const { verdict, result, passedTests, warnedTests, failedTests } = derive(findings.checks);
  return {
    _type: STATEMENT_TYPE,
    subject: [...subject],
    predicateType: RESULT_TYPE,
    predicate: {
      result,
      configuration: [...configuration],
      passedTests: [...passedTests],
      warnedTests: [...warnedTests],
      failedTests: [...failedTests],
      f3: { ...findings, version: VERSION, verdict },
    },
  };
}

/** The full digest identifies a statement. The id is a label for people and its file name. */
export function identify(
  payload: Bytes,
  engine: Engine,
  kind: "test" | "plan" | "note" = "test",
): { id: string; digest: string } {
  const digest = hex(engine.sha256(payload));
  return { id: `${kind}_${digest.slice(0, 16)}`, digest };
}

/** Evidence that must be archived with the statement, because it has no address. Other evidence is archived if available. */
export const archivable = (evidence: readonly EvidenceRef[]): readonly EvidenceRef[] =>
  evidence.filter(({ uri }) => uri === undefined);
