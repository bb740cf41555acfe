/** `attest demo`: called by `npm start`. */
import type { Command } from "commander";
import { demo as runDemo, type Demo } from "../pipeline/run/demo.js";
import { SIGNATURE, TRUST, verdictLine, verdictWording } from "../view/words.js";
import { engine, keystore, logKeys } from "./context.js";
import { EXIT } from "./exit-status.js";
import { exitWith } from "./io.js";
import { withExamples, withJson, withPassphrase } from "./options.js";
import { passphraseFrom, type PassphraseOptions } from "./passphrase.js";
import { interruptible } from "./signals.js";
import { answer, answerJson, Progress } from "./ui.js";

export function demoCommand(attest: Command): void {
  const command = attest
    .command("demo [dir]")
    .description("create a sample registry in ./demo and verify it: key, test run, signature, site");
  withExamples(withPassphrase(withJson(command)), "attest demo", "attest verify demo").action(
    async (dir: string | undefined, options: PassphraseOptions & { json?: true }) => {
      const folder = dir ?? "demo";
      const progress = new Progress();
      const made = await interruptible((signal) =>
        runDemo({
          folder,
          keystore: keystore(),
          engine,
          logKeys: logKeys(),
          passphrase: passphraseFrom(options),
          signal,
          progress: (text, share) => progress.say(text, share),
        }).finally(() => progress.end()),
      );
      exitWith(EXIT[made.report.outcome]);
      const { id, digest, report, attestation, page, count, key, keyMade } = made;
      if (options.json)
        answerJson({
          id,
          digest,
          verdict: report.verdict,
          keyid: key.key.keyid,
          keyMade,
          attestation,
          page,
          attestations: count,
          exit: EXIT[report.outcome],
        });
      else answer(...summary(folder, made));
    },
  );
}

function summary(
  folder: string,
  { id, digest, report, attestation, page, count, key, keyMade, publicKey }: Demo,
): string[] {
  const f3 = report.statement?.predicate.f3;
  const plan = f3?.relations.find(({ type }) => type === "planned-by")?.target;
  const said =
    f3 === undefined ? "nothing was verified" : `${f3.title}. ${verdictWording(f3.verdict, f3.checks).sentence}`;
  return [
    `${f3 === undefined ? "no verdict" : verdictLine(f3.verdict, f3.checks)}  ${said}`,
    "",
    `  id         ${id}`,
    `  digest     sha256:${digest}`,
    `  key        ${key.key.keyid} (${key.name}${keyMade ? `, made just now in ${keystore().folder}` : ""})`,
    `  signature  ${SIGNATURE[report.signature].word}`,
    `  trust      ${TRUST[report.trust].word}: it is your own key`,
    ...(plan === undefined ? [] : [`  plan       ${plan}, announced before it ran`]),
    ...(report.logged === undefined ? [] : [`  log        entry ${report.logged.index} of ${report.logged.origin}`]),
    `  registry   ${folder}, ${count} ${count === 1 ? "attestation" : "attestations"}`,
    "",
    "Open in a browser; the page checks itself, there:",
    `  ${page}`,
    "",
    "Read it, or check it, here:",
    `  npx attest show ${attestation}`,
    `  npx attest verify ${attestation}`,
    `  npx attest log show ${folder}`,
    "",
    "A stranger who has the file and your public key types:",
    `  npx attest verify ${attestation} --key '${publicKey}'`,
    ...(key.place !== "plain"
      ? []
      : ["", `Your key has no passphrase. To set one: npx attest key passphrase ${key.name}`]),
  ];
}
