/** An audit for people: the worst attestation first, each finding at its place, and one explanation per kind of finding. */
import { ruleOf, type RuleId } from "../core/statement/audit-rules.js";
import { STATES } from "../core/audit/reference.js";
import { factsOf, type Facts } from "../core/audit/relations.js";
import { WORD } from "../core/audit/drift.js";
import { waiverWords, type JudgedFinding } from "../core/audit/waiver.js";
import type { JudgedAudit } from "../pipeline/audit/report.js";
import type { Audit, AuditedDocument } from "../pipeline/audit/audit.js";
import { SIGNATURE } from "../view/words.js";

export interface Words {
  /** List clean documents too. */
  readonly verbose: boolean;
  /** Earlier audits of the registry. */
  readonly before: readonly string[];
}

export function auditWords({ audit, judged, idle, skipped }: JudgedAudit, { verbose, before }: Words): string[] {
  const facts = factsOf(audit.graph);
  const documents = audit.documents
    .map((document) => ({ document, told: document.findings.map(judged) }))
    .map((one) => ({ ...one, rank: rankOf(one.document, one.told) }))
    .sort((a, b) => b.rank - a.rank || (a.document.target < b.document.target ? -1 : 1));
  const amiss = documents.filter(({ rank }) => rank > 0);
  const clean = documents.filter(({ rank }) => rank === 0);
  const own = audit.findings.map(judged);
  const all = [...own, ...documents.flatMap(({ told }) => told)];
  return [
    ...amiss.flatMap(({ document, told }) => [
      ...inFull(document, told),
      ...(verbose ? looksOf(document) : []),
      ...relations(facts, document),
      "",
    ]),
    ...(own.length === 0 ? [] : ["the registry as a whole", ...own.flatMap(findingLines), ""]),
    ...(verbose
      ? clean.flatMap(({ document }) => [
          headOf("clean", document),
          ...looksOf(document),
          ...relations(facts, document),
        ])
      : []),
    ...(verbose && clean.length > 0 ? [""] : []),
    ...meanings(all),
    ...bars(audit),
    ...audit.open.map((detail) => `not checked: ${detail}`),
    ...idle
      .filter(({ standing }) => standing === "honoured")
      .map(
        ({ rule, about, until }) => `a waiver without a finding: ${rule} of test_${about.slice(0, 16)}, until ${until}`,
      ),
    ...(skipped > 0 ? [`${skipped} more waivers were not checked, and waive nothing`] : []),
    ...before,
    ...unconfirmed(audit),
    summary(audit, all, clean.length),
  ];
}

/** Worst first: unverified, errors, warnings, waived, not checkable. */
const rankOf = ({ outcome, open }: AuditedDocument, told: readonly JudgedFinding[]): number =>
  (outcome !== "accepted" ? 10_000 : 0) +
  told.filter(({ waived }) => !waived).reduce((sum, one) => sum + (levelOf(one) === "error" ? 100 : 10), 0) +
  told.length +
  (open.length > 0 ? 1 : 0);

const levelOf = ({ finding }: JudgedFinding): "error" | "warning" => ruleOf(finding.rule).level;

const headOf = (word: string, { target, verdict, title, signature }: AuditedDocument): string =>
  [word.padEnd(8), target, verdict ?? `signature ${SIGNATURE[signature].word}`, title ?? ""].filter(Boolean).join("  ");

function inFull(document: AuditedDocument, told: readonly JudgedFinding[]): string[] {
  const counting = told.filter(({ waived }) => !waived);
  const word = counting.some((one) => levelOf(one) === "error")
    ? "error"
    : counting.length > 0
      ? "warning"
      : document.open.length > 0
        ? "open"
        : "waived";
  return [
    headOf(word, document),
    ...told.toSorted((a, b) => Number(a.waived) - Number(b.waived)).flatMap(findingLines),
    ...document.open.map((line) => `  – not checked: ${line}`),
  ];
}

const findingLines = ({ finding, waivers, waived }: JudgedFinding): string[] => [
  `  ${waived ? "○" : ruleOf(finding.rule).level === "error" ? "✗" : "!"} ${finding.rule}: ${finding.detail}`,
  ...(finding.pointer === "" ? [] : [`      at ${finding.pointer}`]),
  ...waivers.map((waiver) => `      ${waiverWords(waiver)}`),
];

/** Each place whose state is not `same`, with or without a finding. */
const looksOf = ({ looks }: AuditedDocument): string[] =>
  looks.map(
    ({ pointer, place, state, detail }) =>
      `  · ${pointer}, ${place}: ${WORD[state]}${detail === "" ? "" : `: ${detail}`}`,
  );

/** Trust is a matter of verify, but the output must not hide that the signers are unconfirmed. */
function unconfirmed({ documents }: Audit): string[] {
  const count = documents.filter(({ signature, trust }) => signature === "ok" && trust !== "confirmed-by-you").length;
  const whose = count === 1 ? "1 is signed with a key" : `${count} are signed with keys`;
  return count === 0 ? [] : [`${whose} that you have not confirmed: attest verify checks the signers`];
}

/** Derived from what others signed. */
function relations(all: ReadonlyMap<string, Facts>, { digest = "" }: AuditedDocument): string[] {
  const facts = all.get(digest);
  if (facts === undefined) return [];
  const keys = (count: number): string => (count === 1 ? "1 other key" : `${count} other keys`);
  const said = [
    ...(facts.reproducedBy.length > 0 ? [`reproduced by ${keys(facts.reproducedBy.length)}`] : []),
    ...(facts.contradictedBy.length > 0 ? [`contradicted by ${keys(facts.contradictedBy.length)}`] : []),
    ...(facts.answeredBy.length > 0 ? [`answered by ${facts.answeredBy.length}`] : []),
    ...(facts.supersededBy.length > 0
      ? [`replaced by ${facts.supersededBy.map((by) => `test_${by.slice(0, 16)}`).join(", ")}`]
      : []),
  ];
  return said.length === 0 ? [] : [`  ${said.join(", ")}`];
}

function meanings(all: readonly JudgedFinding[]): string[] {
  const rules = [...new Set(all.map(({ finding }) => finding.rule))];
  if (rules.length === 0) return [];
  const line = (rule: RuleId): string[] => [`  ${rule}: ${ruleOf(rule).means}.`, `      → ${ruleOf(rule).advice}.`];
  return ["what that means, and what to do", ...rules.flatMap(line), ""];
}

const WIDTH = 32;

/** The states of the references as bars on one scale. */
function bars({ states }: Audit): string[] {
  const most = Math.max(...Object.values(states));
  if (most === 0) return [];
  const digits = String(most).length;
  const rows = STATES.flatMap((state) => {
    const count = states[state];
    if (count === 0) return [];
    const bar = "█".repeat(Math.max(1, Math.round((count / most) * WIDTH)));
    return [`  ${bar.padEnd(WIDTH)} ${String(count).padStart(digits)} ${WORD[state]}`];
  });
  return ["references, each where it was looked for", ...rows, ""];
}

function summary({ documents }: Audit, all: readonly JudgedFinding[], clean: number): string {
  const counting = all.filter(({ waived }) => !waived);
  const errors = counting.filter((one) => levelOf(one) === "error").length;
  const waived = all.length - counting.length;
  const parts = [
    `${errors} ${errors === 1 ? "error" : "errors"}`,
    `${counting.length - errors} ${counting.length - errors === 1 ? "warning" : "warnings"}`,
    ...(waived > 0 ? [`${waived} waived`] : []),
  ];
  return `${clean} of ${documents.length} ${documents.length === 1 ? "attestation" : "attestations"} clean: ${parts.join(", ")}`;
}
