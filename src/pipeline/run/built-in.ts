/** From the name of a scenario to a finished run. */
import { AttestError } from "../../core/errors.js";
import { runScenario, type Run, type ScenarioRunOptions } from "../../harness/scenario/run.js";
import type { Scenario } from "../../harness/scenario/scenario.js";

/** Loaded on demand. @throws AttestError `scenario-unknown` */
export async function scenarioNamed(name: string): Promise<Scenario> {
  const { scenarios } = await import("../../scenarios/index.js");
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) {
    throw new AttestError(
      "scenario-unknown",
      `no built-in test is named ${JSON.stringify(name)}`,
      `there is: ${scenarios.map((scenario) => scenario.name).join(", ")}`,
    );
  }
  return found;
}

export const runNamed = async (name: string, options: ScenarioRunOptions): Promise<Run> =>
  runScenario(await scenarioNamed(name), options);
