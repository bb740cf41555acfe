/**
 * JUnit XML, which has no standard: as surefire, pytest, gotestsum, jest-junit, vitest, mocha, bats and node:test write it. Suites may be
 * nested, cases may be children of the root (node:test), and counters may be anywhere or missing.
 */
import { AttestError } from "../core/errors.js";
import type { Outcome } from "../core/statement/verdict.js";
import { bad, Doubts, type ReportDraft, type DraftCase } from "./draft.js";
import { addCounts, compareCounts, countersOf, noCounts, uncounted, type CaseCounts } from "./junit-counts.js";
import { earliest, instant, localTime, pathIn, quoted, seconds, withoutStack } from "./text.js";
import { parseXml, type XmlElement } from "./xml.js";

/** Elements without influence on the outcome. */
const NEUTRAL = ["properties", "property", "system-out", "system-err", "attachments"];
/** Surefire's further attempts: `rerun…` if the case kept failing, `flaky…` if it finally passed. */
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

/** Words for disabled tests in googletest and CTest. */
const OFF = ["disabled", "notrun", "suppressed"];

interface Reading {
  readonly cases: DraftCase[];
  readonly doubts: Doubts;
  readonly times: (string | undefined)[];
}

export function readJunit(text: string): ReportDraft {
  const root = parseXml(text);
  if (root.name !== "testsuites" && root.name !== "testsuite") {
    throw new AttestError(
      "report-format",
      `expected a report of a test run, found XML with the root <${root.name.slice(0, 80)}>`,
    );
  }
  const reading: Reading = { cases: [], doubts: new Doubts(), times: [] };
  readSuite(root, root.name === "testsuites" ? [] : [titleOf(root)], undefined, reading);
  return {
    format: "junit",
    cases: reading.cases,
    counters: countersOf(root),
    compared: true,
    doubts: reading.doubts,
    startedAt: earliest(reading.times.map(instant)),
    startedLocally: earliest(reading.times.map(localTime)),
  };
}

function readSuite(
  suite: XmlElement,
  path: readonly (string | undefined)[],
  file: string | undefined,
  reading: Reading,
): CaseCounts {
  const [direct, all] = [noCounts(), noCounts()];
  const failed = new Set<string>();
  const idle: number[] = [];
  const own = suite.attributes.get("file") ?? file;
  reading.times.push(suite.attributes.get("timestamp"));
  for (const child of suite.children) {
    if (child.name === "testcase") {
      const marks = readCase(child, path, own, reading);
      if (isIdle(child)) idle.push(reading.cases.length - 1);
      const identity = ["classname", "name"].map((part) => child.attributes.get(part) ?? "").join("\0");
      if (marks.teardowns > 0 && failed.has(identity)) [marks.teardowns, marks.doubles] = [0, 1];
      if (marks.bad > 0) failed.add(identity);
      addCounts(direct, marks);
      addCounts(all, marks);
    } else if (child.name === "testsuite") {
      addCounts(all, readSuite(child, [...path, titleOf(child)], own, reading));
    } else if (child.name === "failure" || child.name === "error") {
      reading.doubts.say(`the suite ${nameOf(suite)} failed as a whole`);
      reading.cases.push({ path, outcome: "errored", message: messageOf(child), file: own, uncounted: true });
    } else if (!NEUTRAL.includes(child.name)) {
      reading.doubts.say(`the suite ${nameOf(suite)} has an unknown part <${child.name.slice(0, 80)}>`);
    }
  }
  all.todo += toDo(suite, idle, direct, reading);
  compareCounts(suite, direct, all, reading.doubts);
  return all;
}

/** No result and no duration: it passed, or never ran. */
const isIdle = ({ attributes, children }: XmlElement): boolean =>
  attributes.get("time") === "0" && children.every(({ name }) => NEUTRAL.includes(name));

/** Idle cases that the suite does not count never ran. If the number does not match, nobody knows which ones. */
function toDo(suite: XmlElement, idle: readonly number[], direct: CaseCounts, { cases, doubts }: Reading): number {
  const missing = uncounted(suite, direct);
  if (missing === 0 || idle.length < missing) return 0;
  if (idle.length === missing) {
    for (const at of idle) cases.splice(at, 1, { ...(cases[at] as DraftCase), outcome: "skipped" });
    return missing;
  }
  // Otherwise the counters do not fit in any reading.
  if ([direct.skipped, direct.disabled].includes(missing))
    doubts.say(
      `the suite ${nameOf(suite)} lists ${missing} more than it counts, and which of them did not run is not told`,
    );
  return 0;
}

function readCase(
  test: XmlElement,
  above: readonly (string | undefined)[],
  suiteFile: string | undefined,
  reading: Reading,
): CaseCounts {
  const name = test.attributes.get("name") ?? "";
  const group = test.attributes.get("classname");
  // node:test gives every case the class "test".
  const path = [...above, group === "test" ? undefined : group, name];
  const marks = new Map(test.children.map((child) => [child.name, child]));
  const again = test.children.filter((child) => AGAIN.includes(child.name)).length;
  const retried = again > 0 || toldAgain(test);
  const outcome = outcomeOf(test, marks);
  if (marks.has("testcase") || marks.has("testsuite")) {
    reading.doubts.say(`${quoted(name)} contains further tests, which are not read`);
  }
  const mark = marks.get("failure") ?? marks.get("error") ?? marks.get("skipped");
  reading.cases.push({
    path,
    outcome,
    retried,
    message: mark ? messageOf(mark) : outcome === "errored" ? "the report gives it an unknown outcome" : undefined,
    durationMs: seconds(test.attributes.get("time")),
    file: test.attributes.get("file") ?? suiteFile ?? pathIn(name),
  });
  reading.times.push(test.attributes.get("timestamp"));
  const failures = test.children.filter((child) => child.name === "failure" || child.name === "error");
  const isSkipped = marks.has("skipped") || outcome === "skipped";
  return {
    ...noCounts(),
    tests: 1,
    bad: failures.length > 0 || bad(outcome) ? 1 : 0,
    marks: failures.length,
    skipped: isSkipped ? 1 : 0,
    disabled: isSkipped && wordsOf(test).some((word) => OFF.includes(word)) ? 1 : 0,
    again,
    flaky: retried && outcome === "passed" ? 1 : 0,
    teardowns: failures.some((mark) => mark.attributes.get("message")?.startsWith("failed on teardown")) ? 1 : 0,
  };
}

/** Playwright's attachment of a retry, beside the output: `[[ATTACHMENT|test-results/adds-retry1/trace.zip]]`. */
const RETRY_FOLDER = /\[\[ATTACHMENT\|[^\]\n]*-retry\d+[\\/]/;

/** Whether texts show a retry, without elements for the attempts. */
function toldAgain({ attributes, children }: XmlElement): boolean {
  const properties = children.filter(({ name }) => name === "properties").flatMap((list) => list.children);
  const words = [
    ...attributes,
    ...properties.map((one) => [one.attributes.get("name") ?? "", one.attributes.get("value") ?? one.text] as const),
  ];
  return (
    words.some(([name, value]) => /^(?:flaky|retr(?:y|ies))$/i.test(name) && (value === "true" || Number(value) > 0)) ||
    children.some(({ name, text }) => name === "system-out" && RETRY_FOLDER.test(text))
  );
}

/** googletest marks a disabled test by attributes alone. */
const wordsOf = ({ attributes }: XmlElement): string[] =>
  ["status", "result"].flatMap((word) => attributes.get(word)?.toLowerCase() ?? []);

function outcomeOf(test: XmlElement, marks: ReadonlyMap<string, XmlElement>): Outcome {
  // node:test: a todo test may fail.
  if (marks.get("skipped")?.attributes.get("type") === "todo") return "skipped";
  if (marks.has("failure")) return "failed";
  if (marks.has("error")) return "errored";
  const known = (child: XmlElement): boolean => child.name === "skipped" || [...NEUTRAL, ...AGAIN].includes(child.name);
  if (!test.children.every(known)) return "errored";
  if (test.attributes.has("failure")) return "failed";
  const said = wordsOf(test).map((word) => STATUSES.get(word) ?? "errored");
  const worst = (["failed", "errored", "skipped"] as const).find((outcome) => said.includes(outcome));
  return worst ?? (marks.has("skipped") ? "skipped" : "passed");
}

const messageOf = (mark: XmlElement): string => mark.attributes.get("message") || withoutStack(mark.text);
/** jest-junit prefixes the names of tests without a suite with "undefined". */
const titleOf = ({ attributes }: XmlElement): string | undefined => attributes.get("name")?.replace(/^undefined$/, "");
const nameOf = (suite: XmlElement): string => quoted(suite.attributes.get("name") ?? "");
