/** `attest show`: an attestation to read, shown only under a good signature. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { answersView, limitsView } from "../view/report.js";
import { articleView, titleView } from "../view/statement.js";
import { lines } from "../view/text.js";
import { headline } from "../view/words.js";
import { withExamples, withJson } from "./context.js";
import { answer, answerJson, talk } from "./ui.js";
import { verifyTargets, withKeys, type KeyOptions } from "./verify.js";

export function show(attest: Command): void {
  const command = attest
    .command("show <target>")
    .description(
      "read an attestation: its sections, checks, evidence and dates; nothing is shown of one whose signature does not fit",
    );
  withExamples(
    withJson(withKeys(command)),
    "attest show demo",
    "attest show - --key signer.pub < attestation.json",
  ).action(async (target: string, { key = [], keyring = [], json }: KeyOptions & { readonly json?: true }) => {
    const [one, ...more] = await verifyTargets([target], { key, keyring });
    if (one === undefined || more.length > 0) {
      throw new AttestError(
        "usage",
        `expected one attestation, found ${more.length + 1} in ${target}`,
        "name one of the files in its folder attestations",
      );
    }
    if ("fault" in one) throw one.fault;
    const { statement, ...report } = one.report;
    const { word, sentence } = headline(one.report);
    if (statement === undefined) process.exitCode = report.exit;
    if (json) return answerJson({ statement: statement ?? null, report });
    if (statement === undefined) return talk(`${word}: ${sentence}`, "nothing of the document is shown");
    const trees = [titleView(statement), answersView(one.report), limitsView(), ...articleView(statement, one.report)];
    answer(trees.flatMap((tree) => lines(tree, Math.min(process.stdout.columns || 100, 110))));
  });
}
