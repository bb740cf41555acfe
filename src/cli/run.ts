/** `attest run`: runs a command or a scenario, signs the result and publishes it. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Bytes } from "../core/bytes.js";
import { commandLine } from "../node/command-line.js";
import { AttestError } from "../core/errors.js";
import { readable, type Json } from "../core/json.js";
import type { Signer } from "../core/keys/key.js";
import type { Draft } from "../core/statement/statement.js";
import { TESTS } from "../core/statement/tally.js";
import { checkRules, refuseSecrets } from "../harness/redaction/scan.js";
import { secretsIn, type Secret } from "../harness/redaction/secrets.js";
import { create } from "../node/files.js";
import { nearest } from "../node/paths.js";
import type { Destination } from "../pipeline/run/destination.js";
import { saveOnFailure, type Again } from "../pipeline/run/keep-unpublished.js";
import { folderBeside, piecesOf, writeBeside } from "../pipeline/load/evidence-folder.js";
import type { Announce } from "../pipeline/run/announce.js";
import { reportHint } from "../pipeline/run/report-hint.js";
import { sign } from "../pipeline/publish/sign.js";
import { allowing } from "../pipeline/publish/relations.js";
import { ownFiles } from "../store/own-files.js";
import { REGISTRY_FILE } from "../store/registry.js";
import { verdictLine, verdictWording } from "../view/words.js";
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
import { withAllowSecret, withExamples, withJson, type SecretOptions } from "./options.js";
import { runCommandOnce, wantedIn, withCommandOptions, type RunCommandOptions } from "./run-command.js";
import { runScenarioOnce, scenarioFor, withScenarioOptions, type ScenarioOptions } from "./run-scenario.js";
import { answer, answerBytes, answerJson, talk } from "./ui.js";
import { isBucketAddress } from "../store/open.js";

interface Options extends SigningOptions, SecretOptions, RunCommandOptions, ScenarioOptions {
  readonly dryRun?: true;
  readonly unsigned?: true;
  readonly json?: true;
}

export function run(attest: Command): void {
  const command = attest
    .command("run [test] [command...]")
    .usage("[options] -- <command...>\n       attest run [options] <scenario>")
    .description(
      "run your tests or a scenario; sign and publish the observations. Exits with the command's own code; if that is 0, with 0 for VALIDATED and 1 otherwise",
    );
  withScenarioOptions(withCommandOptions(command))
    .addOption(dryRunOption().conflicts("unsigned"))
    .option("--unsigned", "with --output: write the statement for `attest sign`");
  withExamples(
    withJson(withAllowSecret(withSigning(command))),
    "attest run -- node --test",
    "attest run --report junit.xml -- node --test --test-reporter=junit --test-reporter-destination=junit.xml",
    "attest run task-aware-background",
    "attest run --unsigned --output statement.json -- node --test; attest sign statement.json",
  ).action(async (_test: unknown, _command: unknown, options: Options, command: Command) => {
    exitWith(await runOnce(command, options));
  });
}

/** What ran, and its result. */
interface Done {
  readonly draft: Draft;
  readonly evidence: ReadonlyMap<string, Bytes>;
  /** The command's own exit code; 0 for a scenario. */
  readonly exit: number;
  /** `12 tests: 10 passed, 2 skipped`, if a report says so. */
  readonly counts?: string | undefined;
  readonly secrets: readonly Secret[];
}

async function runOnce(command: Command, options: Options): Promise<number> {
  checkTogether(options);
  const { dryRun, unsigned, timeout: timeoutMs, allowSecret = [] } = options;
  const work = await workOf(command, options);
  // Refuse everything that can be refused before the test runs.
  const destination = dryRun ? undefined : await destinationOf(options);
  const signer = dryRun || unsigned ? undefined : await signerFor(options, destination);

  const again = typedAgain(options, destination);
  const asked = { destination, signer, timeoutMs, allowSecrets: allowSecret, again };
  return await announcing(
    asked,
    (announce) => work(destination, announce),
    (done) => deliverDone(done, destination, signer, again, options),
  );
}

async function deliverDone(
  { draft, evidence, exit: own, counts, secrets }: Done,
  destination: Destination | undefined,
  signer: Signer | undefined,
  again: Again,
  { output, dryRun, json, allowSecret = [] }: Options,
): Promise<number> {
  const exit = own !== 0 ? own : draft.predicate.f3.verdict === "VALIDATED" ? 0 : 1;
  const told = { json, counts, exit };
  const looked = (): void => refuseSecrets(draft as Json, piecesOf(draft, evidence), secrets, allowSecret);
  if (dryRun) {
    looked();
    if (!json) answerBytes(readable(draft as Json));
    tell(draft, { ...told, path: undefined, statement: draft });
    return exit;
  }
  await saveOnFailure(draft, evidence, again, async () => {
    looked();
    if (signer === undefined) {
      if (output !== undefined && output !== "-") {
        writeBeside(output, evidence);
        create(output, readable(draft as Json));
      } else if (!json) answerBytes(readable(draft as Json));
      return void tell(draft, { ...told, path: output });
    }
    const attestation = await sign(draft, signer, engine, new Date(), await logOf(destination));
    const path = await deliverOrPrint(destination, attestation, evidence, signer);
    const { id, digest } = attestation;
    if (path !== undefined || !json) tell(draft, { ...told, path, id, digest, keyid: signer.key.keyid });
  });
  return exit;
}

function checkTogether({ output, unsigned, allowSecret = [] }: Options): void {
  if (unsigned && output === undefined)
    throw new AttestError("usage", "--unsigned needs --output FILE", "the evidence is written beside that file");
  checkRules(allowSecret);
}

type Work = (destination: Destination | undefined, announce: Announce | undefined) => Promise<Done>;

async function workOf(command: Command, options: Options): Promise<Work> {
  // Then stdout is for the answer or a document.
  const aside = options.json === true || options.dryRun === true || options.output === "-";
  const wanted = wantedIn(command, "run");
  if ("scenario" in wanted) {
    const { scenario: word } = wanted;
    const scenario = await scenarioFor(word, options);
    return async (destination, announce) => {
      const call = { word, timeout: options.timeout, without: ownPaths(destination, options.output), announce };
      return { ...(await runScenarioOnce(scenario, options, call)), exit: 0, secrets: secretsIn(io().env, []) };
    };
  }
  return async (destination, announce) =>
    await runCommandOnce(options, {
      command: wanted.command,
      without: ownPaths(destination, options.output),
      registry: registryAt(destination),
      hidden: options.passphraseFile === undefined ? [] : [options.passphraseFile],
      aside,
      announce,
    });
}

/** Files written by this tool are not part of the subject, even inside the work tree. */
function ownPaths(destination: Destination | undefined, output: string | undefined): string[] {
  const registry = registryAt(destination);
  return [
    ...(registry === undefined ? [] : ownFiles(registry)),
    ...(output === undefined || output === "-" ? [] : [resolve(output), resolve(folderBeside(output))]),
  ];
}

/** Its folder; a bucket is no part of what is tested. */
function registryAt(destination: Destination | undefined): string | undefined {
  if (destination === undefined || !("folder" in destination)) return nearest(".", REGISTRY_FILE);
  return isBucketAddress(destination.folder) ? undefined : resolve(destination.folder);
}

interface Told {
  readonly json: true | undefined;
  readonly counts: string | undefined;
  readonly path: string | undefined;
  readonly id?: string;
  readonly digest?: string;
  readonly keyid?: string;
  readonly statement?: Draft | undefined;
  readonly exit: number;
}

function tell(draft: Draft, { json, counts, ...rest }: Told): void {
  const { f3 } = draft.predicate;
  const measurements = f3.checks.find(({ id }) => id === TESTS)?.measurements;
  const numbers = measurements && Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
  if (json) return answerJson({ verdict: f3.verdict, title: f3.title, counts: numbers, ...rest });
  const { sentence } = verdictWording(f3.verdict, f3.checks);
  const scenario = f3.run.exitCode === undefined;
  if (rest.path !== undefined && rest.path !== "-" && scenario) answer(rest.path);
  talk(`${verdictLine(f3.verdict, f3.checks)}  ${f3.title}: ${sentence}`);
  if (counts !== undefined) talk(`${counts}; the command exited with ${String(f3.run.exitCode)}`);
  else if (!scenario && f3.checks.every(({ id }) => !id.startsWith("report")))
    talk(`no report was found, so only the exit code is known; ${reportHint(f3.run.command ?? [], io().cwd())}`);
  for (const check of f3.checks.filter(({ required, outcome }) => required && outcome !== "passed").slice(0, 10))
    talk(`  ${check.outcome}  ${check.claim}  (${check.observed})`);
  if (rest.statement !== undefined) talk("a dry run: nothing was signed or written");
  else if (rest.keyid === undefined)
    talk(
      `not signed yet; sign it with: ${commandLine(["attest", "sign", rest.path ?? "FILE"])}${allowing(draft as Json)}`,
    );
  else talk(`signed with ${rest.keyid}; check it with: ${commandLine(["attest", "verify", rest.path ?? "FILE"])}`);
}
