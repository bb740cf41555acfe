/** A run from its signed plan to a draft: the plan is believed only if its key is trusted, and run only if it describes what is there. */
import { relative, resolve } from "node:path";
import { equal } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, type Json } from "../../core/json.js";
import { keyHistory } from "../../core/verify/key-history.js";
import { knownFrom, type TrustedKey } from "../../core/verify/signatures.js";
import { verify } from "../../core/verify/verify.js";
import type { Outline, PlanStatement } from "../../core/statement/plan.js";
import type { Draft, Relation } from "../../core/statement/statement.js";
import { withoutRepository } from "../../harness/command/environment.js";
import type { Stream } from "../../harness/command/command.js";
import { runScenario, type Run } from "../../harness/scenario/run.js";
import { secretsIn, type Secret } from "../../harness/redaction/secrets.js";
import { attestationPath, type Registry } from "../../store/registry.js";
import { runTests, type CommandRunOptions } from "../run/command.js";
import { inCheckout } from "../run/reproduce.js";
import { scenarioNamed } from "../run/built-in.js";
import { askedIn, type Asked, type AskedRun } from "./asked.js";
import { withSource } from "./run-source.js";
import type { Descriptor } from "../../core/statement/statement.js";

export interface PlannedRun {
  readonly id: string;
  readonly digest: string;
  readonly plan: PlanStatement;
  /** Those who announced it, by valid signatures. */
  readonly keyids: readonly string[];
}

/**
 * @param trusted the keys whose plans are run; undefined for all that the registry lists
 * @throws AttestError `plan-missing`, `run-refused`
 */
export async function readPlanned(
  registry: Registry,
  digest: string,
  { trusted, engine, now }: { trusted: readonly TrustedKey[] | undefined; engine: Engine; now: Date },
): Promise<PlannedRun> {
  const id = `plan_${digest.slice(0, 16)}`;
  const refused = (found: string): AttestError => new AttestError("run-refused", `${id} is not run: ${found}`);
  const bytes = await registry.store.read(attestationPath(id));
  if (bytes === undefined)
    throw new AttestError(
      "plan-missing",
      `the registry has no ${attestationPath(id)}`,
      "it may arrive later: try again",
    );
  const listed = knownFrom(await registry.keyring(), "site", "the registry's keyring");
  const notices = await registry.markedNotices(["rotate", "revoke"]);
  const { keys, seen } = keyHistory(notices, [...(trusted ?? []), ...listed], engine);
  const report = verify(bytes, { engine, keys, seen, now, fileName: `${id}.json`, named: true });
  const fault = report.checks.find(({ name, status }) => status === "failed" && name !== "trust");
  if (fault !== undefined) throw refused(fault.detail);
  const { plan } = report;
  if (plan === undefined || report.digest !== digest) throw refused("it is another document");
  const words = trusted === undefined ? ["confirmed-by-you", "registry-only"] : ["confirmed-by-you"];
  const signers = report.signers.filter(({ signature, trust }) => signature === "ok" && words.includes(trust));
  if (signers.length === 0) throw refused("no key announced it whose plans are run here");
  if (Date.parse(plan.predicate.deadline) < now.getTime())
    throw refused(`its result was promised for ${plan.predicate.deadline}`);
  return { id, digest, plan, keyids: signers.map(({ keyid }) => keyid) };
}

export interface World {
  readonly registry: Registry;
  readonly engine: Engine;
  readonly tool: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values that this process knows and a command does not. */
  readonly around: Readonly<Record<string, string | undefined>>;
  readonly hidden: readonly string[];
  readonly signal: AbortSignal;
  readonly output: (stream: Stream, chunk: Uint8Array) => Promise<void> | void;
  readonly warn?: (sentence: string) => void;
}

/** How the command of a plan is run in a folder that has its source: the same for who announces it and who runs it. */
export function optionsFor(
  run: AskedRun,
  top: string,
  command: readonly string[],
  configuration: readonly Descriptor[],
  { engine, tool, env, around, hidden, signal, output, warn }: World,
): CommandRunOptions {
  const cwd = inCheckout(top, run.folder);
  for (const path of run.subjects) inCheckout(cwd, path);
  return {
    command,
    cwd,
    env: { ...withoutRepository(env), ...run.variables },
    around: { ...env, ...around }, // a variable of the plan must not hide one of ours
    title: run.title,
    reports: run.reports,
    subjects: run.subjects,
    recorded: [...new Set([...run.recorded, ...Object.keys(run.variables)])],
    timeoutMs: run.timeout * 1000,
    noSkips: run.noSkips,
    allowRetries: run.allowRetries,
    allowCounts: run.allowCounts,
    sandbox: run.sandbox,
    hidden,
    without: [],
    engine,
    tool,
    signal,
    output,
    warn,
    configuration,
  };
}

/** A finished run, unsigned; and what must not be in it. */
export interface Finished extends Run {
  readonly secrets: readonly Secret[];
}

/** @throws AttestError `run-refused` if what is there is not what was announced: nothing of it was started */
export async function runPlanned(planned: PlannedRun, world: World): Promise<Finished> {
  const { configuration, command } = planned.plan.predicate;
  const asked = askedIn(configuration);
  const announce = (outline: Outline): Promise<Relation> => {
    const other = differs(planned.plan, outline);
    if (other !== undefined)
      return Promise.reject(
        new AttestError("run-refused", `${planned.id} announces another run than this worker would make: ${other}`),
      );
    return Promise.resolve({ type: "planned-by", target: planned.id, digest: { sha256: planned.digest } });
  };
  const { run, source } = asked;
  if (run.scenario !== undefined) return await scenarioRun(asked, run.scenario, command, world, announce);
  if (source === undefined) throw new Error("a command has a source");
  const { registry, engine, signal } = world;
  return await withSource(source, { name: run.project, store: registry.store, engine, signal }, async (top) =>
    runTests({ ...optionsFor(run, top, command, asked.configuration, world), announce }),
  );
}

async function scenarioRun(
  { run, configuration }: Asked,
  { name, profile, quick }: NonNullable<AskedRun["scenario"]>,
  command: readonly string[],
  { engine, tool, env, around, signal, output }: World,
  announce: (outline: Outline) => Promise<Relation>,
): Promise<Finished> {
  const scenario = await scenarioNamed(name);
  const done = await runScenario(
    { ...scenario, configuration: [...scenario.configuration, ...configuration] },
    {
      profile,
      quick: quick === true,
      engine,
      tool,
      command,
      signal: AbortSignal.any([signal, AbortSignal.timeout(run.timeout * 1000)]),
      progress: () => undefined,
      output: (_, chunk) => void output("stderr", chunk),
      now: () => new Date(),
      announce,
    },
  );
  return { ...done, secrets: secretsIn({ ...env, ...around }, []) };
}

const same = (one: unknown, other: unknown): boolean => equal(canonical(one as Json), canonical(other as Json));

/** The first part that is not as announced. */
function differs({ subject, predicate }: PlanStatement, outline: Outline): string | undefined {
  const parts: readonly (readonly [string, unknown, unknown])[] = [
    ["what is tested", subject, outline.subject],
    ["the title", predicate.title, outline.title],
    ["the hypothesis", predicate.hypothesis, outline.hypothesis],
    ["the command", predicate.command, outline.command],
    ["the configuration", predicate.configuration, outline.configuration],
    [
      "the checks",
      predicate.checks,
      outline.checks.map(({ id, claim, required, expected, criterion }) => ({
        id,
        claim,
        required,
        expected,
        ...(criterion && { criterion }),
      })),
    ],
  ];
  return parts.find(([, announced, found]) => !same(announced, found))?.[0];
}

/** The attempt, who made it, and who lost it before, as a part of the recorded environment. */
export function withAttempt<T extends Draft>(draft: T, machines: readonly string[]): T {
  const lost = machines.slice(0, -1);
  const { f3, ...predicate } = draft.predicate;
  const facts = {
    "queue attempt": String(machines.length),
    "queue machine": machines.at(-1) ?? "unknown",
    ...(lost.length > 0 && { "queue lost by": lost.slice(-16).join(", ") }),
  };
  const run = { ...f3.run, environment: { ...f3.run.environment, ...facts } };
  return { ...draft, predicate: { ...predicate, f3: { ...f3, run } } };
}

/** Relative to the working directory, inside the project. */
export const insideOf = (cwd: string, path: string): string =>
  relative(cwd, resolve(cwd, path)).replaceAll("\\", "/") || ".";
