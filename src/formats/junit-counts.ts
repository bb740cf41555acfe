/**
 * What the counters of JUnit XML may count. No standard says it, so each way that a known runner has is held against the cases: all of them, those
 * right in the suite, attempts (surefire), marks (Catch2, doctest), what ran (Boost), the word `disabled` apart from `skipped` (googletest).
 */
import type { Counters, Doubts } from "./draft.js";
import { quoted } from "./text.js";
import type { XmlElement } from "./xml.js";

/** How many cases, and what marks they bear: that is what runners count, rather than outcomes. */
export interface CaseCounts {
  tests: number;
  bad: number;
  /** Failures and errors, of which a case may bear several. */
  marks: number;
  skipped: number;
  /** Those of the skipped that were switched off. */
  disabled: number;
  /** Further attempts. */
  again: number;
  /** Cases that passed only when they were tried again. */
  flaky: number;
  /** pytest counts the error of a teardown like a test, and writes it into the case. */
  teardowns: number;
  /** Where the test failed too, it writes the error as a second case, and does not count that. */
  doubles: number;
  /** jest-junit lists a test that is to do like one that passed, and does not count it. */
  todo: number;
}

export const noCounts = (): CaseCounts => ({
  ...{ tests: 0, bad: 0, marks: 0, skipped: 0, disabled: 0, again: 0, flaky: 0, teardowns: 0, doubles: 0, todo: 0 },
});

export function addCounts(sum: CaseCounts, more: CaseCounts): void {
  for (const key of Object.keys(sum) as (keyof CaseCounts)[]) sum[key] += more[key];
}

const BAD = ["failures", "errors"];
const SKIPPED = ["skipped", "skip", "ignored"];
const DISABLED = ["disabled", "notrun", "notRun", "not-run"];
const FLAKY = ["flakes", "flaky"];

/** @param direct of the cases right in the suite, which is all that some runners count in it */
export function compareCounts(suite: XmlElement, direct: CaseCounts, all: CaseCounts, doubts: Doubts): void {
  const stated = (counters: readonly string[]): string[] =>
    counters.map((counter) => suite.attributes.get(counter) ?? "").filter((value) => value !== "");
  const either = (of: (tally: CaseCounts) => number[]): number[] => [...of(all), ...of(direct)];

  const failures = stated(BAD);
  const listedBad = either(({ bad, marks, again }) => [bad, bad + again, Math.max(bad, marks)]);
  const failuresFit = failures.length > 0 && listedBad.includes(sum(failures));

  const hold = (values: readonly string[], listed: readonly number[], what: string, counted = sum(values)): void => {
    if (values.length === 0 || listed.includes(counted)) return;
    const found = Number.isNaN(counted) ? values.map((value) => quoted(value)).join(" and ") : counted;
    const sentence = `the suite ${quoted(suite.attributes.get("name") ?? "")} counts ${found} ${what}, and lists ${listed[0] ?? 0}`;
    // What it lacks is nothing that failed, if the failures that it counts are listed.
    if (failuresFit && counted > Math.max(...listed)) doubts.overcount(`${sentence}: ${OVERCOUNT}`);
    else doubts.say(sentence);
  };
  const listedTests = either(({ tests, again, teardowns, doubles, skipped, disabled, todo }) => [
    ...[tests, tests + again, tests + teardowns - doubles, tests - skipped, tests - disabled, tests - todo],
  ]);
  hold(stated(["tests"]), listedTests, "tests");
  hold(failures, listedBad, "failures and errors");
  const [skips, off] = [stated(SKIPPED), stated(DISABLED)];
  const listedSkips = either(({ skipped, disabled }) => (skips.length === 0 ? [skipped, disabled] : [skipped]));
  // Either word may stand for a part, or both for the same.
  const same = [sum(skips), sum(off)].find(
    (value) => skips.length > 0 && off.length > 0 && listedSkips.includes(value),
  );
  hold([...skips, ...off], listedSkips, "skipped", same);
  const flaky = stated(FLAKY);
  if (flaky.length > 0) doubts.holdFlaky(sum(flaky), all.flaky);
}

/** How many cases right in the suite it does not count. */
export function uncounted(suite: XmlElement, { tests, teardowns, doubles }: CaseCounts): number {
  const stated = suite.attributes.get("tests") ?? "";
  return COUNT.test(stated) ? Math.max(0, tests + teardowns - doubles - Number(stated)) : 0;
}

const OVERCOUNT =
  "subtests or assertions may have no case of their own, or cases are missing (--allow-counts takes them for the former)";

const COUNT = /^\d{1,9}$/;
const sum = (values: readonly string[]): number =>
  values.reduce((total, value) => total + (COUNT.test(value) ? Number(value) : NaN), 0);

/** Those of the root; where it has none, the sums over its suites, if all tests are in suites that count. */
export function countersOf(root: XmlElement): Counters {
  const parts = root.attributes.has("tests") ? [root] : root.children.filter(({ name }) => name !== "properties");
  if (!parts.every(({ name, attributes }) => name !== "testcase" && attributes.has("tests"))) return {};
  const total = (counters: readonly string[]): number | undefined => {
    const stated = parts.flatMap(({ attributes }) => counters.map((counter) => attributes.get(counter) ?? ""));
    const counts = stated.filter((value) => COUNT.test(value));
    return counts.length === 0 ? undefined : sum(counts);
  };
  const [tests, failed, errored] = ["tests", ...BAD].map((counter) => total([counter]));
  const skipped = total([...SKIPPED, ...DISABLED]);
  return {
    ...(tests !== undefined && { total: tests }),
    ...(failed !== undefined && { failed }),
    ...(errored !== undefined && { errored }),
    ...(skipped !== undefined && { skipped }),
  };
}
