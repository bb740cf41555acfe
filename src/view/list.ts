/** The front page of a registry: open plans, its results newest first, and its notices. */
import type { F3 } from "../core/statement/statement.js";
import type { EntryOf } from "../core/log/entry.js";
import type { Report, StatusWord } from "../core/verify/report.js";
import {
  countsView,
  entryId,
  logFindingsView,
  isWithheld,
  openPlansView,
  resultsElsewhere,
  withheldResults,
  type LogOnPage,
} from "./ledger.js";
import { noticeWording } from "./notice.js";
import type { Pages } from "../formats/page-data.js";
import { headlineOf } from "./headline.js";
import { date, facts, h, local, table, type Child, type Element } from "./tree.js";
import { actionWords } from "./log-words.js";
import { count } from "./wording.js";
import { countsWording, inShort, verdictWording } from "./words.js";

export interface Row {
  readonly name: string;
  readonly report: Report;
}

export interface List {
  readonly about: { readonly origin: string; readonly title: string };
  readonly rows: readonly Row[];
  readonly signers: readonly (readonly [string, string])[];
  /** Shown before the reader's own browser has verified anything. */
  readonly pending: boolean;
  readonly pages?: Pages | undefined;
  /** On the first page only. */
  readonly log?: LogOnPage | undefined;
}

const pageOf = (name: string): string => `attestations/${name.replace(/\.json$/, ".html")}`;

export const listPath = (at: number): string => (at === 1 ? "index.html" : `page-${at}.html`);

/** A row with a bad signature shows its file name and nothing else. */
export function indexPage({ about, rows, signers, pending, pages = { at: 1, of: 1 }, log }: List): Element[] {
  const tests = rows.filter(
    ({ name, report }) => report.notice === undefined && report.plan === undefined && !/^(?:plan|note)_/.test(name),
  );
  const others = rows.filter((row) => !tests.includes(row));
  const counted = log?.state.kind === "read";
  return [
    h(
      "header",
      "title",
      h("p", "kicker", "Registry of test results"),
      h("h1", "", about.title),
      h(
        "p",
        "lede",
        "Each test below was run, recorded and signed. Open one to read what was done, what was seen, and what was not tested.",
      ),
    ),
    ...(counted ? [] : [verdictsView(tests)]),
    ...(log === undefined
      ? []
      : [countsView(log), openPlansView(log), logFindingsView(log)].filter((one) => one !== undefined)),
    h(
      "section",
      "list",
      counted ? h("h2", "", "Results") : undefined,
      listView(tests, pending, log),
      log && elsewhereView(resultsElsewhere(log)),
      pages.of === 1 ? undefined : pagerView(pages, counted),
    ),
    ...noticesView(others, tests, pending, log),
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
        "The list says nothing about tests that were neither announced nor published. To check your own file: ",
        local("verify.html", "the verifier, one page that also works offline"),
        ".",
      ),
    ),
  ];
}

function verdictsView(rows: readonly Row[]): Element {
  const counted = (verdict: string): string => String(rows.filter(({ report }) => report.verdict === verdict).length);
  return h(
    "section",
    "count",
    facts("counts", [
      ["validated", counted("VALIDATED")],
      ["inconclusive", counted("INCONCLUSIVE")],
      ["refuted", counted("REFUTED")],
    ]),
  );
}

const pagerView = ({ at, of }: Pages, counted: boolean): Element =>
  h(
    "p",
    "pager",
    `Page ${at} of ${of}; the numbers above count ${counted ? "the whole log" : "this page alone"}. `,
    Array.from({ length: of }, (_, before) => [
      before + 1 === at ? h("strong", "", String(at)) : local(listPath(before + 1), String(before + 1)),
      " ",
    ]),
  );

/** Includes withheld results at their date, because a withheld result is no footnote. */
function listView(rows: readonly Row[], pending: boolean, log: LogOnPage | undefined): Element {
  const withheld = log === undefined ? [] : withheldResults(log);
  if (rows.length + withheld.length === 0) return h("p", "", "Nothing has been published here yet.");
  const lines = [
    ...rows.map((row) => ({ at: row.report.statement?.predicate.f3.signedAt, cells: resultRow(row, pending) })),
    ...withheld.map((leaf) => ({ at: leaf.at, cells: withheldRow(leaf, pending) })),
  ];
  const time = ({ at }: (typeof lines)[number]): number => (at === undefined ? 0 : Date.parse(at));
  return table(
    "",
    ["Test", "Verdict", "Signed (claimed)", "Signature"],
    [...lines].sort((a, b) => time(b) - time(a)).map(({ cells }) => cells), // stable: rows without a date stay last, in their order
  );
}

function stateOf(report: Report, pending: boolean): Element {
  const { word, tone } = headlineOf(report);
  return pending ? h("span", "state open", "not checked in this browser") : h("span", `state ${tone}`, word);
}

function countsOf({ checks }: F3): Child {
  const counts = countsWording(checks);
  return counts === "" ? undefined : ` ${counts}`;
}

function resultRow({ name, report }: Row, pending: boolean): Child[] {
  const f3 = report.statement?.predicate.f3;
  const standing = report.standing?.word;
  const state = stateOf(report, pending);
  if (f3 === undefined) return [h("code", "", name), "", "", state];
  return [
    [
      standing === undefined || standing === "in-force" ? undefined : h("p", ...MARKS[standing]),
      h("p", "claim", local(pageOf(name), f3.title)),
      h("p", "id", h("code", "", report.id ?? "")),
    ],
    [
      h(
        "span",
        `verdict-line ${f3.verdict.toLowerCase()}${standing === "retracted" ? " gone" : ""}`,
        h("strong", "stamp small", f3.verdict),
        countsOf(f3),
      ),
      h("p", "id", inShort(verdictWording(f3.verdict, f3.checks))),
    ],
    date(f3.signedAt),
    state,
  ];
}

/** From the log, which names all results, so that none gets lost between pages. */
const elsewhereView = (leaves: readonly EntryOf<"result">[]): Element | undefined =>
  leaves.length === 0
    ? undefined
    : h(
        "details",
        "elsewhere",
        h(
          "summary",
          "",
          `${count(leaves.length, "more result")} in the log, on other pages as the publisher says: open one to see`,
        ),
        h(
          "ul",
          "",
          leaves.map((leaf) =>
            h(
              "li",
              "",
              local(`attestations/${entryId(leaf)}.html`, entryId(leaf)),
              ` ${leaf.verdict}, `,
              date(leaf.at),
            ),
          ),
        ),
      );

const MARKS: Readonly<Record<Exclude<StatusWord, "in-force">, readonly [className: string, words: string]>> = {
  retracted: ["mark taken-back", "Retracted"],
  superseded: ["mark replaced", "Replaced"],
  undecided: ["mark missing", "May be retracted"],
};

function withheldRow(leaf: EntryOf<"result">, pending: boolean): Child[] {
  return [
    [
      h("p", "mark missing", "Not published here"),
      h("p", "claim", "A result that only the log shows"),
      h("p", "id", h("code", "", entryId(leaf))),
    ],
    [
      h("span", `verdict-line ${leaf.verdict.toLowerCase()}`, h("strong", "stamp small", leaf.verdict)),
      h("p", "id", "by its entry in the log"),
    ],
    date(leaf.at),
    h("span", "state open", pending ? "not checked in this browser" : "its document is missing here"),
  ];
}

/** Answered plans and notices are listed separately: they are not tests. */
function noticesView(
  rows: readonly Row[],
  tests: readonly Row[],
  pending: boolean,
  log: LogOnPage | undefined,
): Element[] {
  const titles = new Map(
    [...tests, ...rows].flatMap(({ report: { digest, statement, plan } }) => {
      const title = statement?.predicate.f3.title ?? plan?.predicate.title;
      return digest === undefined || title === undefined ? [] : [[digest, title]];
    }),
  );
  const idle = new Set(
    tests.flatMap(({ report }) => report.standing?.contradictions.map(({ digest }) => digest) ?? []),
  );
  const withheld =
    log?.state.kind === "read"
      ? log.state.ledger.logs.flatMap(({ entries }) =>
          entries.flatMap((leaf) => (leaf.kind === "notice" && isWithheld(leaf, log.published) ? [leaf] : [])),
        )
      : [];
  if (rows.length + withheld.length === 0) return [];
  const cells = [
    ...rows.map(({ name, report }): Child[] => {
      const { notice, plan } = report;
      const at = notice?.signedAt ?? plan?.predicate.signedAt;
      const what = notice === undefined ? plan?.predicate.title : noticeWording(notice).word;
      const about = notice !== undefined && "about" in notice ? titles.get(notice.about) : undefined;
      return [
        what === undefined
          ? h("code", "", name)
          : [
              h("p", "claim", local(pageOf(name), what)),
              about === undefined ? undefined : h("p", "", "about ", h("bdi", "", about)),
              idle.has(report.digest ?? "") ? h("p", "mark", "By someone else, without effect") : undefined,
              h("p", "id", h("code", "", report.id ?? "")),
            ],
        notice !== undefined ? "notice" : plan !== undefined ? "plan" : "",
        at === undefined ? "" : date(at),
        stateOf(report, pending),
      ];
    }),
    ...withheld.map((leaf): Child[] => [
      [
        h("p", "mark missing", "Not published here"),
        h("p", "claim", `A notice that only the log shows: it ${actionWords(leaf.action)}`),
        h("p", "id", h("code", "", entryId(leaf))),
      ],
      "notice",
      date(leaf.at),
      h("span", "state open", "its document is missing here"),
    ]),
  ];
  return [
    h(
      "section",
      "notices",
      h("h2", "", "Plans and notices"),
      h(
        "p",
        "note",
        `${count(cells.length, "document")} about tests and keys. They are not tests: ${cells.length === 1 ? "it has" : "they have"} no verdict.`,
      ),
      table("", ["What it says", "Kind", "Signed (claimed)", "Signature"], cells),
    ),
  ];
}
