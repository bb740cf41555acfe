/** `attest run … -- <command…>`: the options for a command, and how its output is passed on. */
import { Command } from "commander";
import { AttestError } from "../core/errors.js";
import { looksSecret } from "../harness/redaction/secrets.js";
import { TOOL } from "../node/package.js";
import { runTests, type CommandRun } from "../pipeline/run/command.js";
import type { Announce } from "../pipeline/run/announce.js";
import { engine } from "./context.js";
import { io, typed } from "./io.js";
import { collect, milliseconds } from "./options.js";
import { interruptible } from "./signals.js";
import { passOn, talk } from "./ui.js";

export interface RunCommandOptions {
  readonly report?: readonly string[];
  readonly subject?: readonly string[];
  readonly env?: readonly string[];
  readonly title?: string;
  /** In milliseconds. */
  readonly timeout?: number;
  /** False if `--no-skips` is given. */
  readonly skips?: boolean;
  readonly allowRetries?: true;
  readonly allowCounts?: true;
  readonly sandbox?: true;
}

export const withCommandOptions = (command: Command): Command =>
  command
    .option(
      "--report <path>",
      "a report that the command writes, a folder of them, or a pattern ('out/*.xml'): CTRF, JUnit XML, TAP, JSON of vitest or jest, go test -json; - is its output (reports in known places by default)",
      collect,
    )
    .option(
      "--subject <path>",
      "a file or folder that is tested (the git commit of the working directory; outside of git all files in it)",
      collect,
    )
    .option("--env <name>", "a variable to record with its value, beside the usual few", collect)
    .option("--title <text>", "what the attestation is called (the command and the project)")
    .option("--timeout <seconds>", "end the command and all that it started after so long", milliseconds)
    .option("--no-skips", "a test that is skipped leaves the run open: INCONCLUSIVE")
    .option("--allow-retries", "a test that passes only when it is tried again does not leave the run open")
    .option("--allow-counts", "a report whose counters count more than its tests does not leave the run open")
    .option("--sandbox", "shut the command in with bubblewrap: no network, the system read-only");

/** The options given although there is no command. */
const givenAmong = (command: Command): string[] =>
  withCommandOptions(new Command()).options.flatMap((option) =>
    command.getOptionValueSource(option.attributeName()) === "cli" ? (option.long ?? []) : [],
  );

/** What to run: the words after `--` are a command, one word before it a scenario. @param verb as typed after `attest` */
export function wantedIn(
  command: Command,
  verb: string,
): { readonly scenario: string } | { readonly command: readonly string[] } {
  const { args: words } = command;
  const [word, ...more] = words;
  const usage = (found: string, hint: string): AttestError =>
    new AttestError("usage", `attest ${verb} takes one scenario, or a command after --, not ${found}`, hint);
  if (word === undefined) throw usage("neither", `attest ${verb} -- npm test`);
  if (!typed().includes("--")) {
    if (more.length > 0)
      throw usage(words.join(" "), `put a command after two dashes: attest ${verb} -- ${words.join(" ")}`);
    const foreign = givenAmong(command).find((name) => name !== "--timeout");
    if (foreign !== undefined) throw usage(`${foreign} without a command`, `attest ${verb} ${foreign} … -- npm test`);
    return { scenario: word };
  }
  const after = typed().slice(typed().indexOf("--") + 1);
  if (after.length !== words.length)
    throw usage(
      `${words.slice(0, words.length - after.length).join(" ")} before it`,
      `attest ${verb} -- ${after.join(" ")}`,
    );
  const foreign = ["profile", "driver", "quick"].find((name) => command.getOptionValueSource(name) === "cli");
  if (foreign !== undefined) throw usage(`--${foreign}, which is a scenario's`, "leave it out for a command");
  return { command: words };
}

export interface RunCall {
  readonly command: readonly string[];
  /** Files written by this tool. */
  readonly without: readonly string[];
  /** Where it publishes. */
  readonly registry: string | undefined;
  /** Named files with secrets. */
  readonly hidden: readonly string[];
  /** The answer goes to stdout, so the command's stdout goes to stderr. */
  readonly aside: boolean;
  readonly announce?: Announce | undefined;
}

export async function runCommandOnce(
  options: RunCommandOptions,
  { command, without, registry, hidden, aside, announce }: RunCall,
): Promise<CommandRun> {
  for (const name of options.env ?? []) recordable(name);
  return await interruptible((signal) =>
    runTests({
      command,
      cwd: io().cwd(),
      env: io().env,
      title: options.title,
      reports: options.report ?? [],
      subjects: options.subject ?? [],
      recorded: options.env ?? [],
      timeoutMs: options.timeout,
      noSkips: options.skips === false,
      allowRetries: options.allowRetries === true,
      allowCounts: options.allowCounts === true,
      sandbox: options.sandbox === true,
      registry,
      hidden,
      without,
      engine,
      tool: TOOL,
      signal,
      warn: talk,
      output: (stream, chunk) => passOn(aside ? "stderr" : stream, chunk),
      announce,
    }),
  );
}

/** @throws AttestError `usage` */
export function recordable(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new AttestError(
      "usage",
      `--env takes the name of a variable, not ${JSON.stringify(name)}`,
      "its value is taken from the environment: --env NAME",
    );
  if (looksSecret(name))
    throw new AttestError(
      "usage",
      `--env cannot publish ${name}`,
      "its name marks it as a secret, and secrets are always removed",
    );
}
