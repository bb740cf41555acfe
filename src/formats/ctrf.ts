/** CTRF, the Common Test Report Format: one JSON object with `results.tests` and `results.summary`. */
import type { Json } from "../core/json.js";
import type { Outcome } from "../core/verdict.js";
import { Doubts, type Draft, type DraftCase } from "./draft.js";
import { asCount, asList, asObject, asText, says } from "./foreign-json.js";
import { instant, milliseconds } from "./text.js";

/** `other` is whatever the runner's own word had no place for: nobody knows what became of the test. */
const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ["passed", "passed"],
  ["failed", "failed"],
  ["skipped", "skipped"],
  ["pending", "skipped"],
]);

export const isCtrf = (json: Json): boolean => Array.isArray(asObject(asObject(json).results).tests);

export function readCtrf(json: Json): Draft {
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
  return {
    format: "ctrf",
    tool: [tool.name, tool.version].map(asText).filter(Boolean).join(" "),
    cases: asList(results.tests).map(readTest),
    counters: {
      ...(total !== undefined && { total }),
      ...(passed !== undefined && { passed }),
      ...(failed !== undefined && { failed }),
      ...(errored !== undefined && { errored }),
      ...(!skipped.includes(undefined) && { skipped: skipped.reduce<number>((sum, each) => sum + (each ?? 0), 0) }),
    },
    doubts,
    startedAt: instant(summary.start),
  };
}

function readTest(test: Json): DraftCase {
  const { name, suite, status, message, duration, filePath, flaky, retries, retryAttempts } = asObject(test);
  const outcome = OUTCOMES.get(asText(status) ?? "");
  return {
    path: [...(Array.isArray(suite) ? asList(suite).map(asText) : [asText(suite)]), asText(name)],
    outcome: outcome ?? "errored",
    retried: flaky === true || (asCount(retries) ?? 0) > 0 || asList(retryAttempts).length > 0,
    message: asText(message) ?? (outcome ? undefined : `the report gives the status ${says(status)}`),
    durationMs: milliseconds(duration),
    file: asText(filePath),
  };
}
