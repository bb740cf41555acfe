/** Repeats a recorded run: the same command on the same commit, or the same scenario; compares both outcomes. */
import { existsSync } from "node:fs";
import { isAbsolute, join, posix, win32 } from "node:path";
import { AttestError } from "../../core/errors.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import { withCheckout, type WantedCommit } from "../../harness/subject/checkout.js";
import { runCommand, shellCode } from "../../harness/command/command.js";
import { withoutKeys, withoutRepository } from "../../harness/command/environment.js";
import { REDACTED } from "../../harness/redaction/redact.js";
import { realFolder } from "../../node/reading.js";
import { isWithin } from "../../node/programs.js";
import { runTests, type CommandRun, type CommandRunOptions } from "./command.js";

/** How a statement says its command was run. */
export interface RecordedCommand {
  readonly command: readonly string[];
  readonly commit: WantedCommit;
  /** Relative to the top of the work tree. */
  readonly folder: string;
  readonly reports: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly noSkips: boolean;
  readonly allowRetries: boolean;
  readonly allowCounts: boolean;
  readonly sandbox: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

/** Name and options of a scenario as typed; undefined for a command. */
export function scenarioIn({ predicate: { f3 } }: ResultStatement): readonly string[] | undefined {
  const [program, verb, ...words] = f3.run.command ?? [];
  return program === "attest" && verb === "run" && f3.run.exitCode === undefined ? words : undefined;
}

/** @throws AttestError `not-reproducible` naming what is missing */
export function recordedIn({ subject, predicate }: ResultStatement): RecordedCommand {
  const cannot = (expected: string, found: string, hint: string): AttestError =>
    new AttestError("not-reproducible", `expected ${expected}, found ${found}`, hint);
  const { command } = predicate.f3.run;
  const asked = predicate.configuration.find(({ name }) => name === "attest run")?.annotations;
  if (command === undefined || command.length === 0 || asked === undefined)
    throw cannot(
      "a statement that records how its command was run",
      "none",
      "only what `attest run` made can be run again",
    );
  if (command.some((word) => word.includes(REDACTED) || /^… and \d+ more$/.test(word)))
    throw cannot(
      "the whole command",
      "one from which a part was left out",
      "run it by hand, from the words that are recorded",
    );
  const [tested, ...more] = subject;
  const { gitCommit: commit, gitTree: tree } = tested?.digest ?? {};
  if (commit === undefined)
    throw cannot(
      "a git commit as what was tested",
      `${String(tested?.name)}, which has no commit to check out`,
      "reproduce it by hand, where the same files are: attest run --subject PATH",
    );
  if (more.length > 0)
    throw cannot("a run on a commit alone", String(more[0]?.name), "uncommitted changes cannot be checked out");
  const folder = typeof asked["folder"] === "string" ? asked["folder"] : ".";
  const { timeout } = asked;
  const reports = Array.isArray(asked["reports"]) ? asked["reports"].filter((one) => typeof one === "string") : [];
  for (const path of [folder, ...reports.filter((name) => name !== "-").map((name) => ownPath(folder, name))])
    if (!isOwn(path))
      throw cannot(
        "places in the project",
        JSON.stringify(path),
        "the statement names one outside of what is checked out",
      );
  return {
    command,
    commit: { commit, tree },
    folder,
    reports,
    timeoutMs: typeof timeout === "number" ? timeout * 1000 : undefined,
    noSkips: asked["noSkips"] === true,
    allowRetries: asked["allowRetries"] === true,
    allowCounts: asked["allowCounts"] === true,
    sandbox: asked["sandbox"] === true,
    variables: Object.fromEntries(
      Object.entries(predicate.f3.run.environment).flatMap(([name, value]) =>
        name.startsWith("$") && !value.includes(REDACTED) ? [[name.slice(1), value]] : [],
      ),
    ),
  };
}

/** A path in a document must stay inside the checkout: relative to the top, without `..`. */
const isOwn = (path: string): boolean => {
  const parts = path.split(/[/\\]/);
  return !isAbsolute(path) && !win32.isAbsolute(path) && !parts.includes("..") && !path.includes("\0");
};
/** A report may be beside the command's folder. */
const ownPath = (folder: string, name: string): string =>
  isAbsolute(name) || win32.isAbsolute(name) ? name : posix.join(folder, name.replaceAll("\\", "/"));

/** The real path in the checkout. @throws AttestError `not-reproducible` */
export function inCheckout(root: string, path: string): string {
  const place = join(root, ...path.split(/[/\\]/));
  if (isOwn(path) && existsSync(place) && isWithin(realFolder(place), root)) return place;
  throw new AttestError(
    "not-reproducible",
    `${JSON.stringify(path)} ${existsSync(place) ? "leads out of the checkout" : "is not in the checkout"}`,
    "the statement names a place that its commit does not have",
  );
}

export interface AgainOptions extends Pick<
  CommandRunOptions,
  "env" | "hidden" | "engine" | "tool" | "signal" | "output" | "announce"
> {
  /** The repository that has the commit. */
  readonly repository: string;
  /** Shell commands that run in the checkout first: `npm ci`. */
  readonly setup: readonly string[];
}

/** @throws AttestError `not-reproducible`, and what `runTests` throws */
export async function runAgain(recorded: RecordedCommand, options: AgainOptions): Promise<CommandRun> {
  const { repository, setup, ...rest } = options;
  return await withCheckout(repository, recorded.commit, async (root) => {
    const at = (): string => inCheckout(root, recorded.folder);
    for (const line of setup) await prepare(line, at(), options);
    const cwd = at(); // a setup command may have replaced it
    const { command, reports, timeoutMs, noSkips, allowRetries, allowCounts, sandbox, variables } = recorded;
    return await runTests({
      ...rest,
      command,
      cwd,
      reports,
      timeoutMs,
      noSkips,
      allowRetries,
      allowCounts,
      sandbox,
      env: { ...withoutRepository(options.env), ...variables },
      around: options.env, // a variable in the document must not hide one of ours
      recorded: Object.keys(variables),
      subjects: [],
      without: [],
    });
  });
}

/** Prepares what the command needs and git lacks. It is not compared, and may use the network. */
async function prepare(line: string, cwd: string, { env, output, signal }: AgainOptions): Promise<void> {
  const result = await runCommand(["sh", "-c", line], {
    cwd,
    env: withoutKeys(withoutRepository(env)),
    signal,
    output: (_, chunk) => output("stderr", chunk),
  });
  const code = shellCode(result);
  if (code !== 0)
    throw new AttestError(
      "not-reproducible",
      `the setup command failed with ${code}: ${line}`,
      "fix the setup command; the test was not run",
    );
}
