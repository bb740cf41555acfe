/**
 * An audit's findings as JUnit XML, for CI systems that show tests: one suite per attestation, one case per group of checked rules.
 * `junit.ts` reads the same counts back.
 */
import type { RuleId } from "../core/statement/audit-rules.js";
import { ruleOf } from "../core/statement/audit-rules.js";
import { waiverWords, type JudgedFinding } from "../core/audit/waiver.js";
import { utf8, type Bytes } from "../core/bytes.js";
import { line, lines } from "./text.js";

/** Names of the cases, in rule order. */
export const GROUPS = {
  document: "the document itself",
  drift: "what the evidence still says",
  backing: "whether the evidence ever said it",
  dates: "the dates",
  subject: "the subject",
  others: "other attestations",
  log: "the plan and the log",
} as const;
export type Group = keyof typeof GROUPS;

const GROUP: Readonly<Record<RuleId, Group>> = {
  unverified: "document",
  "verdict-not-derived": "document",
  "key-ended": "document",
  "archive-changed": "drift",
  "archive-gone": "drift",
  "evidence-changed": "drift",
  "source-changed": "drift",
  "source-gone": "drift",
  "evidence-moved": "drift",
  "evidence-gone": "drift",
  "evidence-blocked": "drift",
  "evidence-unhashed": "drift",
  "recompute-mismatch": "backing",
  "evidence-none": "backing",
  "evidence-one-origin": "backing",
  "cited-conflict": "backing",
  "cited-verdict": "backing",
  "cited-exit-code": "backing",
  "counts-differ": "backing",
  "prose-differs": "backing",
  "date-order": "dates",
  "evidence-late": "dates",
  "source-after-work": "dates",
  "subject-newer": "subject",
  "subject-other": "subject",
  "verdict-opposite": "others",
  "verdict-opposite-target": "others",
  "not-reproduced": "others",
  contradicted: "others",
  retracted: "others",
  superseded: "others",
  "relation-dangling": "others",
  "relation-circular": "others",
  "plan-departed": "log",
  "result-missing": "log",
  "history-broken": "log",
  log: "log",
};
export const groupOf = (rule: RuleId): Group => GROUP[rule];

/** The suite of one attestation. */
export interface JunitSuite {
  /** Its id, or its file name if it has none. */
  readonly name: string;
  /** Path of its file. */
  readonly file?: string;
  /** The checked groups. A group with a finding may be missing here. */
  readonly looked: readonly Group[];
  /** What could not be checked, by group, in words. */
  readonly notChecked?: Readonly<Partial<Record<Group, readonly string[]>>>;
  readonly findings: readonly JudgedFinding[];
}

interface Case {
  readonly name: string;
  readonly outcome: "passed" | "failure" | "skipped";
  readonly type?: string;
  /** The first line also becomes the attribute. */
  readonly told: readonly string[];
}

export function formatJunit(suites: readonly JunitSuite[]): Bytes {
  const all = suites.map((suite) => ({ suite, cases: casesOf(suite) }));
  const totals = counted(all.flatMap(({ cases }) => cases));
  const body = all.map(({ suite, cases }) => suiteOf(suite, cases)).sort(compare);
  return utf8(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites${attributes({ name: "attest audit", ...totals })}>`,
      ...body,
      "</testsuites>",
      "",
    ].join("\n"),
  );
}

function suiteOf({ name, file }: JunitSuite, cases: readonly Case[]): string {
  const given = { name: name === "" ? "unnamed" : name, ...(file !== undefined && { file }) };
  const start = `  <testsuite${attributes({ ...given, ...counted(cases) })}>`;
  return [start, ...cases.map((one) => caseOf(one, given.name)), "  </testsuite>"].join("\n");
}

/** In group order. Within a group: failures, then waived findings, then what was not checked. */
function casesOf({ looked, notChecked = {}, findings }: JunitSuite): Case[] {
  return (Object.keys(GROUPS) as Group[]).flatMap((group): Case[] => {
    const found = findings.filter(({ finding }) => groupOf(finding.rule) === group).sort(worstFirst);
    const open = found.filter(({ waived }) => !waived);
    const unseen = [...(notChecked[group] ?? [])].sort(compare).map((text) => `not checked: ${text}`);
    const told = [...found.map(sentence), ...unseen];
    const name = GROUPS[group];
    const [worst] = open;
    if (worst !== undefined) return [{ name, outcome: "failure", type: ruleOf(worst.finding.rule).level, told }];
    if (told.length > 0) return [{ name, outcome: "skipped", told }];
    return looked.includes(group) ? [{ name, outcome: "passed", told }] : [];
  });
}

const sentence = ({ finding: { rule, pointer, detail }, waivers }: JudgedFinding): string =>
  [
    `${rule}${pointer === "" ? "" : ` at ${pointer}`}: ${detail === "" ? ruleOf(rule).means : detail}`,
    ...waivers.map(waiverWords),
  ].join("; ");

function caseOf({ name, outcome, type, told }: Case, suite: string): string {
  const start = `    <testcase${attributes({ name, classname: suite })}`;
  if (outcome === "passed") return `${start}/>`;
  const [first = ""] = told;
  const mark = `<${outcome}${attributes({ message: first, ...(type !== undefined && { type }) })}>`;
  return `${start}>${mark}${text(told.map(line).join("\n"))}</${outcome}></testcase>`;
}

const counted = (cases: readonly Case[]): Record<string, number> => ({
  tests: cases.length,
  failures: cases.filter(({ outcome }) => outcome === "failure").length,
  errors: 0,
  skipped: cases.filter(({ outcome }) => outcome === "skipped").length,
});

const worstFirst = (a: JudgedFinding, b: JudgedFinding): number => compare(rankOf(a), rankOf(b));
const rankOf = ({ finding, waived, waivers }: JudgedFinding): string =>
  JSON.stringify([waived ? 1 : 0, ruleOf(finding.rule).level === "error" ? 0 : 1, finding, waivers]);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const attributes = (all: Readonly<Record<string, string | number>>): string =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${escaped(line(String(value)))}"`)
    .join("");

const text = (raw: string): string => escaped(lines(raw));

/** `line` and `lines` have removed the characters that XML 1.0 lacks (section 2.2). `>` is escaped because of "]]>". */
const escaped = (raw: string): string => raw.replace(/[<>&"']/g, (character) => ENTITIES[character] ?? character);
const ENTITIES: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "'": "&apos;",
};
