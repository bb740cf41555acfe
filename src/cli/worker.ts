/** `attest worker`: takes queued runs, does them here and publishes what came of them; or signs what other workers did. */
import type { AddressInfo } from "node:net";
import { Option, type Command } from "commander";
import type { TrustedKey } from "../core/verify/signatures.js";
import { checkRules } from "../harness/redaction/scan.js";
import { TOOL } from "../node/package.js";
import { KEY_VARIABLE } from "../keystore/environment.js";
import { keysOf } from "../pipeline/load/trusted-keys.js";
import { QUEUE_PLACE } from "../pipeline/queue/places.js";
import { checkAndSign, runAndAnswer, type Hands } from "../pipeline/queue/work-on.js";
import { work, type WorkerEvent } from "../pipeline/queue/worker.js";
import { QUEUES } from "../queue/job.js";
import { QUEUE_VARIABLE } from "../queue/address.js";
import { isBucketAddress } from "../store/open.js";
import { engine, openRegistry, registryFolder } from "./context.js";
import { destinationOf, signerFor, type SigningOptions } from "./destination.js";
import { io } from "./io.js";
import { withKeys, type KeyOptions } from "./key-options.js";
import { milliseconds, withAllowSecret, withExamples, withPassphrase, type SecretOptions } from "./options.js";
import {
  addressOf,
  integer,
  labelList,
  machineName,
  shortName,
  withQueue,
  type QueueOptions,
} from "./queue-options.js";
import { interruptible } from "./signals.js";
import { jsonLine, talk } from "./ui.js";
import { listen, Metrics } from "./worker-listen.js";

interface Options extends QueueOptions, SigningOptions, SecretOptions, KeyOptions {
  readonly concurrency?: number;
  readonly labels?: readonly string[];
  readonly name?: string;
  readonly once?: true;
  readonly sign?: true;
  /** In milliseconds. */
  readonly grace?: number;
  readonly listen?: string;
  readonly log?: "text" | "json";
}

const GRACE_MS = 30_000;

export function workerCommand(attest: Command): void {
  const command = attest
    .command("worker")
    .description(
      "take queued runs and do them here; publish the results with the key that announced them, or leave them to `attest worker --sign`",
    );
  withQueue(command)
    .option("--registry <dir>", "the registry of the runs (the nearest one by default)")
    .option("--concurrency <n>", "so many runs at once (1)", integer(1, 256))
    .option("--labels <labels>", "what this machine has, for runs that need it", labelList)
    .option("--name <name>", "what statements call this machine (a part of the digest of its host name)", shortName)
    .option("--once", "end when there is nothing to take")
    .option("--sign", "run nothing: check what workers without a key have run, sign and publish it")
    .option(
      "--grace <seconds>",
      "after SIGTERM, let runs go on for so long; then another worker gets them (30)",
      milliseconds,
    )
    .option("--signer <name>", "the key that announced the runs (none, unless F3_ATTEST_KEY has one)")
    .option("--listen <host:port>", "serve /metrics and /health there")
    .addOption(new Option("--log <form>", "how events are told on stderr").choices(["text", "json"]).default("text"));
  withExamples(
    withAllowSecret(withKeys(withPassphrase(command))),
    "attest worker --once",
    "attest worker --sign --once --signer signer",
  ).action(async (options: Options) => await start(options));
}

async function start(options: Options): Promise<void> {
  const { concurrency = 1, labels = [], name = machineName(), once = false, sign = false, grace = GRACE_MS } = options;
  checkRules(options.allowSecret ?? []);
  const address = addressOf(options);
  const metrics = new Metrics();
  const tell = (event: WorkerEvent): void => {
    metrics.count(event);
    if (options.log === "json") io().stderr.write(jsonLine({ time: new Date().toISOString(), ...event }));
    else talk(inWords(event));
  };
  const hands = await handsOf(options, address, (why) => tell({ event: "warned", why }));
  const server = options.listen === undefined ? undefined : await listen(options.listen, metrics);
  if (server !== undefined) tell({ event: "listening", port: (server.address() as AddressInfo).port });
  try {
    await interruptible((signal) =>
      work({
        address,
        queue: sign ? QUEUES.unsigned : QUEUES.runs,
        machine: name,
        labels,
        concurrency,
        once,
        graceMs: grace,
        signal,
        act: (attempt) => (sign ? checkAndSign(attempt, hands) : runAndAnswer(attempt, hands)),
        tell,
      }),
    );
  } finally {
    server?.close();
    server?.closeAllConnections();
  }
}

async function handsOf(options: Options, address: string, warn: (sentence: string) => void): Promise<Hands> {
  const { sign, signer: named, allowSecret = [], passphraseFile } = options;
  const folder = registryFolder(options.registry);
  const hasKey = sign === true || named !== undefined || io().env[KEY_VARIABLE] !== undefined;
  const signer = hasKey ? await signerFor(options, await destinationOf({ registry: folder })) : undefined;
  const registry = await openRegistry(folder);
  await registry.store.mustBeWritable(QUEUE_PLACE);
  // What opens the queue and the registry is no business of a tested command, and must not be published.
  const own = ([variable]: readonly [string, unknown]): boolean =>
    /^PG[A-Z]+$/.test(variable) || (isBucketAddress(folder) && variable.startsWith("AWS_"));
  const all = Object.entries(io().env);
  return {
    signer,
    trusted: await trustedIn(options),
    allowSecrets: allowSecret,
    world: {
      registry,
      engine,
      tool: TOOL,
      env: Object.fromEntries(all.filter((one) => !own(one))),
      around: { ...Object.fromEntries(all.filter(own)), [QUEUE_VARIABLE]: address },
      hidden: passphraseFile === undefined ? [] : [passphraseFile],
      output: () => undefined,
      warn,
    },
  };
}

/** Only if some were named: otherwise the registry says whose plans are run. */
async function trustedIn({ key = [], keyring = [] }: KeyOptions): Promise<readonly TrustedKey[] | undefined> {
  if (key.length + keyring.length === 0) return undefined;
  return await keysOf({ keys: key, keyrings: keyring, keystore: undefined, engine, now: new Date() });
}

function inWords({ event, run, why, result, seconds, machine, attempt, port }: WorkerEvent): string {
  const told = [
    run,
    attempt !== undefined && attempt > 1 ? `attempt ${attempt}` : undefined,
    result,
    machine,
    port === undefined ? undefined : `port ${port}`,
    seconds === undefined ? undefined : `after ${seconds.toFixed(1)} s`,
    why,
  ].filter((one) => one !== undefined);
  return [event, ...told].join("  ");
}
