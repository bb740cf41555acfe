/** Runs a command to a finished draft: subject, output, reports, and the resulting checks. */
import { existsSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { fromUtf8, utf8, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, fit, readable, type Json } from "../../core/json.js";
import type { Outline } from "../../core/statement/plan.js";
import {
  draft,
  MAX_PAYLOAD,
  type Descriptor,
  type Draft,
  type Relation,
  type Subject,
} from "../../core/statement/statement.js";
import { Attachments } from "../../harness/attachments.js";
import { Capture, printedPiece, Timeline, type Captured } from "../../harness/command/output-capture.js";
import {
  checksOf,
  combine,
  figuresOf,
  LAYOUTS,
  observationsOf,
  type Combined,
  type Layout,
} from "../../harness/command/checks-from-reports.js";
import { runCommand, shellCode, type CommandResult, type Stream } from "../../harness/command/command.js";
import { conditionsOf, EXIT_CODE } from "../../harness/command/run-checks.js";
import { environment, variables, withoutKeys } from "../../harness/command/environment.js";
import { programsOf, type Programs } from "../../harness/command/program.js";
import { configurationIn, projectName } from "../../harness/command/project.js";
import { placesOf } from "../../harness/redaction/local-paths.js";
import { Redactor } from "../../harness/redaction/redact.js";
import { redact } from "../../harness/redaction/reveal.js";
import { endOrphans } from "../../harness/command/orphans.js";
import { filesAmong, ledOut, reportPieces, Reports, type RunnerReport } from "../../harness/command/reports.js";
import { inKnownPlaces } from "../../harness/report-places.js";
import type { Run } from "../../harness/scenario/run.js";
import { sandbox, shutIn, type Sandbox } from "../../harness/sandbox/sandbox.js";
import { secretsIn, type Secret } from "../../harness/redaction/secrets.js";
import { pathsTested, testedIn, type TestedSubject, type SubjectAfter } from "../../harness/subject/subject.js";
import { describeRun, testCounts, hypothesisOf, runTitle } from "./run-summary.js";
import type { Announce } from "./announce.js";

export interface CommandRunOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  /** This process's whole environment; the command gets it without access to our keys. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly title?: string | undefined;
  /** Paths, or `-` for the command's output. Empty: search the known places. */
  readonly reports: readonly string[];
  /** Tested files and folders. Empty: the working directory. */
  readonly subjects: readonly string[];
  /** Further variables to record. */
  readonly recorded: readonly string[];
  readonly timeoutMs?: number | undefined;
  /** Skipped tests leave the run INCONCLUSIVE. */
  readonly noSkips: boolean;
  /** Retried tests do not make the run INCONCLUSIVE. */
  readonly allowRetries: boolean;
  /** Nor do report counters above the number of tests. */
  readonly allowCounts: boolean;
  readonly sandbox: boolean;
  /** Where this tool publishes: read-only in a sandbox. */
  readonly registry?: string | undefined;
  /** Files with secrets outside of the known places: hidden in a sandbox. */
  readonly hidden?: readonly string[];
  /** This process's environment if the command gets another one: its values are secret too. */
  readonly around?: Readonly<Record<string, string | undefined>>;
  /** Files written by this tool, which are not part of the subject. */
  readonly without: readonly string[];
  readonly engine: Engine;
  readonly tool: string;
  readonly signal: AbortSignal;
  readonly output: (stream: Stream, chunk: Uint8Array) => Promise<void> | void;
  /** Called before the command starts, with reasons that will make its results unreliable. */
  readonly warn?: ((sentence: string) => void) | undefined;
  /** Called before the command starts, with what is known then. */
  readonly announce?: Announce | undefined;
  /** Further parts of the configuration, fixed beforehand. */
  readonly configuration?: readonly Descriptor[];
}

export interface CommandRun extends Run {
  /** The exit code that a shell would report. */
  readonly exit: number;
  /** `12 tests: 10 passed, 2 skipped`; undefined without a report. */
  readonly counts: string | undefined;
  readonly secrets: readonly Secret[];
}

/** What a plan of this run would announce; nothing is started. @throws AttestError `subject-missing`, `sandbox-missing` */
export async function outlineFor(given: CommandRunOptions): Promise<{ outline: Outline; secrets: readonly Secret[] }> {
  const options = fromFolder(given);
  const setting = await prepare(options);
  return { outline: outlineOf(setting, options), secrets: setting.secrets };
}

/** @throws AttestError `subject-missing`, `sandbox-missing`, `command-failed`. Failures of the command itself are recorded. */
export async function runTests(given: CommandRunOptions): Promise<CommandRun> {
  const options = fromFolder(given);
  const setting = await prepare(options);
  const plan = await options.announce?.(outlineOf(setting, options), setting.secrets);
  const recorded = await execute(setting, options);
  return {
    draft: state(setting, recorded, plan, options),
    evidence: recorded.evidence.bytes,
    exit: shellCode(recorded.result),
    counts: recorded.combined.cases.length === 0 ? undefined : testCounts(recorded.combined),
    secrets: setting.secrets,
  };
}

const fromFolder = (given: CommandRunOptions): CommandRunOptions => ({
  ...given,
  reports: given.reports.map((path) => within(given.cwd, path)),
});

/** The path relative to there; outside of it only the name. */
function within(cwd: string, path: string): string {
  const inside = relative(cwd, resolve(cwd, path));
  return path === "-" || inside === "" || inside.startsWith("..") ? path : inside.replaceAll(sep, "/");
}

/** Everything known before the command starts. Refusals happen here. */
interface Setting {
  readonly project: string;
  readonly tested: TestedSubject;
  readonly subject: readonly Subject[];
  readonly configuration: readonly Descriptor[];
  readonly programs: Programs;
  readonly shut: Sandbox | undefined;
  readonly secrets: readonly Secret[];
  readonly redactor: () => Redactor;
  /** The command without secrets. */
  readonly words: readonly string[];
}

async function prepare(options: CommandRunOptions): Promise<Setting> {
  const { command, cwd, env, recorded, registry, hidden, around = {} } = options;
  const tested = await lookAt(options);
  const { root } = tested;
  const project = projectName(existsSync(join(cwd, "package.json")) ? cwd : root);
  const orphans = endOrphans();
  if (orphans.length > 0) options.warn?.(`ended what a run that was killed had left behind: ${orphans.join(", ")}`);
  for (const sentence of ledOut(cwd, options.reports, root)) options.warn?.(sentence);
  const known = new Set(Object.values(env));
  const secrets = [...secretsIn(env, recorded), ...secretsIn(around, []).filter(({ value }) => !known.has(value))];
  const prepared = new Redactor(secrets, { places: placesOf(root) });
  const redactor = (): Redactor => prepared.another();
  const shut = options.sandbox ? await sandbox({ root, cwd, registry, hidden }) : undefined;
  const programs = await programsOf(command, { path: env["PATH"], cwd, hides: shut?.hides, env });
  return {
    project,
    tested,
    subject: tested.subjects(project),
    configuration: [
      askedFor(options, root, withoutSecrets(options.reports, redactor())),
      ...(await configurationIn(cwd)),
      ...(options.configuration ?? []),
    ],
    programs,
    shut,
    secrets,
    redactor,
    words: withoutSecrets(command, redactor()),
  };
}

/** Fixed before the command starts. The checks from its reports are not known yet. */
function outlineOf(setting: Setting, { title }: CommandRunOptions): Outline {
  const { project, subject, configuration, words } = setting;
  const command = brief(words);
  return {
    subject,
    title: title ?? runTitle(project, command),
    hypothesis: hypothesisOf(project, command),
    checks: [EXIT_CODE],
    configuration,
    command,
  };
}

/** Each word is a separate stream. */
const withoutSecrets = (words: readonly string[], redactor: Redactor): string[] =>
  words.map((word) => fit(fromUtf8(redact(utf8(word), redactor).bytes)));

async function lookAt({ cwd, reports, subjects, without }: CommandRunOptions): Promise<TestedSubject> {
  const written = [...inKnownPlaces(cwd), ...filesAmong(cwd, reports)].map((name) => resolve(cwd, name));
  const noPart = { ours: without, written };
  if (subjects.length === 0) return await testedIn(cwd, noPart);
  const paths = subjects.map((path) => resolve(cwd, path));
  return await pathsTested(paths, cwd, noPart);
}

interface Recorded {
  readonly result: CommandResult;
  readonly printed: Readonly<Record<Stream, Captured>>;
  readonly reports: readonly RunnerReport[];
  readonly combined: Combined;
  readonly evidence: Attachments;
  readonly machine: Readonly<Record<string, string>>;
  /** The command as in the statement. */
  readonly argv: readonly string[];
  readonly subject: SubjectAfter;
  readonly programs: readonly Descriptor[];
}

async function execute(setting: Setting, options: CommandRunOptions): Promise<Recorded> {
  const { cwd, env, timeoutMs, signal, engine } = options;
  const { shut, redactor, words } = setting;
  const captures = { stdout: new Capture(redactor()), stderr: new Capture(redactor()) };
  const timeline = new Timeline();
  const places = new Reports(cwd, options.reports, setting.tested.root);
  const open = { command: options.command, env: withoutKeys(env) };
  const started = shut === undefined ? open : shutIn(shut, open.command, open.env);
  const result = await runCommand(started.command, {
    cwd,
    env: started.env,
    timeoutMs,
    signal,
    output: (stream, chunk) => {
      timeline.output(stream, chunk.length);
      captures[stream].write(chunk);
      return options.output(stream, chunk);
    },
  });
  timeline.event("exit", { code: shellCode(result), ...(result.ended && { ended: result.ended }) });

  const printed = { stdout: captures.stdout.end(), stderr: captures.stderr.end() };
  const reports = places.collect(result.startedAt, printed.stdout, (bytes) => redact(bytes, redactor()).bytes);
  const combined = combine(reports);
  const machine = {
    ...environment(options.tool),
    ...Object.fromEntries(
      Object.entries(variables(env, options.recorded)).map(([name, value]) => [
        name,
        withoutSecrets([value], redactor())[0] ?? "",
      ]),
    ),
    sandbox: shut?.about ?? "none",
  };
  const argv = brief(words);
  const evidence = new Attachments(engine);
  const attach = (name: string, role: string, mediaType: string, bytes: Bytes): void =>
    evidence.add({ name, role, mediaType, bytes, source: { date: result.finishedAt, kind: "observed" } });
  for (const stream of ["stdout", "stderr"] as const)
    evidence.add(printedPiece(`${stream}.txt`, stream, printed[stream], result.finishedAt));
  for (const piece of reportPieces(reports)) evidence.add(piece);
  if (combined.cases.length > 0)
    attach("results.ndjson", "observations", "application/x-ndjson", observationsOf(combined.cases));
  attach("timeline.ndjson", "timeline", "application/x-ndjson", timeline.end());
  attach("environment.json", "environment", "application/json", readable(machine));
  if (argv !== words) attach("command.json", "command", "application/json", readable([...words]));
  const subject = await subjectAfter(setting);
  const programs = await setting.programs();
  return { result, printed, reports, combined, evidence, machine, argv, subject, programs };
}

function state(setting: Setting, recorded: Recorded, plan: Relation | undefined, options: CommandRunOptions): Draft {
  const { project, tested, subject, configuration, shut } = setting;
  const { result, reports, combined, evidence, machine, argv, programs } = recorded;
  const { title, noSkips, allowRetries, allowCounts, timeoutMs } = options;
  const listing = reports.some(({ results }) => results !== undefined);
  const conditions = conditionsOf({ ...recorded, timeoutMs, allowRetries, allowCounts });
  return firstThatFits(combined, (layout) => {
    const tests = listing ? checksOf(combined.cases, { layout, noSkips }) : [];
    return draft({
      subject,
      configuration: [...configuration, ...programs],
      f3: {
        ...describeRun({
          ...recorded,
          project,
          tested,
          layout,
          sandboxed: shut !== undefined,
          searched: [...new Set(setting.secrets.map(({ name }) => name))]
            .filter((name) => /^\w{1,80}$/.test(name))
            .sort(),
          command: argv,
        }),
        ...(title !== undefined && { title }),
        checks: [...conditions, ...tests],
        ...(tests.length > 0 && { figures: figuresOf(tests) }),
        evidence: [...evidence.refs],
        relations: plan === undefined ? [] : [plan],
        run: {
          startedAt: result.startedAt.toISOString(),
          finishedAt: result.finishedAt.toISOString(),
          command: [...argv],
          exitCode: shellCode(result),
          environment: { ...machine },
        },
      },
    });
  });
}

/** More checks never fit, so larger layouts need not be tried. */
const MOST_CHECKS = 400;
/** Reserved for later additions: the time, a comparison with another run. */
const ROOM = 3000;

function firstThatFits({ cases }: Combined, make: (layout: Layout) => Draft): Draft {
  const open = cases.filter(({ outcome }) => outcome !== "passed").length;
  const possible = LAYOUTS.filter(
    ({ groups, named }) => (groups === "cases" ? cases.length : Math.min(open, named)) <= MOST_CHECKS,
  );
  for (const [at, layout] of possible.entries()) {
    const made = make(layout);
    // If even the shortest layout is too large, signing reports why.
    if (at === possible.length - 1 || canonical(made as Json).length + ROOM <= MAX_PAYLOAD) return made;
  }
  throw new Error("the shortest layout is always possible");
}

/** The project's build and test configuration, the program, and the options of the run. */
function askedFor(options: CommandRunOptions, root: string, reports: readonly string[]): Descriptor {
  const { cwd, subjects, timeoutMs, noSkips, allowRetries, allowCounts } = options;
  const folder = relative(root, cwd).replaceAll(sep, "/");
  const asked = {
    folder: folder === "" ? "." : folder,
    ...(reports.length > 0 && { reports: [...reports] }),
    ...(subjects.length > 0 && { subjects: subjects.map((path) => basename(path)) }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs / 1000 }),
    ...(noSkips && { noSkips }),
    ...(allowRetries && { allowRetries }),
    ...(allowCounts && { allowCounts }),
    ...(options.sandbox && { sandbox: true }),
  };
  return { name: "attest run", annotations: asked };
}

async function subjectAfter({ tested }: Setting): Promise<SubjectAfter> {
  try {
    return await tested.after();
  } catch (error) {
    if (error instanceof AttestError) return "gone";
    throw error;
  }
}

/** The statement has the start of a long command line; the evidence has all of it. */
const MAX_COMMAND = 4000;

function brief(words: readonly string[]): readonly string[] {
  let room = MAX_COMMAND;
  const fitting = words.findIndex((word) => (room -= word.length + 3) < 0);
  return fitting < 0 ? words : [...words.slice(0, fitting), `… and ${words.length - fitting} more`];
}
