/**
 * How many tests came out how: what stands beside every verdict, so that VALIDATED does not hide what was not tried. Of a run without a
 * report, and of a scenario, checks are counted.
 */
import type { CheckRecord } from "./statement.js";
import type { Outcome } from "./verdict.js";

export type Tally = Readonly<Record<Outcome, number>> & {
  readonly of: "tests" | "checks";
  /** Tests that passed only when they were tried again; undefined where the statement does not say. */
  readonly retried: number | undefined;
};

/** The check over all tests that were reported: it has a measurement of that name, and one of each outcome. */
export const TESTS = "tests";
/** A test with a check of its own has an id that begins so. */
export const TEST = "test/";
/** The check that no test passed only when it was tried again, and its measurement. */
export const RETRIES = "retries";
export const RETRIED = "tests that passed only when tried again";

/**
 * By the check over all tests, where there is one; a test that is listed beside it as skipped counts in any case.
 * @example tallyOf([{ id: "a", outcome: "skipped", … }]).skipped   // 1
 */
export function tallyOf(checks: readonly CheckRecord[]): Tally {
  const measured = (id: string, name: string): number | undefined =>
    checks.find((check) => check.id === id)?.measurements?.find((one) => one.name === name)?.value;
  const of = measured(TESTS, TESTS) === undefined ? "checks" : "tests";
  // What is not required and passed is no test of the subject: that no process was left behind, say.
  const isCounted = ({ id, required, outcome }: CheckRecord): boolean =>
    of === "checks" ? required || outcome !== "passed" : id.startsWith(TEST);
  const listed = (outcome: Outcome): number =>
    checks.filter((check) => check.outcome === outcome && isCounted(check)).length;
  const count = (outcome: Outcome): number =>
    of === "checks" ? listed(outcome) : Math.max(measured(TESTS, outcome) ?? 0, listed(outcome));
  // A report may count more of them than it names: then none is no answer.
  const retried = measured(RETRIES, RETRIED);
  const untold = retried === 0 && checks.some(({ id, outcome }) => id === RETRIES && outcome !== "passed");
  return {
    ...{ of, passed: count("passed"), failed: count("failed"), errored: count("errored"), skipped: count("skipped") },
    retried: untold ? undefined : retried,
  };
}
