/** Announces runs and queues them: a signed plan for each, made in the same fresh folder that a worker will make. */
import { AttestError } from "../../core/errors.js";
import type { Signer } from "../../core/keys/key.js";
import type { Outline } from "../../core/statement/plan.js";
import { runScenario } from "../../harness/scenario/run.js";
import { secretsIn, type Secret } from "../../harness/redaction/secrets.js";
import type { Queue } from "../../queue/queue.js";
import { abandoning, announce } from "../run/announce.js";
import { scenarioNamed } from "../run/built-in.js";
import { outlineFor } from "../run/command.js";
import { describeAsked, type AskedRun } from "./asked.js";
import type { Variables } from "./matrix.js";
import { optionsFor, type World } from "./planned-run.js";
import { sourceOf, withSource } from "./run-source.js";

/** Without what the source decides. */
export type Wanted = Omit<AskedRun, "folder" | "project" | "variables">;

export interface AddRequest {
  readonly queue: Queue;
  readonly signer: Signer;
  readonly world: World;
  /** The working directory, in the project. */
  readonly cwd: string;
  readonly command: readonly string[];
  readonly wanted: Wanted;
  readonly matrix: readonly Variables[];
  /** Even if a commit could be fetched. */
  readonly archive: boolean;
  /** Files of the registry, which are not tested. */
  readonly ours: readonly string[];
  readonly needs: readonly string[];
  readonly priority: number;
  readonly allowSecrets: readonly string[];
  /** ` --registry DIR`, for a hint. */
  readonly again: string;
  /** Why an archive was made, or undefined. */
  readonly told: (why: string) => void;
}

export interface AddedRun {
  readonly id: string;
  readonly variables: Variables;
}

const WEEK_MS = 7 * 86_400_000;

/** @throws AttestError `run-refused`, `subject-missing`, `usage`; `queue-failed` with the open plan in its hint */
export async function addRuns(request: AddRequest): Promise<AddedRun[]> {
  const { world, cwd, archive, ours, wanted, matrix, told } = request;
  const { registry, engine, signal } = world;
  if ((await registry.log.current()) === undefined)
    throw new AttestError(
      "usage",
      "the registry has no log, so no run can be announced",
      "start one: attest log start",
    );
  if (wanted.scenario !== undefined) {
    const run: AskedRun = { ...wanted, folder: ".", project: "scenario", variables: {} };
    return [await addOne(request, run, await scenarioOutline(run, request))];
  }
  const { source, name, folder, why } = await sourceOf(cwd, { archive, ours, store: registry.store, engine, signal });
  if (why !== undefined) told(why);
  return await withSource(source, { name, store: registry.store, engine, signal }, async (top) => {
    const added: AddedRun[] = [];
    for (const variables of matrix) {
      const run: AskedRun = { ...wanted, folder, project: name, variables };
      const options = optionsFor(run, top, request.command, describeAsked(run, source), world);
      added.push(await addOne(request, run, await outlineFor(options)));
    }
    return added;
  });
}

interface Outlined {
  readonly outline: Outline;
  readonly secrets: readonly Secret[];
}

/** Begins the scenario and ends it at its announcement, where nothing of it has run. */
async function scenarioOutline(run: AskedRun, { command, world, wanted }: AddRequest): Promise<Outlined> {
  const { name = "", profile, quick } = wanted.scenario ?? {};
  const scenario = await scenarioNamed(name);
  const { engine, tool, env, signal } = world;
  const outlined = await new Promise<Outline>((resolve, reject) => {
    class Enough extends Error {}
    runScenario(
      // Its driver is the worker's.
      {
        ...scenario,
        ready: () => Promise.resolve(),
        configuration: [...scenario.configuration, ...describeAsked(run, undefined)],
      },
      {
        profile,
        quick: quick === true,
        engine,
        tool,
        command,
        signal,
        progress: () => undefined,
        now: () => new Date(),
        announce: (outline) => {
          resolve(outline);
          return Promise.reject(new Enough());
        },
      },
    ).catch((error: unknown) => (error instanceof Enough ? undefined : reject(error as Error)));
  });
  return { outline: outlined, secrets: secretsIn(env, []) };
}

async function addOne(request: AddRequest, run: AskedRun, { outline, secrets }: Outlined): Promise<AddedRun> {
  const { queue, signer, world, command, needs, priority, allowSecrets, again } = request;
  if (outline.command.join("\0") !== command.join("\0"))
    throw new AttestError(
      "usage",
      "the command has a part that no plan can have: a secret, a path of this machine, or more than fits",
      "a worker takes the command from the plan; put it into a script of the project",
    );
  const { registry, engine } = world;
  let announced = "";
  const relation = await announce(outline, secrets, {
    registry,
    signer,
    engine,
    withinMs: WEEK_MS + run.timeout * 1000,
    allowSecrets,
    now: () => new Date(),
    announcing: (id) => (announced = id),
  });
  const plan = relation?.digest?.sha256;
  if (plan === undefined) throw new Error("a registry with a log announces");
  try {
    await queue.add({ plan, needs, priority, limitS: run.timeout });
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    throw new AttestError(
      error.code,
      error.message,
      `its plan is public and not queued: ${abandoning(announced, again)}`,
      { cause: error },
    );
  }
  return { id: announced, variables: run.variables };
}
