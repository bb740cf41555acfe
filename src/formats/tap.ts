/**
 * TAP 12, 13 and 14, with subtests as node:test, node-tap, perl (before the point that sums them up) and vitest (in braces) write them.
 *
 * What is no TAP is passed over, as the specification asks. That a part is missing is seen by the plan, by the end of the last line, and by
 * subtests that nothing sums up.
 */
import { AttestError } from "../core/errors.js";
import { MAX_DEPTH } from "../core/json.js";
import type { Outcome } from "../core/verdict.js";
import { atMost, bad, Doubts, type Counters, type Draft, type DraftCase } from "./draft.js";
import { milliseconds, pathIn, quoted, rowsOf } from "./text.js";

interface Level {
  readonly points: Point[];
  plan: number | undefined;
  /** The point that waits for its closing brace. */
  braces: Point | undefined;
}

interface Point {
  /** Undefined where the subtests have no point that sums them up. */
  readonly ok: boolean | undefined;
  readonly id: number | undefined;
  readonly name: string;
  readonly directive: string | undefined;
  readonly durationMs: number | undefined;
  /** The lines of the YAML block. */
  readonly yaml: string[];
  subtests: Level | undefined;
}

const POINT = /^(not )?ok(?=\s|$)(?: +(\d{1,9})(?=\s|$))?(?: +- ?| +|$)(.*)$/;
const PLAN = /^1\.\.(\d{1,9})\s*(?:#.*)?$/;
const DIRECTIVE = /(?<=^|\s)#\s*(SKIP(?:PED)?|TODO)(?:[\s:].*)?$/i;
const TIME = /# time=(\d+(?:\.\d+)?)ms/;

export const isTap = (text: string): boolean =>
  /^(?:TAP version \d+|1\.\.\d+[ \t]*(?:#.*)?|(?:not )?ok(?:[ \t].*)?|Bail out!.*)\r?$/m.test(text);

export function readTap(text: string): Draft {
  const doubts = new Doubts();
  const root = level();
  let points = 0;
  const levels = [root];
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
    while (levels.length <= depth) levels.push(level());
    return levels[depth] ?? root;
  };

  if (!text.endsWith("\n")) doubts.say("the last line has no end");
  for (const row of rowsOf(text)) {
    const indent = row.search(/[^ ]|$/);
    const rest = row.slice(indent);
    if (rest === "") continue;
    if (block) {
      if (indent >= block.indent) {
        if (indent === block.indent && rest.trimEnd() === "...") block = undefined;
        else block.yaml.push(row.slice(block.indent));
        continue;
      }
      doubts.say("a diagnostic block has no end");
      block = undefined;
    }
    // The specification has two spaces, vitest has four.
    if (rest.trimEnd() === "---" && latest && (indent === latest.indent + 2 || indent === latest.indent + 4)) {
      block = { yaml: latest.point.yaml, indent };
      continue;
    }
    latest = undefined;
    if (indent % 4 !== 0) continue;
    const depth = indent / 4;
    const [point, plan] = [readPoint(rest), PLAN.exec(rest)?.[1]];
    if (!point && plan === undefined && rest !== "}") {
      const [, word = "", count] = /^# ([a-z]+) (\d{1,9})$/.exec(rest) ?? [];
      if (depth === 0 && count !== undefined) tail.set(word, Number(count));
      const version = /^TAP version (.*)$/.exec(rest)?.[1]?.trim();
      if (version !== undefined && !["12", "13", "14"].includes(version)) {
        doubts.say(`the report is TAP in an unknown version, ${quoted(version)}`);
      }
      if (/^Bail out!/.test(rest)) doubts.say(`the run bailed out: ${quoted(rest.slice(9))}`);
      continue;
    }
    if (depth > MAX_DEPTH)
      throw new AttestError("report-format", `expected nesting of at most ${MAX_DEPTH}, found more`);
    const here = at(depth);
    if (plan !== undefined) {
      if (here.plan !== undefined) doubts.say("a plan stands twice");
      here.plan = Math.max(here.plan ?? 0, Number(plan));
    } else if (here.braces) {
      if (point) doubts.say(`the subtests of ${quoted(here.braces.name)} have no end`);
      here.braces.subtests = below(depth) ?? level();
      here.braces = undefined;
    }
    if (!point) continue;
    atMost((points += 1), "tests");
    const before = below(depth);
    if (!point.opens) point.subtests = before;
    else if (before) here.points.push(withoutPoint(before));
    if (point.opens) here.braces = point;
    here.points.push(point);
    latest = { point, indent };
  }
  if (block) doubts.say("a diagnostic block has no end");
  if (root.braces) doubts.say(`the subtests of ${quoted(root.braces.name)} have no end`);
  const orphans = below(0);
  if (orphans) root.points.push(withoutPoint(orphans));

  const cases: DraftCase[] = [];
  flatten(root, [], cases, doubts);
  const isNode = ["tests", "suites", "cancelled"].every((word) => tail.has(word));
  return {
    format: "tap",
    tool: isNode ? "node:test" : undefined,
    cases,
    counters: isNode ? countersOf(tail) : {},
    doubts,
  };
}

const level = (): Level => ({ points: [], plan: undefined, braces: undefined });
const started = ({ points, plan }: Level): boolean => points.length > 0 || plan !== undefined;

const withoutPoint = (subtests: Level): Point => ({
  ...{ ok: undefined, id: undefined, name: "subtests without a result of their own", directive: undefined },
  ...{ durationMs: undefined, yaml: [], subtests },
});

function readPoint(row: string): (Point & { readonly opens: boolean }) | undefined {
  const found = POINT.exec(row);
  if (!found) return undefined;
  const [, not, id, after = ""] = found;
  const opens = / \{$/.test(after);
  const described = opens ? after.slice(0, -2) : after;
  const time = TIME.exec(described);
  const text = time ? described.slice(0, time.index) + described.slice(time.index + time[0].length) : described;
  const directive = DIRECTIVE.exec(text);
  const name = (directive ? text.slice(0, directive.index) : text).replace(/\\([\\#])/g, "$1").trim();
  return {
    ok: not === undefined,
    id: id === undefined ? undefined : Number(id),
    name: name || (id === undefined ? "" : `#${id}`),
    directive: directive?.[1]?.toUpperCase(),
    durationMs: time ? Number(time[1]) : undefined,
    ...{ yaml: [], subtests: undefined, opens },
  };
}

/** The cases of a level, those of subtests before the point that sums them up. Says whether one of them failed. */
function flatten(from: Level, path: readonly string[], cases: DraftCase[], doubts: Doubts): boolean {
  const where = path.length === 0 ? "the report" : quoted(path.join(" > "));
  const { points, plan } = from;
  if (plan === undefined) doubts.say(`${where} has no plan`);
  else if (plan !== points.length) doubts.say(`${where} plans ${plan} tests, and lists ${points.length}`);
  const ids = points.map(({ id }) => id).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length) doubts.say(`${where} gives two tests one number`);
  let failed = false;
  for (const point of points) {
    const own = [...path, point.name];
    const inside = point.subtests !== undefined && flatten(point.subtests, own, cases, doubts);
    if (inside && point.ok === true && point.directive === undefined) {
      doubts.say(`${quoted(own.join(" > "))} passed, with a subtest that did not`);
    }
    const outcome = outcomeOf(point, inside);
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

function outcomeOf(point: Point, inside: boolean): Outcome {
  if (point.directive !== undefined) return "skipped";
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
