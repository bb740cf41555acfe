/** `attest run <scenario>`: the options for a test that is written for this tool. */
import type { Command } from "commander";
import { AttestError } from "../core/errors.js";
import type { Subject } from "../core/statement/statement.js";
import { projectName } from "../harness/command/project.js";
import { checkChoices, runScenario, type Run } from "../harness/scenario/run.js";
import type { DriverChoice, Scenario } from "../harness/scenario/scenario.js";
import { secretsIn } from "../harness/redaction/secrets.js";
import { testedIn } from "../harness/subject/subject.js";
import { TOOL } from "../node/package.js";
import type { Announce } from "../pipeline/run/announce.js";
import { isScenarioFile, loadScenario } from "../pipeline/run/scenario-file.js";
import { scenarioNamed } from "../pipeline/run/built-in.js";
import { engine } from "./context.js";
import { io } from "./io.js";
import { interruptible } from "./signals.js";
import { passOn, Progress } from "./ui.js";

export interface ScenarioOptions {
  readonly profile?: string;
  readonly driver?: string;
  readonly quick?: true;
}

export const withScenarioOptions = (command: Command): Command =>
  command
    .option("--profile <name>", "of a scenario: which variant of the test")
    .option(
      "--driver <name[=path]>",
      "for a scenario: the implementation of the agent's tools: fs, or claude-code=PATH for the vendor's program",
    )
    .option("--quick", "for a scenario: a shorter run, which states what it omitted");

/** The selected test, if it can run with these options. Nothing has run yet. */
export async function scenarioFor(word: string, options: ScenarioOptions): Promise<Scenario> {
  const scenario = isScenarioFile(word)
    ? await interruptible((signal) => loadScenario(word, signal))
    : await named(word);
  checkChoices(scenario, choicesIn(options));
  return scenario;
}

export interface ScenarioCall {
  readonly word: string;
  /** In milliseconds. */
  readonly timeout?: number | undefined;
  /** Files written by this tool. */
  readonly without: readonly string[];
  readonly announce?: Announce | undefined;
}

export async function runScenarioOnce(
  scenario: Scenario,
  options: ScenarioOptions,
  { word, timeout, without, announce }: ScenarioCall,
): Promise<Run> {
  const subject = await subjectFor(scenario, without);
  return await interruptible(async (signal) => {
    const progress = new Progress();
    try {
      return await runScenario(scenario, {
        ...choicesIn(options),
        engine,
        tool: TOOL,
        command: ["attest", "run", isScenarioFile(word) ? scenario.name : word, ...wordsOf(options)],
        subject,
        signal: timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
        progress: (text, share) => progress.say(text, share),
        output: (_, chunk) => passOn("stderr", chunk), // stdout has the answer
        now: () => new Date(),
        announce: announce && ((outline) => announce(outline, secretsIn(io().env, []))),
      });
    } finally {
      progress.end();
    }
  });
}

/** A scenario without its own subject tests the project in which it runs. */
async function subjectFor(scenario: Scenario, without: readonly string[]): Promise<Subject[] | undefined> {
  if (scenario.subject.length > 0) return undefined;
  const tested = await testedIn(".", { ours: without });
  return tested.subjects(projectName(tested.root));
}

async function named(word: string): Promise<Scenario> {
  try {
    return await scenarioNamed(word);
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    throw new AttestError(
      error.code,
      error.message,
      `${error.hint ?? ""}; put a command after two dashes: attest run -- ${word}`,
    );
  }
}

const choicesIn = ({ profile, driver, quick }: ScenarioOptions) => ({
  profile,
  driver: driverOf(driver),
  quick: quick === true,
});

/** `claude-code=/path/to/it`. */
function driverOf(given: string | undefined): DriverChoice | undefined {
  const [, name, path] = /^([^=]*)(?:=(.*))?$/s.exec(given ?? "") ?? [];
  return given === undefined ? undefined : { name: name ?? "", ...(path !== undefined && { path }) };
}

/** As typed, except for the path of the driver's program. */
const wordsOf = ({ profile, driver, quick }: ScenarioOptions): string[] => [
  ...(profile === undefined ? [] : ["--profile", profile]),
  ...(driver === undefined ? [] : ["--driver", driverOf(driver)?.name ?? ""]),
  ...(quick ? ["--quick"] : []),
];
