/** The content of waivers and audit receipts as facts and tables. Only used for what `verify` returned as `notice`. */
import { isRule, ruleOf } from "../core/statement/audit-rules.js";
import type { Notice } from "../core/statement/notice.js";
import { toDocument, type PageLinks } from "./standing.js";
import { date, h, table, type Child } from "./tree.js";
import { count } from "./wording.js";

type Of<A extends Notice["action"]> = Extract<Notice, { action: A }>;

const UNKNOWN = "a rule that this version does not know";
const meaning = (rule: string): string => (isRule(rule) ? ruleOf(rule).means : UNKNOWN);

/** A finding may be about a plan too; the digest alone does not tell. */
const toSubject = (digest: string, place: PageLinks | undefined): Child =>
  place?.page?.(`plan_${digest.slice(0, 16)}`) === undefined
    ? toDocument("test", digest, place)
    : toDocument("plan", digest, place);

export const waiverFacts = (notice: Of<"waive">, place: PageLinks | undefined): [string, Child][] => [
  ["document", toSubject(notice.about, place)],
  ["rule", [h("code", "", notice.rule), `: ${meaning(notice.rule)}`]],
  ["where", notice.pointer === undefined ? "anywhere in it" : placeIn(notice.pointer)],
  ["because (claimed)", notice.reason],
  ["until", date(notice.until)],
];

const placeIn = (pointer: string): Child => (pointer === "" ? "the whole document" : h("code", "", pointer));

/** What was audited and what was found, in one line. */
export function countOf({ documents, findings, notChecked }: Of<"audit">): string {
  const unseen = notChecked.count === 0 ? "" : `; ${count(notChecked.count, "thing")} could not be checked`;
  return `${count(documents.count, "document")}, ${count(findings.count, "finding")}${unseen}.`;
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  same: "the same",
  "same-normalised": "the same except for line ends and the like",
  changed: "changed",
  moved: "moved",
  gone: "gone",
  blocked: "closed to strangers",
  "never-hashed": "without a signed digest",
  "not-checked": "not checked",
};

export function auditFacts(notice: Of<"audit">): [string, Child][] {
  const { origin, documents, states, findings, engine, keys, logs, offline, notChecked } = notice;
  const places = Object.entries(states).filter(([, found]) => found > 0);
  return [
    ["audited", h("bdi", "", origin)],
    ["documents", [`${documents.count}; SHA-256 of the list of their digests `, h("code", "digest", documents.sha256)]],
    [
      "references",
      places.length === 0
        ? "none"
        : places
            .map(
              ([state, found]) =>
                `${found} ${Object.hasOwn(STATE_WORDS, state) ? (STATE_WORDS[state] ?? state) : state}`,
            )
            .join(", "),
    ],
    ["findings", [`${findings.count}; SHA-256 of all of them `, h("code", "digest", findings.sha256)]],
    ["could not be checked", notChecked.count === 0 ? "nothing" : String(notChecked.count)],
    ["network", offline ? "not used" : "used"],
    ["computed with", engine],
    ["known keys", String(keys.count)],
    ["logs", logs.count === 0 ? "none" : String(logs.count)],
  ];
}

/** A heading, the table, and the number of omitted rows; nothing if there are none. */
function section<T>(
  heading: string,
  head: readonly string[],
  { count: all, listed }: { readonly count: number; readonly listed: readonly T[] },
  row: (one: T) => readonly Child[],
): Child {
  if (all === 0) return undefined;
  const more = all - listed.length;
  return [
    h("h3", "", heading),
    listed.length > 0 ? table("", head, listed.map(row)) : undefined,
    more > 0 ? h("p", "note", `and ${more} more, counted but not listed in the receipt`) : undefined,
  ];
}

/** Worst first, in the receipt's order. The meaning of a rule is in this version's wording. */
export const auditTables = ({ findings, notChecked, keys, logs }: Of<"audit">, place: PageLinks | undefined): Child => [
  findings.count === 0 ? h("p", "note", "No findings.") : undefined,
  section(
    "Findings",
    ["rule", "where", "what it means", "what to do"],
    findings,
    ({ rule, about, pointer, waived }) => [
      [h("code", "", rule), waived === true ? " (waived)" : ""],
      [toSubject(about, place), pointer === "" ? "" : [" ", h("code", "", pointer)]],
      meaning(rule),
      isRule(rule) ? ruleOf(rule).advice : "",
    ],
  ),
  section("Could not be checked", ["what"], notChecked, (text) => [text]),
  section("Known keys", ["key", "known to the auditor as", "from"], keys, ({ keyid, source, by }) => [
    h("code", "digest", keyid),
    by === "you" ? "confirmed" : "only listed by the site",
    source,
  ]),
  section("Logs as seen", ["log", "entries", "root"], logs, ({ origin, size, root }) => [
    h("bdi", "", origin),
    String(size),
    h("code", "digest", root),
  ]),
];
