/**
 * A plan: signed and logged before a test is run, so that a result which never comes is missed, and one that comes is held against it.
 *
 * It is an in-toto statement about the subject that is about to be tested. What it announces is fixed by its digest; a result names that
 * digest in its relation `planned-by`.
 */
import * as z from "zod/mini";
import { equal, hex } from "../bytes.js";
import { criterion } from "./criterion.js";
import type { Engine } from "../engine.js";
import { canonical, type Json } from "../json.js";
import { checkId, descriptor, filled, logName, subjects, timestamp } from "../schema.js";
import { STATEMENT_TYPE, type Descriptor, type ResultStatement, type Subject } from "./statement.js";

export const PLAN_TYPE = "urn:f3-attest:plan:v1";
export const PLAN_VERSION = 1;

const check = z.object({
  id: checkId,
  claim: filled,
  required: z.boolean(),
  expected: z.string(),
  criterion: z.optional(criterion),
});

const predicate = z.object({
  version: z.literal(PLAN_VERSION),
  title: filled,
  hypothesis: filled,
  /** A result may have more of them, never fewer: what a test runner will report is not known beforehand. */
  checks: z
    .array(check)
    .check(z.refine((all) => new Set(all.map(({ id }) => id)).size === all.length, "check ids repeat")),
  configuration: z.array(z.strictObject(descriptor)),
  command: z.array(z.string()),
  /** Random: two plans of one test are two plans, and neither can be guessed from its digest. */
  nonce: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
  /** Claimed by the signer. */
  signedAt: timestamp,
  /** Until when the result is promised. */
  deadline: timestamp,
  log: z.optional(logName),
});

const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: subjects,
  predicateType: z.literal(PLAN_TYPE),
  predicate,
});

export type PlanStatement = z.infer<typeof statement>;
export type PlannedCheck = PlanStatement["predicate"]["checks"][number];

/** What is announced; time, nonce and log are added when it is signed. */
export interface Outline {
  readonly subject: readonly Subject[];
  readonly title: string;
  readonly hypothesis: string;
  readonly checks: readonly PlannedCheck[];
  readonly configuration: readonly Descriptor[];
  readonly command: readonly string[];
}

/** The plan, or the first place where it is none. Members that this version does not know are dropped. */
export function readPlan(value: unknown): { readonly plan: PlanStatement } | { readonly fault: string } {
  const parsed = statement.safeParse(value);
  if (parsed.success) return { plan: parsed.data };
  const issue = parsed.error.issues[0];
  return { fault: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a plan"}` };
}

/** The digest of the plan that a result names. */
export const planOf = ({ predicate: { f3 } }: ResultStatement): string | undefined =>
  f3.relations.find(({ type, digest }) => type === "planned-by" && digest?.sha256 !== undefined)?.digest?.sha256;

/** Which test a plan announces and a result is of: the part of both that has to be the same. */
export interface TestIdentity {
  readonly subject: readonly Subject[];
  readonly hypothesis: string;
  readonly command: readonly string[] | undefined;
}

/** SHA-256, as hex, of what is tested, for what and how: an entry of the log carries it, so that the log alone tells two tests apart. */
export const testOf = ({ subject, hypothesis, command }: TestIdentity, engine: Engine): string =>
  hex(
    engine.sha256(
      canonical({ subject: subject.map(digests), hypothesis, command: command === undefined ? null : [...command] }),
    ),
  );

/** Where a result is not of the test that was announced, a sentence each; empty where it is. */
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
