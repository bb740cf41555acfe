/** `attest verify`: what a stranger types. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { outcomeOf, worst, type ReportOutcome } from "../core/codes.js";
import { EXIT, withExit } from "./exit-status.js";
import { failures, type Report } from "../core/verify/report.js";
import type { Subject } from "../core/statement/statement.js";
import { subjectWording } from "../core/statement/subject.js";
import type { Requirements } from "../pipeline/verify/require.js";
import type { KeyRequest } from "../pipeline/load/trusted-keys.js";
import { verifyAll, type Verified, type VerifyRequest } from "../pipeline/verify/verify.js";
import { noticeWording } from "../view/notice.js";
import { stepsView } from "../view/report.js";
import { textLines } from "../view/text.js";
import { headlineOf } from "../view/headline.js";
import { AUDIT, countsWording, NO_TEST, NO_VERDICT, SIGNATURE, TRUST, verdictWording } from "../view/words.js";
import { engine, keystore, logMemory, pins, readStdin } from "./context.js";
import { exitWith } from "./io.js";
import { collect, withExamples, withJson } from "./options.js";
import { answer, answerJson, LateProgress, talk } from "./ui.js";

export interface KeyOptions {
  readonly key?: readonly string[];
  readonly keyring?: readonly string[];
  readonly notice?: readonly string[];
}

export interface WitnessOptions {
  readonly witness?: readonly string[];
}

export const withKeys = (command: Command): Command =>
  command
    .option(
      "--key <line|file|url>",
      "public keys that you trust: the line itself, a file, or an https address (several allowed)",
      collect,
    )
    .option("--keyring <file>", "a keyring that you trust (several allowed)", collect);

/** An unreadable source of keys adds no trust: a note, not a verdict. */
function asFarAsReadable<T>(lacking: string, list: () => readonly T[]): readonly T[] {
  try {
    return list();
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "io") throw error;
    talk(`${lacking}: ${error.message}`);
    return [];
  }
}

/** The keys named by the options of `withKeys`, and the user's own. */
export const keyRequest = ({ key = [], keyring = [] }: KeyOptions): KeyRequest => ({
  keys: key,
  keyrings: keyring,
  keystore: { list: () => asFarAsReadable("your own keys are not known", () => keystore().list()) },
  pins: asFarAsReadable("your pins are not known, so another key in place of a pinned one would not be noticed", () =>
    pins().list(),
  ),
  engine,
  now: new Date(),
});

export const withNotices = (command: Command): Command =>
  command.option(
    "--notice <file>",
    "a notice from elsewhere: a receipt, rotation or revocation (several allowed)",
    collect,
  );

/** For commands whose answer may depend on when a signature was seen. */
export const withWitnesses = (command: Command): Command =>
  command.option("--witness <line|file>", "the key line of a witness whose times you trust (several allowed)", collect);

interface Options extends KeyOptions, WitnessOptions {
  readonly require?: readonly string[];
  readonly policy?: string;
  readonly recompute?: true;
  readonly verbose?: true;
  readonly json?: true;
}

/** Verifies files, folders, addresses and `-` with the keys in the options and the user's own. */
export const verifyTargets = (
  targets: readonly string[],
  options: KeyOptions & WitnessOptions & Pick<VerifyRequest, "recompute" | "policy" | "policyKeys">,
): Promise<Verified[]> => {
  const { notice = [], witness = [], recompute = false, policy, policyKeys } = options;
  const progress = new LateProgress();
  return verifyAll({
    ...keyRequest(options),
    targets,
    notices: notice,
    stdin: readStdin,
    recompute,
    policy,
    policyKeys,
    witnesses: witness,
    memory: logMemory(),
    progress: (text, share) => progress.say(text, share),
  }).finally(() => progress.end());
};

export function verifyCommand(attest: Command): void {
  const command = attest
    .command("verify <target...>")
    .description("check attestations: files, registry folders, http(s) addresses, or - for stdin")
    .option(
      "--require <list>",
      "a gate: validated, subject=FILE, DIR or gitCommit:HEX (and no other subject, unless with subject-only), fresh=30d, evidence, logged, witnessed or witnessed=N, not-retracted, no-skips, no-retries, min-signers=N; exit 3 where one is not met",
      collect,
    )
    .option(
      "--policy <file>",
      "a policy file, which also says who may sign what; with --require both must hold",
      once("--policy"),
    )
    .option("--recompute", "recompute the outcomes from the archived observations; exit 4 if that is impossible")
    .option("--verbose", "print every step with the recomputed values");
  withExamples(
    withJson(withNotices(withWitnesses(withKeys(command)))),
    "attest verify demo/attestations/test_*.json",
    "attest verify demo",
    "attest verify demo --key demo/keys/signer.pub",
    "attest verify demo/attestations/test_*.json --recompute",
    "attest verify demo --require evidence,fresh=30d",
    "attest verify demo --json",
  ).action(async (targets: readonly string[], options: Options) => {
    const { require, policy, ...rest } = options;
    const verified = await verifyTargets(targets, { ...rest, ...(await asked(require, policy)) });
    const exit = EXIT[worst(verified.map(outcomeOfOne))];
    exitWith(exit);
    const [only, ...more] = verified;
    if (only !== undefined && more.length === 0 && "fault" in only) throw only.fault;
    if (options.json) return answerJson({ documents: verified.map(brief), exit });
    const verbose = options.verbose === true;
    if (only !== undefined && more.length === 0 && "report" in only) answer(inFull(only, only.report, verbose));
    else answer([...verified.flatMap((one) => inOneLine(one, verbose)), "", count(verified)]);
    if (
      verified.some(
        (one) => "report" in one && one.report.outcome === "untrusted" && one.report.trust === "registry-only",
      )
    )
      talk("hint: ask the signer for their public key, and give it with --key");
  });
}

/** What a gate reads, files and folders among it, is loaded for a gate alone. */
const asked = async (require: readonly string[] | undefined, policy: string | undefined): Promise<Requirements> =>
  require === undefined && policy === undefined
    ? {}
    : await (await import("../pipeline/verify/require.js")).askedFor(require, policy, engine);

/** Refuses a second policy file, because one would be ignored. */
const once =
  (option: string) =>
  (value: string, before: string | undefined): string => {
    if (before === undefined) return value;
    throw new AttestError("usage", `${option} is given twice`, "put all requirements into one file");
  };

const outcomeOfOne = (one: Verified): ReportOutcome =>
  "report" in one ? one.report.outcome : outcomeOf(one.fault.code);

/** Without the statement, which is in the file. */
const brief = (one: Verified): unknown =>
  "report" in one
    ? { target: one.target, uncompared: one.uncompared, report: { ...withExit(one.report), statement: undefined } }
    : { target: one.target, error: { code: one.fault.code, message: one.fault.message, hint: one.fault.hint } };

/**
 * The first word: the verdict of an accepted document, otherwise none. So a signed REFUTED cannot look like a pass, nor a VALIDATED by
 * someone you do not know.
 */
const firstWord = ({ outcome, verdict, plan, notice }: Report): string =>
  outcome === "accepted"
    ? (verdict ?? (plan !== undefined ? "PLAN" : notice !== undefined ? "NOTICE" : "NO VERDICT"))
    : NOT;
const NOT = "NOT ACCEPTED";

/** Shown beside the verdict. Without them VALIDATED would hide skipped tests. */
const counts = ({ statement, verdict }: Report): string[] =>
  statement === undefined || verdict === undefined
    ? []
    : [countsWording(statement.predicate.f3.checks)].filter(Boolean);

function inFull(only: Verified, report: Report, verbose: boolean): string[] {
  const { target } = only;
  const { word, sentence } = headlineOf(report);
  const { statement, verdict } = report;
  const policy = report.checks.find(({ name }) => name === "policy");
  const said =
    verdict === undefined || statement === undefined
      ? report.notice === undefined
        ? NO_VERDICT
        : NO_TEST
      : verdictWording(verdict, statement.predicate.f3.checks);
  const source = report.signers.find(({ signature, trust }) => signature === "ok" && trust === report.trust);
  return [
    `${[firstWord(report), ...(report.outcome === "accepted" ? counts(report) : [])].join(" ")}: ${word}`,
    sentence,
    "",
    `  file       ${target}`,
    ...(report.id === undefined ? [] : [`  id         ${report.id}`]),
    ...(statement === undefined ? [] : [`  title      ${statement.predicate.f3.title}`]),
    ...subjectLines(statement?.subject ?? report.plan?.subject ?? []),
    ...(report.notice === undefined ? [] : [`  notice     ${noticeWording(report.notice).word}`]),
    ...(report.plan === undefined ? [] : [`  announces  ${report.plan.predicate.title}`]),
    ...report.signers.map(
      ({ keyid, signature, trust, name }) =>
        `  key        ${keyid}${name === undefined ? "" : ` (${name})`}${signature === "ok" ? (report.signers.length > 1 ? `: ${TRUST[trust].word}` : "") : `: named in the document, signature ${SIGNATURE[signature].word}`}`,
    ),
    "",
    `  signature  ${SIGNATURE[report.signature].word}`,
    `  trust      ${TRUST[report.trust].word}${source?.source === undefined ? "" : ` (${source.source})`}`,
    `  verdict    ${said.word}${counts(report)
      .map((text) => ` ${text}`)
      .join("")}: ${said.sentence}`,
    `  audit      ${AUDIT[report.audit].word}`,
    ...incomplete(report),
    ...(only.uncompared === true ? [`  page       ${UNCOMPARED}`] : []),
    ...(["plan", "log", "retraction"] as const).flatMap((name) => about(report, name)),
    ...(policy === undefined || policy.code === "no-policy" || policy.code === "not-reached"
      ? []
      : [`  policy     ${policy.status === "passed" ? "" : "not met: "}${policy.detail}`]),
    "",
    ...(verbose ? textLines(stepsView(report)) : troubles(report)),
  ];
}

const UNCOMPARED =
  "not compared: its script or style is not from this version, so its display in a browser was not checked";

/** Limit for listed subjects; the number of others is stated. */
const MAX_SUBJECTS = 100;

/** What was tested, including uncommitted changes. */
function subjectLines(subjects: readonly Subject[]): string[] {
  const more = subjects.length - MAX_SUBJECTS;
  return [
    ...subjects.slice(0, MAX_SUBJECTS).map((one) => `  subject    ${subjectWording(one)}`),
    ...(more > 0 ? [`  subject    and ${more} more, not shown here`] : []),
  ];
}

/** Missing evidence is no finding, but readers should see it unasked. */
const incomplete = ({ checks }: Report): string[] =>
  checks.flatMap(({ code, detail }) => (code === "evidence-missing" ? [`  evidence   ${detail}`] : []));

/** What was checked beyond the document, in a line; what was not is listed below. */
function about(report: Report, name: "plan" | "log" | "retraction"): string[] {
  const made = report.checks.find((check) => check.name === name);
  const unplanned = made?.code === "no-plan" && report.statement !== undefined;
  if (made === undefined || (made.status === "not-checked" && !unplanned)) return [];
  const label = name === "retraction" ? "since then" : name;
  return [`  ${label.padEnd(10)} ${made.status === "failed" ? "✗ " : ""}${made.detail}`];
}

const troubles = (report: Report): string[] => [
  ...failures(report).map(({ name, code, detail }) => `  ${name}: ${detail} [${code}]`),
  `  not checked: ${report.checks
    .filter(({ status }) => status === "not-checked")
    .map(({ name }) => name)
    .join(", ")}`,
];

function inOneLine(one: Verified, verbose: boolean): string[] {
  if ("fault" in one) {
    const why = one.fault.code === "key-changed" ? "full stop" : "not read";
    return [`${NOT}  ${one.target}  ${why}: ${one.fault.message} [${one.fault.code}]`];
  }
  const { target, report } = one;
  const words = [
    `signature ${SIGNATURE[report.signature].word}`,
    TRUST[report.trust].word,
    report.verdict === undefined
      ? report.notice === undefined
        ? announced(report)
        : noticeWording(report.notice).word
      : [report.verdict, ...counts(report)].join(" "),
  ];
  return [
    [firstWord(report).padEnd(NOT.length), target, ...words].join("  "),
    ...(one.uncompared === true ? [`    page: ${UNCOMPARED}`] : []),
    ...(report.outcome === "accepted"
      ? []
      : failures(report).map(({ name, code, detail }) => `    ${name}: ${detail} [${code}]`)),
    ...(verbose ? textLines(stepsView(report)) : []),
  ];
}

const announced = ({ plan }: Report): string =>
  plan === undefined ? "no verdict" : `announces: ${plan.predicate.title}`;

function count(verified: readonly Verified[]): string {
  const accepted = verified.flatMap((one) =>
    "report" in one && one.report.outcome === "accepted" ? firstWord(one.report) : [],
  );
  const verdicts = [...new Set(accepted)]
    .sort()
    .map((word) => `${accepted.filter((one) => one === word).length} ${word}`);
  const of = `${accepted.length} of ${verified.length} verified with a key that you confirmed`;
  return verdicts.length === 0 ? of : `${of}: ${verdicts.join(", ")}`;
}
