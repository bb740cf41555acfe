/** A scenario run in this process: with which options, and what can be read off what comes of it. */
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { parseObservations, type Observation } from "../../src/core/statement/criterion.js";
import type { CheckRecord, EvidenceRef } from "../../src/core/statement/statement.js";
import type { Run, ScenarioRunOptions } from "../../src/harness/scenario/run.js";
import { nodeEngine } from "../../src/node/engine.js";

export const options = (changes: Partial<ScenarioRunOptions> = {}): ScenarioRunOptions => ({
  profile: undefined,
  engine: nodeEngine,
  tool: "a tool 1.0",
  command: ["some", "command"],
  signal: new AbortController().signal,
  progress: () => undefined,
  now: () => new Date(),
  ...changes,
});

export const checks = ({ draft }: Run): CheckRecord[] => draft.predicate.f3.checks;
export const outcomes = (run: Run): Record<string, string> =>
  Object.fromEntries(checks(run).map(({ id, outcome }) => [id, outcome]));
export const evidence = ({ draft }: Run): EvidenceRef[] => draft.predicate.f3.evidence;

export const bytesOf = (run: Run, name: string): string => {
  const { digest } = evidence(run).find((item) => item.name === name)!;
  return fromUtf8(run.evidence.get(digest.sha256!)!);
};
export const observations = (run: Run): Observation[] => parseObservations(utf8(bytesOf(run, "observations.ndjson")));
export const timeline = (run: Run): { ms: number; event: string; [fact: string]: unknown }[] =>
  bytesOf(run, "timeline.ndjson")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { ms: number; event: string });
