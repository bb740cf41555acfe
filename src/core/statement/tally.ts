/**
 * Number of tests by outcome, shown beside every verdict so that VALIDATED does not hide untested parts. Without a report, and for
 * scenarios, checks are counted.
 */
import type { CheckRecord } from "./statement.js";
import type { Outcome } from "./verdict.js";

export type Tally = Readonly<Record<Outcome, number>> & {
  readonly of: "tests" | "checks";
  /** Tests that passed only after a retry; undefined if the statement does not say. */
  readonly retried: number | undefined;
};

/** Id of the check over all reported tests. It has a measurement of that name, and one per outcome. */
export const TESTS = "tests";
/** Prefix of the ids of checks for single tests. */
export const TEST = "test/";
/** The check that no test needed a retry, and its measurement. */
export const RETRIES = "retries";
export const RETRIED = "tests that passed only when tried again";

/**
 * Uses the check over all tests if there is one. Listed skipped tests always count.
 * @example tallyOf([{ id: "a", outcome: "skipped", … }]).skipped   // 1
 */
export function tallyOf(checks: readonly CheckRecord[]): Tally {
  const measured = (id: string, name: string): number | undefined =>
    checks.find((check) => check.id === id)?.measurements?.find((one) => one.name === name)?.value;
  const of = measured(TESTS, TESTS) === undefined ? "checks" : "tests";
  // An optional check that passed is no test of the subject; for example, that no process was left behind.
  const isCounted = ({ id, required, outcome }: CheckRecord): boolean =>
    of === "checks" ? required || outcome !== "passed" : id.startsWith(TEST);
  const listed = (outcome: Outcome): number =>
    checks.filter((check) => check.outcome === outcome && isCounted(check)).length;
  const count = (outcome: Outcome): number =>
    of === "checks" ? listed(outcome) : Math.max(measured(TESTS, outcome) ?? 0, listed(outcome));
  // A report may count more retried tests than it names, so without the measurement the number is unknown.
  const retried = measured(RETRIES, RETRIED);
  const untold = retried === 0 && checks.some(({ id, outcome }) => id === RETRIES && outcome !== "passed");
  return {
    of,
    passed: count("passed"),
    failed: count("failed"),
    errored: count("errored"),
    skipped: count("skipped"),
    retried: untold ? undefined : retried,
  };
}
