/** `go test -json`: one event per line (cmd/test2json). The last `pass`, `fail` or `skip` of a test or a package is its result. */
import { AttestError } from "../core/errors.js";
import type { Json, JsonObject } from "../core/json.js";
import type { Outcome } from "../core/statement/verdict.js";
import { mustBeAtMost, bad, Doubts, type ReportDraft, type DraftCase } from "./draft.js";
import { asObject, asText, parseForeignJson } from "./foreign-json.js";
import { earliest, instant, milliseconds, quoted, rowsOf } from "./text.js";

const FINAL: ReadonlyMap<string, Outcome> = new Map([
  ["pass", "passed"],
  ["bench", "passed"],
  ["fail", "failed"],
  ["skip", "skipped"],
]);
const ON_THE_WAY = ["start", "run", "pause", "cont", "output", "build-output", "build-fail", "attr", "artifacts"];
const WORST_FIRST: readonly Outcome[] = ["failed", "errored", "skipped", "passed"];
const MAX_OUTPUT = 8000;

/** A test, or a package as a whole. */
interface Unit {
  readonly path: readonly string[];
  outcome: Outcome | undefined;
  output: string;
  durationMs: number | undefined;
}

/** A complete or broken event. `{` alone starts many things. */
const LIKE_EVENT = /^\{.*"Action":/m;

/** Marks of an event or a part of one. */
const OF_EVENTS = /"(?:Action|Package|ImportPath|Test|Output|Elapsed|Time)"|^[^{].*"\}$/;
/** Go's plain-text messages about failures. */
const TELLS =
  /^(?:FAIL\b|\s*--- FAIL|panic: |fatal error: |exit status |signal: |WARNING: DATA RACE)|\[(?:build|setup) failed\]/;

/** Whether a line is a complete or broken event. */
export const hasGoEvent = (text: string): boolean => LIKE_EVENT.test(text);
/** Position of go's first line in a text. */
export const beginsGoTest = (text: string): number =>
  Math.max(0, text.search(/^(?:\{.*"Action":|FAIL\b|panic: |fatal error: )/m));

export function isGoTest(text: string): boolean {
  const first = new RegExp(`${LIKE_EVENT.source}.*$`, "m").exec(text)?.[0];
  if (first === undefined) return false;
  try {
    const { Action, Package, ImportPath } = asObject(parseForeignJson(first));
    return typeof Action === "string" && (Package ?? ImportPath) !== undefined;
  } catch {
    return false;
  }
}

export function readGoTest(text: string): ReportDraft {
  const doubts = new Doubts();
  const cases: DraftCase[] = [];
  const tests: Unit[] = [];
  const running = new Map<string, Unit>();
  const packages = new Map<string, Unit>();
  const builds = new Map<string, string>();
  const times: (string | undefined)[] = [];

  const start = (path: readonly string[]): Unit => ({ path, outcome: undefined, output: "", durationMs: undefined });
  const packageOf = (name: string): Unit => {
    const known = packages.get(name) ?? start([name]);
    mustBeAtMost(packages.set(name, known).size, "packages");
    return known;
  };
  /** A test that runs again under its name (-count=2) is another test. */
  const testOf = (name: string, test: string, anew: boolean): Unit => {
    const key = JSON.stringify([name, test]);
    const known = running.get(key);
    if (known && !anew) return known;
    const unit = start([name, test]);
    mustBeAtMost(tests.push(unit), "tests");
    running.set(key, unit);
    return unit;
  };

  let number = 0;
  let begun = false;
  /** Lines between two events may be broken events. Lines before the first and after the last come from other programs. */
  const between: string[] = [];
  for (const row of rowsOf(text)) {
    number += 1;
    const broken = /^FAIL\s+(\S+) \[(?:build|setup) failed\]/.exec(row)?.[1];
    if (broken !== undefined) {
      // go before 1.20 reports this outside of its JSON.
      Object.assign(packageOf(broken), { outcome: "failed", output: row });
      continue;
    }
    if (row.trim() === "") continue;
    if (!row.startsWith("{") || (!begun && !LIKE_EVENT.test(row) && !OF_EVENTS.test(row))) {
      const sentence = `line ${number} is not an event: ${quoted(row)}`;
      if (OF_EVENTS.test(row) || TELLS.test(row)) doubts.say(sentence);
      else if (begun && between.length < 100) between.push(sentence);
      continue;
    }
    for (const sentence of between.splice(0)) doubts.say(sentence);
    begun = true;
    const event = readEvent(row, number);
    const action = asText(event.Action) ?? "";
    const name = asText(event.Package) ?? asText(event.ImportPath) ?? "";
    const test = asText(event.Test);
    if (times.length === 0) times.push(instant(event.Time));
    if (action.startsWith("build-")) {
      // The package of a build includes its variant: "example.com/a [example.com/a.test]". A build may print and still succeed.
      const built = name.split(" [")[0] ?? name;
      const output = append(builds.get(built) ?? "", event.Output);
      builds.set(built, output);
      if (action === "build-fail") Object.assign(packageOf(built), { outcome: "failed", output });
      continue;
    }
    const owner = packageOf(name);
    const unit = test === undefined ? owner : testOf(name, test, action === "run");
    const final = FINAL.get(action);
    if (final !== undefined) {
      unit.durationMs = typeof event.Elapsed === "number" ? milliseconds(event.Elapsed * 1000) : undefined;
      if (unit.outcome !== undefined && unit.outcome !== final) {
        doubts.say(`${quoted(unit.path.join(" "))} has two results, ${unit.outcome} and ${final}`);
      }
      unit.outcome = WORST_FIRST.find((outcome) => outcome === final || outcome === unit.outcome);
    } else if (action === "output") {
      unit.output = append(unit.output, event.Output);
      if (test === undefined && /^ok\s+\S+\s+\(cached\)/.test(asText(event.Output) ?? ""))
        doubts.say(`the package ${quoted(name)} was not tested by this run, but taken from go's cache: add -count=1`);
    } else if (!ON_THE_WAY.includes(action)) {
      doubts.say(`line ${number} has an unknown action: ${quoted(action)}`);
    }
  }

  const failing = new Set<string | undefined>();
  for (const { path, outcome, output, durationMs } of tests) {
    if (outcome === undefined || bad(outcome)) failing.add(path[0]);
    const message = outcome === undefined ? "the report has no result of it" : outcome === "passed" ? "" : told(output);
    cases.push({ path, outcome: outcome ?? "errored", message, durationMs });
  }
  for (const [name, { path, outcome, output }] of packages) {
    if (outcome === "passed" && failing.has(name)) {
      doubts.say(`the package ${quoted(name)} passed, with a test in it that did not`);
    }
    if (outcome !== undefined && (outcome !== "failed" || failing.has(name))) continue;
    doubts.say(
      outcome
        ? `the package ${quoted(name)} failed without a test in it that did`
        : `the package ${quoted(name)} has no result`,
    );
    cases.push({ path, outcome: "errored", message: told(output), uncounted: true });
  }
  return { format: "go-test-json", tool: "go test", cases, counters: {}, doubts, startedAt: earliest(times) };
}

function readEvent(row: string, line: number): JsonObject {
  try {
    return asObject(parseForeignJson(row));
  } catch (error) {
    throw new AttestError("report-format", `line ${line}: ${(error as Error).message}`);
  }
}

const append = (output: string, more: Json | undefined): string =>
  output + (asText(more) ?? "").slice(0, MAX_OUTPUT - output.length);

/** The test's own output, without the runner's lines. */
const told = (output: string): string => output.replace(/^[ \t]*(?:=== |--- ).*\n?/gm, "");
