/** The pages as trees: written at build time, and rebuilt in the reader's browser from the bytes it verified. */
import type { Report } from "../core/verify/report.js";
import { auditAside, auditFindingsView } from "./audited.js";
import { headlineOf } from "./headline.js";
import { noticeTitle, noticeView, noticeWording } from "./notice.js";
import { relatedView, type Related } from "./related.js";
import { outcomeView, planTitle, planView, type PlanOutcome } from "./plan.js";
import { answersView, headlineView, limitsView, stepsView } from "./report.js";
import { standingView, withdrawnView, type PageLinks } from "./standing.js";
import { articleView, commandsView, titleView, type Backing } from "./statement.js";
import { h, type Element } from "./tree.js";
import { verdictLine } from "./words.js";
import type { MemoryWord } from "./log-words.js";

/** @param beside file names of other documents with pages */
export const pageLinks = (evidence: readonly string[], beside: readonly string[] = []): PageLinks => ({
  evidence: (sha256) => (evidence.includes(sha256) ? `evidence/sha256/${sha256.slice(0, 2)}/${sha256}` : undefined),
  page: (id) => (!beside.includes(`${id}.json`) ? undefined : id === "log" ? "../log.html" : `${id}.html`),
});

/** The window title. It has the document's own title only while that is shown, and a verdict only without findings. */
export function pageTitle(report: Report, fileName: string): string {
  const { word, tone } = headlineOf(report);
  const name = nameOf(report);
  if (name === undefined) return fileName;
  if (tone !== "good") return `${name}: ${word}`;
  if (report.statement === undefined) return name;
  const { verdict, checks } = report.statement.predicate.f3;
  return `${name}: ${verdictLine(verdict, checks)}`;
}

/** The title before the browser has verified: a name, and whether it was retracted. */
export const pendingTitleOf = (report: Report, fileName: string): string =>
  `${report.standing?.word === "retracted" ? "Retracted: " : ""}${nameOf(report) ?? fileName}`;

const nameOf = ({ statement, notice, plan }: Report): string | undefined => {
  if (notice !== undefined) return noticeWording(notice).word;
  return plan !== undefined ? `Plan: ${plan.predicate.title}` : statement?.predicate.f3.title;
};

/** Before the browser has verified, nothing is claimed. The statement is shown as the publisher sent it. */
export const pendingView = (): Element =>
  h(
    "div",
    "headline open",
    h("h2", "", "Not checked in this browser"),
    h(
      "p",
      "",
      "The text below is as the publisher sent it. With scripts enabled, this page verifies it on your device; without them, use the command at the end.",
    ),
  );

/** Uses the file's name, chosen by the reader or checked by the registry, and nothing from the document. */
const refusedView = (fileName: string): Element =>
  h("header", "title", h("p", "kicker", "Not shown"), h("h1", "file", fileName));

export interface Shown extends Backing {
  readonly report: Report;
  readonly place?: PageLinks;
  readonly fileName: string;
  /** The file's name if it differs from the document's: a pack. */
  readonly file?: string | undefined;
  readonly confirmedKey: string | undefined;
  /** What this browser remembered of its log. */
  readonly memory?: MemoryWord | undefined;
  /** What other attestations say about it. */
  readonly related?: Related | undefined;
  /** For a plan. */
  readonly outcome?: PlanOutcome;
}

/**
 * The page of one attestation. A retraction comes before its title. With a bad signature the page shows no title, text or verdict, only the
 * findings.
 */
export function attestationPage(shown: Shown, pending = false): Element[] {
  const { report, place, fileName, file = fileName, confirmedKey, memory, outcome = {}, audit } = shown;
  const { statement, notice, plan } = report;
  const state = pending ? [pendingView()] : [headlineView(report), answersView(report, auditAside(audit))];
  const steps = pending ? [] : [stepsView(report)];
  const withdrawn = withdrawnView(report, place);
  const first = withdrawn === undefined ? [] : [withdrawn];
  const standing = standingView(report, place, memory);
  // Without evidence only the audit's findings are shown, if there are any.
  const findings =
    typeof audit === "object" && audit.findings.length > 0 ? [h("section", "evidence", auditFindingsView(audit))] : [];
  if (notice !== undefined)
    return [...first, noticeTitle(notice), ...state, noticeView(notice, place), standing, ...findings, ...steps];
  if (plan !== undefined)
    return [
      ...[
        ...first,
        planTitle(plan),
        ...state,
        outcomeView(plan, outcome, place),
        ...planView(plan),
        standing,
        ...findings,
      ],
      commandsView(file, confirmedKey),
      ...steps,
    ];
  if (statement === undefined)
    return [refusedView(fileName), ...(pending ? [headlineView(report)] : state), stepsView(report)];
  const related = pending ? undefined : shown.related && relatedView(shown.related, place);
  return [
    ...[...first, titleView(statement, report.standing?.word === "retracted"), ...state, ...(related ? [related] : [])],
    standing,
    ...(pending ? [] : [limitsView()]),
    h("article", "", articleView(statement, report, place, shown)),
    commandsView(file, confirmedKey, statement.predicate.f3.checks),
    ...steps,
  ];
}

/** The verifier page before a file is given. */
export const verifyPage = (): Element[] => [
  h(
    "header",
    "title",
    h("p", "kicker", "Verifier"),
    h("h1", "", "Check an attestation"),
    h(
      "p",
      "lede",
      "Choose a signed test result to see whether a byte of it has changed, who signed it, and what that does not prove. The file stays on this device: this page cannot make network requests.",
    ),
  ),
];

/** A pack before verification: nothing of its content is shown. */
export const packView = (): Element[] => [
  h("header", "title", h("p", "kicker", "Pack"), h("h1", "", "An attestation with what backs it")),
  h(
    "div",
    "headline open",
    h("h2", "", "Not checked in this browser"),
    h(
      "p",
      "",
      "With scripts on, this file verifies what is inside it here, on your device, and shows it then. Without them, read and verify it from a terminal: npx @f3/attest show FILE",
    ),
  ),
];

/** Replaces the whole page if its data is malformed. */
export const unreadableView = (detail: string): Element[] => [
  h(
    "div",
    "headline bad",
    h("h2", "", "This page cannot be read"),
    h("p", "", `Its data is malformed, so nothing of it is shown: ${detail}.`),
  ),
];
