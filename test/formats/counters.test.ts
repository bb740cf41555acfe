/** Counters that count something other than cases: what a known runner counts is no doubt, what may be a missing case is one, and no failure is ever explained away. */
import { expect, test } from "vitest";
import { outcomes, read } from "./reading.js";

const suite = (counters: string, cases: string): string => `<testsuite name="s" ${counters}>${cases}</testsuite>`;
const A = `<testcase name="a"/>`;
const SKIPPED = `<testcase name="b" status="run" result="skipped"><skipped/></testcase>`;
const OFF = `<testcase name="c" status="notrun" result="suppressed"/>`;
const FAILED = `<testcase name="d"><failure/><failure/></testcase>`;
const FLAKY = `<testcase name="e"><flakyFailure/></testcase>`;
const TEARDOWN = `<error message="failed on teardown with &quot;x&quot;"/>`;

type Row = [what: string, report: string, doubts: number, overcounts: number];

test.each<Row>([
  ["googletest's suite", suite(`tests="3" failures="0" disabled="1" skipped="1"`, A + SKIPPED + OFF), 0, 0],
  ["googletest's root", suite(`tests="3" failures="0" disabled="1"`, A + SKIPPED + OFF), 0, 0],
  ["the same of xunit", suite(`tests="3" failures="0" notrun="1" errors=""`, A + SKIPPED + OFF), 0, 0],
  ["what ran alone", suite(`tests="1" failures="0" skipped="1"`, A + SKIPPED), 0, 0],
  ["failed assertions", suite(`tests="1" failures="2" errors="0"`, FAILED), 0, 0],
  ["assertions", suite(`tests="9" failures="0" errors="0"`, A), 0, 1],
  ["assertions, some of which failed", suite(`tests="9" failures="2" errors="0"`, A + FAILED), 0, 1],
  ["subtests that were skipped", suite(`tests="3" failures="0" skipped="2"`, A), 0, 2],
  ["attempts", suite(`tests="2" failures="0" flakes="1"`, FLAKY), 0, 0],
  ["an error of a teardown", suite(`tests="2" errors="1"`, `<testcase name="a">${TEARDOWN}</testcase>`), 0, 0],
  [
    "the same after a failure",
    suite(
      `tests="1" errors="1" failures="1"`,
      `<testcase name="a"><failure/></testcase><testcase name="a">${TEARDOWN}</testcase>`,
    ),
    1,
    0,
  ],
  ["a failure that is missing", suite(`tests="2" failures="1"`, A), 2, 0],
  ["a case that is missing, and failures are not counted", suite(`tests="2"`, A), 1, 0],
  ["a number of flaky tests that is none", suite(`tests="1" failures="0" flakes="some"`, A), 1, 0],
])("%s", (_, report, doubts, overcounts) => {
  const results = read(report);
  expect([results.discrepancies.length, results.overcounts?.length ?? 0]).toEqual([doubts, overcounts]);
});

const IDLE = `<testcase name="f" time="0"/>`;
const RAN = `<testcase name="g" time="0.002"/>`;
test.each([
  ["it alone took no time", `tests="1" skipped="0"`, RAN + IDLE, ["passed s > g", "skipped s > f"], 0],
  ["as many were skipped", `tests="2" skipped="1"`, RAN + SKIPPED + IDLE, 2, 0],
  ["another one took no time either", `tests="2" skipped="0"`, RAN + IDLE + IDLE.replace("f", "h"), 0, 1],
  ["it is counted", `tests="2" skipped="0"`, RAN + IDLE, 0, 0],
])("a test to do that jest-junit lists as if it had passed: %s", (_, counters, cases, skipped, doubts) => {
  const results = read(`<testsuites>${suite(counters, cases)}</testsuites>`);
  const found = outcomes(results).filter((one) => Array.isArray(skipped) || one.startsWith("skipped"));
  expect(Array.isArray(skipped) ? found : found.length).toEqual(skipped);
  expect(results.discrepancies).toHaveLength(doubts);
});

test("the suite of tests that are in none has no name, whatever jest-junit calls it", () => {
  expect(outcomes(read(`<testsuites><testsuite name="undefined">${A}</testsuite></testsuites>`))).toEqual(["passed a"]);
});

test.each([
  ["a flaky mark", `<testcase name="a" flaky="true"/>`],
  ["a property", `<testcase name="a"><properties><property name="retries" value="1"/></properties></testcase>`],
  [
    "Playwright's folder of a further attempt",
    `<testcase name="a"><system-out><![CDATA[[[ATTACHMENT|test-results/a-retry1/trace.zip]]]]></system-out></testcase>`,
  ],
])("an attempt is told by %s", (_, each) => {
  expect(outcomes(read(suite("", each)))).toEqual(["passed again s > a"]);
});

const ctrf = (tests: object[], summary: object = {}): string =>
  JSON.stringify({
    results: {
      summary: { tests: tests.length, passed: tests.length, failed: 0, skipped: 0, pending: 0, other: 0, ...summary },
      tests: tests.map((each) => ({ name: "a", status: "passed", ...each })),
    },
  });

test("jest's invocations, and CTRF's count of flaky tests, tell of attempts", () => {
  const counts = { numTotalTests: 1, numPassedTests: 1, numFailedTests: 0, numPendingTests: 0, success: true };
  const assertionResults = [{ title: "a", status: "passed", invocations: 2 }];
  const jest = JSON.stringify({ ...counts, testResults: [{ status: "passed", assertionResults }] });
  expect(outcomes(read(jest))).toEqual(["passed again a"]);
  const kept = [{ title: "a", status: "passed", failureMessages: ["at first"] }];
  const vitest = JSON.stringify({ ...counts, testResults: [{ status: "passed", assertionResults: kept }] });
  expect(outcomes(read(vitest))).toEqual(["passed again a"]);
  expect(read(ctrf([{}], { flaky: 1 })).retriedToo).toBe(1);
  expect(read(ctrf([{ flaky: true }], { flaky: 1 })).retriedToo).toBeUndefined();
  expect(read(suite(`tests="1" failures="0" flakes="1"`, A)).retriedToo).toBe(1);
});

test("CTRF's tests of one name are told apart by their file or their id", () => {
  const files = ["x.js", "y.js"].map((filePath, at) => ({ filePath, status: at === 0 ? "passed" : "failed" }));
  const inFiles = read(ctrf(files, { passed: 1, failed: 1 }));
  expect(outcomes(inFiles)).toEqual(["passed x.js > a", "failed y.js > a"]);
  expect(inFiles.discrepancies).toEqual([]);
  const ids = files.map(({ status }, at) => ({ id: `${at}`, status }));
  expect(read(ctrf(ids, { passed: 1, failed: 1 })).discrepancies).toEqual([]);
});

test.each([
  [1_738_570_150, undefined],
  [1_738_570_150.539, undefined],
  [1_738_570_150_539, "2025-02-03T08:09:10.539Z"],
  ["2025-02-03T08:09:10Z", "2025-02-03T08:09:10.000Z"],
])("CTRF's start %s", (start, startedAt) => {
  expect(read(ctrf([{}], { start })).startedAt).toBe(startedAt);
});

test.each([
  ["2025-02-03T08:09:10", "2025-02-03T08:09:10.000Z"],
  ["2025-02-03 08:09:10,5", "2025-02-03T08:09:10.500Z"],
  ["2025-02-03", "2025-02-03T00:00:00.000Z"],
  ["1970-01-01T01:00:00.000", undefined],
  ["2025-02-03T08:09:10Z", undefined],
])("the time %s has no zone", (time, startedLocally) => {
  expect(read(suite(`timestamp="${time}"`, A)).startedLocally).toBe(startedLocally);
});
