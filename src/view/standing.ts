/** The status of a document: later notices by its signer, its place in the log, and its plan. */
import type { LoggedRemark, Remark, Report } from "../core/verify/report.js";
import { planOf } from "../core/statement/plan.js";
import { date, facts, h, local, with_, type Child, type Element } from "./tree.js";
import { logWording, MEMORY, NO_PLAN, type MemoryWord } from "./log-words.js";
import { count } from "./wording.js";

/** Relative addresses of published files; missing ones are not linked. */
export interface PageLinks {
  readonly evidence: (sha256: string) => string | undefined;
  /** State of a piece in the page's pack; absent on a site. */
  readonly packed?: (sha256: string | undefined) => PackedWord;
  /** The page of a document, by its id. */
  readonly page?: (id: string) => string | undefined;
}

/** `there` until it has been hashed. */
export type PackedWord = "there" | "same" | "changed" | "missing";

export type DocumentKind = "test" | "plan" | "note";

/** Names a document by payload digest, and links its page if there is one. */
export function toDocument(kind: DocumentKind, digest: string, place: PageLinks | undefined): Child {
  const id = `${kind}_${digest.slice(0, 16)}`;
  const path = place?.page?.(id);
  return path === undefined ? h("code", "digest", `sha256:${digest}`) : local(path, id);
}

const asOf = ({ standing }: Report): string =>
  standing?.asOf === undefined ? "as published here" : `as of log state ${standing.asOf.size}`;

/** Shown first on a page, before title and verdict; nothing if the signer stands by it. */
export function withdrawnView(report: Report, place?: PageLinks): Element | undefined {
  const { standing } = report;
  if (standing === undefined || standing.word === "in-force") return undefined;
  if (standing.word === "undecided") return undecidedView(standing.undecided, asOf(report));
  const retracted = standing.word === "retracted";
  const [last] = retracted ? standing.remarks.filter(({ action }) => action === "retract") : standing.remarks;
  const successor = standing.remarks.find((remark) => remark.successor !== undefined)?.successor;
  const state = asOf(report);
  return h(
    "div",
    `withdrawn ${retracted ? "bad" : "open"}`,
    with_("h2", {}, retracted ? "Retracted" : "Replaced by a later one"),
    last === undefined
      ? h(
          "p",
          "",
          `${capital(state)}, the log has an entry by its signer that ${retracted ? "retracts it" : "replaces it"}. The notice itself, with the reason, is not published here.`,
        )
      : h(
          "p",
          "",
          `${capital(state)}, its signer ${retracted ? "no longer stands by it" : "replaced it with another one"}: `,
          h("bdi", "reason", last.reason),
        ),
    last === undefined
      ? undefined
      : h("p", "note", "Said ", date(last.at), " (claimed), in ", toDocument("note", last.digest, place), "."),
    successor === undefined
      ? undefined
      : h("p", "", "Read this one instead: ", toDocument("test", successor, place), "."),
  );
}

/** Nobody can tell whether it is in force, so the page does not claim it. */
const undecidedView = (undecided: readonly LoggedRemark[], state: string): Element =>
  h(
    "div",
    "withdrawn open",
    with_("h2", {}, "It may have been retracted"),
    h(
      "p",
      "",
      `${capital(state)}, the log has ${count(undecided.length, "entry", "entries")} that may retract it. The notice is not published here, and the owner of its key is unknown: `,
      undecided.map(({ by }, at) => [at === 0 ? "" : ", ", h("code", "digest", by)]),
      ".",
    ),
  );

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Log, plan, and later notices: one line each, in separate words. */
export function standingView(report: Report, place?: PageLinks, memory?: MemoryWord): Element {
  const { standing, statement } = report;
  return h(
    "section",
    "standing",
    h("h2", "", "Log, plan, and what was said since"),
    facts("", [
      ["in the log", logLine(report)],
      ...(memory === undefined || report.logged === undefined
        ? []
        : [["this browser", memoryLine(memory, place)] as const]),
      ...(statement === undefined ? [] : [["its plan", planLine(report, place)] as const]),
      ["since then", sinceLine(report)],
      ...(standing?.contradictions ?? []).map((remark) => ["by someone else", contradiction(remark, place)] as const),
    ]),
  );
}

/** For the log's row and the date in the article. */
export function logLine(report: Report): Child {
  const { logged, standing, checks } = report;
  if (logged !== undefined) {
    const { index, origin, witnessed } = logged;
    return [
      `entry ${index} of `,
      h("bdi", "", origin),
      `, as of log state ${standing?.asOf?.size ?? logged.size}; `,
      witnessed === undefined
        ? "the order of its entries is the operator's claim"
        : ["seen by ", h("bdi", "", witnessed.by.join(", ")), " at ", date(witnessed.at)],
    ];
  }
  const { word, sentence } = logWording(checks.find(({ name }) => name === "log")?.code ?? "no-proof");
  return [h("strong", "", word), `. ${sentence}`];
}

const memoryLine = (memory: MemoryWord, place: PageLinks | undefined): Child => {
  const page = memory === "uncompared" ? place?.page?.("log") : undefined;
  return [MEMORY[memory].sentence, ...(page === undefined ? [] : [" ", local(page, "Compare on the log page"), "."])];
};

function planLine(report: Report, place: PageLinks | undefined): Child {
  const { statement, checks } = report;
  const digest = statement === undefined ? undefined : planOf(statement);
  const check = checks.find(({ name }) => name === "plan");
  if (digest === undefined || check === undefined) return [h("strong", "", "no plan"), `: ${NO_PLAN}`];
  const plan = toDocument("plan", digest, place);
  const at = check.values["announced (claimed)"];
  if (check.status === "passed")
    return ["announced ", at === undefined ? "" : date(at), " (claimed), before it ran, and the same test: ", plan];
  if (check.status === "failed")
    return [h("strong", "", "not what was announced"), `: ${check.detail}. Its plan: `, plan];
  return ["its plan is not available here, so the two were not compared: ", plan];
}

function sinceLine(report: Report): string {
  const { standing, checks } = report;
  if (standing === undefined)
    return `not checked: ${checks.find(({ name }) => name === "retraction")?.detail ?? "nothing was looked at"}`;
  if (standing.word === "retracted") return `retracted, ${asOf(report)}: see the top`;
  if (standing.word === "superseded") return `replaced, ${asOf(report)}: see the top`;
  if (standing.word === "undecided") return "it may have been retracted: see the top";
  return `not retracted by its signer, ${asOf(report)}`;
}

const contradiction = ({ action, reason, by, at, digest }: Remark, place: PageLinks | undefined): Child => [
  `${action === "retract" ? "says that it is retracted" : "says that another one replaces it"}, which only its signer can say: `,
  h("bdi", "reason", reason),
  h(
    "p",
    "note",
    h("code", "digest", by),
    ", ",
    date(at),
    " (claimed), without effect: ",
    toDocument("note", digest, place),
  ),
];
