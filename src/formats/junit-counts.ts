/**
 * Compares the counters of JUnit XML with its cases. No standard defines the counters, so every known convention is accepted: all cases,
 * direct children only, attempts (surefire), marks (Catch2, doctest), executed tests (Boost), `disabled` separate from `skipped`
 * (googletest).
 */
import type { Counters, Doubts } from "./draft.js";
import { quoted } from "./text.js";
import type { XmlElement } from "./xml.js";

/** Number of cases and of their marks. Runners count marks rather than outcomes. */
export interface CaseCounts {
  tests: number;
  bad: number;
  /** Failures and errors; one case may have several. */
  marks: number;
  skipped: number;
  /** Skipped cases that were disabled. */
  disabled: number;
  /** Further attempts. */
  again: number;
  /** Cases that passed only after a retry. */
  flaky: number;
  /** pytest counts a teardown error like a test, and writes it into the case. */
  teardowns: number;
  /** If the test failed too, pytest writes the teardown error as a second case, and does not count it. */
  doubles: number;
  /** jest-junit lists a todo test like a passed one, and does not count it. */
  todo: number;
}

export const noCounts = (): CaseCounts => ({
  tests: 0,
  bad: 0,
  marks: 0,
  skipped: 0,
  disabled: 0,
  again: 0,
  flaky: 0,
  teardowns: 0,
  doubles: 0,
  todo: 0,
});

export function addCounts(sum: CaseCounts, more: CaseCounts): void {
  for (const key of Object.keys(sum) as (keyof CaseCounts)[]) sum[key] += more[key];
}

const BAD = ["failures", "errors"];
const SKIPPED = ["skipped", "skip", "ignored"];
const DISABLED = ["disabled", "notrun", "notRun", "not-run"];
const FLAKY = ["flakes", "flaky"];

/** @param direct counts of the suite's direct children; some runners count only these */
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
    // If all counted failures are listed, the missing cases did not fail.
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
  // Each word may count a part, or both the same cases.
  const same = [sum(skips), sum(off)].find(
    (value) => skips.length > 0 && off.length > 0 && listedSkips.includes(value),
  );
  hold([...skips, ...off], listedSkips, "skipped", same);
  const flaky = stated(FLAKY);
  if (flaky.length > 0) doubts.holdFlaky(sum(flaky), all.flaky);
}

/** Number of direct cases that the suite does not count. */
export function uncounted(suite: XmlElement, { tests, teardowns, doubles }: CaseCounts): number {
  const stated = suite.attributes.get("tests") ?? "";
  return COUNT.test(stated) ? Math.max(0, tests + teardowns - doubles - Number(stated)) : 0;
}

const OVERCOUNT =
  "subtests or assertions may have no case of their own, or cases are missing (--allow-counts takes them for the former)";

const COUNT = /^\d{1,9}$/;
const sum = (values: readonly string[]): number =>
  values.reduce((total, value) => total + (COUNT.test(value) ? Number(value) : NaN), 0);

/** The root's counters; without them, the sums over its suites, if all tests are in suites with counters. */
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
