/** The verdict is never chosen. It is derived from the recorded checks, here and nowhere else. */

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

/** What a statement must say about its checks, in our words and in those of in-toto's test-result. */
export interface Derived {
  readonly verdict: Verdict;
  readonly result: Result;
  readonly passedTests: readonly string[];
  readonly warnedTests: readonly string[];
  readonly failedTests: readonly string[];
}

/**
 * A required check failed: REFUTED. Otherwise, one errored or was skipped, or none is required: INCONCLUSIVE. Otherwise VALIDATED. An
 * optional check that did not pass is a warning: it keeps the verdict, and the result is WARNED.
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
 * Whether a statement may state this result. Older statements say PASSED beside warnings, which their list of warned tests names. They hide
 * nothing and stay valid; new ones are never signed so.
 */
export const admits = ({ verdict, result }: Derived, stated: Result): boolean =>
  stated === result || (verdict === "VALIDATED" && stated === "PASSED");
