/**
 * TAP 12, 13 and 14. Subtests as node:test, node-tap and perl (before their summary point) and vitest (in braces) write them.
 *
 * Other lines are skipped, as the specification demands. A truncated report is recognized by its plan, numbers, last line, and subtests
 * without a summary point.
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
  /** The plan's reason for skipping everything. */
  skipped: string | undefined;
  /** The plan came after the first points, so none may follow. */
  ended: boolean;
  /** The subtest's name, announced by a comment. */
  announced: string | undefined;
  /** The point whose closing brace is missing. */
  braces: Point | undefined;
  /** `pragma +strict`: other lines are faults. */
  strict: boolean;
}

interface Point extends Pick<PointLine, "id" | "name" | "excused" | "durationMs"> {
  /** Undefined if the subtests have no summary point. */
  readonly ok: boolean | undefined;
  /** Lines of the YAML block. */
  readonly yaml: string[];
  subtests: Level | undefined;
}

export const isTap = (text: string): boolean =>
  /^(?:TAP version \d+|1\.\.\d+[ \t]*(?:#.*)?|ok(?:[ \t].*)?|not ok\b.*)\r?$/m.test(text) || /^bail out!/im.test(text);

/** Whether an arbitrary text is certainly TAP. Neither a lone `1..10` nor `ok, so far` or `ok 200 GET /` is. */
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

  /** Deeper points without a summary point. */
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
    if (here?.strict === true) doubts.say(`a line is not TAP, in a strict report: ${quoted(rest)}`);
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
  points: [],
  plan: undefined,
  skipped: undefined,
  ended: false,
  announced: undefined,
  braces: undefined,
  strict,
});
const started = ({ points, plan }: Level): boolean => points.length > 0 || plan !== undefined;

const withoutPoint = (subtests: Level): Point => ({
  ok: undefined,
  id: undefined,
  name: "subtests without a result of their own",
  excused: false,
  durationMs: undefined,
  yaml: [],
  subtests,
});

/** A point without a number follows the one before; any order is allowed. */
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
 * The cases of a level; subtests come before their summary point. Returns whether one of them failed.
 * @param excused a point above them is skipped or todo, so their failures do not count
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
    // node:test does not count its suites. A suite that only sums up its tests is no case.
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
  // A file or suite that failed although none of its tests did could not run.
  const whole = field(point, "exitCode") !== undefined || field(point, "type") === "suite";
  return (whole && !inside) || field(point, "failureType") === "cancelledByParent" ? "errored" : "failed";
}

/** vitest has an object `error` that contains the message. */
const toldOf = (point: Point): string | undefined => field(point, "error") || field(point, "message", true);

/** A member of the YAML block: the text on its line, or the first line of a multi-line text. */
function field({ yaml }: Point, name: string, anyDepth = false): string | undefined {
  const at = yaml.findIndex((row) => (anyDepth ? row.trimStart() : row).startsWith(`${name}:`));
  const value = yaml[at]?.slice(yaml[at].indexOf(":") + 1).trim();
  const text = value !== undefined && /^[|>]/.test(value) ? yaml[at + 1]?.trim() : value;
  return text?.replace(/^(["'])(.*)\1$/, "$2");
}

/** node:test's counters at the end. */
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
