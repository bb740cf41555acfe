/**
 * A plan: signed and logged before a test runs, so that a missing result is noticed, and a published one is compared with what was
 * announced.
 *
 * It is an in-toto statement about the subject that will be tested. Its digest fixes the announcement; a result names that digest in its
 * relation `planned-by`.
 */
import * as z from "zod/mini";
import { equal, hex } from "../bytes.js";
import { criterion } from "./criterion.js";
import type { Engine } from "../engine.js";
import { canonical, type Json } from "../json.js";
import { checkId, descriptor, faultIn, filled, logName, subjects, timestamp } from "../schema.js";
import { STATEMENT_TYPE, type Descriptor, type ResultStatement, type Subject } from "./statement.js";

export const PLAN_TYPE = "urn:f3-attest:plan:v1";
export const PLAN_VERSION = 1;

const check = () =>
  z.object({
    id: checkId,
    claim: filled,
    required: z.boolean(),
    expected: z.string(),
    criterion: z.optional(criterion),
  });

/** Made when the first plan is read: most documents are results. */
const predicate = z.lazy(() =>
  z.object({
    version: z.literal(PLAN_VERSION),
    title: filled,
    hypothesis: filled,
    /** A result may have more checks, never fewer: the reports of a test runner are not known beforehand. */
    checks: z
      .array(check())
      .check(z.refine((all) => new Set(all.map(({ id }) => id)).size === all.length, "check ids repeat")),
    configuration: z.array(z.strictObject(descriptor)),
    command: z.array(z.string()),
    /** Random: it tells two plans of one test apart and makes the digest unpredictable. */
    nonce: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
    /** Claimed by the signer. */
    signedAt: timestamp,
    /** The promised date of the result. */
    deadline: timestamp,
    log: z.optional(logName),
  }),
);

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: subjects,
  predicateType: z.literal(PLAN_TYPE),
  predicate,
});

export type PlanStatement = z.infer<typeof statement>;
export type PlannedCheck = PlanStatement["predicate"]["checks"][number];

/** The announcement; signing adds time, nonce and log. */
export interface Outline {
  readonly subject: readonly Subject[];
  readonly title: string;
  readonly hypothesis: string;
  readonly checks: readonly PlannedCheck[];
  readonly configuration: readonly Descriptor[];
  readonly command: readonly string[];
}

/** The plan, or the first fault. Drops members that this version does not know. */
export function readPlan(value: unknown): { readonly plan: PlanStatement } | { readonly fault: string } {
  const parsed = statement.safeParse(value);
  if (parsed.success) return { plan: parsed.data };
  return { fault: faultIn(parsed.error) };
}

/** The digest of the plan that a result names. */
export const planOf = ({ predicate: { f3 } }: ResultStatement): string | undefined =>
  f3.relations.find(({ type, digest }) => type === "planned-by" && digest?.sha256 !== undefined)?.digest?.sha256;

/** Identifies the test: plan and result must have this in common. */
export interface TestIdentity {
  readonly subject: readonly Subject[];
  readonly hypothesis: string;
  readonly command: readonly string[] | undefined;
}

/** SHA-256 (hex) of the subject, hypothesis and command. A log entry carries it, so that the log alone can tell two tests apart. */
export const testOf = ({ subject, hypothesis, command }: TestIdentity, engine: Engine): string =>
  hex(
    engine.sha256(
      canonical({ subject: subject.map(digests), hypothesis, command: command === undefined ? null : [...command] }),
    ),
  );

/** Differences between the result and the announced test, a sentence each; empty if there are none. */
export function departures({ subject, predicate: plan }: PlanStatement, result: ResultStatement): string[] {
  const { f3, configuration } = result.predicate;
  const found: string[] = [];
  if (!same(subject.map(digests), result.subject.map(digests))) found.push("another subject was tested");
  if (plan.hypothesis !== f3.hypothesis) found.push("the hypothesis is another one");
  for (const { id, claim, required, expected, criterion: rule } of plan.checks) {
    const made = f3.checks.find((one) => one.id === id);
    if (made === undefined) found.push(`the check ${id} was dropped`);
    else if (!same([claim, expected, rule ?? null], [made.claim, made.expected, made.criterion ?? null]))
      found.push(`the criterion of the check ${id} was changed`);
    else if (required && !made.required) found.push(`the check ${id} is not required any more`);
  }
  for (const item of plan.configuration) {
    if (configuration.some((other) => same(item, other))) continue;
    found.push(`the configuration ${item.name ?? item.uri ?? "without a name"} is another one`);
  }
  if (!same(plan.command, f3.run.command ?? null)) found.push("another command was run");
  if (Date.parse(f3.run.startedAt) < Date.parse(plan.signedAt)) found.push("the run began before the plan was signed");
  if (Date.parse(f3.signedAt) > Date.parse(plan.deadline)) found.push(`the result is later than ${plan.deadline}`);
  return found;
}

const digests = ({ digest }: Subject): Json => digest;
const same = (one: unknown, other: unknown): boolean => equal(canonical(one as Json), canonical(other as Json));
