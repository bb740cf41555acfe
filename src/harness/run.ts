/** Runs a scenario in a temporary home and makes a draft statement of what it reported. The verdict is derived, never reported. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { readable } from "../core/json.js";
import { draft, type Draft } from "../core/statement.js";
import { environment } from "./environment.js";
import { Recorder } from "./recorder.js";
import type { DriverChoice, Profile, Scenario } from "./scenario.js";
import { folderDigest } from "./source.js";

export interface Run {
  readonly draft: Draft;
  /** By lowercase SHA-256; every digest among the draft's evidence that has bytes here. */
  readonly evidence: ReadonlyMap<string, Bytes>;
}

export interface RunOptions {
  readonly profile: string | undefined;
  readonly driver?: DriverChoice | undefined;
  readonly quick?: boolean;
  readonly engine: Engine;
  /** Name and version of this tool. */
  readonly tool: string;
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: (text: string, share: number) => void;
  readonly now: () => Date;
}

/** @throws AttestError `scenario-unknown` for the profile, the driver or the shorter run that it does not have */
export function checkChoices(scenario: Scenario, { profile, driver, quick }: Partial<RunOptions>): Profile {
  const unknown = (what: string, found: string, hint: string): AttestError =>
    new AttestError("scenario-unknown", `expected ${what} of ${scenario.name}, found ${JSON.stringify(found)}`, hint);
  const name = profile ?? scenario.defaultProfile;
  const chosen = Object.hasOwn(scenario.profiles, name) ? scenario.profiles[name] : undefined;
  if (chosen === undefined)
    throw unknown("a profile", name, `its profiles: ${Object.keys(scenario.profiles).join(", ")}`);
  if (driver !== undefined && !scenario.drivers.includes(driver.name))
    throw unknown("a driver", driver.name, `its drivers: ${scenario.drivers.join(", ")}`);
  if (quick === true && chosen.quick === undefined)
    throw unknown("a shorter run", "--quick", `the profile ${name} has only one length`);
  return chosen;
}

/** @throws AttestError as `checkChoices`, `driver-missing`, `interrupted`; what else the scenario throws becomes an errored check */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Run> {
  const profile = checkChoices(scenario, options);
  const { engine, signal, progress, now, quick = false } = options;
  const recorder = new Recorder(profile, engine, now);
  const home = mkdtempSync(join(tmpdir(), "f3-attest-run-"));
  const name = options.profile ?? scenario.defaultProfile;
  const driver = options.driver ?? { name: scenario.drivers[0] ?? "" };
  try {
    await scenario.run(recorder.probe({ profile: name, driver, quick, home, signal, progress }));
  } catch (error) {
    // A driver that cannot be had is no observation: there is nothing to state.
    if (error instanceof AttestError && ["driver-missing", "scenario-unknown"].includes(error.code)) throw error;
    recorder.breakOff(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
  if (signal.aborted)
    throw new AttestError(
      "interrupted",
      "the run was interrupted",
      "nothing was signed or published; run the same command again",
    );
  return stated(scenario, profile, name, recorder, options);
}

function stated(scenario: Scenario, profile: Profile, name: string, recorder: Recorder, options: RunOptions): Run {
  const { engine, tool, command, now, quick } = options;
  const finishedAt = now();
  const machine = environment(tool);
  recorder.attach({
    name: "environment.json",
    role: "environment",
    mediaType: "application/json",
    bytes: readable(machine),
    source: { date: finishedAt, kind: "observed" },
  });
  const { checks, evidence, configuration, notChecked, bytes } = recorder.finish(finishedAt);
  const told = scenario.tell(checks, name);
  return {
    evidence: bytes,
    draft: draft({
      subject: profile.subject ?? scenario.subject,
      configuration: [
        {
          name: `scenario ${scenario.name}`,
          digest: { sha256: folderDigest(dirname(fileURLToPath(scenario.source)), engine) },
          annotations: { profile: name, length: quick === true ? "quick" : "full" },
        },
        ...scenario.configuration,
        ...configuration,
      ],
      f3: {
        title: told.title ?? scenario.title,
        hypothesis: scenario.hypothesis,
        summary: told.summary,
        sections: [...told.sections],
        checks: [...checks],
        ...(profile.figures && { figures: [...profile.figures] }),
        notChecked: [...profile.notChecked, ...notChecked, ...(quick === true ? (profile.quick ?? []) : [])],
        evidence: [...evidence],
        relations: [...scenario.relations, ...(profile.relations ?? [])],
        run: {
          startedAt: recorder.startedAt.toISOString(),
          finishedAt: finishedAt.toISOString(),
          command: [...command],
          environment: machine,
        },
      },
    }),
  };
}
