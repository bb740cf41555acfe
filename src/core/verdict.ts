/** The verdict is never chosen: it follows from the recorded checks, here and nowhere else. */

export type Outcome = "passed" | "failed" | "errored" | "skipped";
export const VERDICTS = ["VALIDATED", "INCONCLUSIVE", "REFUTED"] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Result = "PASSED" | "WARNED" | "FAILED";

interface Judged {
  readonly id: string;
  readonly required: boolean;
  readonly outcome: Outcome;
}

/** What a statement must say of its checks, in its own words and in those of in-toto's test-result. */
export interface Derived {
  readonly verdict: Verdict;
  readonly result: Result;
  readonly passedTests: readonly string[];
  readonly warnedTests: readonly string[];
  readonly failedTests: readonly string[];
}

const RESULT: Readonly<Record<Verdict, Result>> = { VALIDATED: "PASSED", INCONCLUSIVE: "WARNED", REFUTED: "FAILED" };

/**
 * A required check failed: REFUTED. Else one errored or was skipped, or none is required: INCONCLUSIVE. Else VALIDATED.
 * A check that failed without being required is a warning, so that PASSED never stands beside a failed test.
 * @example derive([{ id: "a", required: true, outcome: "skipped" }]).verdict   // "INCONCLUSIVE"
 */
export function derive(checks: readonly Judged[]): Derived {
  const required = checks.filter((check) => check.required);
  const verdict = required.some((check) => check.outcome === "failed")
    ? "REFUTED"
    : required.length > 0 && required.every((check) => check.outcome === "passed")
      ? "VALIDATED"
      : "INCONCLUSIVE";
  const ids = (holds: (check: Judged) => boolean): string[] => checks.filter(holds).map((check) => check.id);
  const passed = (check: Judged): boolean => check.outcome === "passed";
  const failed = (check: Judged): boolean => check.required && check.outcome === "failed";
  return {
    verdict,
    result: RESULT[verdict],
    passedTests: ids(passed),
    warnedTests: ids((check) => !passed(check) && !failed(check)),
    failedTests: ids(failed),
  };
}
