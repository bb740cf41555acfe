/** JUnit XML of an audit: what is written is what our own reader counts, whatever the texts in it are. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RULE_IDS, type Finding } from "../../src/core/statement/audit-rules.js";
import type { JudgedFinding, Waiver, WaiverWord } from "../../src/core/audit/waiver.js";
import { fromUtf8 } from "../../src/core/bytes.js";
import { formatJunit, groupOf, GROUPS, type Group, type JunitSuite } from "../../src/formats/junit-report.js";
import { readResults } from "../../src/formats/results.js";
import { parseXml } from "../../src/formats/xml.js";

const ABOUT = "ab".repeat(32);
const waiver = (standing: WaiverWord): Waiver => ({
  digest: "cd".repeat(32),
  rule: "evidence-gone",
  about: ABOUT,
  reason: "a copy is kept",
  standing,
  until: "2027-01-31T23:59:59Z",
  by: "SHA256:key",
});
const found = (given: Partial<Finding> = {}, ...standings: WaiverWord[]): JudgedFinding => ({
  finding: { rule: "evidence-gone", about: ABOUT, pointer: "/predicate/f3/evidence/0", detail: "404", ...given },
  waivers: standings.map(waiver),
  waived: standings.includes("honoured"),
});
const ALL = Object.keys(GROUPS) as Group[];
const suite = (given: Partial<JunitSuite> = {}): JunitSuite => ({
  name: "test_0123456789abcdef",
  file: "attestations/test_0123456789abcdef.json",
  looked: ALL,
  findings: [],
  ...given,
});

test("a suite for each attestation, a case for each group that was looked at", () => {
  const bytes = formatJunit([
    suite({
      findings: [found(), found({ rule: "date-order", pointer: "", detail: "" }, "honoured")],
      looked: ["document", "drift", "dates"],
      notChecked: { subject: ["the registry of packages did not answer"] },
    }),
    suite({ name: "plan_0123456789abcdef", looked: ["log"] }),
  ]);
  expect(fromUtf8(bytes)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="attest audit" tests="5" failures="1" errors="0" skipped="2">
  <testsuite name="plan_0123456789abcdef" file="attestations/test_0123456789abcdef.json" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="the plan and the log" classname="plan_0123456789abcdef"/>
  </testsuite>
  <testsuite name="test_0123456789abcdef" file="attestations/test_0123456789abcdef.json" tests="4" failures="1" errors="0" skipped="2">
    <testcase name="the document itself" classname="test_0123456789abcdef"/>
    <testcase name="what the evidence still says" classname="test_0123456789abcdef"><failure message="evidence-gone at /predicate/f3/evidence/0: 404" type="error">evidence-gone at /predicate/f3/evidence/0: 404</failure></testcase>
    <testcase name="the dates" classname="test_0123456789abcdef"><skipped message="date-order: the dates are in an impossible order; waived by SHA256:key until 2027-01-31T23:59:59Z: a copy is kept">date-order: the dates are in an impossible order; waived by SHA256:key until 2027-01-31T23:59:59Z: a copy is kept</skipped></testcase>
    <testcase name="the subject" classname="test_0123456789abcdef"><skipped message="not checked: the registry of packages did not answer">not checked: the registry of packages did not answer</skipped></testcase>
  </testsuite>
</testsuites>
`);
});

describe("in one group", () => {
  const one = (given: Partial<JunitSuite>) =>
    readResults(formatJunit([suite({ looked: ["drift"], ...given })])).cases.map(({ outcome, message }) => [
      outcome,
      message,
    ]);

  test("the worst counts, and is told first", () => {
    const findings = [found({ rule: "evidence-moved" }), found({}, "honoured"), found({ detail: "gone" })];
    expect(one({ findings, notChecked: { drift: ["b"] } })).toEqual([
      ["failed", "evidence-gone at /predicate/f3/evidence/0: gone"],
    ]);
  });

  test("a waiver that is not heeded does not skip", () => {
    expect(one({ findings: [found({}, "not-yours", "expired")] })[0]?.[0]).toBe("failed");
  });

  test("what could not be looked at is skipped, and never passed", () => {
    expect(one({ notChecked: { drift: ["the address"] } })).toEqual([["skipped", "not checked: the address"]]);
    expect(one({})).toEqual([["passed", undefined]]);
    expect(one({ looked: [] })).toEqual([]);
  });
});

test("every rule has a group, in the order of the rules", () => {
  const order = RULE_IDS.map((rule) => ALL.indexOf(groupOf(rule)));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(new Set(order).size).toBe(ALL.length);
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom("<", ">", "&", '"', "'", "]]>", "\u0000", "\u001b", "\ufffe", "\ud800", "\n", "&#0;", "a"),
  }),
);
const suites: fc.Arbitrary<JunitSuite[]> = fc.array(
  fc.record({
    name: text,
    file: text,
    looked: fc.subarray(ALL),
    notChecked: fc.dictionary(fc.constantFrom(...ALL), fc.array(text, { maxLength: 2 }), { noNullPrototype: true }),
    findings: fc.array(
      fc
        .record({
          rule: fc.constantFrom(...RULE_IDS),
          pointer: fc.oneof(fc.constant(""), text),
          detail: text,
          standings: fc.array(fc.constantFrom("honoured", "expired", "not-yours"), { maxLength: 2 }),
        })
        .map(({ standings, ...finding }) => found(finding, ...(standings as WaiverWord[]))),
      { maxLength: 6 },
    ),
  }),
  { maxLength: 5 },
);

describe("whatever the findings are", () => {
  const expected = (all: readonly JunitSuite[]) => {
    const cases = all.flatMap(({ looked, notChecked = {}, findings }) =>
      ALL.flatMap((group) => {
        const here = findings.filter(({ finding }) => groupOf(finding.rule) === group);
        if (here.some(({ waived }) => !waived)) return ["failed"];
        if (here.length > 0 || (notChecked[group] ?? []).length > 0) return ["skipped"];
        return looked.includes(group) ? ["passed"] : [];
      }),
    );
    const count = (outcome: string): number => cases.filter((one) => one === outcome).length;
    return { total: cases.length, failed: count("failed"), errored: 0, skipped: count("skipped") };
  };

  test("our own reader counts the same, finds no contradiction, and XML has every character", () => {
    fc.assert(
      fc.property(suites, (all) => {
        const bytes = formatJunit(all);
        const { format, cases, counters, discrepancies } = readResults(bytes);
        const stated = expected(all);
        expect(counters).toEqual(stated);
        const count = (outcome: string): number => cases.filter((one) => one.outcome === outcome).length;
        expect([format, cases.length, count("failed"), count("skipped")]).toEqual([
          ...["junit", stated.total, stated.failed, stated.skipped],
        ]);
        expect(discrepancies.filter((one) => !/ stands \d+ times, /.test(one))).toEqual([]); // suites may share a name
        // XML 1.0 section 2.2; and no document type, so that no reader fetches one.
        expect(fromUtf8(bytes)).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
        expect(parseXml(fromUtf8(bytes)).name).toBe("testsuites");
      }),
      { numRuns: 150 },
    );
  });

  test("in whatever order they come, the bytes are the same", () => {
    const shuffled = suites.chain((all) =>
      fc.record({
        all: fc.constant(all),
        other: fc
          .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
          .map((some) => some.map((one) => ({ ...one, findings: [...one.findings].reverse() }))),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ all, other }) => {
        expect(fromUtf8(formatJunit(other))).toBe(fromUtf8(formatJunit(all)));
      }),
      { numRuns: 100 },
    );
  });
});
