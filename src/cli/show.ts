/** `attest show`: an attestation to read, shown only under a good signature. */
import type { Command } from "commander";
import { verifyAll } from "../pipeline/verify.js";
import { answersView, limitsView } from "../view/report.js";
import { articleView, titleView } from "../view/statement.js";
import { lines } from "../view/text.js";
import { headline } from "../view/words.js";
import { engine, keystore, readStdin, withExamples, withJson } from "./context.js";
import { answer, answerJson, talk } from "./ui.js";
import { withKeys, type KeyOptions } from "./verify.js";

export function show(attest: Command): void {
  const command = attest.command("show <target>").description("read an attestation: its sections, checks, evidence and dates; nothing is shown of one whose signature does not fit");
  withExamples(withJson(withKeys(command)), "attest show demo/attestations/*.json", "attest show - --key signer.pub < attestation.json").action(
    async (target: string, { key = [], keyring = [], json }: KeyOptions & { readonly json?: true }) => {
      const [one] = await verifyAll({ targets: [target], keys: key, keyrings: keyring, keystore: keystore(), engine, now: new Date(), stdin: readStdin });
      if (one === undefined) return;
      const { statement, ...report } = one.report;
      const { word, sentence } = headline(one.report);
      if (statement === undefined) process.exitCode = report.exit;
      if (json) return answerJson({ statement: statement ?? null, report });
      if (statement === undefined) return talk(`${word}: ${sentence}`, "nothing of the document is shown");
      const trees = [titleView(statement), answersView(one.report), limitsView(), ...articleView(statement, one.report)];
      answer(...trees.flatMap((tree) => lines(tree, Math.min(process.stdout.columns || 100, 110))));
    },
  );
}
