/** Shows a plan to people: the announced test, and the promised date of its result. Only used for what `verify` returned. */
import type { EntryOf } from "../core/log/entry.js";
import { planOf, type PlanStatement } from "../core/statement/plan.js";
import type { Remark, Report } from "../core/verify/report.js";
import type { Verdict } from "../core/statement/verdict.js";
import { toDocument, type PageLinks } from "./standing.js";
import { annotations, digestText, expectedView } from "./statement.js";
import { date, facts, h, local, table, type Child, type Element } from "./tree.js";

/** The plan's outcome, as far as the page knows. */
export interface PlanOutcome {
  readonly givenUp?: Remark | undefined;
  /** Available results that name it, each verified and compared with it. */
  readonly answers?: readonly PlanAnswer[];
  /** A logged result that may answer it and whose document is missing here. */
  readonly entered?: EntryOf<"result"> | undefined;
}

export interface PlanAnswer {
  readonly id: string;
  readonly digest: string;
  readonly verdict: Verdict;
  /** Why it is not an answer although it names the plan. */
  readonly departs?: string | undefined;
}

/** @param digest digest of the plan. Unverified results, and those that name another plan, are no answers */
export function answerOf(
  { statement, signature, id, digest: own, verdict, checks }: Report,
  digest: string,
): PlanAnswer[] {
  if (statement === undefined || signature !== "ok" || planOf(statement) !== digest) return [];
  if (id === undefined || own === undefined || verdict === undefined) return [];
  const plan = checks.find(({ name }) => name === "plan");
  return [
    { id, digest: own, verdict, departs: plan?.status === "passed" ? undefined : (plan?.detail ?? "not compared") },
  ];
}

export function planTitle({ predicate }: PlanStatement): Element {
  return h(
    "header",
    "title",
    h("p", "kicker", "Plan of a test"),
    h("h1", "", predicate.title),
    h("p", "lede", h("em", "", "Hypothesis. "), predicate.hypothesis),
  );
}

export function outcomeView(
  { predicate }: PlanStatement,
  { givenUp, answers = [], entered }: PlanOutcome,
  place?: PageLinks,
): Element {
  const log = place?.page?.("log");
  const answer = answers.find(({ departs }) => departs === undefined);
  return h(
    "section",
    "dates",
    h("h2", "", "Outcome"),
    facts("timeline", [
      ["announced (claimed)", date(predicate.signedAt)],
      ["result promised until", date(predicate.deadline)],
      [
        "result",
        answer !== undefined
          ? ["published, and of the announced test: ", toDocument("test", answer.digest, place), `, ${answer.verdict}`]
          : givenUp !== undefined
            ? [
                "abandoned by its announcer: ",
                h("bdi", "reason", givenUp.reason),
                h("p", "note", date(givenUp.at), " (claimed): ", toDocument("note", givenUp.digest, place)),
              ]
            : entered !== undefined
              ? [
                  "logged, but not on this page: ",
                  toDocument("test", entered.payload, place),
                  `, ${entered.verdict}; not shown here to be of the announced test`,
                ]
              : [
                  "this page has none; for the log's entries see ",
                  log === undefined ? "its own page" : local(log, "its own page"),
                ],
      ],
      ...answers.flatMap(({ digest, departs }): [string, Child][] =>
        departs === undefined
          ? []
          : [["names this plan, but does not answer it", [toDocument("test", digest, place), `: ${departs}`]]],
      ),
    ]),
  );
}

export const planView = ({ subject, predicate }: PlanStatement): Element[] => [
  h(
    "section",
    "checks",
    h("h2", "", "Checks that were announced"),
    table(
      "",
      ["Check", "Expected"],
      predicate.checks.map((check): Child[] => [
        [
          h("p", "claim", check.claim),
          h("p", "id", h("code", "", check.id), check.required ? " · required" : " · not required"),
        ],
        expectedView(check),
      ]),
    ),
  ),
  h(
    "section",
    "relations",
    h("h2", "", "What is to be tested"),
    facts("", [
      ...subject.map((item): [string, Child] => [
        "subject",
        [item.name ?? item.uri ?? "unnamed", " ", h("code", "digest", digestText(item.digest))],
      ]),
      ...predicate.configuration.map((item): [string, Child] => [
        "configuration",
        [item.name ?? item.uri ?? "unnamed", " ", h("code", "digest", digestText(item.digest)), annotations(item)],
      ]),
      ["command", h("code", "", predicate.command.join(" "))],
    ]),
  ),
];
