/** The verdict follows from the checks, and from nothing else. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admits, derive, type Outcome } from "../../../src/core/statement/verdict.js";

interface Judged {
  readonly id: string;
  readonly required: boolean;
  readonly outcome: Outcome;
}

const OUTCOMES = ["passed", "failed", "errored", "skipped"] as const;

/** "+a" is a required check a that passed; "-" failed, "!" errored, "?" skipped; without being required: "(+a)". */
function checks(line: string): Judged[] {
  const marks: Readonly<Record<string, Outcome>> = { "+": "passed", "-": "failed", "!": "errored", "?": "skipped" };
  return line
    .split(" ")
    .filter(Boolean)
    .map((word) => {
      const [mark = "", ...id] = word.replace(/[()]/g, "");
      return { id: id.join(""), required: !word.startsWith("("), outcome: marks[mark]! };
    });
}

test.each([
  // checks             verdict         result    passed  warned  failed
  ["", "INCONCLUSIVE", "WARNED", "", "", ""],
  ["+a", "VALIDATED", "PASSED", "a", "", ""],
  ["+a +b", "VALIDATED", "PASSED", "a b", "", ""],
  ["-a", "REFUTED", "FAILED", "", "", "a"],
  ["!a", "INCONCLUSIVE", "WARNED", "", "a", ""],
  ["?a", "INCONCLUSIVE", "WARNED", "", "a", ""],
  ["+a -b", "REFUTED", "FAILED", "a", "", "b"],
  ["+a !b", "INCONCLUSIVE", "WARNED", "a", "b", ""],
  ["+a ?b", "INCONCLUSIVE", "WARNED", "a", "b", ""],
  ["!a -b ?c", "REFUTED", "FAILED", "", "a c", "b"],
  ["(+a)", "INCONCLUSIVE", "WARNED", "a", "", ""],
  ["(-a)", "INCONCLUSIVE", "WARNED", "", "a", ""],
  ["+a (-b)", "VALIDATED", "WARNED", "a", "b", ""],
  ["+a (?b)", "VALIDATED", "WARNED", "a", "b", ""],
  ["+a (!b) (?c) (+d)", "VALIDATED", "WARNED", "a d", "b c", ""],
  ["-a (+b)", "REFUTED", "FAILED", "b", "", "a"],
  ["-c -a -b", "REFUTED", "FAILED", "", "", "c a b"],
])("%j is %s, %s", (line, verdict, result, passed, warned, failed) => {
  const words = (text: string): string[] => text.split(" ").filter(Boolean);
  expect(derive(checks(line))).toEqual({
    verdict,
    result,
    passedTests: words(passed),
    warnedTests: words(warned),
    failedTests: words(failed),
  });
});

test.each([
  ["+a", "PASSED", true],
  ["+a", "WARNED", false],
  // What was signed before a warning had a word of its own.
  ["+a (?b)", "PASSED", true],
  ["+a (?b)", "WARNED", true],
  ["+a (?b)", "FAILED", false],
  ["+a ?b", "PASSED", false],
  ["-a", "PASSED", false],
  ["", "PASSED", false],
] as const)("beside %j, %s may stand: %s", (line, result, allowed) => {
  expect(admits(derive(checks(line)), result)).toBe(allowed);
});

const judged: fc.Arbitrary<Judged[]> = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 3 }),
    required: fc.boolean(),
    outcome: fc.constantFrom(...OUTCOMES),
  }),
  { selector: ({ id }) => id, maxLength: 8 },
);

describe("for any checks", () => {
  test("VALIDATED says: some check is required, and each of those passed", () => {
    fc.assert(
      fc.property(judged, (all) => {
        const required = all.filter((check) => check.required);
        expect(derive(all).verdict === "VALIDATED").toBe(
          required.length > 0 && required.every(({ outcome }) => outcome === "passed"),
        );
      }),
    );
  });

  test("REFUTED says: a required check failed, and failedTests names it", () => {
    fc.assert(
      fc.property(judged, (all) => {
        const { verdict, failedTests } = derive(all);
        expect(verdict === "REFUTED").toBe(all.some(({ required, outcome }) => required && outcome === "failed"));
        expect(verdict === "REFUTED").toBe(failedTests.length > 0);
      }),
    );
  });

  test("each check is in exactly one list, in the order of the checks", () => {
    fc.assert(
      fc.property(judged, (all) => {
        const { passedTests, warnedTests, failedTests } = derive(all);
        const ids = all.map(({ id }) => id);
        expect([...passedTests, ...warnedTests, ...failedTests].sort()).toEqual([...ids].sort());
        for (const list of [passedTests, warnedTests, failedTests])
          expect(list).toEqual(ids.filter((id) => list.includes(id)));
      }),
    );
  });

  test("the order of the checks is no matter", () => {
    fc.assert(fc.property(judged, (all) => derive([...all].reverse()).verdict === derive(all).verdict));
  });

  test("checks that are not required change nothing in the verdict", () => {
    fc.assert(
      fc.property(judged, (all) => derive(all).verdict === derive(all.filter(({ required }) => required)).verdict),
    );
  });

  test("one more required check that did not pass never makes the verdict better", () => {
    const rank = { REFUTED: 0, INCONCLUSIVE: 1, VALIDATED: 2 };
    fc.assert(
      fc.property(judged, fc.constantFrom("failed", "errored", "skipped"), (all, outcome) => {
        const worse = derive([...all, { id: "one more", required: true, outcome }]).verdict;
        return worse !== "VALIDATED" && rank[worse] <= rank[derive(all).verdict];
      }),
    );
  });
});
