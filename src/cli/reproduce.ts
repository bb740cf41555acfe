/** `attest reproduce`: repeats a recorded test here and compares the outcomes. */
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { readable, type Json } from "../core/json.js";
import type { Signer } from "../core/keys/key.js";
import { acceptedResult } from "../core/verify/report.js";
import type { Draft, ResultStatement } from "../core/statement/statement.js";
import { withCheckout } from "../harness/subject/checkout.js";
import type { Run } from "../harness/scenario/run.js";
import { checkRules, refuseSecrets } from "../harness/redaction/scan.js";
import { secretsIn, type Secret } from "../harness/redaction/secrets.js";
import { nearest } from "../node/paths.js";
import { TOOL } from "../node/package.js";
import { compareRuns, type ComparedRuns, type Original } from "../pipeline/run/compare.js";
import { isScenarioFile } from "../pipeline/run/scenario-file.js";
import { inCheckout, recordedIn, runAgain, scenarioIn } from "../pipeline/run/reproduce.js";
import type { Destination } from "../pipeline/run/destination.js";
import type { Announce } from "../pipeline/run/announce.js";
import { saveOnFailure, type Again as TypedAgain } from "../pipeline/run/keep-unpublished.js";
import { piecesOf } from "../pipeline/load/evidence-folder.js";
import { sign } from "../pipeline/publish/sign.js";
import { announcing } from "./announcing.js";
import { engine } from "./context.js";
import {
  deliverOrPrint,
  destinationOf,
  logOf,
  signerFor,
  typedAgain,
  withSigning,
  type SigningOptions,
  dryRunOption,
} from "./destination.js";
import { exitWith, io } from "./io.js";
import { collect, withAllowSecret, withExamples, withJson, type SecretOptions } from "./options.js";
import { runScenarioOnce, scenarioFor, type ScenarioOptions } from "./run-scenario.js";
import { interruptible } from "./signals.js";
import { answerBytes, answerJson, passOn, talk } from "./ui.js";
import { withKeys, withWitnesses, type KeyOptions, type WitnessOptions } from "./key-options.js";
import { verifyTargets } from "./verify.js";

interface Options extends SigningOptions, SecretOptions, KeyOptions, WitnessOptions {
  readonly repository?: string;
  readonly setup?: readonly string[];
  readonly dryRun?: true;
  readonly json?: true;
}

export function reproduce(attest: Command): void {
  const command = attest
    .command("reproduce <attestation>")
    .description(
      "repeat the recorded command or scenario on a clean checkout of the recorded commit, and sign the comparison: exit 0 if it reproduces, 1 if it contradicts",
    )
    .option(
      "--repository <dir>",
      "the git repository with the commit (the attestation's, else the working directory's)",
    )
    .option(
      "--setup <line>",
      "a shell command to run in the checkout first, for example `npm ci` (several allowed)",
      collect,
    )
    .addOption(dryRunOption());
  withExamples(
    withJson(withAllowSecret(withWitnesses(withKeys(withSigning(command))))),
    "attest reproduce attestations/test_*.json --dry-run",
    "attest reproduce attestations/test_*.json --setup 'node --version' --key keys/signer.pub",
  ).action(async (file: string, options: Options) => {
    exitWith(await reproduceOnce(file, options));
  });
}

async function reproduceOnce(file: string, options: Options): Promise<number> {
  const { dryRun, allowSecret = [] } = options;
  checkRules(allowSecret);
  const original = await trusted(file, options);
  const destination = dryRun ? undefined : await destinationOf(options, file);
  const signer = dryRun ? undefined : await signerFor(options, destination);

  const typed = typedAgain(options, destination);
  const asked = { destination, signer, timeoutMs: undefined, allowSecrets: allowSecret, again: typed };
  return await announcing(
    asked,
    (announce) => again(original, file, options, announce),
    (run) => compareAndSign(original, run, destination, signer, typed, options),
  );
}

async function compareAndSign(
  original: Original,
  { draft, evidence, secrets }: Again,
  destination: Destination | undefined,
  signer: Signer | undefined,
  typed: TypedAgain,
  { json, allowSecret = [] }: Options,
): Promise<number> {
  const compared = compareRuns(original, draft);
  const exit = compared.relation === "reproduces" ? 0 : 1;
  const looked = (): void =>
    refuseSecrets(compared.draft as Json, piecesOf(compared.draft, evidence), secrets, allowSecret);
  if (signer === undefined) {
    looked();
    if (!json) answerBytes(readable(compared.draft as Json));
    tell(compared, { json, exit, path: undefined, statement: compared.draft });
    return exit;
  }
  await saveOnFailure(compared.draft, evidence, typed, async () => {
    looked();
    const attestation = await sign(compared.draft, signer, engine, new Date(), await logOf(destination));
    const path = await deliverOrPrint(destination, attestation, evidence, signer);
    const { id, digest } = attestation;
    if (path !== undefined || !json) tell(compared, { json, exit, path, id, digest, keyid: signer.key.keyid });
  });
  return exit;
}

/**
 * A document names a command to run, so it must be signed by a key that the user trusts.
 * @throws AttestError the code of the failed check
 */
async function trusted(file: string, options: Options): Promise<Original> {
  const [verified] = await verifyTargets([file], options);
  if (verified === undefined || "fault" in verified) throw verified?.fault ?? new Error("nothing was verified");
  const found = acceptedResult(verified.report);
  if ("id" in found) return found;
  throw new AttestError(
    found.fault?.code ?? "internal",
    `you do not trust the key of this attestation: ${found.fault?.detail ?? "no statement"}`,
    "the attestation names a command that would run here; give the signer's public line with --key",
  );
}

type Again = Run & { readonly secrets: readonly Secret[] };

async function again(
  { statement }: Original,
  file: string,
  { repository, setup = [], passphraseFile, json, dryRun, output }: Options,
  announce: Announce | undefined,
): Promise<Again> {
  const aside = json === true || dryRun === true || output === "-";
  const words = scenarioIn(statement);
  const beside = file === "-" ? "." : dirname(resolve(file));
  const source = repository ?? (nearest(beside, ".git") === undefined ? "." : beside);
  if (words !== undefined) {
    const run = await scenarioAgain(words, statement, source, announce);
    return { ...run, secrets: secretsIn(io().env, []) };
  }
  const recorded = recordedIn(statement);
  return await interruptible((signal) =>
    runAgain(recorded, {
      repository: source,
      setup,
      hidden: passphraseFile === undefined ? [] : [passphraseFile],
      env: io().env,
      engine,
      tool: TOOL,
      signal,
      output: (stream, chunk) => passOn(aside ? "stderr" : stream, chunk),
      announce,
    }),
  );
}

/** A built-in scenario is part of this tool; the user's own comes from the recorded commit, if there is one. */
async function scenarioAgain(
  [word = "", ...rest]: readonly string[],
  { subject }: ResultStatement,
  repository: string,
  announce: Announce | undefined,
): Promise<Run> {
  const options = optionsIn(rest);
  const run = async (): Promise<Run> =>
    await runScenarioOnce(await scenarioFor(word, options), options, { word, without: [], announce });
  const { gitCommit: commit, gitTree: tree } = subject[0]?.digest ?? {};
  if (!isScenarioFile(word)) return await run();
  if (commit === undefined)
    throw new AttestError(
      "not-reproducible",
      `no commit has the scenario ${JSON.stringify(word)}`,
      "a file of this machine is never run because a statement names it; to run it: attest run FILE",
    );
  return await withCheckout(repository, { commit, tree }, async (folder) => {
    inCheckout(folder, word.replace(/^\.\//, ""));
    const before = process.cwd();
    process.chdir(folder);
    try {
      return await run();
    } finally {
      process.chdir(before);
    }
  });
}

/** As recorded by `attest run`, which omits the path of a driver's program. */
function optionsIn(words: readonly string[]): ScenarioOptions {
  const after = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
  const [profile, driver] = [after("--profile"), after("--driver")?.replace(/=.*$/s, "")];
  return {
    ...(profile !== undefined && { profile }),
    ...(driver !== undefined && { driver }),
    ...(words.includes("--quick") && { quick: true as const }),
  };
}

interface Told {
  readonly json: true | undefined;
  readonly exit: number;
  readonly path: string | undefined;
  readonly id?: string;
  readonly digest?: string;
  readonly keyid?: string;
  readonly statement?: Draft;
}

function tell({ draft, differences, relation }: ComparedRuns, { json, ...rest }: Told): void {
  const { verdict, title, relations } = draft.predicate.f3;
  const target = relations.at(-1)?.target;
  if (json) return answerJson({ relation, target, verdict, title, differences, ...rest });
  talk(`${relation} ${target ?? ""}  ${verdict}  ${title}`);
  for (const { claim, before, now } of differences.slice(0, 10))
    talk(`  ${before ?? "not named"} then, ${now ?? "not named"} now  ${claim}`);
  if (rest.statement !== undefined) talk("a dry run: nothing was signed or written");
  else
    talk(`signed with ${rest.keyid ?? ""}; check it with: ${commandLine(["attest", "verify", rest.path ?? "FILE"])}`);
}
