/** A plan → what a person is told of it: which test is announced, and until when its result is promised. Only ever what `verify` returned. */
import type { PlanStatement } from "../core/plan.js";
import type { Remark } from "../core/report.js";
import { toDocument, type Place } from "./standing.js";
import { annotations, digestText, expectedView } from "./statement.js";
import { date, facts, h, local, table, type Child, type Element } from "./tree.js";

/** What became of it, as far as the page knows. */
export interface Outcome {
  readonly givenUp?: Remark | undefined;
  /** The id of a result that names it, and its page. */
  readonly answer?: { readonly id: string; readonly path: string } | undefined;
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

export function outcomeView({ predicate }: PlanStatement, { givenUp, answer }: Outcome, place?: Place): Element {
  const log = place?.page?.("log");
  return h(
    "section",
    "dates",
    h("h2", "", "What became of it"),
    facts("timeline", [
      ["announced (claimed)", date(predicate.signedAt)],
      ["result promised until", date(predicate.deadline)],
      [
        "result",
        answer !== undefined
          ? ["this site shows one that names this plan: ", local(answer.path, answer.id)]
          : givenUp !== undefined
            ? [
                "given up by whoever announced it: ",
                h("bdi", "reason", givenUp.reason),
                h("p", "note", date(givenUp.at), " (claimed): ", toDocument("note", givenUp.digest, place)),
              ]
            : [
                "this site shows none; whether the log has one is told on ",
                log === undefined ? "its own page" : local(log, "its own page"),
              ],
      ],
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
