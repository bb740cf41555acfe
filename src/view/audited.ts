/** The publisher's own audits of a document as lines of its evidence table. They are the publisher's word, so nothing is shown in green. */
import { referencesOf, type Look, type LookState } from "../core/audit/reference.js";
import { isRule, ruleOf } from "../core/statement/audit-rules.js";
import type { Streak } from "../core/audit/record.js";
import type { ResultStatement } from "../core/statement/statement.js";
import type { AuditText } from "../formats/page-data.js";
import { day, h, facts, type Child, type Element } from "./tree.js";
import { count } from "./wording.js";

/** `none`: published, but without an audit record. */
export type AuditShown = AuditText | "none";

const STATE: Readonly<Record<LookState, string>> = {
  same: "unchanged",
  "same-normalised": "same text, other bytes",
  changed: "changed",
  moved: "moved",
  gone: "gone",
  blocked: "refused to strangers",
  "never-hashed": "no digest was signed",
  "not-checked": "could not be checked",
};

const PLACE: Readonly<Record<Look["place"], string>> = {
  archive: "archived copy",
  address: "at its address",
  git: "in git",
  attestation: "the attestation",
  file: "the file",
};

/** One line per place that the payload names. */
export interface AuditedPlace {
  readonly pointer: string;
  readonly name: string;
  readonly lines: readonly Element[];
}

/** In payload order. Two addresses of one piece are one place, because a record does not distinguish them. */
export function auditedOf(statement: ResultStatement, audit: AuditText): AuditedPlace[] {
  const found = new Map<string, { readonly name: string; readonly places: Set<Look["place"]> }>();
  for (const { pointer, name, place, optional } of referencesOf(statement)) {
    const looked = audit.streaks.some((one) => one.pointer === pointer && one.place === place.kind);
    if (optional === true && !looked) continue; // a copy that nobody made
    const known = found.get(pointer) ?? { name, places: new Set() };
    known.places.add(place.kind);
    found.set(pointer, known);
  }
  return [...found].map(([pointer, { name, places }]) => ({
    pointer,
    name,
    lines: [...places].map((place) => {
      const streak = audit.streaks.find((one) => one.pointer === pointer && one.place === place);
      return lineOf(place, streak, audit);
    }),
  }));
}

function lineOf(place: Look["place"], streak: Streak | undefined, { audits, at }: AuditText): Element {
  const state = streak?.state ?? "not-checked";
  const later = streak !== undefined && Date.parse(at) > Date.parse(streak.at);
  return h(
    "div",
    `look ${state}`,
    h("p", "", `${PLACE[place]}: `, h("strong", "", STATE[state])),
    h(
      "p",
      "id",
      streak === undefined
        ? [`in ${audits === 1 ? "the audit of" : `any of ${audits} audits, last on`} `, day(at)]
        : times(streak),
      later ? ["; could not be checked on ", day(at)] : undefined,
      streak === undefined || streak.detail === "" || state === "same"
        ? undefined
        : [": ", h("bdi", "", streak.detail)],
    ),
  );
}

function times({ audits, since, at }: Streak): Child {
  if (audits === 1) return ["at the audit of ", day(at)];
  const [first, last] = [day(since), day(at)];
  return first.children[0] === last.children[0]
    ? [`at ${audits} audits on `, last]
    : [`at ${audits} audits since `, first, ", last on ", last];
}

export const NEVER_AUDITED = "Not audited since publication, according to this site.";
export const OWN_RECORD = "By the publisher's own record of its audits";

/** References other than evidence: subject, tools, and other attestations. */
export function othersView(all: readonly AuditedPlace[]): Child {
  const others = all.filter(({ pointer }) => !pointer.startsWith(EVIDENCE));
  return others.length === 0
    ? undefined
    : [
        h("h3", "", "Other references"),
        facts(
          "audited",
          others.map(({ name, lines }) => [name, lines]),
        ),
      ];
}

const EVIDENCE = "/predicate/f3/evidence/";
export const evidencePointer = (at: number): string => `${EVIDENCE}${at}`;

/** @param named display names of pointers */
export function auditFindingsView({ findings, at }: AuditText, named: readonly AuditedPlace[] = []): Child {
  const where = (pointer: string): Child => {
    const known = named.find((one) => one.pointer === pointer);
    if (known !== undefined) return ["of ", h("bdi", "", known.name), ", "];
    return pointer === "" ? undefined : [h("code", "", pointer), ", "];
  };
  return [
    h("h3", "", "What the last audit found"),
    findings.length === 0
      ? h("p", "note", "The audit of ", day(at), " had no findings.")
      : h(
          "ul",
          "findings",
          findings.map(({ rule, pointer, waived }) =>
            isRule(rule)
              ? h(
                  "li",
                  waived === true ? "waived" : ruleOf(rule).level,
                  h(
                    "p",
                    "",
                    h("strong", "", waived === true ? WAIVED : LEVEL[ruleOf(rule).level]),
                    `: ${ruleOf(rule).means}.`,
                  ),
                  h("p", "id", where(pointer), h("code", "", rule), `. ${capital(ruleOf(rule).advice)}.`),
                )
              : h(
                  "li",
                  "",
                  h("p", "", h("code", "", rule)),
                  h("p", "id", where(pointer), "a rule that this page does not know"),
                ),
          ),
        ),
  ];
}

const LEVEL = { error: "Error", warning: "Warning" } as const;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** For the fourth answer, which otherwise covers only what was checked here. */
export const auditAside = (audit: AuditShown | undefined): string =>
  audit === undefined || audit === "none"
    ? ""
    : ` The publisher's own last audit had ${counted(audit.findings)}: see the evidence.`;

const WAIVED = "Accepted by a waiver";

function counted(findings: AuditText["findings"]): string {
  const waived = findings.filter((one) => one.waived === true).length;
  const said = findings.length === 0 ? "no findings" : count(findings.length, "finding");
  return waived === 0 ? said : `${said}, ${waived} of them waived`;
}
