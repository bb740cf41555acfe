/** What `attest verify` prints of a document: in full, in one line, or as JSON. */
import { outcomeOf, worst, type ReportOutcome } from "../core/codes.js";
import { failures, type Report } from "../core/verify/report.js";
import type { Subject } from "../core/statement/statement.js";
import { subjectWording } from "../core/statement/subject.js";
import type { Verified } from "../pipeline/verify/verify.js";
import { noticeWording } from "../view/notice.js";
import { stepsView } from "../view/report.js";
import { textLines } from "../view/text.js";
import { headlineOf } from "../view/headline.js";
import { AUDIT, countsWording, NO_TEST, NO_VERDICT, SIGNATURE, TRUST, verdictWording } from "../view/words.js";
import { withExit } from "./exit-status.js";

export const outcomeOfOne = (one: Verified): ReportOutcome =>
  "report" in one ? one.report.outcome : outcomeOf(one.fault.code);

/** Without the statement, which is in the file. */
export const brief = (one: Verified): object =>
  "report" in one
    ? { target: one.target, uncompared: one.uncompared, report: { ...withExit(one.report), statement: undefined } }
    : { target: one.target, error: { code: one.fault.code, message: one.fault.message, hint: one.fault.hint } };

/** Of a report, what its first word needs. */
interface Told {
  readonly outcome: ReportOutcome;
  readonly verdict?: string | undefined;
  readonly plan?: unknown;
  readonly notice?: unknown;
}

/**
 * The first word: the verdict of an accepted document, otherwise none. So a signed REFUTED cannot look like a pass, nor a VALIDATED by
 * someone you do not know.
 */
const firstWord = ({ outcome, verdict, plan, notice }: Told): string =>
  outcome === "accepted"
    ? (verdict ?? (plan !== undefined ? "PLAN" : notice !== undefined ? "NOTICE" : "NO VERDICT"))
    : NOT;
const NOT = "NOT ACCEPTED";

/** Shown beside the verdict. Without them VALIDATED would hide skipped tests. */
const counts = ({ statement, verdict }: Report): string[] =>
  statement === undefined || verdict === undefined
    ? []
    : [countsWording(statement.predicate.f3.checks)].filter(Boolean);

export function inFull(only: Verified, report: Report, verbose: boolean): string[] {
  const { target } = only;
  const { word, sentence } = headlineOf(report);
  const { statement, verdict } = report;
  const policy = report.checks.find(({ name }) => name === "policy");
  const said =
    verdict === undefined || statement === undefined
      ? report.notice === undefined
        ? NO_VERDICT
        : NO_TEST
      : verdictWording(verdict, statement.predicate.f3.checks);
  const source = report.signers.find(({ signature, trust }) => signature === "ok" && trust === report.trust);
  return [
    `${[firstWord(report), ...(report.outcome === "accepted" ? counts(report) : [])].join(" ")}: ${word}`,
    sentence,
    "",
    `  file       ${target}`,
    ...(report.id === undefined ? [] : [`  id         ${report.id}`]),
    ...(statement === undefined ? [] : [`  title      ${statement.predicate.f3.title}`]),
    ...subjectLines(statement?.subject ?? report.plan?.subject ?? []),
    ...(report.notice === undefined ? [] : [`  notice     ${noticeWording(report.notice).word}`]),
    ...(report.plan === undefined ? [] : [`  announces  ${report.plan.predicate.title}`]),
    ...report.signers.map(
      ({ keyid, signature, trust, name }) =>
        `  key        ${keyid}${name === undefined ? "" : ` (${name})`}${signature === "ok" ? (report.signers.length > 1 ? `: ${TRUST[trust].word}` : "") : `: named in the document, signature ${SIGNATURE[signature].word}`}`,
    ),
    "",
    `  signature  ${SIGNATURE[report.signature].word}`,
    `  trust      ${TRUST[report.trust].word}${source?.source === undefined ? "" : ` (${source.source})`}`,
    `  verdict    ${said.word}${counts(report)
      .map((text) => ` ${text}`)
      .join("")}: ${said.sentence}`,
    `  audit      ${AUDIT[report.audit].word}`,
    ...incomplete(report),
    ...(only.uncompared === true ? [`  page       ${UNCOMPARED}`] : []),
    ...(["plan", "log", "retraction"] as const).flatMap((name) => about(report, name)),
    ...(policy === undefined || policy.code === "no-policy" || policy.code === "not-reached"
      ? []
      : [`  policy     ${policy.status === "passed" ? "" : "not met: "}${policy.detail}`]),
    "",
    ...(verbose ? textLines(stepsView(report)) : troubles(report)),
  ];
}

const UNCOMPARED =
  "not compared: its script or style is not from this version, so its display in a browser was not checked";

/** Limit for listed subjects; the number of others is stated. */
const MAX_SUBJECTS = 100;

/** What was tested, including uncommitted changes. */
function subjectLines(subjects: readonly Subject[]): string[] {
  const more = subjects.length - MAX_SUBJECTS;
  return [
    ...subjects.slice(0, MAX_SUBJECTS).map((one) => `  subject    ${subjectWording(one)}`),
    ...(more > 0 ? [`  subject    and ${more} more, not shown here`] : []),
  ];
}

/** Missing evidence is no finding, but readers should see it unasked. */
const incomplete = ({ checks }: Report): string[] =>
  checks.flatMap(({ code, detail }) => (code === "evidence-missing" ? [`  evidence   ${detail}`] : []));

/** What was checked beyond the document, in a line; what was not is listed below. */
function about(report: Report, name: "plan" | "log" | "retraction"): string[] {
  const made = report.checks.find((check) => check.name === name);
  const unplanned = made?.code === "no-plan" && report.statement !== undefined;
  if (made === undefined || (made.status === "not-checked" && !unplanned)) return [];
  const label = name === "retraction" ? "since then" : name;
  return [`  ${label.padEnd(10)} ${made.status === "failed" ? "✗ " : ""}${made.detail}`];
}

const troubles = (report: Report): string[] => [
  ...failures(report).map(({ name, code, detail }) => `  ${name}: ${detail} [${code}]`),
  `  not checked: ${report.checks
    .filter(({ status }) => status === "not-checked")
    .map(({ name }) => name)
    .join(", ")}`,
];

export function inOneLine(one: Verified, verbose: boolean): string[] {
  if ("fault" in one) {
    const why = one.fault.code === "key-changed" ? "full stop" : "not read";
    return [`${NOT}  ${one.target}  ${why}: ${one.fault.message} [${one.fault.code}]`];
  }
  const { target, report } = one;
  const words = [
    `signature ${SIGNATURE[report.signature].word}`,
    TRUST[report.trust].word,
    report.verdict === undefined
      ? report.notice === undefined
        ? announced(report)
        : noticeWording(report.notice).word
      : [...(report.verdict === firstWord(report) ? [] : [report.verdict]), ...counts(report)].join(" "),
  ];
  return [
    [firstWord(report).padEnd(NOT.length), target, ...words.filter(Boolean)].join("  "),
    ...(one.uncompared === true ? [`    page: ${UNCOMPARED}`] : []),
    ...(report.outcome === "accepted"
      ? []
      : failures(report).map(({ name, code, detail }) => `    ${name}: ${detail} [${code}]`)),
    ...(verbose ? textLines(stepsView(report)) : []),
  ];
}

const announced = ({ plan }: Report): string =>
  plan === undefined ? "no verdict" : `announces: ${plan.predicate.title}`;

/** How the answer of one document is printed, and what the sum needs to know of it. */
export interface Line {
  readonly text: string;
  readonly outcome: ReportOutcome;
  /** Of an accepted document: its verdict, or what else it is. */
  readonly word?: string;
  /** Its key is known from its own registry alone. */
  readonly unconfirmed?: boolean;
}

export const lineOf = (one: Verified, text: string): Line =>
  "report" in one ? lineOfReport(one.report, text) : { text, outcome: outcomeOfOne(one) };

export const lineOfReport = (report: Told & { readonly trust: string }, text = ""): Line => ({
  text,
  outcome: report.outcome,
  ...(report.outcome === "accepted" && { word: firstWord(report) }),
  ...(report.outcome === "untrusted" && report.trust === "registry-only" && { unconfirmed: true }),
});

/** The sum of any number of documents. */
export class Tally {
  #total = 0;
  #unconfirmed = false;
  readonly #outcomes = new Set<ReportOutcome>();
  readonly #words = new Map<string, number>();

  add({ outcome, word, unconfirmed }: Omit<Line, "text">): void {
    this.#total += 1;
    this.#outcomes.add(outcome);
    this.#unconfirmed ||= unconfirmed === true;
    if (word !== undefined) this.#words.set(word, (this.#words.get(word) ?? 0) + 1);
  }

  get total(): number {
    return this.#total;
  }

  get outcome(): ReportOutcome {
    return worst([...this.#outcomes]);
  }

  get hint(): string[] {
    return this.#unconfirmed ? ["hint: ask the signer for their public key, and give it with --key"] : [];
  }

  get sentence(): string {
    const verdicts = [...this.#words].sort(([a], [b]) => (a < b ? -1 : 1)).map(([word, count]) => `${count} ${word}`);
    const accepted = [...this.#words.values()].reduce((sum, count) => sum + count, 0);
    const of = `${accepted} of ${this.#total} verified with a key that you confirmed`;
    return verdicts.length === 0 ? of : `${of}: ${verdicts.join(", ")}`;
  }
}
