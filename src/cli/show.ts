/** `attest show`: displays an attestation with a valid signature. */
import type { Command } from "commander";
import { EXIT, withExit } from "./exit-status.js";
import { AttestError } from "../core/errors.js";
import { noticeTitle, noticeView } from "../view/notice.js";
import { answersView, limitsView } from "../view/report.js";
import { planTitle, planView } from "../view/plan.js";
import { standingView, withdrawnView } from "../view/standing.js";
import { articleView, titleView } from "../view/statement.js";
import type { Element } from "../view/tree.js";
import { textLines } from "../view/text.js";
import { headlineOf } from "../view/headline.js";
import { exitWith, io } from "./io.js";
import { withExamples, withJson } from "./options.js";
import { answer, answerJson, talk } from "./ui.js";
import { withKeys, withNotices, withWitnesses, type KeyOptions, type WitnessOptions } from "./key-options.js";
import { verifyTargets } from "./verify.js";

export function showCommand(attest: Command): void {
  const command = attest
    .command("show <target>")
    .description("show an attestation: sections, checks, evidence and dates; shows nothing if its signature is bad");
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest show demo",
    "attest show - --key signer.pub < attestation.json",
  ).action(async (target: string, { json, ...options }: KeyOptions & WitnessOptions & { readonly json?: true }) => {
    const all = await verifyTargets([target], options);
    const tests = all.filter(
      (found) => !("report" in found && (found.report.notice ?? found.report.plan) !== undefined),
    );
    const [one, ...more] = all.length > 1 ? tests : all; // in a registry, skips notices and plans
    if (one === undefined || more.length > 0) {
      throw new AttestError(
        "usage",
        `${target} has ${more.length + 1} attestations, and one is shown`,
        "name one of the files in its folder attestations",
      );
    }
    if ("fault" in one) throw one.fault;
    const { statement, notice, plan, ...report } = one.report;
    const { word, sentence } = headlineOf(one.report);
    if (statement === undefined && plan === undefined) exitWith(EXIT[report.outcome]);
    if (json)
      return answerJson({
        statement: statement ?? null,
        ...(notice && { notice }),
        ...(plan && { plan }),
        report: withExit(report),
      });
    const first = withdrawnView(one.report);
    const withdrawn = first === undefined ? [] : [first];
    const answers = answersView(one.report);
    const standing = standingView(one.report);
    if (notice !== undefined) return print([...withdrawn, noticeTitle(notice), answers, noticeView(notice), standing]);
    if (plan !== undefined) return print([...withdrawn, planTitle(plan), answers, ...planView(plan), standing]);
    if (statement === undefined) return talk(`${word}: ${sentence}`, "nothing of the document is shown");
    const gone = one.report.standing?.word === "retracted";
    const title = titleView(statement, gone);
    print([...withdrawn, title, answers, standing, limitsView(), ...articleView(statement, one.report)]);
  });
}

const print = (trees: readonly Element[]): void =>
  answer(trees.flatMap((tree) => textLines(tree, Math.min(io().stdout.columns || 100, 110))));
