/** `attest verify`: what a stranger types. */
import type { Command } from "commander";
import { worst } from "../core/codes.js";
import { failures, type Report } from "../core/report.js";
import { verifyAll, type Verified } from "../pipeline/verify.js";
import { stepsView } from "../view/report.js";
import { lines } from "../view/text.js";
import { AUDIT, headline, NO_VERDICT, SIGNATURE, TRUST, verdictWording } from "../view/words.js";
import { collect, engine, keystore, readStdin, withExamples, withJson } from "./context.js";
import { answer, answerJson } from "./ui.js";

export interface KeyOptions {
  readonly key?: readonly string[];
  readonly keyring?: readonly string[];
}

export const withKeys = (command: Command): Command =>
  command
    .option(
      "--key <line|file>",
      "a public key that you trust: the line itself, or a file with it (several allowed)",
      collect,
    )
    .option("--keyring <file>", "a keyring that you trust (several allowed)", collect);

interface Options extends KeyOptions {
  readonly verbose?: true;
  readonly json?: true;
}

/** Files, folders, addresses and `-`, against the keys that the options name and the user's own. */
export const verifyTargets = (
  targets: readonly string[],
  { key = [], keyring = [] }: KeyOptions,
): Promise<Verified[]> =>
  verifyAll({ targets, keys: key, keyrings: keyring, keystore: keystore(), engine, now: new Date(), stdin: readStdin });

export function verify(attest: Command): void {
  const command = attest
    .command("verify <target...>")
    .description("check attestations: files, registry folders, http(s) addresses, or - for stdin")
    .option("--verbose", "print every step with the values that were recomputed");
  withExamples(
    withJson(withKeys(command)),
    "attest verify demo/attestations/*.json",
    "attest verify demo",
    "attest verify demo --key demo/keys/signer.pub",
    "attest verify - --json < demo/attestations/index.json",
  ).action(async (targets: readonly string[], options: Options) => {
    const verified = await verifyTargets(targets, options);
    const exit = worst(verified.map(({ report }) => report.exit));
    process.exitCode = exit;
    if (options.json)
      return answerJson({ documents: verified.map(({ target, report }) => ({ target, report: brief(report) })), exit });
    const [only, ...more] = verified;
    if (only !== undefined && more.length === 0) answer(...inFull(only, options.verbose === true));
    else answer(...verified.flatMap((one) => inOneLine(one, options.verbose === true)), "", count(verified));
  });
}

/** The statement is in the file; the report says what was found about it. */
const brief = (report: Report): Report => ({ ...report, statement: undefined });

function inFull({ target, report }: Verified, verbose: boolean): string[] {
  const { word, sentence } = headline(report);
  const { statement, verdict } = report;
  const said =
    verdict === undefined || statement === undefined
      ? NO_VERDICT
      : verdictWording(verdict, statement.predicate.f3.checks);
  const source = report.signers.find(({ signature, trust }) => signature === "ok" && trust === report.trust);
  return [
    word,
    sentence,
    "",
    `  file       ${target}`,
    ...(report.id === undefined ? [] : [`  id         ${report.id}`]),
    ...(statement === undefined ? [] : [`  title      ${statement.predicate.f3.title}`]),
    ...report.signers.map(
      ({ keyid, signature, name }) =>
        `  key        ${keyid}${name === undefined ? "" : ` (${name})`}${report.signers.length > 1 ? `: ${SIGNATURE[signature].word}` : ""}`,
    ),
    "",
    `  signature  ${SIGNATURE[report.signature].word}`,
    `  trust      ${TRUST[report.trust].word}${source?.source === undefined ? "" : ` (${source.source})`}`,
    `  verdict    ${said.word}: ${said.sentence}`,
    `  audit      ${AUDIT[report.audit].word}`,
    "",
    ...(verbose ? lines(stepsView(report)) : troubles(report)),
  ];
}

const troubles = (report: Report): string[] => [
  ...failures(report).map(({ name, code, detail }) => `  ${name}: ${detail} [${code}]`),
  `  not checked: ${report.checks
    .filter(({ status }) => status === "not-checked")
    .map(({ name }) => name)
    .join(", ")}`,
];

function inOneLine({ target, report }: Verified, verbose: boolean): string[] {
  const line = [
    report.exit === 0 ? "ok " : "NOT",
    target,
    SIGNATURE[report.signature].word,
    TRUST[report.trust].word,
    report.verdict ?? "no verdict",
  ].join("  ");
  return [
    line,
    ...(report.exit === 0
      ? []
      : troubles(report)
          .slice(0, -1)
          .map((trouble) => `  ${trouble}`)),
    ...(verbose ? lines(stepsView(report)) : []),
  ];
}

const count = (verified: readonly Verified[]): string => {
  const good = verified.filter(({ report }) => report.exit === 0).length;
  return `${good} of ${verified.length} verified with a key that you confirmed`;
};
