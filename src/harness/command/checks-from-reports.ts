/** Turns the reports of runners into checks: one per case, or one per suite if there are too many. */
import { utf8, type Bytes } from "../../core/bytes.js";
import { judge, measured, wording, type Criterion, type Observation } from "../../core/statement/criterion.js";
import { fit } from "../../core/json.js";
import type { CheckRecord, Figure } from "../../core/statement/statement.js";
import { TEST, TESTS } from "../../core/statement/tally.js";
import { OUTCOMES, type Outcome } from "../../core/statement/verdict.js";
import type { TestCase } from "../../formats/results.js";
import type { RunnerReport } from "./reports.js";

/** A case, and the report that lists it. */
export interface Listed extends TestCase {
  readonly report: string;
}

/** More suites with their numbers do not fit into a statement. */
const MOST_SUITES = 40;

/** The suite of each case: the longest path prefixes that keep the number of suites within the limit. */
function suitesOf(cases: readonly Listed[]): ReadonlyMap<Listed, string> {
  const paths = cases.map(({ suite }) => (suite === undefined ? [] : suite.split(" > ")));
  const at = (depth: number): string[] => paths.map((path) => path.slice(0, depth).join(" > "));
  const deepest = paths.reduce((most, { length }) => Math.max(most, length), 0);
  let depth = deepest;
  while (depth > 1 && new Set(at(depth)).size > MOST_SUITES) depth -= 1;
  const names = at(depth);
  return new Map(cases.map((each, index) => [each, names[index] ?? ""]));
}

export interface Combined {
  readonly cases: readonly Listed[];
  /** Contradictions between two reports on one test, a sentence each. */
  readonly disagreements: readonly string[];
  /** Reports in two formats without a common test name, which are added up; a sentence each. */
  readonly apart: readonly string[];
}

const WORST_FIRST: readonly Outcome[] = ["failed", "errored", "skipped", "passed"];
const rank = ({ outcome }: Listed): number => WORST_FIRST.indexOf(outcome);

/**
 * Combines reports. Cases of one format are all kept, since two packages may have tests of the same name. Two formats may describe the same
 * tests. If their names match, each test counts once with the worse outcome, and tests missing in one format are disagreements. Otherwise
 * the tests are added up, and the result says so.
 */
export function combine(reports: readonly RunnerReport[]): Combined {
  const formats = new Map<string, Listed[]>();
  for (const { name, results } of reports) {
    if (results === undefined) continue;
    const own = formats.get(results.format) ?? [];
    formats.set(results.format, own);
    for (const each of results.cases) own.push({ ...each, report: name });
  }
  const disagreements: string[] = [];
  const apart: string[] = [];
  const cases = [...formats.values()].reduce<Listed[]>((all, more) => {
    const pairs = sameTests(all, more);
    if (pairs !== undefined) return compared(pairs, more, disagreements);
    if (all.length > 0 && more.length > 0)
      apart.push(`${from(more)} names no test as ${from(all)} does, and counts beside it`);
    return [...all, ...more];
  }, []);
  return { cases, disagreements, apart };
}

function from(cases: readonly Listed[]): string {
  const names = [...new Set(cases.map(({ report }) => report))];
  return names.length > 5 ? `${names.length} reports` : names.join(", ");
}

/** A test in two formats, or in one of them. */
type Pair = readonly [one: Listed | undefined, other: Listed | undefined];

/** Undefined if the reports are about different tests. */
function sameTests(all: readonly Listed[], more: readonly Listed[]): Pair[] | undefined {
  // Either format may add a file or suite before the other's names.
  const [pairs, both] = [all, more]
    .map((shorter) => pairsOf(all, more, keyAmong(shorter)))
    .map((some) => [some, some.filter(([one, other]) => one && other).length] as const)
    .reduce((best, next) => (next[1] > best[1] ? next : best));
  if (both > 0 && both * 2 >= Math.min(all.length, more.length)) return pairs;
  const key = keyBelow(all, more);
  return key && pairsOf(all, more, key);
}

function compared(pairs: readonly Pair[], more: readonly Listed[], disagreements: string[]): Listed[] {
  const lacking = pairs.filter(([, other]) => other === undefined).length;
  const added = pairs.filter(([one]) => one === undefined).length;
  if (lacking > 0) disagreements.push(`${from(more)} lacks ${tests(lacking)} that other reports list`);
  if (added > 0) disagreements.push(`${from(more)} lists ${tests(added)} that other reports lack`);
  return pairs.flatMap(([one, other]) => {
    if (one === undefined || other === undefined) return [one ?? other].filter((each) => each !== undefined);
    if (one.outcome !== other.outcome)
      disagreements.push(`${quoted(one.name)}: ${one.outcome} in ${one.report}, ${other.outcome} in ${other.report}`);
    const worse = rank(one) <= rank(other) ? one : other;
    const retried = worse.outcome === "passed" && (one.retried ?? other.retried) === true;
    return [{ ...worse, ...(retried && { retried }) }];
  });
}

/** Tests with the same key are paired by severity, because they cannot be told apart otherwise. */
function pairsOf(all: readonly Listed[], more: readonly Listed[], key: (each: Listed) => string): Pair[] {
  const others = new Map<string, Listed[]>();
  for (const each of more.toSorted((a, b) => rank(b) - rank(a))) {
    const alike = others.get(key(each));
    if (alike === undefined) others.set(key(each), [each]);
    else alike.push(each);
  }
  const partner = new Map<Listed, Listed>();
  for (const one of all.toSorted((a, b) => rank(a) - rank(b))) {
    const other = others.get(key(one))?.pop();
    if (other !== undefined) partner.set(one, other);
  }
  const taken = new Set(partner.values());
  return [
    ...all.map((one): Pair => [one, partner.get(one)]),
    ...more.filter((other) => !taken.has(other)).map((other): Pair => [undefined, other]),
  ];
}

/** Ignores the suffix for equal names, which longer paths do not need, and separators between words. */
const spelled = (parts: readonly string[]): string => {
  const text = parts.join(" ").replace(/ \(\d+\)$/, "");
  return text.replace(/[^\p{L}\p{N}]+/gu, " ").trim() || text;
};

/** The longest suffix of a name that is one of these names: `Mocha Tests > math > adds` is `math adds`. */
function keyAmong(names: readonly Listed[]): (each: Listed) => string {
  const known = new Set(names.map(({ name }) => spelled(name.split(" > "))));
  return ({ name }) => {
    const parts = name.split(" > ");
    const ends = parts.map((_, at) => spelled(parts.slice(at)));
    return ends.find((end) => known.has(end)) ?? spelled(parts);
  };
}

/** Numbers of leading parts that may be a file in one format and a suite in the other. */
const DROPPED = [0, 1, 2, 3];

/**
 * The common suffix if both formats have different prefixes: `sum.test.js > math > adds` in jest's format, `math > math adds` in
 * jest-junit's. All names must match, and by more than the last part, which other classes may share.
 */
function keyBelow(all: readonly Listed[], more: readonly Listed[]): ((each: Listed) => string) | undefined {
  if (all.length !== more.length || all.length === 0) return undefined;
  const [ones, others] = [all, more].map((cases) => DROPPED.map((dropped) => below(cases, dropped)));
  for (const one of ones ?? [])
    for (const other of others ?? [])
      if ((one.telling || other.telling) && one.sorted === other.sorted)
        return (each) => one.keys.get(each) ?? other.keys.get(each) ?? "";
  return undefined;
}

function below(cases: readonly Listed[], dropped: number) {
  const kept = cases.map(({ name }) => {
    const parts = name.split(" > ");
    return parts.slice(Math.min(dropped, parts.length - 1));
  });
  const keys = new Map(cases.map((each, at) => [each, spelled(kept[at] ?? [])]));
  const telling = kept.filter(({ length }) => length > 1).length * 2 >= kept.length;
  return { keys, telling, sorted: [...keys.values()].sort().join("\n") };
}

/** `grouped` selects the cases with a check of their own: all, those that did not pass, or the first of those. */
export interface Layout {
  readonly groups: "cases" | "suites" | "none";
  readonly named: number;
}

/** From detailed to short; the first that fits into a statement is used. */
export const LAYOUTS: readonly Layout[] = [
  { groups: "cases", named: Infinity },
  { groups: "suites", named: Infinity },
  { groups: "none", named: Infinity },
  ...[160, 80, 40, 20, 0].map((named): Layout => ({ groups: "none", named })),
];

interface Options {
  readonly layout: Layout;
  /** Skipped tests count as required, so they leave the run INCONCLUSIVE. */
  readonly noSkips: boolean;
}

/** Length limit for lists of names; longer lists continue in the evidence. */
const LISTED = 400;
const SHOWN = 300;

export function checksOf(cases: readonly Listed[], { layout, noSkips }: Options): CheckRecord[] {
  const ids = identities(cases);
  const own = (each: Listed): boolean => layout.groups === "cases" || notPassed(each);
  // If not all have room, failures come before skipped tests.
  const alone = cases.filter(own).sort((a, b) => Number(a.outcome === "skipped") - Number(b.outcome === "skipped"));
  const named = layout.groups === "cases" ? alone : alone.slice(0, layout.named);
  const unnamed = alone.slice(named.length).filter(({ outcome }) => outcome !== "skipped");
  return [
    together(TESTS, "Every test that ran passed.", cases, undefined, noSkips, unnamed),
    ...(layout.groups === "suites" ? suites(cases, noSkips, new Set(ids.values())) : []),
    ...named.map((each) => alonePart(each, ids.get(each) ?? "", noSkips)),
  ];
}

/** Charts for these checks: outcomes of all tests, and passed tests per suite. */
export function figuresOf(checks: readonly CheckRecord[]): Figure[] {
  const all = checks.find(({ id }) => id === TESTS);
  const ended = OUTCOMES.filter((name) => all?.measurements?.some((one) => one.name === name && one.value > 0));
  const bars = ended.map((name) => ({ label: name, check: TESTS, measurement: name, of: TESTS }));
  const grouped = checks.filter(({ id }) => id.startsWith("suite/"));
  const suites = grouped.map(({ id, claim }) => ({
    label: short(claim.replace(/^Every test of (.*) that ran passed\.$/, "$1"), 60),
    check: id,
    measurement: "passed",
    of: TESTS,
  }));
  return [
    ...(bars.length > 0 ? [{ title: "How the tests ended", bars }] : []),
    ...(suites.length > 1 ? [{ title: "Passed, of each suite", bars: suites }] : []),
  ];
}

/** Each case as one observation, so that the checks' numbers can be recomputed. */
export function observationsOf(cases: readonly Listed[]): Bytes {
  const suites = suitesOf(cases);
  const lines = cases.map((each): Observation => {
    const { name, outcome, retried, report, durationMs } = each;
    const suite = suites.get(each) ?? "";
    return fit({
      case: name,
      outcome,
      report,
      suite,
      ...(retried && { retried }),
      ...(durationMs !== undefined && { ms: durationMs }),
    });
  });
  return utf8(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const notPassed = ({ outcome }: Listed): boolean => outcome !== "passed";

function alonePart({ name, outcome, message, report }: Listed, id: string, noSkips: boolean): CheckRecord {
  const said = message === undefined ? "" : `: ${message.replace(/\s+/g, " ")}`;
  return {
    id,
    claim: name,
    required: noSkips || outcome !== "skipped",
    outcome,
    expected: "passed",
    observed: short(`${outcome}, says ${report}${said}`),
  };
}

function suites(cases: readonly Listed[], noSkips: boolean, taken: ReadonlySet<string>): CheckRecord[] {
  const all = new Map<string, Listed[]>();
  for (const [each, suite] of suitesOf(cases)) {
    const its = all.get(suite);
    if (its === undefined) all.set(suite, [each]);
    else its.push(each);
  }
  const ids = unique(
    [...all.keys()].map((suite) => `suite/${slug(suite) || "other"}`),
    taken,
  );
  return [...all].map(([suite, its], at) =>
    together(
      ids[at] ?? "",
      `Every test of ${suite === "" ? "no suite" : suite} that ran passed.`,
      its,
      suite,
      noSkips,
      [],
    ),
  );
}

/** A check over many cases. Numbers and outcome follow from the observations. */
function together(
  id: string,
  claim: string,
  cases: readonly Listed[],
  suite: string | undefined,
  noSkips: boolean,
  unnamed: readonly Listed[],
): CheckRecord {
  const criterion = criterionOf(suite, noSkips);
  const measurements = measured(
    criterion,
    cases.map(({ outcome }) => ({ outcome, ...(suite !== undefined && { suite }) })),
  );
  const judged = judge(criterion, measurements);
  const onlySkipped = judged === "errored" && cases.length > 0 && cases.every(({ outcome }) => outcome !== "errored");
  // A suite without an executed test did not fail. If no test at all was executed, nothing was shown.
  const idle = suite !== undefined && cases.every(({ outcome }) => outcome === "skipped");
  const names = unnamed.slice(0, LISTED).map(({ name }) => short(name, 80));
  const rest = unnamed.length > names.length ? `, and ${unnamed.length - names.length} more in the evidence` : "";
  return {
    id,
    claim,
    required: noSkips || !idle,
    outcome: onlySkipped ? "skipped" : judged,
    expected: wording(criterion),
    observed: [numbers(measurements), ...(names.length === 0 ? [] : [`not passed: ${names.join("; ")}${rest}`])].join(
      "; ",
    ),
    measurements,
    criterion,
  };
}

function criterionOf(suite: string | undefined, noSkips: boolean): Criterion {
  const where = suite === undefined ? {} : { suite };
  return {
    measures: [
      { name: TESTS, of: "count", where },
      ...OUTCOMES.map((outcome) => ({ name: outcome, of: "count" as const, where: { ...where, outcome } })),
    ],
    holds: [{ measure: "failed", is: "=", value: 0 }],
    needs: [
      { measure: "passed", is: "≥", value: 1 },
      { measure: "errored", is: "=", value: 0 },
      ...(noSkips ? [{ measure: "skipped", is: "=" as const, value: 0 }] : []),
    ],
  };
}

const numbers = (measurements: readonly { readonly name: string; readonly value: number }[]): string =>
  measurements
    .filter(({ name, value }) => name === TESTS || value > 0)
    .map(({ name, value }) => (name === TESTS ? tests(value) : `${value} ${name}`))
    .join(", ");

/** Ids that depend on the names only, and so stay the same between runs. */
const identities = (cases: readonly Listed[]): ReadonlyMap<Listed, string> => {
  const ids = unique(
    cases.map(({ name }) => `${TEST}${slug(name) || "unnamed"}`),
    new Set(),
  );
  return new Map(cases.map((each, at) => [each, ids[at] ?? ""]));
};

/** The part of a name that fits into a check's id; the claim has the whole name. */
export const slug = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9._/]+/g, "-")
    .replace(/^[-./]+/, "")
    .slice(0, 100)
    .replace(/[-./]+$/, "");

export function unique(wanted: readonly string[], taken: ReadonlySet<string>): string[] {
  const used = new Set(taken);
  const next = new Map<string, number>();
  return wanted.map((id) => {
    let other = id;
    for (let number = next.get(id) ?? 1; used.has(other); number += 1) {
      other = `${id}-${number + 1}`;
      next.set(id, number + 1);
    }
    used.add(other);
    return other;
  });
}

const tests = (count: number): string => `${count} ${count === 1 ? "test" : "tests"}`;
const short = (text: string, length = SHOWN): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;
const quoted = (text: string): string => JSON.stringify(short(text, 200));
