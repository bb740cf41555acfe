/** The pages as trees: written once at build time, and again in the reader's browser from the bytes that it verified itself. */
import type { Report } from "../core/report.js";
import { noticeTitle, noticeView, noticeWording } from "./notice.js";
import { answersView, headlineView, limitsView, stepsView, toneOf } from "./report.js";
import { articleView, commandsView, titleView, type Place } from "./statement.js";
import { date, facts, h, local, table, with_, type Child, type Element } from "./tree.js";
import { headline, inShort, verdictWording } from "./words.js";

/** What a page carries beside its text, so that a browser can make it again. */
export interface PageData {
  readonly kind: "attestation" | "index" | "verify";
  readonly about?: { readonly origin: string; readonly title: string };
  /** The registry's own keyring, as served: it can take trust away, never give it. */
  readonly keyring?: string;
  /** Text of the notices that the registry publishes: each counts by its signatures alone. */
  readonly notices?: readonly string[];
  /** File name and exact text of each attestation on the page. */
  readonly documents: readonly { readonly name: string; readonly text: string }[];
  /** SHA-256 of the evidence that lies beside the page; only what the document names too is ever linked. */
  readonly evidence?: readonly string[];
  /** Of a list that is longer than a page. */
  readonly pages?: Pages;
}

export interface Pages {
  readonly at: number;
  readonly of: number;
}

export const placeOf = (evidence: readonly string[]): Place => ({
  evidence: (sha256) => (evidence.includes(sha256) ? `evidence/sha256/${sha256.slice(0, 2)}/${sha256}` : undefined),
});

/** Of the window: what the document calls itself is said there only while it is shown. */
export const titleOf = ({ statement, notice }: Report, fileName: string): string =>
  notice !== undefined
    ? noticeWording(notice).word
    : statement === undefined
      ? fileName
      : `${statement.predicate.f3.title}: ${statement.predicate.f3.verdict}`;

/** Before the reader's own browser has looked, nothing is claimed; the statement stands there as the publisher sent it. */
export const pendingView = (): Element =>
  h(
    "div",
    "headline open",
    h("h2", "", "Not checked in this browser"),
    h(
      "p",
      "",
      "What follows is the text as the publisher sent it. With scripts on, this page verifies it here, on your device; without them, use the command at the end.",
    ),
  );

/** The name is that of the file, which the reader chose or the registry checked: nothing of the document. */
const refusedView = (fileName: string): Element =>
  h("header", "title", h("p", "kicker", "Not shown"), h("h1", "file", fileName));

export interface Shown {
  readonly report: Report;
  readonly place?: Place;
  readonly fileName: string;
  readonly confirmedKey: string | undefined;
}

/** One attestation. Under a bad signature the page has no title, no text and no verdict: only what was found. */
export function attestationPage({ report, place, fileName, confirmedKey }: Shown, pending = false): Element[] {
  const { statement, notice } = report;
  const state = pending ? [pendingView()] : [headlineView(report), answersView(report)];
  if (notice !== undefined)
    return [noticeTitle(notice), ...state, noticeView(notice), ...(pending ? [] : [stepsView(report)])];
  if (statement === undefined)
    return [refusedView(fileName), ...(pending ? [headlineView(report)] : state), stepsView(report)];
  return [
    titleView(statement),
    ...state,
    ...(pending ? [] : [limitsView()]),
    h("article", "", articleView(statement, report, place)),
    commandsView(fileName, confirmedKey, statement.predicate.f3.checks),
    ...(pending ? [] : [stepsView(report)]),
  ];
}

export interface Row {
  readonly name: string;
  readonly report: Report;
}

const pageOf = (name: string): string => name.replace(/\.json$/, ".html");

export const listPath = (at: number): string => (at === 1 ? "index.html" : `page-${at}.html`);

const pagerView = ({ at, of }: Pages): Element =>
  h(
    "p",
    "pager",
    `Page ${at} of ${of}; the numbers above count this page alone. `,
    Array.from({ length: of }, (_, before) => [
      before + 1 === at ? h("strong", "", String(at)) : local(listPath(before + 1), String(before + 1)),
      " ",
    ]),
  );

/** The list of a registry, newest first; a row whose signature does not fit shows its file's name and nothing else. */
export function indexPage(
  about: { readonly origin: string; readonly title: string },
  rows: readonly Row[],
  signers: readonly (readonly [string, string])[],
  pending: boolean,
  pages: Pages = { at: 1, of: 1 },
): Element[] {
  const counted = (verdict: string): string => String(rows.filter(({ report }) => report.verdict === verdict).length);
  const row = ({ name, report }: Row): Child[] => {
    const f3 = report.statement?.predicate.f3;
    const { notice } = report;
    const state = pending ? "not checked in this browser" : headline(report).word;
    if (notice !== undefined)
      return [
        [
          h("p", "claim", local(`attestations/${pageOf(name)}`, noticeWording(notice).word)),
          h("p", "id", h("code", "", report.id ?? "")),
        ],
        h("p", "id", "a notice, no test"),
        date(notice.signedAt),
        h("span", `state ${pending ? "open" : toneOf(report)}`, state),
      ];
    return [
      f3 === undefined
        ? h("code", "", name)
        : [
            h("p", "claim", local(`attestations/${pageOf(name)}`, f3.title)),
            h("p", "id", h("code", "", report.id ?? "")),
          ],
      f3 === undefined
        ? ""
        : [
            h("span", `verdict-line ${f3.verdict.toLowerCase()}`, h("strong", "stamp small", f3.verdict)),
            h("p", "id", inShort(verdictWording(f3.verdict, f3.checks))),
          ],
      f3 === undefined ? "" : date(f3.signedAt),
      h("span", `state ${pending ? "open" : toneOf(report)}`, state),
    ];
  };
  return [
    h(
      "header",
      "title",
      h("p", "kicker", "Registry of test results"),
      h("h1", "", about.title),
      h(
        "p",
        "lede",
        "Each test below was run, recorded and signed. Open one to read what was done, what was seen, and what was not shown.",
      ),
    ),
    h(
      "section",
      "count",
      facts("counts", [
        ["validated", counted("VALIDATED")],
        ["inconclusive", counted("INCONCLUSIVE")],
        ["refuted", counted("REFUTED")],
      ]),
    ),
    h(
      "section",
      "list",
      rows.length === 0
        ? h("p", "", "Nothing has been published here yet.")
        : table("", ["Test", "Verdict", "Signed (claimed)", "Signature"], rows.map(row)),
      pages.of === 1 ? undefined : pagerView(pages),
    ),
    h(
      "section",
      "signers",
      h("h2", "", "Signers that this site lists"),
      h("p", "note", "A site can list any key. Compare the fingerprint with one that you have from somewhere else."),
      facts(
        "",
        signers.map(([name, keyid]): [string, Child] => [name, h("code", "digest", keyid)]),
      ),
    ),
    h(
      "section",
      "more",
      h(
        "p",
        "",
        "The list says nothing of tests that were never published. To check a file of your own: ",
        local("verify.html", "the verifier, one page that also works offline"),
        ".",
      ),
    ),
  ];
}

/** What the verifier page says before a file is given. */
export const verifyPage = (): Element[] => [
  h(
    "header",
    "title",
    h("p", "kicker", "Verifier"),
    h("h1", "", "Check an attestation"),
    h(
      "p",
      "lede",
      "Choose a signed test result and see for yourself whether a single byte of it has changed, who signed it, and what that does not prove. The file stays on this device: this page is not allowed to make network requests.",
    ),
  ),
];

export const noScript = (): Element =>
  with_(
    "p",
    { class: "headline open" },
    "Scripts are off, so nothing was checked here. The same from a terminal: npx @f3/attest verify FILE --key KEY",
  );
