/**
 * JUnit XML, which no standard describes: what surefire, pytest, gotestsum, jest-junit, vitest, mocha, bats and node:test write.
 * Suites may lie in suites, cases directly under the root (node:test), and counters may be anywhere or nowhere.
 */
import { AttestError } from "../core/errors.js";
import type { Outcome } from "../core/verdict.js";
import { bad, Doubts, type Counters, type Draft, type DraftCase } from "./draft.js";
import { earliest, instant, pathIn, quoted, seconds, withoutStack } from "./text.js";
import { parseXml, type Element } from "./xml.js";

/** What may stand in a suite or a case and says nothing of an outcome. */
const NEUTRAL = ["properties", "property", "system-out", "system-err", "attachments"];
/** Surefire's further attempts: `rerun…` of a case that kept failing, `flaky…` of one that passed in the end. */
const AGAIN = ["rerunFailure", "rerunError", "flakyFailure", "flakyError"];

const STATUSES: ReadonlyMap<string, Outcome> = new Map([
  ...["run", "passed", "pass", "success", "ok", "completed"].map((word): [string, Outcome] => [word, "passed"]),
  ...["failed", "fail", "failure"].map((word): [string, Outcome] => [word, "failed"]),
  ...["error", "errored"].map((word): [string, Outcome] => [word, "errored"]),
  ...["skipped", "disabled", "notrun", "suppressed", "ignored", "pending"].map((word): [string, Outcome] => [
    word,
    "skipped",
  ]),
]);

/** How many cases, and what marks they bear: that is what runners count, rather than outcomes. */
interface Tally {
  tests: number;
  bad: number;
  skipped: number;
  /** Further attempts, which surefire counts like cases. */
  again: number;
}

interface Reading {
  readonly cases: DraftCase[];
  readonly doubts: Doubts;
  readonly times: (string | undefined)[];
}

export function readJunit(text: string): Draft {
  const root = parseXml(text);
  if (root.name !== "testsuites" && root.name !== "testsuite") {
    throw new AttestError(
      "report-format",
      `expected a report of a test run, found XML with the root <${root.name.slice(0, 80)}>`,
    );
  }
  const reading: Reading = { cases: [], doubts: new Doubts(), times: [] };
  readSuite(root, root.name === "testsuites" ? [] : [root.attributes.get("name")], undefined, reading);
  return {
    format: "junit",
    cases: reading.cases,
    counters: countersOf(root),
    compared: true,
    doubts: reading.doubts,
    startedAt: earliest(reading.times),
  };
}

function readSuite(
  suite: Element,
  path: readonly (string | undefined)[],
  file: string | undefined,
  reading: Reading,
): Tally {
  const direct: Tally = { tests: 0, bad: 0, skipped: 0, again: 0 };
  const all: Tally = { tests: 0, bad: 0, skipped: 0, again: 0 };
  const own = suite.attributes.get("file") ?? file;
  reading.times.push(instant(suite.attributes.get("timestamp")));
  for (const child of suite.children) {
    if (child.name === "testcase") {
      const marks = readCase(child, path, own, reading);
      add(direct, marks);
      add(all, marks);
    } else if (child.name === "testsuite") {
      add(all, readSuite(child, [...path, child.attributes.get("name")], own, reading));
    } else if (child.name === "failure" || child.name === "error") {
      reading.doubts.say(`the suite ${nameOf(suite)} failed as a whole`);
      reading.cases.push({ path, outcome: "errored", message: messageOf(child), file: own, uncounted: true });
    } else if (!NEUTRAL.includes(child.name)) {
      reading.doubts.say(`the suite ${nameOf(suite)} has an unknown part <${child.name.slice(0, 80)}>`);
    }
  }
  compare(suite, direct, all, reading.doubts);
  return all;
}

function add(sum: Tally, more: Tally): void {
  sum.tests += more.tests;
  sum.bad += more.bad;
  sum.skipped += more.skipped;
  sum.again += more.again;
}

function readCase(
  test: Element,
  above: readonly (string | undefined)[],
  suiteFile: string | undefined,
  reading: Reading,
): Tally {
  const name = test.attributes.get("name") ?? "";
  const group = test.attributes.get("classname");
  // node:test gives every case the class "test".
  const path = [...above, group === "test" ? undefined : group, name];
  const marks = new Map(test.children.map((child) => [child.name, child]));
  const again = test.children.filter((child) => AGAIN.includes(child.name)).length;
  const outcome = outcomeOf(test, marks);
  if (marks.has("testcase") || marks.has("testsuite")) {
    reading.doubts.say(`${quoted(name)} has tests in it, which are not read`);
  }
  const mark = marks.get("failure") ?? marks.get("error") ?? marks.get("skipped");
  reading.cases.push({
    path,
    outcome,
    retried: again > 0,
    message: mark ? messageOf(mark) : outcome === "errored" ? "the report says of it what is not known" : undefined,
    durationMs: seconds(test.attributes.get("time")),
    file: test.attributes.get("file") ?? suiteFile ?? pathIn(name),
  });
  return {
    tests: 1,
    bad: marks.has("failure") || marks.has("error") || bad(outcome) ? 1 : 0,
    skipped: marks.has("skipped") || outcome === "skipped" ? 1 : 0,
    again,
  };
}

function outcomeOf(test: Element, marks: ReadonlyMap<string, Element>): Outcome {
  // node:test: a test that is to do may fail.
  if (marks.get("skipped")?.attributes.get("type") === "todo") return "skipped";
  if (marks.has("failure")) return "failed";
  if (marks.has("error")) return "errored";
  const known = (child: Element): boolean => child.name === "skipped" || [...NEUTRAL, ...AGAIN].includes(child.name);
  if (!test.children.every(known)) return "errored";
  if (test.attributes.has("failure")) return "failed";
  // Googletest says of a disabled test that it was not run in attributes alone.
  const words = ["status", "result"].map((word) => test.attributes.get(word)).filter((word) => word !== undefined);
  const said = words.map((word) => STATUSES.get(word.toLowerCase()) ?? "errored");
  const worst = (["failed", "errored", "skipped"] as const).find((outcome) => said.includes(outcome));
  return worst ?? (marks.has("skipped") ? "skipped" : "passed");
}

const messageOf = (mark: Element): string => mark.attributes.get("message") || withoutStack(mark.text);
const nameOf = (suite: Element): string => quoted(suite.attributes.get("name") ?? "");

const COUNTERS = ["tests", "failures", "errors", "skipped", "skip", "disabled", "ignored"];

/** Some runners count in a suite what lies directly in it, some all that is below; surefire counts attempts; mocha calls failures errors. */
function compare(suite: Element, direct: Tally, all: Tally, doubts: Doubts): void {
  const hold = (counters: readonly string[], listed: readonly number[], what: string): void => {
    const stated = counters.map((counter) => suite.attributes.get(counter)).filter((value) => value !== undefined);
    const counted = stated.reduce((sum, value) => sum + (/^\d{1,9}$/.test(value) ? Number(value) : NaN), 0);
    if (stated.length === 0 || listed.includes(counted)) return;
    const found = Number.isNaN(counted) ? stated.map((value) => quoted(value)).join(" and ") : counted;
    doubts.say(`the suite ${nameOf(suite)} counts ${found} ${what}, and lists ${listed[0] ?? 0}`);
  };
  const [tests, failures, errors, ...skips] = COUNTERS as [string, string, string, ...string[]];
  hold([tests], [all.tests, direct.tests, all.tests + all.again], "tests");
  hold([failures, errors], [all.bad, direct.bad, all.bad + all.again], "failures and errors");
  hold(skips, [all.skipped, direct.skipped], "skipped");
}

/** Those of the root; where it has none, the sums over its suites, if all tests are in suites that count. */
function countersOf(root: Element): Counters {
  const parts = root.attributes.has("tests") ? [root] : root.children.filter(({ name }) => name !== "properties");
  if (!parts.every(({ name, attributes }) => name !== "testcase" && attributes.has("tests"))) return {};
  const sum = (counters: readonly string[]): number | undefined => {
    const stated = parts.flatMap(({ attributes }) => counters.map((counter) => attributes.get(counter) ?? ""));
    const counts = stated.filter((value) => /^\d{1,9}$/.test(value));
    return counts.length === 0 ? undefined : counts.reduce((total, value) => total + Number(value), 0);
  };
  const [tests, failures, errors, ...skips] = COUNTERS as [string, string, string, ...string[]];
  const [total, failed, errored, skipped] = [sum([tests]), sum([failures]), sum([errors]), sum(skips)];
  return {
    ...(total !== undefined && { total }),
    ...(failed !== undefined && { failed }),
    ...(errored !== undefined && { errored }),
    ...(skipped !== undefined && { skipped }),
  };
}
