/** What a registry's logs say together: counts, plans that are open, what is not published, and what does not fit. Made from entries alone. */
import type { PlanStatus } from "../core/log/summary.js";
import type { Logs, LogsFault } from "../core/log/read-all.js";
import type { EntryOf } from "../core/log/entry.js";
import { planOf } from "../core/statement/plan.js";
import type { Report } from "../core/verify/report.js";
import { date, facts, h, local, table, type Child, type Element } from "./tree.js";
import { LOG_LIMITS, logWording, MEMORY, type MemoryWord } from "./log-words.js";
import type { Pages, PublishersWord } from "../formats/page-data.js";
import { count } from "./wording.js";

export type LogState =
  | { readonly kind: "none" }
  /** There is one, by the keyring or by what the documents' signers signed, and nothing of it is here. */
  | { readonly kind: "withheld" }
  /** Longer than a page should be. */
  | { readonly kind: "long"; readonly size: number }
  | { readonly kind: "fault"; readonly fault: LogsFault }
  | { readonly kind: "read"; readonly ledger: Logs };

/** The documents that a page has or knows of, to hold the entries against. */
export interface Published {
  /** By the digest of the payload: its page, and what it calls itself. */
  readonly here: ReadonlyMap<string, { readonly path: string; readonly title: string }>;
  /** Ids of those that are on other pages, by the publisher's word; these were not looked at. */
  readonly elsewhere: ReadonlySet<string>;
  /** Payloads of results among them that do not answer their plan, by the same word. */
  readonly departed: ReadonlySet<string>;
  /** Of a list that begins here, the time of the last result on this page: a later one would stand on it as well. */
  readonly since?: number;
}

export interface LogOnPage {
  readonly state: LogState;
  readonly published: Published;
  readonly memory?: MemoryWord | undefined;
  /** Of the reader; without it ages are not told. */
  readonly now?: Date | undefined;
  /** Before the reader's own browser has looked. */
  readonly pending?: boolean;
}

const IDS = { result: "test", plan: "plan", notice: "note" } as const;
type Signed = EntryOf<"result"> | EntryOf<"plan"> | EntryOf<"notice">;

export const entryId = ({ kind, payload }: Pick<Signed, "kind" | "payload">): string =>
  `${IDS[kind]}_${payload.slice(0, 16)}`;

/**
 * The documents of a page whose bytes are what they are by their digest, whoever signed them.
 * @param pages of the list that the page is the first of: what is said to be on another one is believed only where that can be
 */
export const publishedFrom = (
  rows: readonly { readonly name: string; readonly report: Report }[],
  { elsewhere, departed }: PublishersWord = { elsewhere: [], departed: [] },
  pages?: Pages,
): Published => ({
  ...(pages && { since: pages.of > 1 ? oldestOf(rows) : 0 }),
  here: new Map(
    rows.flatMap(({ name, report: { digest, signature, statement, plan } }) =>
      digest === undefined || signature === "bad"
        ? []
        : [
            [
              digest,
              {
                path: `attestations/${name.replace(/\.json$/, ".html")}`,
                title: statement?.predicate.f3.title ?? plan?.predicate.title ?? name,
              },
            ] as const,
          ],
    ),
  ),
  elsewhere: new Set(elsewhere.map((name) => name.replace(/\.json$/, ""))),
  departed: new Set(departed),
});

const oldestOf = (rows: readonly { readonly report: Report }[]): number =>
  Math.min(
    ...rows.flatMap(({ report: { statement } }) => (statement ? Date.parse(statement.predicate.f3.signedAt) : [])),
  );

/** Payloads of documents that name a plan, with and without being shown to be the test that it announced. */
export function heldAgainstPlans(reports: readonly Report[]): {
  readonly fitting: string[];
  readonly departed: string[];
} {
  const naming = reports.filter(({ statement }) => statement !== undefined && planOf(statement) !== undefined);
  const fits = ({ checks }: Report): boolean =>
    checks.some(({ name, status }) => name === "plan" && status === "passed");
  const digests = (all: readonly Report[]): string[] => all.flatMap(({ digest }) => digest ?? []);
  return { fitting: digests(naming.filter(fits)), departed: digests(naming.filter((one) => !fits(one))) };
}

/**
 * Payloads of results that are not shown to be of the test that their plan announced, and of notices that are not shown to give one up: a page
 * carries the plans of the results that it carries. Of those on other pages both must be said to be there, and not that they differ.
 */
export function departedAmong(
  { logs, summary: { plans, results } }: Logs,
  reports: readonly Report[],
  published: Published,
): ReadonlySet<string> {
  const fitting = new Set(heldAgainstPlans(reports).fitting);
  const givenUp = new Set(reports.flatMap((one) => (givesUp(one) ? one.digest : [])));
  const announced = new Map(plans.map(({ entry }) => [entry.payload, entry]));
  const shown = (leaf: EntryOf<"result">, plan: EntryOf<"plan"> | undefined): boolean =>
    published.here.has(leaf.payload)
      ? fitting.has(leaf.payload)
      : plan !== undefined &&
        !published.departed.has(leaf.payload) &&
        ![leaf, plan].some((one) => isWithheld(one, published));
  const closes = (leaf: EntryOf<"notice">): boolean =>
    published.here.has(leaf.payload) ? givenUp.has(leaf.payload) : !isWithheld(leaf, published);
  const givingUp = logs.flatMap(({ entries }) =>
    entries.flatMap((leaf) => (leaf.kind === "notice" && leaf.action === "abandon" ? leaf : [])),
  );
  return new Set([
    ...results.flatMap(({ entry }) =>
      entry.plan === undefined || shown(entry, announced.get(entry.plan)) ? [] : entry.payload,
    ),
    ...givingUp.flatMap((leaf) => (closes(leaf) ? [] : leaf.payload)),
  ]);
}

const givesUp = ({ signature, notice }: Report): boolean => signature === "ok" && notice?.action === "abandon";

/** In the log, and nowhere in what is published, or said to be where it cannot be. */
export const isWithheld = (leaf: Signed, { here, elsewhere, since = Infinity }: Published): boolean =>
  !here.has(leaf.payload) && (!elsewhere.has(entryId(leaf)) || (leaf.kind === "result" && Date.parse(leaf.at) > since));

/** The results among them, which would else not be seen. */
export const withheldResults = ({ state, published }: LogOnPage): readonly EntryOf<"result">[] =>
  state.kind === "read"
    ? state.ledger.summary.results.map(({ entry }) => entry).filter((leaf) => isWithheld(leaf, published))
    : [];

/** The results that are on other pages, by the publisher's word. */
export const resultsElsewhere = ({ state, published }: LogOnPage): readonly EntryOf<"result">[] =>
  state.kind === "read"
    ? state.ledger.summary.results
        .map(({ entry }) => entry)
        .filter((leaf) => !published.here.has(leaf.payload) && !isWithheld(leaf, published))
    : [];

/** The one sentence under the counts, or instead of them. */
function stateView({ state, memory, pending }: LogOnPage, linked: boolean): Child {
  const remembered = memory === undefined ? undefined : h("p", "memory", h("span", memory, MEMORY[memory].sentence));
  switch (state.kind) {
    case "none":
      return h(
        "p",
        "note",
        "This registry lists no log: what was taken away from it, or never put into it, is not missed by anyone.",
      );
    case "withheld":
      return [
        h("p", "state bad", "The log is kept back"),
        h(
          "p",
          "",
          "There is a log, and this page carries nothing of it: what was taken away here, and what was taken back, cannot be seen. Nothing is counted.",
        ),
        remembered,
      ];
    case "long":
      return h(
        "p",
        "note",
        `The log has ${count(state.size, "entry", "entries")}, too many for this page: `,
        local("log.html", "read it on its own"),
        ".",
      );
    case "fault": {
      const { word, sentence } = logWording(state.fault.code);
      return [
        h("p", "state bad", capital(word)),
        h("p", "", `${sentence} Nothing is counted from it.`),
        h("p", "note", `${state.fault.detail}.`),
        remembered,
      ];
    }
    case "read": {
      const { summary } = state.ledger;
      return [
        h(
          "p",
          "note",
          `Counted from ${count(summary.size, "entry", "entries")} of the log, as of log state ${summary.size}, and not from the documents. `,
          pending === true
            ? "Not checked in this browser: these are the publisher's numbers. "
            : "This browser computed the log's root from them, and it is the one that the log's key signed; that key is only known from this site. ",
          linked ? local("log.html", "The log itself") : undefined,
        ),
        remembered,
      ];
    }
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Instead of counting what is listed. */
export function countsView(shown: LogOnPage, linked = true): Element {
  const { state } = shown;
  return h(
    "section",
    "count",
    state.kind === "read"
      ? [
          facts("counts", [
            ["validated", String(state.ledger.summary.verdicts.VALIDATED)],
            ["inconclusive", String(state.ledger.summary.verdicts.INCONCLUSIVE)],
            ["refuted", String(state.ledger.summary.verdicts.REFUTED)],
          ]),
          tallyView(shown, state.ledger),
        ]
      : undefined,
    stateView(shown, linked),
    state.kind === "read" ? h("p", "note", LOG_LIMITS) : undefined,
  );
}

function tallyView(shown: LogOnPage, { summary }: Logs): Element {
  const { results, unplanned, retracted, superseded } = summary;
  const withheld = withheldResults(shown).length;
  const gone = (set: ReadonlySet<string>): number => results.filter(({ entry }) => set.has(entry.payload)).length;
  const rows: [string, string][] = [
    ["plans", plansTally(summary, shown.published)],
    [
      "without a plan",
      unplanned === 0 ? "no result" : `${count(unplanned, "result")}: nothing is known of how many others there were`,
    ],
  ];
  if (gone(retracted) > 0) rows.push(["taken back", `${count(gone(retracted), "result")}, still counted above`]);
  if (gone(superseded) > 0) rows.push(["replaced", `${count(gone(superseded), "result")}, still counted above`]);
  if (withheld > 0)
    rows.push(["not published here", `${count(withheld, "result")}, which only the log shows: marked below`]);
  return facts("tally", rows);
}

/** What closes the plan, where the page carries it: else that it does is the word of the publisher. */
const isLookedAt = ({ result, notice }: PlanStatus, { here }: Published): boolean =>
  here.has(result?.entry.payload ?? notice ?? "");

function plansTally({ plans, open }: Logs["summary"], published: Published): string {
  const closed = (state: PlanStatus["state"], words: string, by: string): string[] => {
    const all = plans.filter((one) => one.state === state);
    const seen = all.filter((one) => isLookedAt(one, published)).length;
    const unseen = all.length - seen;
    return [`${seen} ${words}`, ...(unseen === 0 ? [] : [`${unseen} ${by} that was not looked at here`])];
  };
  const all = [
    ...closed("answered", "with a result", "with one"),
    `${open.length} open`,
    ...closed("abandoned", "given up", "given up by a notice"),
  ];
  return `${plans.length} announced: ${all.join(", ")}`;
}

/** Each with its age, and never folded away; a section of its own, also where there is none. */
export function openPlansView({ state, published, now }: LogOnPage): Element | undefined {
  if (state.kind !== "read" || state.ledger.summary.plans.length === 0) return undefined;
  const { open, plans } = state.ledger.summary;
  const unseen = plans.filter((one) => !open.includes(one) && !isLookedAt(one, published));
  const unread = unseen.filter(({ state }) => state === "answered");
  return h(
    "section",
    "open-plans",
    h("h2", "", "Announced, and no result yet"),
    unread.length === 0
      ? undefined
      : h(
          "p",
          "note",
          `Of ${count(unread.length, "plan")} the result is not on this page. By the log, subject, hypothesis and command are those of the plan. Checks, criteria and times were not looked at here: that they are is the publisher's word, and each result's own page shows it.`,
        ),
    open.length === 0
      ? h(
          "p",
          "note",
          unseen.length === 0
            ? "Every plan in the log has a result, or was given up in public."
            : "By the entries of the log no plan is open.",
        )
      : table(
          "",
          ["Plan", "Announced (claimed)", "Result promised until", "State"],
          open.map((plan) => openPlan(plan, published, now)),
        ),
  );
}

function openPlan({ entry, result }: PlanStatus, published: Published, now: Date | undefined): Child[] {
  const known = published.here.get(entry.payload);
  const id = entryId(entry);
  const overdue = now !== undefined && now.getTime() > Date.parse(entry.deadline);
  return [
    [
      h("p", "claim", known === undefined ? titleless(entry, published) : local(known.path, known.title)),
      h("p", "id", h("code", "", id)),
      result === undefined
        ? undefined
        : h(
            "p",
            "note",
            h("code", "", entryId(result.entry)),
            " names it, and is not shown to be the test that was announced.",
          ),
    ],
    date(entry.at),
    date(entry.deadline),
    now === undefined
      ? h("span", "state open", "open")
      : h(
          "span",
          `state ${overdue ? "bad" : "open"}`,
          overdue ? `overdue by ${span(entry.deadline, now)}` : `open, ${span(entry.at, now)} old`,
        ),
  ];
}

const titleless = (leaf: Signed, published: Published): Child =>
  isWithheld(leaf, published)
    ? "A plan that is not published here"
    : local(`attestations/${entryId(leaf)}.html`, "Read the plan");

/** Between two times, in the largest unit that is whole. */
export function span(from: string, to: Date): string {
  const minutes = Math.max(0, Math.floor((to.getTime() - Date.parse(from)) / 60_000));
  if (minutes < 60) return count(minutes, "minute");
  return minutes < 48 * 60 ? count(Math.floor(minutes / 60), "hour") : count(Math.floor(minutes / 1440), "day");
}

/** What the entries say against each other; nothing where they do not. */
export function logFindingsView({ state }: LogOnPage): Element | undefined {
  if (state.kind !== "read" || state.ledger.summary.findings.length === 0) return undefined;
  return h(
    "section",
    "findings",
    h("h2", "", "What does not fit in the log"),
    h(
      "ul",
      "",
      state.ledger.summary.findings.map(({ shard, index, detail }) =>
        h("li", "", `Entry ${index}${shard === 0 ? "" : ` of log ${shard + 1}`}: ${detail}.`),
      ),
    ),
  );
}
