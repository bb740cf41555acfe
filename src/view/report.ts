/** Shows a verification to people: the headline, the four answers, and each step with its values. */
import { outcomeOf } from "../core/codes.js";
import type { Check, Report } from "../core/verify/report.js";
import { headlineOf } from "./headline.js";
import { facts, h, with_, type Element } from "./tree.js";
import {
  AUDIT,
  DOES_NOT_PROVE,
  NO_TEST,
  NO_VERDICT,
  ONLY_PLANNED,
  PROVES,
  SIGNATURE,
  TRUST,
  countedWording,
} from "./words.js";
import type { Wording } from "./wording.js";

const MARK: Readonly<Record<Check["status"], string>> = { passed: "✓", failed: "✗", "not-checked": "–" };
const SAID: Readonly<Record<Check["status"], string>> = {
  passed: "holds",
  failed: "does not hold",
  "not-checked": "not checked",
};

const STEP: Readonly<Record<Check["name"], string>> = {
  encoding: "Readable bytes",
  envelope: "Well-formed envelope",
  canonical: "Canonical bytes",
  signature: "Ed25519 signature",
  trust: "Trusted key",
  type: "Known kind of statement",
  schema: "All required parts",
  verdict: "Verdict follows from the checks",
  "file-name": "File name is the id",
  time: "Possible dates",
  evidence: "Unchanged evidence",
  recompute: "Outcomes follow from the observations",
  plan: "Same test as its plan",
  log: "In its log",
  retraction: "Not retracted",
  policy: "Requirements met",
};

export function headlineView(report: Report): Element {
  const { word, sentence, tone } = headlineOf(report);
  return with_("div", { class: `headline ${tone}` }, with_("h2", { tabindex: "-1" }, word), h("p", "", sentence));
}

/**
 * Signature, trust, verdict, audit: four questions with separate answers.
 * @param aside another source's answer to the fourth question
 */
export function answersView(report: Report, aside = ""): Element {
  const { statement, verdict } = report;
  const answer = (name: string, question: string, { word, sentence }: Wording, tone: string): Element =>
    h(
      "div",
      `answer ${name} ${tone}`,
      h("p", "question", question),
      h("p", "word", word),
      h("p", "sentence", sentence),
    );
  const named =
    verdict !== undefined && statement !== undefined
      ? countedWording(verdict, statement.predicate.f3.checks)
      : report.plan !== undefined
        ? ONLY_PLANNED
        : report.notice === undefined
          ? NO_VERDICT
          : NO_TEST;
  const { word, sentence } = AUDIT[report.audit];
  const audit: Wording = { word, sentence: sentence + aside };
  return h(
    "section",
    "answers",
    answer(
      "signature",
      "Signature: are these the bytes that this key signed?",
      SIGNATURE[report.signature],
      report.signature,
    ),
    answer("trust", "Trust: do you have a reason to trust that key?", TRUST[report.trust], report.trust),
    answer("verdict", "Verdict: what does the test say of its subject?", named, verdict?.toLowerCase() ?? "none"),
    answer("audit", "Audit: do evidence, log and dates still back it?", audit, report.audit),
  );
}

export const limitsView = (): Element =>
  h(
    "section",
    "limits",
    [["What this proves", PROVES] as const, ["What it does not prove", DOES_NOT_PROVE] as const].map(([title, all]) =>
      h(
        "div",
        "",
        h("h2", "", title),
        h(
          "ul",
          "",
          all.map((line) => h("li", "", line)),
        ),
      ),
    ),
  );

/** If engines disagree, the check could not be decided, which is not bad news. */
const statusOf = ({ status, code }: Check): Check["status"] =>
  status === "failed" && outcomeOf(code) === "unchecked" ? "not-checked" : status;

/** Every step in order with recomputed values; steps that were not made say so. */
export function stepsView(report: Report): Element {
  const steps = report.checks
    .map((check) => ({ ...check, status: statusOf(check) }))
    .map(({ name, status, code, detail, values }) =>
      h(
        "li",
        `step ${status}`,
        h(
          "p",
          "what",
          with_("span", { class: "mark", "aria-hidden": "true" }, MARK[status]),
          ` ${STEP[name]}: `,
          h("strong", "", SAID[status]),
        ),
        h("p", "detail", `${detail}.`, ...(code === "ok" || code === "not-reached" ? [] : [" ", h("code", "", code)])),
        Object.keys(values).length > 0
          ? facts(
              "values",
              Object.entries(values).map(([label, value]) => [label, h("code", "", value)]),
            )
          : undefined,
      ),
    );
  return h(
    "section",
    "steps",
    h("h2", "", "Every step of the check"),
    h(
      "p",
      "note",
      `In this order; signatures checked with ${report.engine}. Steps marked – were skipped; they count neither for nor against.`,
    ),
    h("ol", "", steps),
  );
}
