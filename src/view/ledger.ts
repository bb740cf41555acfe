/** The summary of a registry's logs, made from entries alone: counts, open plans, unpublished entries, contradictions. */
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
  /** The keyring or the documents name a log, but nothing of it is here. */
  | { readonly kind: "withheld" }
  /** Too long for a page. */
  | { readonly kind: "long"; readonly size: number }
  | { readonly kind: "fault"; readonly fault: LogsFault }
  | { readonly kind: "read"; readonly ledger: Logs };

/** The documents that a page has or knows of, to compare with the entries. */
export interface Published {
  /** By payload digest: its page and title. */
  readonly here: ReadonlyMap<string, { readonly path: string; readonly title: string }>;
  /** Ids on other pages, as the publisher says; these were not checked. */
  readonly elsewhere: ReadonlySet<string>;
  /** Payload digests of results elsewhere that do not answer their plan, as the publisher says. */
  readonly departed: ReadonlySet<string>;
  /** For the first page of several: the time of its last result. A later result would be on it too. */
  readonly since?: number;
}

export interface LogOnPage {
  readonly state: LogState;
  readonly published: Published;
  readonly memory?: MemoryWord | undefined;
  /** The reader's clock; without it ages are omitted. */
  readonly now?: Date | undefined;
  /** Shown before the reader's own browser has verified anything. */
  readonly pending?: boolean;
}

const IDS = { result: "test", plan: "plan", notice: "note" } as const;
type Signed = EntryOf<"result"> | EntryOf<"plan"> | EntryOf<"notice">;

export const entryId = ({ kind, payload }: Pick<Signed, "kind" | "payload">): string =>
  `${IDS[kind]}_${payload.slice(0, 16)}`;

/**
 * The documents of a page, identified by digest, regardless of their signers.
 * @param pages pages of the list that starts here: a document said to be elsewhere is only believed if that is possible
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

/** Payload digests of documents that name a plan; shown to be of the announced test, or not. */
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
 * Payload digests of results not shown to be of the announced test, and of abandon notices not shown to be valid. A page carries the plans
 * of its own results. For other pages the publisher must state that both documents exist and match.
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

/** In the log, but neither published here nor possibly elsewhere. */
export const isWithheld = (leaf: Signed, { here, elsewhere, since = Infinity }: Published): boolean =>
  !here.has(leaf.payload) && (!elsewhere.has(entryId(leaf)) || (leaf.kind === "result" && Date.parse(leaf.at) > since));

/** Withheld results, which would otherwise be invisible. */
export const withheldResults = ({ state, published }: LogOnPage): readonly EntryOf<"result">[] =>
  state.kind === "read"
    ? state.ledger.summary.results.map(({ entry }) => entry).filter((leaf) => isWithheld(leaf, published))
    : [];

/** Results on other pages, as the publisher says. */
export const resultsElsewhere = ({ state, published }: LogOnPage): readonly EntryOf<"result">[] =>
  state.kind === "read"
    ? state.ledger.summary.results
        .map(({ entry }) => entry)
        .filter((leaf) => !published.here.has(leaf.payload) && !isWithheld(leaf, published))
    : [];

/** The sentence below the counts, or instead of them. */
function stateView({ state, memory, pending }: LogOnPage, linked: boolean): Child {
  const remembered = memory === undefined ? undefined : h("p", "memory", h("span", memory, MEMORY[memory].sentence));
  switch (state.kind) {
    case "none":
      return h("p", "note", "This registry lists no log, so missing results would go unnoticed.");
    case "withheld":
      return [
        h("p", "state bad", "The log is withheld"),
        h(
          "p",
          "",
          "There is a log, but this page contains nothing of it, so removed and retracted results cannot be seen. Nothing is counted.",
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
            : "This browser recomputed the log from them, and the result matches the log's signature; the log's key is only known from this site. ",
          linked ? local("log.html", "The log itself") : undefined,
        ),
        remembered,
      ];
    }
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Shown instead of counting the listed rows. */
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
      unplanned === 0 ? "no result" : `${count(unplanned, "result")}: nothing is known about further runs`,
    ],
  ];
  if (gone(retracted) > 0) rows.push(["retracted", `${count(gone(retracted), "result")}, still counted above`]);
  if (gone(superseded) > 0) rows.push(["replaced", `${count(gone(superseded), "result")}, still counted above`]);
  if (withheld > 0)
    rows.push(["not published here", `${count(withheld, "result")}, which only the log shows: marked below`]);
  return facts("tally", rows);
}

/** Whether the page carries the document that closes the plan; otherwise it is the publisher's word. */
const isLookedAt = ({ result, notice }: PlanStatus, { here }: Published): boolean =>
  here.has(result?.entry.payload ?? notice ?? "");

function plansTally({ plans, open }: Logs["summary"], published: Published): string {
  const closed = (state: PlanStatus["state"], words: string, by: string): string[] => {
    const all = plans.filter((one) => one.state === state);
    const seen = all.filter((one) => isLookedAt(one, published)).length;
    const unseen = all.length - seen;
    return [`${seen} ${words}`, ...(unseen === 0 ? [] : [`${unseen} ${by} not checked here`])];
  };
  const all = [
    ...closed("answered", "with a result", "with one"),
    `${open.length} open`,
    ...closed("abandoned", "abandoned", "abandoned by a notice"),
  ];
  return `${plans.length} announced: ${all.join(", ")}`;
}

/** Each with its age, never collapsed. The section also exists if there are none. */
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
          `${count(unread.length, "plan has its result", "plans have their results")} on other pages. By the log, subject, hypothesis and command match. Checks, criteria and times were not compared here; each result's own page does that.`,
        ),
    open.length === 0
      ? h(
          "p",
          "note",
          unseen.length === 0
            ? "Every plan in the log has a result or was abandoned publicly."
            : "By the log's entries, no plan is open.",
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
            " names it, but is not shown to be of the announced test.",
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

/** A duration in the largest whole unit. */
export function span(from: string, to: Date): string {
  const minutes = Math.max(0, Math.floor((to.getTime() - Date.parse(from)) / 60_000));
  if (minutes < 60) return count(minutes, "minute");
  return minutes < 48 * 60 ? count(Math.floor(minutes / 60), "hour") : count(Math.floor(minutes / 1440), "day");
}

/** Contradictions among the entries; nothing if there are none. */
export function logFindingsView({ state }: LogOnPage): Element | undefined {
  if (state.kind !== "read" || state.ledger.summary.findings.length === 0) return undefined;
  return h(
    "section",
    "findings",
    h("h2", "", "Contradictions in the log"),
    h(
      "ul",
      "",
      state.ledger.summary.findings.map(({ shard, index, detail }) =>
        h("li", "", `Entry ${index}${shard === 0 ? "" : ` of log ${shard + 1}`}: ${detail}.`),
      ),
    ),
  );
}
