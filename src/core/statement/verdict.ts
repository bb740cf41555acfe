/** The verdict is never chosen: it follows from the recorded checks, here and nowhere else. */

export const OUTCOMES = ["passed", "failed", "errored", "skipped"] as const;
export type Outcome = (typeof OUTCOMES)[number];
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

/**
 * A required check failed: REFUTED. Else one errored or was skipped, or none is required: INCONCLUSIVE. Else VALIDATED.
 * A check that did not pass and is not required is a warning: the verdict stays, and the result is WARNED.
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
  const warnedTests = ids((check) => !passed(check) && !failed(check));
  return {
    verdict,
    result:
      verdict === "REFUTED" ? "FAILED" : verdict === "VALIDATED" && warnedTests.length === 0 ? "PASSED" : "WARNED",
    passedTests: ids(passed),
    warnedTests,
    failedTests: ids(failed),
  };
}

/**
 * Whether a statement may say this result. An older one says PASSED beside warnings, which its list of warned tests names: nothing is
 * hidden by that, and what was published keeps its meaning. A new one is never signed so.
 */
export const admits = ({ verdict, result }: Derived, stated: Result): boolean =>
  stated === result || (verdict === "VALIDATED" && stated === "PASSED");
