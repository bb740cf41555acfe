/** The JSON of jest and vitest, which have one form: test files with their assertions, and counters. */
import type { Json, JsonObject } from "../core/json.js";
import type { Outcome } from "../core/statement/verdict.js";
import { bad, Doubts, type Counters, type ReportDraft, type DraftCase } from "./draft.js";
import { asCount, asList, asObject, asText, says } from "./foreign-json.js";
import { instant, milliseconds, quoted, withoutStack } from "./text.js";

const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ["passed", "passed"],
  ["failed", "failed"],
  ["skipped", "skipped"],
  ["pending", "skipped"],
  ["disabled", "skipped"],
  ["todo", "skipped"],
]);

/** Words for a file without failures. jest also has words for a partly run file. */
const FILE_PASSED = ["passed", "skipped", "pending", "focused"];

export const isJest = (json: Json): boolean => Array.isArray(asObject(json).testResults);

export function readJest(json: Json): ReportDraft {
  const report = asObject(json);
  const doubts = new Doubts();
  const cases = asList(report.testResults).flatMap((file) => readFile(asObject(file), doubts));
  const failures = cases.some((each) => bad(each.outcome));
  if (report.success !== !failures) {
    // vitest shows errors outside of all tests only here.
    doubts.say(`the report says ${says(report.success)} of its success, and its tests say otherwise`);
  }
  if (report.wasInterrupted === true) doubts.say("the run was interrupted");
  const broken = asCount(report.numRuntimeErrorTestSuites) ?? 0;
  const found = cases.filter((each) => each.uncounted).length;
  if (broken > found) doubts.say(`the report counts ${broken} files that could not run, and lists ${found}`);
  const isItJest = "numRuntimeErrorTestSuites" in report;
  return {
    format: isItJest ? "jest-json" : "vitest-json",
    tool: isItJest ? "jest" : "vitest",
    cases,
    counters: readCounters(report, doubts),
    doubts,
    startedAt: instant(report.startTime),
  };
}

function readCounters(report: JsonObject, doubts: Doubts): Counters {
  const count = (member: string): number | undefined => {
    const value = asCount(report[member]);
    if (value === undefined) doubts.say(`the report lacks its count ${member}`);
    return value;
  };
  const [total, passed, failed, pending] = ["Total", "Passed", "Failed", "Pending"].map((which) =>
    count(`num${which}Tests`),
  );
  // jest before 24 has no todo counter. A todo test would then be one too many for the other counters.
  const todo = report.numTodoTests === undefined ? 0 : count("numTodoTests");
  return {
    ...(total !== undefined && { total }),
    ...(passed !== undefined && { passed }),
    ...(failed !== undefined && { failed }),
    ...(pending !== undefined && todo !== undefined && { skipped: pending + todo }),
  };
}

function readFile(file: JsonObject, doubts: Doubts): DraftCase[] {
  const name = asText(file.name);
  const cases = asList(file.assertionResults).map((test) => readTest(asObject(test), name));
  const base = name?.split(/[\\/]/).at(-1) ?? "";
  const status = asText(file.status) ?? "";
  const failures = cases.some((each) => bad(each.outcome));
  if (FILE_PASSED.includes(status) && failures) {
    doubts.say(`the file ${quoted(base)} is ${status}, with a test in it that is not`);
  }
  if (FILE_PASSED.includes(status) || (status === "failed" && failures)) return cases;
  const message = withoutStack(asText(file.message) ?? "") || `the report says ${says(file.status)} of the file`;
  doubts.say(`the file ${quoted(base)} failed without a test in it that did`);
  return [...cases, { path: [name], outcome: "errored", message, file: name, uncounted: true }];
}

function readTest(test: JsonObject, file: string | undefined): DraftCase {
  const outcome = OUTCOMES.get(asText(test.status) ?? "");
  const message = asList(test.failureMessages).map(asText).filter(Boolean).join("\n\n");
  return {
    path: [file, ...asList(test.ancestorTitles).map(asText), asText(test.title)],
    outcome: outcome ?? "errored",
    // vitest keeps the messages of failed attempts.
    retried:
      [test.retryReasons, test.failureMessages].some((all) => asList(all).length > 0) ||
      (asCount(test.invocations) ?? 1) > 1,
    message: outcome ? withoutStack(message) : `the report gives the status ${says(test.status)}`,
    durationMs: milliseconds(test.duration),
    file,
  };
}
