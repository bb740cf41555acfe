/** Runs a scenario in a temporary home and drafts a statement from its reports. The verdict is derived, never reported. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { readable } from "../../core/json.js";
import type { Outline } from "../../core/statement/plan.js";
import { draft, type Draft, type Relation, type Subject } from "../../core/statement/statement.js";
import { temporaryFolder } from "../../node/files.js";
import { environment } from "../command/environment.js";
import { Recorder } from "./recorder.js";
import type { DriverChoice, Probe, Profile, Scenario } from "./scenario.js";
import { folderDigest } from "./source.js";

export interface Run {
  readonly draft: Draft;
  /** Key: lowercase SHA-256. The digests among the draft's evidence whose bytes are here. */
  readonly evidence: ReadonlyMap<string, Bytes>;
}

export interface ScenarioRunOptions {
  readonly profile: string | undefined;
  readonly driver?: DriverChoice | undefined;
  readonly quick?: boolean;
  readonly engine: Engine;
  /** Name and version of this tool. */
  readonly tool: string;
  readonly command: readonly string[];
  /** Replaces the scenario's own subject; required if it has none. */
  readonly subject?: readonly Subject[] | undefined;
  /** Aborting discards the run, except by a `TimeoutError` (AbortSignal.timeout), which is recorded as the cause. */
  readonly signal: AbortSignal;
  readonly progress: (text: string, share: number) => void;
  /** Live output of the scenario's processes. */
  readonly output?: Probe["output"];
  readonly now: () => Date;
  /** Called before anything runs, with what is known then. It returns a relation of the result. */
  readonly announce?: ((outline: Outline) => Promise<Relation | undefined>) | undefined;
}

/** @throws AttestError `scenario-unknown` for an unknown profile or driver, or a missing shorter run */
export function checkChoices(scenario: Scenario, { profile, driver, quick }: Partial<ScenarioRunOptions>): Profile {
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

/**
 * @throws AttestError as `checkChoices`, `subject-missing`, `driver-missing`, `interrupted`; any other error becomes an
 * errored check
 */
export async function runScenario(scenario: Scenario, options: ScenarioRunOptions): Promise<Run> {
  const profile = checkChoices(scenario, options);
  const { engine, signal, progress, output = () => undefined, now, quick = false } = options;
  const subject = options.subject ?? profile.subject ?? scenario.subject;
  if (subject.length === 0)
    throw new AttestError(
      "subject-missing",
      `${scenario.name} names no file or commit that it tests`,
      'name it in the scenario: subject: ["a-file"]',
    );
  const name = options.profile ?? scenario.defaultProfile;
  const driver = options.driver ?? { name: scenario.drivers[0] ?? "" };
  await scenario.ready?.(driver);
  const outline = outlineOf(scenario, profile, { ...options, subject });
  const plan = await options.announce?.(outline);
  const recorder = new Recorder(profile, engine, now);
  const home = temporaryFolder("run");
  try {
    await scenario.run(recorder.probe({ profile: name, driver, quick, home, signal, progress, output }));
  } catch (error) {
    // Without its driver the scenario observed nothing, so there is nothing to state.
    if (error instanceof AttestError && ["driver-missing", "scenario-unknown"].includes(error.code)) throw error;
    recorder.breakOff(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
  if (signal.aborted && outOfTime(signal)) recorder.breakOff("it was not done in the time that it was given");
  else if (signal.aborted)
    throw new AttestError(
      "interrupted",
      "the run was interrupted",
      "its result was not signed; run the same command again",
    );
  return stated(scenario, profile, name, recorder, { ...options, outline, plan });
}

/** Fixed before the run and equal in plan and result. */
function outlineOf(scenario: Scenario, profile: Profile, options: ScenarioRunOptions): Outline {
  const { engine, subject = [], command, quick } = options;
  const { source } = scenario;
  const sha256 = typeof source === "string" ? folderDigest(dirname(fileURLToPath(source)), engine) : source.sha256;
  const chosen = { profile: options.profile ?? scenario.defaultProfile, length: quick === true ? "quick" : "full" };
  return {
    subject,
    title: scenario.title,
    hypothesis: scenario.hypothesis,
    checks: profile.checks,
    configuration: [
      {
        name: `scenario ${scenario.name}`,
        digest: { sha256 },
        ...(Object.keys(scenario.profiles).length > 1 && { annotations: chosen }),
      },
      ...scenario.configuration,
    ],
    command,
  };
}

interface Ran extends ScenarioRunOptions {
  readonly outline: Outline;
  readonly plan: Relation | undefined;
}

const outOfTime = ({ reason }: AbortSignal): boolean =>
  reason instanceof DOMException && reason.name === "TimeoutError";

function stated(scenario: Scenario, profile: Profile, name: string, recorder: Recorder, options: Ran): Run {
  const { tool, outline, plan, now, quick } = options;
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
      subject: [...outline.subject],
      configuration: [...outline.configuration, ...configuration],
      f3: {
        title: told.title ?? scenario.title,
        hypothesis: outline.hypothesis,
        summary: told.summary,
        sections: [...told.sections],
        checks: [...checks],
        ...(profile.figures && { figures: [...profile.figures] }),
        notChecked: [...profile.notChecked, ...notChecked, ...(quick === true ? (profile.quick ?? []) : [])],
        evidence: [...evidence],
        relations: [...scenario.relations, ...(profile.relations ?? []), ...(plan === undefined ? [] : [plan])],
        run: {
          startedAt: recorder.startedAt.toISOString(),
          finishedAt: finishedAt.toISOString(),
          command: [...outline.command],
          environment: machine,
        },
      },
    }),
  };
}
