/** From cases to checks: each once, ids that stay, groups whose numbers can be counted again, and reports that are held against each other. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, measured, parseObservations } from "../../../src/core/statement/criterion.js";
import { tallyOf } from "../../../src/core/statement/tally.js";
import { derive, type Outcome } from "../../../src/core/statement/verdict.js";
import type { TestCase } from "../../../src/formats/results.js";
import {
  checksOf,
  combine,
  LAYOUTS,
  observationsOf,
  type Listed,
} from "../../../src/harness/command/checks-from-reports.js";
import type { RunnerReport } from "../../../src/harness/command/reports.js";

const report = (name: string, cases: readonly TestCase[], format: "tap" | "junit" = "tap"): RunnerReport => ({
  name,
  doubts: [],
  results: { format, cases, counters: {}, discrepancies: [] },
});
const passed = (...names: string[]): TestCase[] => names.map((name) => ({ name, outcome: "passed" }));
const listed = (cases: readonly TestCase[]): readonly Listed[] => combine([report("r", cases)]).cases;
const [EACH, SUITES, NONE] = LAYOUTS;
const strict = { layout: EACH!, noSkips: true };

describe("checks", () => {
  test("one for each case, its whole name the claim, and one for all", () => {
    const checks = checksOf(
      listed([...passed("a > adds"), { name: "b > ß 漢字", outcome: "failed", message: "1\n2" }]),
      strict,
    );
    expect(checks.map(({ id, claim, outcome }) => [id, claim, outcome])).toEqual([
      ["tests", "Every test that ran passed.", "failed"],
      ["test/a-adds", "a > adds", "passed"],
      ["test/b", "b > ß 漢字", "failed"],
    ]);
    expect(checks[2]?.observed).toBe("failed, says r: 1 2");
    expect(checks[0]?.observed).toBe("2 tests, 1 passed, 1 failed");
  });

  test.each<[Outcome, string]>([
    ["passed", "VALIDATED"],
    ["failed", "REFUTED"],
    ["errored", "INCONCLUSIVE"],
    ["skipped", "VALIDATED"],
  ])("of a case that %s the verdict is %s, in every layout", (outcome, verdict) => {
    const cases = listed([...passed("a"), { name: "b", outcome }]);
    for (const layout of LAYOUTS) expect(derive(checksOf(cases, { layout, noSkips: false })).verdict).toBe(verdict);
  });

  test("a test that is skipped is a warning, and counted; who wants none gets no pass", () => {
    const cases = listed([...passed("a > x"), { name: "b > y", suite: "b", outcome: "skipped" }]);
    for (const layout of [EACH!, SUITES!, NONE!]) {
      const checks = checksOf(cases, { layout, noSkips: false });
      const derived = derive(checks);
      expect(derived).toMatchObject({ verdict: "VALIDATED", result: "WARNED" });
      expect(derived.warnedTests).toContain("test/b-y");
      expect(tallyOf(checks)).toMatchObject({ of: "tests", passed: 1, skipped: 1 });
      expect(derive(checksOf(cases, { layout, noSkips: true })).verdict).toBe("INCONCLUSIVE");
    }
  });

  test("of tests that were all skipped nothing was shown", () => {
    const cases = listed([{ name: "a", outcome: "skipped" }]);
    for (const layout of LAYOUTS)
      expect(derive(checksOf(cases, { layout, noSkips: false })).verdict).toBe("INCONCLUSIVE");
  });

  test("where only some have room, a failure goes before a test that was skipped", () => {
    const cases = listed([{ name: "a", outcome: "skipped" }, { name: "b", outcome: "failed" }, ...passed("c")]);
    const checks = checksOf(cases, { layout: { groups: "none", named: 1 }, noSkips: false });
    expect(checks.map(({ id }) => id)).toEqual(["tests", "test/b"]);
  });

  test("no case at all is no pass", () => {
    expect(derive(checksOf([], strict)).verdict).toBe("INCONCLUSIVE");
    expect(derive(checksOf([], { ...strict, noSkips: false })).verdict).toBe("INCONCLUSIVE");
  });

  test("where there is no room for each, suites and every failure by name", () => {
    const many = Array.from({ length: 50 }, (_, at): TestCase => ({
      name: `s${at % 2} > t${at}`,
      suite: `s${at % 2}`,
      outcome: at === 7 ? "failed" : "passed",
    }));
    const checks = checksOf(listed(many), { layout: SUITES!, noSkips: true });
    expect(checks.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      "tests failed",
      "suite/s0 passed",
      "suite/s1 failed",
      "test/s1-t7 failed",
    ]);
  });

  test("where there is no room even for the failures, their names in a list", () => {
    const many = Array.from({ length: 30 }, (_, at): TestCase => ({ name: `t${at}`, outcome: "failed" }));
    const checks = checksOf(listed(many), { layout: { groups: "none", named: 2 }, noSkips: true });
    expect(checks.map(({ id }) => id)).toEqual(["tests", "test/t0", "test/t1"]);
    expect(checks[0]?.observed).toMatch(/^30 tests, 30 failed; not passed: t2; t3; .*; t29$/);
  });

  const cases = fc.array(
    fc.record({
      name: fc.string({ unit: "grapheme", minLength: 1 }),
      outcome: fc.constantFrom<Outcome>("passed", "failed", "errored", "skipped"),
    }),
    { maxLength: 30 },
  );

  test("whatever the names, ids are unique and of the form, and a failure is never lost", () => {
    const form = /^[a-z0-9][a-z0-9._/-]{0,127}$/;
    fc.assert(
      fc.property(cases, fc.constantFrom(...LAYOUTS), fc.boolean(), (all, layout, noSkips) => {
        const some = listed(all.map((each, at) => ({ ...each, name: `${each.name}${at}` })));
        const checks = checksOf(some, { layout, noSkips });
        expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
        for (const { id } of checks) expect(id).toMatch(form);
        const { verdict } = derive(checks);
        expect(verdict === "REFUTED").toBe(some.some(({ outcome }) => outcome === "failed"));
        if (some.some(({ outcome }) => outcome === "errored")) expect(verdict).not.toBe("VALIDATED");
      }),
    );
  });

  test("the numbers of a group are counted again from the observations", () => {
    fc.assert(
      fc.property(cases, (all) => {
        const some = listed(all.map((each, at) => ({ ...each, name: `s > ${each.name}${at}`, suite: "s" })));
        const observations = parseObservations(observationsOf(some));
        for (const check of checksOf(some, { layout: SUITES!, noSkips: true })) {
          if (check.criterion === undefined) continue;
          expect(measured(check.criterion, observations)).toEqual(check.measurements);
          expect([judge(check.criterion, check.measurements!), "skipped"]).toContain(check.outcome);
        }
      }),
    );
  });

  test("an id depends on nothing but the name", () => {
    const [before, after] = [passed("b", "a"), passed("new", "a", "b")].map((all) =>
      Object.fromEntries(checksOf(listed(all), strict).map(({ id, claim }) => [claim, id])),
    );
    expect(after).toMatchObject(before!);
  });
});

describe("several reports", () => {
  test("of different tests are added up", () => {
    const { cases, disagreements } = combine([report("a", passed("x", "y")), report("b", passed("z"))]);
    expect(cases.map(({ name, report: from }) => `${from} ${name}`)).toEqual(["a x", "a y", "b z"]);
    expect(disagreements).toEqual([]);
  });

  test("of the same tests count each once, also where the formats name them differently", () => {
    const junit = passed("sum.test.js > adds", "sum.test.js > subtracts");
    expect(combine([report("a", junit), report("b", passed("adds", "subtracts"), "junit")])).toMatchObject({
      cases: [{ name: "sum.test.js > adds" }, { name: "sum.test.js > subtracts" }],
      disagreements: [],
    });
  });

  test.each([
    [
      "jest and jest-junit",
      passed(
        "math.test.js > math > adds",
        "math.test.js > math > deep > er",
        "flat.test.js > flat",
        "b.test.js > math > adds",
      ),
      passed("math > math adds", "math > math deep er", "flat", "math > math adds (2)"),
    ],
    [
      "jest and jest-junit that is told to keep classes apart",
      passed("src/a.test.js > math > deep > adds", "src/a.test.js > math > takes"),
      passed("a.test.js > math › deep > adds", "a.test.js > math > takes"),
    ],
    ["bats in both", passed("adds", "a & b"), passed("b.bats > adds", "b.bats > a & b")],
    [
      "classes that have more before them",
      passed("x.js > A > adds", "x.js > B > adds"),
      passed("all > A > adds", "all > B > adds"),
    ],
  ])("of the same tests count each once: %s", (_, jest, junit) => {
    for (const all of [
      [report("a", jest), report("b", junit, "junit")],
      [report("b", junit, "junit"), report("a", jest)],
    ]) {
      const { cases, disagreements, apart } = combine(all);
      expect([cases.length, disagreements, apart]).toEqual([jest.length, [], []]);
    }
  });

  test("of different tests in two formats are added up, and that is told", () => {
    const jest = passed("a.js > math > adds", "a.js > math > takes");
    const { cases, apart } = combine([report("a", jest), report("b", passed("x > A > works"), "junit")]);
    expect([cases.length, apart.length]).toEqual([3, 1]);
  });

  test("that give one test two outcomes disagree, and the worse one stands", () => {
    const { cases, disagreements } = combine([
      report("a", passed("x", "y")),
      report("b", [...passed("x"), { name: "y", outcome: "failed" }], "junit"),
    ]);
    expect(cases.map(({ outcome }) => outcome)).toEqual(["passed", "failed"]);
    expect(disagreements).toEqual([`"y": passed in a, failed in b`]);
  });

  test("of the same tests, but not all of them, disagree", () => {
    expect(combine([report("a", passed("x", "y", "z")), report("b", passed("x", "y"), "junit")]).disagreements).toEqual(
      ["b lacks 1 test that other reports list"],
    );
    expect(combine([report("a", passed("x", "y")), report("b", passed("x", "y", "z"), "junit")]).disagreements).toEqual(
      ["b lists 1 test that other reports lack"],
    );
  });

  test("of two classes with methods of one name are different tests, and each failure is named", () => {
    const of = (suite: string, outcome: Outcome): TestCase[] =>
      ["works", "equals"].map((name) => ({ name: `${suite} > ${name}`, suite, outcome }));
    const { cases, disagreements } = combine([report("A.xml", of("A", "passed")), report("B.xml", of("B", "failed"))]);
    expect(cases.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      ...["A > works passed", "A > equals passed", "B > works failed", "B > equals failed"],
    ]);
    expect(disagreements).toEqual([]);
  });

  test("of one format are added up, whatever the names: two packages may have tests of one name", () => {
    const { cases, disagreements } = combine([
      report("packages/a/junit.xml", passed("index.test > works", "index.test > ends"), "junit"),
      report("packages/b/junit.xml", [{ name: "index.test > works", outcome: "failed" }], "junit"),
    ]);
    expect(cases.map(({ name, outcome, report: from }) => `${from} ${name} ${outcome}`)).toEqual([
      "packages/a/junit.xml index.test > works passed",
      "packages/a/junit.xml index.test > ends passed",
      "packages/b/junit.xml index.test > works failed",
    ]);
    expect(disagreements).toEqual([]);
  });

  test("of two packages in two formats are compared all together, whichever comes first", () => {
    const junit = [
      report("a.xml", passed("works"), "junit"),
      report("b.xml", [{ name: "works", outcome: "failed" }], "junit"),
    ];
    const tap = report("stdout", [{ name: "works", outcome: "failed" }, ...passed("works (2)")]);
    for (const all of [
      [...junit, tap],
      [tap, ...junit.toReversed()],
    ]) {
      const { cases } = combine(all);
      expect(cases.filter(({ outcome }) => outcome === "failed")).toHaveLength(1);
    }
    const alike = [report("a.xml", passed("works"), "junit"), report("b.xml", passed("works"), "junit")];
    expect(combine([...alike, report("stdout", [...passed("works"), ...passed("works")])])).toMatchObject({
      cases: [{ name: "works" }, { name: "works" }],
      disagreements: [],
    });
  });

  test("of which one knows that a test was tried again", () => {
    const once = report("a", passed("x"));
    const again = report("b", [{ name: "x", outcome: "passed", retried: true }], "junit");
    for (const all of [
      [once, again],
      [again, once],
    ])
      expect(combine(all).cases).toMatchObject([{ retried: true }]);
  });

  test("of other classes, in two formats, are different tests", () => {
    const of = (suite: string): TestCase[] =>
      ["works", "equals"].map((name) => ({ name: `${suite} > ${name}`, suite, outcome: "passed" }));
    const { cases, apart } = combine([report("a", of("A")), report("b", of("B"), "junit")]);
    expect([cases.length, apart.length]).toEqual([4, 1]);
  });

  test("no case is lost and no failure hidden, whatever the names, formats and order", () => {
    const name = fc
      .array(fc.constantFrom("a", "b", "c d"), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join(" > "));
    const outcome = fc.constantFrom<Outcome>("passed", "failed", "errored", "skipped");
    const some = fc.record({
      format: fc.constantFrom("tap" as const, "junit" as const),
      cases: fc.array(fc.record({ name, outcome }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 4 }), (all) => {
        const reports = all.map(({ format, cases }, at) => report(`r${at}`, cases, format));
        const { cases, disagreements } = combine(reports);
        const count = (listed: readonly TestCase[], which?: Outcome): number =>
          listed.filter((each) => which === undefined || each.outcome === which).length;
        const formats = (["tap", "junit"] as const).map((format) =>
          all.filter((each) => each.format === format).flatMap((each) => each.cases),
        );
        const [most, sum] = [Math.max(...formats.map((each) => count(each))), count(formats.flat())];
        expect(cases.length).toBeGreaterThanOrEqual(most);
        expect(cases.length).toBeLessThanOrEqual(sum);
        if (formats.some((each) => each.length === 0)) expect(cases).toHaveLength(sum);
        for (const each of formats) expect(count(cases, "failed")).toBeGreaterThanOrEqual(count(each, "failed"));
        // What counts once is as bad in both formats, or told.
        if (disagreements.length === 0)
          for (const bad of ["failed", "errored"] as const)
            expect([count(formats[0]!, bad), count(formats[1]!, bad), count(formats.flat(), bad)]).toContain(
              count(cases, bad),
            );
      }),
    );
  });

  test("one that cannot be read takes no part", () => {
    expect(combine([{ name: "a", doubts: ["broken"] }, report("b", passed("x"))]).cases).toHaveLength(1);
  });
});
