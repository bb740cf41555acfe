/** `attest queue add`: announces runs, and queues them. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { checkRules } from "../harness/redaction/scan.js";
import { TOOL } from "../node/package.js";
import { combinations } from "../pipeline/queue/matrix.js";
import { addRuns, type Wanted } from "../pipeline/queue/add.js";
import { insideOf } from "../pipeline/queue/planned-run.js";
import { isScenarioFile } from "../pipeline/run/scenario-file.js";
import { MAX_LIMIT_S } from "../queue/queue.js";
import { isBucketAddress } from "../store/open.js";
import { ownFiles } from "../store/own-files.js";
import { engine, registryFolder } from "./context.js";
import { destinationOf, registryOf, signerFor, typedAgain, withSigning, type SigningOptions } from "./destination.js";
import { io } from "./io.js";
import { collect, withAllowSecret, withExamples, withJson, type SecretOptions } from "./options.js";
import { addressOf, integer, labelList, withOpenQueue, withQueue, type QueueOptions } from "./queue-options.js";
import { recordable, wantedIn, withCommandOptions, type RunCommandOptions } from "./run-command.js";
import { interruptible } from "./signals.js";
import { answer, answerJson, talk } from "./ui.js";
import { QUEUE_VARIABLE } from "../queue/address.js";

interface Options extends QueueOptions, SigningOptions, SecretOptions, RunCommandOptions {
  readonly matrix?: readonly string[];
  readonly priority?: number;
  readonly needs?: readonly string[];
  readonly archive?: true;
  readonly profile?: string;
  readonly quick?: true;
  readonly json?: true;
}

const DEFAULT_TIMEOUT_S = 3600;

export function queueAdd(queue: Command): void {
  const command = queue
    .command("add [test] [command...]")
    .usage("[options] -- <command...>\n       attest queue add [options] <scenario>")
    .description(
      "announce a run of your tests or of a built-in scenario, and queue it: one for each combination of the matrix",
    );
  withQueue(withCommandOptions(command))
    .option(
      "--matrix <name=a,b>",
      "run it with each of these values of a variable (several: each combination)",
      collect,
    )
    .option("--priority <n>", "higher ones go first (0)", integer(-1000, 1000))
    .option("--needs <labels>", "only workers with all of these labels take it", labelList)
    .option("--archive", "give the tracked files as they are to the worker, even if the commit is at a remote")
    .option("--profile <name>", "of a scenario: which variant of the test")
    .option("--quick", "for a scenario: a shorter run, which states what it omitted");
  withExamples(
    withJson(withAllowSecret(withoutOutput(withSigning(command)))),
    "attest queue add -- npm test",
    "attest queue add --matrix NODE_ENV=test,production --needs linux -- node --test",
  ).action(async (_test: unknown, _command: unknown, options: Options, command: Command) => {
    await add(command, options);
  });
}

/** The result is a worker's. */
function withoutOutput(command: Command): Command {
  const options = command.options as unknown as { long?: string | null }[];
  options.splice(0, options.length, ...options.filter(({ long }) => long !== "--output"));
  return command;
}

async function add(command: Command, options: Options): Promise<void> {
  const { matrix = [], priority = 0, needs = [], allowSecret: allowSecrets = [], env = [], json } = options;
  checkRules(allowSecrets);
  const wanted = wantedIn(command, "queue add");
  const variables = combinations(matrix);
  for (const name of [...env, ...Object.keys(variables[0] ?? {})]) recordable(name);
  if ("scenario" in wanted && (matrix.length > 0 || isScenarioFile(wanted.scenario)))
    throw new AttestError(
      "usage",
      matrix.length > 0 ? "--matrix is for a command" : "a worker runs built-in scenarios, and commands",
      "attest queue add -- npm test",
    );
  const timeoutS = (options.timeout ?? DEFAULT_TIMEOUT_S * 1000) / 1000;
  if (timeoutS > MAX_LIMIT_S)
    throw new AttestError("usage", `a queued run may take ${MAX_LIMIT_S} s at most`, "name less with --timeout");
  const cwd = io().cwd();
  const destination = await destinationOf(options);
  const registry = registryOf(destination);
  if (registry === undefined) throw new Error("without --output there is a registry");
  const { command: words, scenario } =
    "scenario" in wanted
      ? {
          command: ["attest", "run", wanted.scenario, ...scenarioWords(options)],
          scenario: scenarioOf(wanted.scenario, options),
        }
      : { command: wanted.command, scenario: undefined };
  const asked: Wanted = {
    reports: options.report ?? [],
    subjects: (options.subject ?? []).map((path) => insideOf(cwd, path)),
    recorded: [...env],
    noSkips: options.skips === false,
    allowRetries: options.allowRetries === true,
    allowCounts: options.allowCounts === true,
    sandbox: options.sandbox === true,
    timeout: timeoutS,
    ...(options.title !== undefined && { title: options.title }),
    ...(scenario && { scenario }),
  } as Wanted;
  const address = addressOf(options);
  const folder = registryFolder(options.registry);
  const added = await withOpenQueue(options, async (queue) => {
    const signer = await signerFor(options, destination);
    return await interruptible((signal) =>
      addRuns({
        queue,
        signer,
        cwd,
        command: words,
        wanted: asked,
        matrix: variables,
        archive: options.archive === true,
        ours: isBucketAddress(folder) ? [] : ownFiles(resolve(folder)),
        needs,
        priority,
        allowSecrets,
        again: typedAgain(options, destination).registry,
        told: (why) => talk(`queued as an archive of the tracked files: ${why}`),
        world: {
          registry,
          engine,
          tool: TOOL,
          env: io().env,
          around: { [QUEUE_VARIABLE]: address },
          hidden: [],
          signal,
          output: () => undefined,
          warn: talk,
        },
      }),
    );
  });
  if (json) return void answerJson({ runs: added });
  for (const { id, variables: chosen } of added)
    answer([id, ...Object.entries(chosen).map(([name, value]) => `${name}=${value}`)].join("\t"));
  talk(
    `announced and queued ${added.length === 1 ? "a run" : `${added.length} runs`}; follow with: attest queue status`,
  );
}

const scenarioOf = (name: string, { profile, quick }: Options): Wanted["scenario"] => ({
  name,
  ...(profile !== undefined && { profile }),
  ...(quick && { quick }),
});

const scenarioWords = ({ profile, quick }: Options): string[] => [
  ...(profile === undefined ? [] : ["--profile", profile]),
  ...(quick ? ["--quick"] : []),
];
