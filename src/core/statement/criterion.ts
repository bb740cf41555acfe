/**
 * A criterion as data: what is measured on the raw observations, and which conditions must hold. It is fixed before the run and signed with
 * the result, so that anyone can recompute the outcome from the observations with this file alone.
 *
 *     observations (NDJSON, evidence) → measure → measurements (in the statement) → judge → outcome
 */
import * as z from "zod/mini";
import { type Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { isObject, parseJson } from "../json.js";
import { atLeast } from "../schema.js";
import type { Outcome } from "./verdict.js";

const name = z.string().check(atLeast(1));
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/**
 * One number computed from the observations that have all members of `where`. `sum`, `max`, `min` and the nearest-rank percentiles `p50`
 * and `p99` use the numeric values of `field`; `distinct` counts different values; `count` counts observations. `bound` is 3/n if `field`
 * is true in all n observations (rule of three: after n independent trials without a failure, the true rate is below 3/n at 95 %
 * confidence). Without any value, a measure does not exist, except a count.
 */
const measure = z.object({
  name,
  of: z.enum(["count", "sum", "max", "min", "p50", "p99", "distinct", "bound"]),
  field: z.optional(name),
  where: z.record(name, scalar),
  unit: z.optional(z.string()),
});

const condition = z.object({ measure: name, is: z.enum(["=", "<", "≤", ">", "≥"]), value: z.number() });

export const criterion = z.object({
  measures: z.array(measure).check(
    z.refine((all) => new Set(all.map((one) => one.name)).size === all.length, "names of measures repeat"),
    z.refine((all) => all.every((one) => (one.of === "count") === (one.field === undefined)), "a field, or none"),
  ),
  /** The claim. A condition that does not hold refutes it, even if something else is missing. */
  holds: z.array(condition).check(atLeast(1)),
  /** Conditions for a pass to mean anything: enough trials, a negative control that fired. Otherwise the outcome is `errored`. */
  needs: z.array(condition),
});

export type Criterion = z.infer<typeof criterion>;
export type Measure = Criterion["measures"][number];
export type Condition = Criterion["holds"][number];
export type Measurement = { name: string; value: number; unit?: string | undefined };
/** One line of the observations: a flat object, so that a table can show it. */
export type Observation = Readonly<Record<string, string | number | boolean>>;

/** @throws AttestError `observations` naming the line that is not a flat JSON object */
export function parseObservations(bytes: Bytes): Observation[] {
  const observations: Observation[] = [];
  for (let from = 0, line = 1; from < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, from);
    const until = end < 0 ? bytes.length : end;
    observations.push(parseOne(bytes.subarray(from, until), line));
    from = until + 1;
  }
  return observations;
}

function parseOne(bytes: Bytes, line: number): Observation {
  const refused = (found: string): AttestError =>
    new AttestError("observations", `expected a flat JSON object in line ${line} of the observations, found ${found}`);
  let value;
  try {
    value = parseJson(bytes);
  } catch (error) {
    throw refused(error instanceof AttestError ? error.message : "something else");
  }
  if (!isObject(value)) throw refused("another value");
  const nested = Object.entries(value).find(([, member]) => typeof member === "object");
  if (nested !== undefined) throw refused(`the member ${JSON.stringify(nested[0])}`);
  return value as Observation;
}

/** All measures that exist for these observations, in criterion order. */
export const measured = ({ measures }: Criterion, observations: readonly Observation[]): Measurement[] =>
  measures.flatMap((one) => {
    const value = take(one, observations);
    return value === undefined ? [] : [{ name: one.name, value, ...(one.unit !== undefined && { unit: one.unit }) }];
  });

function take({ of, field = "", where }: Measure, observations: readonly Observation[]): number | undefined {
  const wanted = Object.entries(where);
  const among = observations.filter((one) => wanted.every(([member, value]) => own(one, member) === value));
  if (of === "count") return among.length;
  if (of === "bound")
    return among.length > 0 && among.every((one) => own(one, field) === true) ? 3 / among.length : undefined;
  const values = among.flatMap((one) => own(one, field) ?? []);
  if (of === "distinct") return values.length === 0 ? undefined : new Set(values).size;
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length === 0) return undefined;
  const sorted = numbers.toSorted((a, b) => a - b);
  switch (of) {
    case "sum":
      return numbers.reduce((total, value) => total + value, 0);
    case "min":
      return sorted[0];
    case "max":
      return sorted.at(-1);
    case "p50":
    case "p99":
      return sorted[Math.ceil(sorted.length * (of === "p50" ? 0.5 : 0.99)) - 1];
  }
}

const own = (observation: Observation, member: string): string | number | boolean | undefined =>
  Object.hasOwn(observation, member) ? observation[member] : undefined;

/** The outcome by these measurements: failed if a claim does not hold, errored if a precondition is missing, else passed. */
export function judge({ holds, needs }: Criterion, measurements: readonly Measurement[]): Exclude<Outcome, "skipped"> {
  const states = holds.map((one) => state(one, measurements));
  if (states.includes(false)) return "failed";
  return [...states, ...needs.map((one) => state(one, measurements))].every((holding) => holding === true)
    ? "passed"
    : "errored";
}

/**
 * Whether a stated outcome is compatible with these measurements. A run may state less (it was cut short, a step was skipped), but never
 * more, and never hide a failure.
 */
export function permits(outcome: Outcome, criterion: Criterion, measurements: readonly Measurement[]): boolean {
  const derived = judge(criterion, measurements);
  return outcome === derived || (derived !== "failed" && (outcome === "errored" || outcome === "skipped"));
}

/** Undefined if there is no such measurement. */
function state({ measure: wanted, is, value }: Condition, measurements: readonly Measurement[]): boolean | undefined {
  const found = measurements.find((one) => one.name === wanted)?.value;
  if (found === undefined) return undefined;
  switch (is) {
    case "=":
      return found === value;
    case "<":
      return found < value;
    case "≤":
      return found <= value;
    case ">":
      return found > value;
    case "≥":
      return found >= value;
  }
}

/** What is missing for a pass, in words; empty if nothing is. */
export const missing = ({ holds, needs }: Criterion, measurements: readonly Measurement[]): string[] =>
  [...holds, ...needs].flatMap((one) => {
    if (state(one, measurements) === true) return [];
    const found = measurements.find(({ name: of }) => of === one.measure);
    return [`${one.measure}: expected ${one.is} ${one.value}, found ${found === undefined ? "nothing" : found.value}`];
  });

/** The criterion in words: `updates lost = 0, given updates made ≥ 1600 and updates lost by the control > 0`. */
export function wording({ holds, needs }: Criterion): string {
  const words = (all: readonly Condition[]): string =>
    all.map(({ measure: of, is, value }) => `${of} ${is} ${value}`).join(" and ");
  return needs.length === 0 ? words(holds) : `${words(holds)}, given ${words(needs)}`;
}
