/** CTRF, the Common Test Report Format: one JSON object with `results.tests` and `results.summary`. */
import type { Json, JsonObject } from "../core/json.js";
import type { Outcome } from "../core/statement/verdict.js";
import { Doubts, type ReportDraft, type DraftCase } from "./draft.js";
import { asCount, asList, asObject, asText, says } from "./foreign-json.js";
import { earliest, instant, localTime, milliseconds } from "./text.js";

/** `other` is CTRF's word for outcomes that it has no word for. The test's real outcome is unknown. */
const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ["passed", "passed"],
  ["failed", "failed"],
  ["skipped", "skipped"],
  ["pending", "skipped"],
]);

export const isCtrf = (json: Json): boolean => Array.isArray(asObject(asObject(json).results).tests);

export function readCtrf(json: Json): ReportDraft {
  const results = asObject(asObject(json).results);
  const summary = asObject(results.summary);
  const tool = asObject(results.tool);
  const doubts = new Doubts();
  const count = (member: string): number | undefined => {
    const value = asCount(summary[member]);
    if (value === undefined) doubts.say(`the summary does not say how many are ${member}`);
    return value;
  };
  const [total, passed, failed, errored] = ["tests", "passed", "failed", "other"].map(count);
  const skipped = [count("skipped"), count("pending")];
  const tests = asList(results.tests).map(asObject);
  const cases = tests.map(readTest(ambiguous(tests)));
  const again = cases.filter(({ retried, outcome }) => retried && outcome === "passed").length;
  doubts.holdFlaky(asCount(summary.flaky) ?? 0, again);
  const times = [summary.start, ...tests.map(({ start }) => start)];
  return {
    format: "ctrf",
    tool: [tool.name, tool.version].map(asText).filter(Boolean).join(" "),
    cases,
    counters: {
      ...(total !== undefined && { total }),
      ...(passed !== undefined && { passed }),
      ...(failed !== undefined && { failed }),
      ...(errored !== undefined && { errored }),
      ...(!skipped.includes(undefined) && { skipped: skipped.reduce<number>((sum, each) => sum + (each ?? 0), 0) }),
    },
    doubts,
    startedAt: earliest(times.map(instant)),
    startedLocally: earliest(times.map(localTime)),
  };
}

const suiteOf = ({ suite }: JsonObject): (string | undefined)[] =>
  Array.isArray(suite) ? asList(suite).map(asText) : [asText(suite)];

const nameOf = (test: JsonObject): string => JSON.stringify([...suiteOf(test), asText(test.name)]);

/** Names that tests of several files share. */
function ambiguous(tests: readonly JsonObject[]): ReadonlySet<string> {
  const files = new Map<string, string | undefined>();
  const found = new Set<string>();
  for (const test of tests) {
    const [name, file] = [nameOf(test), asText(test.filePath)];
    if (files.has(name) && files.get(name) !== file) found.add(name);
    files.set(name, file);
  }
  return found;
}

const readTest =
  (shared: ReadonlySet<string>) =>
  (test: JsonObject): DraftCase => {
    const { name, status, message, duration, filePath, flaky, retries, retryAttempts, id, uuid } = test;
    const outcome = OUTCOMES.get(asText(status) ?? "");
    const file = asText(filePath);
    return {
      path: [...(shared.has(nameOf(test)) ? [file] : []), ...suiteOf(test), asText(name)],
      outcome: outcome ?? "errored",
      retried: flaky === true || (asCount(retries) ?? 0) > 0 || asList(retryAttempts).length > 0,
      message: asText(message) ?? (outcome ? undefined : `the report gives the status ${says(status)}`),
      durationMs: milliseconds(duration),
      file,
      identity: asText(id) ?? asText(uuid),
    };
  };
