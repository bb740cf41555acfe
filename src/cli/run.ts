/** `attest run`: a built-in test, run for real, signed and published. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { readable, type Json } from "../core/json.js";
import type { Draft } from "../core/statement.js";
import { TOOL } from "../node/version.js";
import { create } from "../node/files.js";
import { writeBeside } from "../pipeline/evidence.js";
import { checkChoices } from "../harness/run.js";
import type { DriverChoice } from "../harness/scenario.js";
import { runNamed, scenarioNamed } from "../pipeline/run.js";
import { sign } from "../pipeline/sign.js";
import { verdictWording } from "../view/words.js";
import { engine, withExamples, withJson } from "./context.js";
import { deliverOrPrint, destinationOf, signerFor, withSigning, type SigningOptions } from "./destination.js";
import { interruptible } from "./signals.js";
import { answer, answerBytes, answerJson, Progress, talk } from "./ui.js";

interface Options extends SigningOptions {
  readonly profile?: string;
  readonly driver?: string;
  readonly quick?: true;
  readonly dryRun?: true;
  readonly unsigned?: true;
  readonly json?: true;
}

export function run(attest: Command): void {
  const command = attest
    .command("run <scenario>")
    .description(
      "run a built-in test for real, sign what was observed and publish it; exit 0 for VALIDATED, 1 for less",
    )
    .option("--profile <name>", "which variant of the test")
    .option(
      "--driver <name[=path]>",
      "what plays the agent's tools: fs, or claude-code=PATH for the vendor's own program",
    )
    .option("--quick", "a shorter run, which says what it left out")
    .option("--dry-run", "run, and print what would be signed; nothing is written")
    .option("--unsigned", "with --output: write the statement for `attest sign`");
  withExamples(
    withJson(withSigning(command)),
    "attest run task-aware-background",
    "attest run task-aware-background --profile as-published --quick --dry-run",
    "attest run task-aware-background --unsigned --output statement.json; attest sign statement.json",
  ).action(async (name: string, options: Options) => {
    process.exitCode = await runOnce(name, options);
  });
}

async function runOnce(name: string, options: Options): Promise<number> {
  const { output, dryRun, unsigned, json } = options;
  if (dryRun && (output !== undefined || unsigned))
    throw new AttestError(
      "usage",
      "expected --dry-run alone, found it with --output or --unsigned",
      "a dry run writes nothing",
    );
  if (unsigned && output === undefined)
    throw new AttestError(
      "usage",
      "expected --output FILE with --unsigned, found none",
      "the evidence is written beside that file",
    );
  const choices = { profile: options.profile, driver: driverOf(options.driver), quick: options.quick === true };
  checkChoices(scenarioNamed(name), choices);
  // Everything that can be refused is refused before the test runs.
  const destination = dryRun ? undefined : await destinationOf(options);
  const signer = dryRun || unsigned ? undefined : await signerFor(options, destination);

  const { draft, evidence } = await interruptible(async (signal) => {
    const progress = new Progress();
    try {
      return await runNamed(name, {
        ...choices,
        engine,
        tool: TOOL,
        command: ["attest", "run", name, ...chosenIn(options)],
        signal,
        progress: (text, share) => progress.say(text, share),
        now: () => new Date(),
      });
    } finally {
      progress.end();
    }
  });
  const exit = draft.predicate.f3.verdict === "VALIDATED" ? 0 : 1;
  if (signer === undefined) {
    const statement = readable(draft as Json);
    if (output !== undefined && output !== "-") {
      writeBeside(output, evidence);
      create(output, statement);
    } else if (!json) answerBytes(statement);
    tell(draft, { json, path: output, statement: dryRun ? draft : undefined, exit });
    return exit;
  }
  const attestation = await sign(draft, signer, engine, new Date());
  const path = await deliverOrPrint(destination, attestation, evidence, signer);
  const { id, digest } = attestation;
  if (path !== undefined || !json) tell(draft, { json, path, id, digest, keyid: signer.key.keyid, exit });
  return exit;
}

/** `claude-code=/path/to/it`. */
function driverOf(given: string | undefined): DriverChoice | undefined {
  const [, name, path] = /^([^=]*)(?:=(.*))?$/s.exec(given ?? "") ?? [];
  return given === undefined ? undefined : { name: name ?? "", ...(path !== undefined && { path }) };
}

/** As it was called, but for where the driver's program lies on this machine. */
const chosenIn = ({ profile, driver, quick }: Options): string[] => [
  ...(profile === undefined ? [] : ["--profile", profile]),
  ...(driver === undefined ? [] : ["--driver", driverOf(driver)?.name ?? ""]),
  ...(quick ? ["--quick"] : []),
];

interface Told {
  readonly json: true | undefined;
  readonly path: string | undefined;
  readonly id?: string;
  readonly digest?: string;
  readonly keyid?: string;
  readonly statement?: Draft | undefined;
  readonly exit: number;
}

function tell({ predicate: { f3 } }: Draft, { json, ...rest }: Told): void {
  if (json) return answerJson({ verdict: f3.verdict, title: f3.title, ...rest });
  const { word, sentence } = verdictWording(f3.verdict, f3.checks);
  if (rest.path !== undefined && rest.path !== "-") answer(rest.path);
  talk(`${word}  ${f3.title}: ${sentence}`);
  if (rest.statement !== undefined) talk("a dry run: nothing was signed or written");
  else if (rest.keyid === undefined) talk(`not signed yet; sign it with: attest sign ${rest.path ?? "FILE"}`);
  else talk(`signed with ${rest.keyid}; check it with: attest verify ${rest.path ?? "FILE"}`);
}
