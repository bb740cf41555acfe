/**
 * TAP 12, 13 and 14, with subtests as node:test, node-tap, perl (before the point that sums them up) and vitest (in braces) write them.
 *
 * What is no TAP is passed over, as the specification asks. That a part is missing is seen by plan and numbers, by the end of the last line,
 * and by subtests that nothing sums up.
 */
import { AttestError } from "../core/errors.js";
import { MAX_DEPTH } from "../core/json.js";
import type { Outcome } from "../core/statement/verdict.js";
import { mustBeAtMost, bad, Doubts, type Counters, type ReportDraft, type DraftCase } from "./draft.js";
import { readLine, type PointLine, type TapLine } from "./tap-line.js";
import { milliseconds, pathIn, quoted, rowsOf } from "./text.js";

interface Level {
  readonly points: Point[];
  plan: number | undefined;
  /** Why nothing is to be tested, where the plan says so. */
  skipped: string | undefined;
  /** The plan came after the first points: none may follow. */
  ended: boolean;
  /** The name of the subtest that a comment announces. */
  announced: string | undefined;
  /** The point that waits for its closing brace. */
  braces: Point | undefined;
  /** `pragma +strict`: what is no TAP is a fault. */
  strict: boolean;
}

interface Point extends Pick<PointLine, "id" | "name" | "excused" | "durationMs"> {
  /** Undefined where the subtests have no point that sums them up. */
  readonly ok: boolean | undefined;
  /** The lines of the YAML block. */
  readonly yaml: string[];
  subtests: Level | undefined;
}

export const isTap = (text: string): boolean =>
  /^(?:TAP version \d+|1\.\.\d+[ \t]*(?:#.*)?|ok(?:[ \t].*)?|not ok\b.*)\r?$/m.test(text) || /^bail out!/im.test(text);

/** Whether a text that may be anything is TAP for certain: neither a lone `1..10` nor `ok, so far` or `ok 200 GET /` is. */
export function isPlainlyTap(text: string): boolean {
  if (PLAIN.test(text)) return true;
  if (/^1\.\.[1-9]\d*[ \t]*(?:#.*)?\r?$/m.test(text) && /^(?:ok(?:[ \t].*)?|not ok\b.*)\r?$/m.test(text)) return true;
  let before = NaN;
  for (const [, number] of text.matchAll(/^ok (\d+)(?=[ \t\r\n])/gm)) {
    if (Number(number) === before + 1) return true;
    before = Number(number);
  }
  return false;
}
const PLAIN =
  /^(?:TAP version 1[234][ \t]*\r?$|1\.\.0[ \t]*#[ \t]*(?:skip|SKIP|Skip)|Bail out!|ok(?: \d+)? - |not ok(?: \d+| - | #|[ \t]*\r?$))/m;

export function readTap(text: string): ReportDraft {
  const doubts = new Doubts();
  const levels = [level(false)];
  const [root = level(false)] = levels;
  let points = 0;
  let versions = 0;
  const tail = new Map<string, number>();
  let latest: { readonly point: Point; readonly indent: number } | undefined;
  let block: { readonly yaml: string[]; readonly indent: number } | undefined;

  /** What lies below this depth and has no point yet. */
  const below = (depth: number): Level | undefined => {
    while (levels.length > depth + 2) {
      const orphans = levels.pop();
      if (orphans && started(orphans)) levels.at(-1)?.points.push(withoutPoint(orphans));
    }
    const subtests = levels.length > depth + 1 ? levels.pop() : undefined;
    return subtests && started(subtests) ? subtests : undefined;
  };
  const at = (depth: number): Level => {
    if (depth > MAX_DEPTH)
      throw new AttestError("report-format", `expected nesting of at most ${MAX_DEPTH}, found more`);
    while (levels.length <= depth) levels.push(level(levels.at(-1)?.strict ?? false));
    return levels[depth] ?? root;
  };
  const waiting = (depth: number): boolean => levels.slice(depth + 1).some(started);

  const plans = (here: Level, depth: number, { count, skipped }: TapLine & { kind: "plan" }): void => {
    if (here.plan !== undefined) doubts.say("a plan stands twice");
    if (waiting(depth) && !here.braces) doubts.say("a plan stands between subtests and their point");
    here.ended = here.points.length > 0;
    here.plan = Math.max(here.plan ?? 0, count);
    here.skipped = skipped;
  };
  const closes = (here: Level, depth: number): void => {
    if (!here.braces) return;
    here.braces.subtests = below(depth) ?? level(false);
    here.braces = undefined;
  };
  const takes = (here: Level, depth: number, line: PointLine): Point => {
    const { opens, ok, id, name, excused, durationMs } = line;
    mustBeAtMost((points += 1), "tests");
    if (here.braces) doubts.say(`the subtests of ${quoted(here.braces.name)} have no end`);
    closes(here, depth);
    if (here.ended) doubts.say("a plan stands between two tests");
    const before = below(depth);
    const point: Point = { ok, id, name, excused, durationMs, yaml: [], subtests: opens ? undefined : before };
    if (opens && before) here.points.push(withoutPoint(before));
    if (before && here.announced !== undefined && here.announced !== point.name)
      doubts.say(`the subtests of ${quoted(here.announced)} are summed up as ${quoted(point.name)}`);
    here.announced = undefined;
    if (opens) here.braces = point;
    here.points.push(point);
    return point;
  };

  if (!/[\r\n]$/.test(text)) doubts.say("the last line has no end");
  for (const row of rowsOf(text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text)) {
    const indent = row.search(/[^ ]|$/);
    const rest = row.slice(indent);
    if (block && (indent >= block.indent || rest.trim() === "")) {
      if (indent === block.indent && rest.trimEnd() === "...") block = undefined;
      else block.yaml.push(row.slice(block.indent));
      continue;
    }
    if (rest.trim() === "") continue;
    if (block) doubts.say("a diagnostic block has no end");
    block = undefined;
    // The specification has two spaces, vitest has four.
    if (rest.trimEnd() === "---" && latest && (indent === latest.indent + 2 || indent === latest.indent + 4)) {
      block = { yaml: latest.point.yaml, indent };
      continue;
    }
    const line = readLine(rest);
    if (line.kind === "comment" || line.kind === "subtest") {
      if (indent % 4 === 0) comments(line, rest, indent / 4);
      continue;
    }
    const opened = line.kind === "brace-open" && latest?.indent === indent ? latest.point : undefined;
    latest = undefined;
    if (line.kind === "bail-out") doubts.say(`the run bailed out: ${quoted(line.reason)}`);
    else if (indent % 4 !== 0) stray(indent, rest);
    else obey(line, indent, opened, rest);
  }
  if (block) doubts.say("a diagnostic block has no end");
  if (root.braces) doubts.say(`the subtests of ${quoted(root.braces.name)} have no end`);
  const orphans = below(0);
  if (orphans) root.points.push(withoutPoint(orphans));

  function comments(line: TapLine, rest: string, depth: number): void {
    const [, word = "", count] = /^# ([a-z]+) (\d{1,9})$/.exec(rest) ?? [];
    if (depth === 0 && count !== undefined) tail.set(word, Number(count));
    if (line.kind !== "subtest") return;
    if (waiting(depth) && !levels[depth]?.braces) doubts.say(`the subtests before ${quoted(line.name)} have no point`);
    at(depth).announced = line.name;
  }
  function stray(indent: number, rest: string): void {
    const here = levels[Math.min(Math.floor(indent / 4), levels.length - 1)];
    if (here?.strict === true) doubts.say(`a line is no TAP, where the report is strict: ${quoted(rest)}`);
  }
  function obey(line: TapLine, indent: number, opened: Point | undefined, rest: string): void {
    const depth = indent / 4;
    if (line.kind === "other" || (line.kind === "brace-open" && !opened)) return stray(indent, rest);
    if (line.kind === "version") {
      if (!["12", "13", "14"].includes(line.version))
        doubts.say(`the report is TAP in an unknown version, ${quoted(line.version)}`);
      if (depth === 0 && (versions += 1) > 1) doubts.say("a version stands twice");
      return;
    }
    const here = at(depth);
    if (line.kind === "pragma") here.strict = line.strict ?? here.strict;
    else if (line.kind === "plan") plans(here, depth, line);
    else if (line.kind === "brace-close") closes(here, depth);
    else if (line.kind === "brace-open") here.braces = opened;
    else if (line.kind === "point") latest = { point: takes(here, depth, line), indent };
  }

  const cases: DraftCase[] = [];
  flatten(root, [], false, cases, doubts);
  if (root.skipped !== undefined && root.points.length === 0)
    cases.push({ path: ["all tests"], outcome: "skipped", message: root.skipped, uncounted: true });
  const isNode = ["tests", "suites", "cancelled"].every((word) => tail.has(word));
  return {
    format: "tap",
    tool: isNode ? "node:test" : undefined,
    cases,
    counters: isNode ? countersOf(tail) : {},
    doubts,
  };
}

const level = (strict: boolean): Level => ({
  ...{ points: [], plan: undefined, skipped: undefined, ended: false, announced: undefined, braces: undefined, strict },
});
const started = ({ points, plan }: Level): boolean => points.length > 0 || plan !== undefined;

const withoutPoint = (subtests: Level): Point => ({
  ...{ ok: undefined, id: undefined, name: "subtests without a result of their own", excused: false },
  ...{ durationMs: undefined, yaml: [], subtests },
});

/** Points without a number are counted on from the one before; any order is allowed. */
function numbering({ points, plan }: Level, where: string, doubts: Doubts): void {
  const ids: number[] = [];
  for (const { id } of points) ids.push(id ?? (ids.at(-1) ?? 0) + 1);
  if (new Set(ids).size < ids.length) doubts.say(`${where} gives two tests one number`);
  if (plan === undefined) return doubts.say(`${where} has no plan`);
  if (plan !== points.length) return doubts.say(`${where} plans ${plan} tests, and lists ${points.length}`);
  const outside = ids.find((id) => id < 1 || id > plan);
  if (outside !== undefined) doubts.say(`${where} plans 1 to ${plan}, and lists a test ${outside}`);
}

/**
 * The cases of a level, those of subtests before the point that sums them up. Says whether one of them failed.
 * @param excused of a point above them that is skipped or to do: that they fail is no failure either
 */
function flatten(from: Level, path: readonly string[], excused: boolean, cases: DraftCase[], doubts: Doubts): boolean {
  numbering(from, path.length === 0 ? "the report" : quoted(path.join(" > ")), doubts);
  let failed = false;
  for (const point of from.points) {
    const own = [...path, point.name];
    const pardon = excused || point.excused;
    const inside = point.subtests !== undefined && flatten(point.subtests, own, pardon, cases, doubts);
    if (inside && point.ok === true) doubts.say(`${quoted(own.join(" > "))} passed, with a subtest that did not`);
    const outcome = outcomeOf(point, inside, excused);
    failed ||= inside || bad(outcome);
    // node:test does not count its suites; of one that only sums up its tests there is nothing to say.
    const suite = field(point, "type") === "suite";
    const more = bad(outcome) ? !inside : outcome === "skipped" && !point.subtests;
    if (suite && !more) continue;
    cases.push({
      path: own,
      outcome,
      message: bad(outcome) ? toldOf(point) : undefined,
      durationMs: point.durationMs ?? milliseconds(Number(field(point, "duration_ms"))),
      file: pathIn(point.name),
      uncounted: suite || point.ok === undefined,
    });
  }
  return failed;
}

function outcomeOf(point: Point, inside: boolean, excused: boolean): Outcome {
  if (point.excused || (excused && point.ok === false)) return "skipped";
  if (point.ok !== false) return point.ok === true ? "passed" : "errored";
  // A file or a suite that failed, and none of its tests did: it could not run.
  const whole = field(point, "exitCode") !== undefined || field(point, "type") === "suite";
  return (whole && !inside) || field(point, "failureType") === "cancelledByParent" ? "errored" : "failed";
}

/** vitest has an object under `error`, with the message in it. */
const toldOf = (point: Point): string | undefined => field(point, "error") || field(point, "message", true);

/** A member of the YAML block: its text on the line, or, of a text over several lines, the first. */
function field({ yaml }: Point, name: string, anyDepth = false): string | undefined {
  const at = yaml.findIndex((row) => (anyDepth ? row.trimStart() : row).startsWith(`${name}:`));
  const value = yaml[at]?.slice(yaml[at].indexOf(":") + 1).trim();
  const text = value !== undefined && /^[|>]/.test(value) ? yaml[at + 1]?.trim() : value;
  return text?.replace(/^(["'])(.*)\1$/, "$2");
}

/** What node:test counts at the end. */
function countersOf(tail: ReadonlyMap<string, number>): Counters {
  const count = (word: string): number => tail.get(word) ?? 0;
  return {
    total: count("tests"),
    passed: count("pass"),
    failed: count("fail"),
    errored: count("cancelled"),
    skipped: count("skipped") + count("todo"),
  };
}
