/** The prose of a command's run, made from the records: it cannot say anything that checks and numbers do not. */
import { commandLine } from "../../node/command-line.js";
import type { Findings } from "../../core/statement/statement.js";
import type { Captured } from "../../harness/command/output-capture.js";
import type { Combined, Layout } from "../../harness/command/checks-from-reports.js";
import type { CommandResult } from "../../harness/command/command.js";
import type { RunnerReport } from "../../harness/command/reports.js";
import type { TestedSubject } from "../../harness/subject/subject.js";

export interface RunFacts {
  readonly project: string;
  /** Without secrets. */
  readonly command: readonly string[];
  readonly result: CommandResult;
  readonly reports: readonly RunnerReport[];
  readonly combined: Combined;
  readonly layout: Layout;
  readonly printed: Readonly<Record<"stdout" | "stderr", Captured>>;
  readonly tested: TestedSubject;
  readonly sandboxed: boolean;
  /** Names of variables whose values were redacted if found. */
  readonly searched: readonly string[];
}

type Prose = Pick<Findings["f3"], "title" | "hypothesis" | "summary" | "sections" | "notChecked">;

/** Fixed before the run, when the kind of report is unknown. */
export const hypothesisOf = (project: string, command: readonly string[]): string =>
  `${commandLine(command)} succeeds in ${project}.`;
export const runTitle = (project: string, command: readonly string[]): string =>
  `${cut(commandLine(command), 80)} in ${project}`;

export function describeRun(told: RunFacts): Prose {
  const { project, command, result, reports, combined, tested } = told;
  const listing = reports.some(({ results }) => results !== undefined);
  const { changed = 0 } = tested;
  return {
    title: runTitle(project, command),
    hypothesis: hypothesisOf(project, command),
    summary: [
      `${ending(result)} after ${seconds(result.wallMs)}.`,
      listing
        ? `${testCounts(combined)}, as reported in ${names(reports)}.`
        : "It wrote no report that this tool reads, so only its exit code is known.",
      ...(changed === 0 ? [] : [`It ran on a working tree with changes to ${files(changed)} that are not committed.`]),
    ].join(" "),
    sections: [
      { heading: "How it ran", body: resources(told) },
      ...(told.layout.groups === "cases" || !listing
        ? []
        : [
            {
              heading: "Where each test is",
              body: "There are more tests than a statement takes. Those that did not pass are named here; all of them, with their outcomes, are lines of the evidence `results.ndjson`, from which the numbers of the checks can be counted again.",
            },
          ]),
    ],
    notChecked: open(told, listing),
  };
}

function open({ result, reports, printed, tested, sandboxed, combined }: RunFacts, listing: boolean): string[] {
  const skipped = combined.cases.filter(({ outcome }) => outcome === "skipped").length;
  return [
    ...(listing
      ? []
      : ["Which tests there are, and how each of them ended: the command wrote no report that this tool reads."]),
    "Whether the tests are good ones: a test that passes may look at little.",
    sandboxed
      ? "What the command found on the machine beside the project, which is named by digest."
      : "What the command found on the machine or fetched from a network while it ran, beside the project, which is named by digest.",
    ...((tested.changed ?? 0) === 0
      ? []
      : ["What the uncommitted changes are: the content is named by digest, and is not part of the evidence."]),
    ...(tested.closed.length === 0
      ? []
      : [`What lies in ${shownOf(tested.closed)}: it may not be read by who ran the command, and is not named.`]),
    ...(skipped > 0 ? [`${tests(skipped)} that the runner skipped.`] : []),
    ...(result.survivors === undefined
      ? ["Whether a process outlived the command: this system does not show it."]
      : []),
    ...(printed.stdout.truncated || printed.stderr.truncated
      ? ["The middle of what was printed: beginning and end are kept, with the digest of the whole."]
      : []),
    ...(reports.length > 0
      ? ["Whether the runner reported truly: its reports are taken at their word where they agree with its exit code."]
      : []),
  ];
}

function ending({ exitCode, signal, ended }: CommandResult): string {
  const how = exitCode === null ? `ended by ${String(signal)}` : `exit code ${exitCode}`;
  if (ended === "timeout") return `The command ran out of time (${how})`;
  if (ended === "interrupt") return `The command was interrupted (${how})`;
  return exitCode === null
    ? `The command was ended by ${String(signal)}`
    : `The command ended with exit code ${exitCode}`;
}

function resources({ result, printed, sandboxed, command, searched }: RunFacts): string {
  const { wallMs, cpuMs, peakBytes } = result;
  const redactions = printed.stdout.redactions.count + printed.stderr.redactions.count;
  const rules = [...new Set([...printed.stdout.redactions.rules, ...printed.stderr.redactions.rules])];
  return [
    `\`${commandLine(command).replaceAll("`", "'")}\` took ${seconds(wallMs)}${cpuMs === undefined ? "" : `, and ${seconds(cpuMs)} of processor time`}.`,
    ...(peakBytes === undefined
      ? []
      : [`Its processes together held at least ${Math.ceil(peakBytes / 2 ** 20)} MiB at once.`]),
    `It printed ${bytes(printed.stdout.whole.size)} to stdout and ${bytes(printed.stderr.whole.size)} to stderr.`,
    ...(redactions === 0
      ? []
      : [
          `What looked like a secret or named the machine was taken out ${redactions === 1 ? "once" : `${redactions} times`} (${rules.join(", ")}).`,
        ]),
    ...(searched.length === 0
      ? []
      : [`Looked for, to be taken out, were the values of ${some(searched, 40)}, and whatever looks like a secret.`]),
    ...(sandboxed ? ["It was shut in: the environment says how."] : []),
  ].join(" ");
}

/** `12 tests: 10 passed, 2 skipped`. */
export function testCounts({ cases }: Pick<Combined, "cases">): string {
  const parts = (["passed", "failed", "errored", "skipped"] as const).flatMap((outcome) => {
    const number = cases.filter((each) => each.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${outcome}`];
  });
  return [tests(cases.length), parts.join(", ")].filter(Boolean).join(": ");
}

const names = (reports: readonly RunnerReport[]): string =>
  reports.length > 3
    ? `${reports.length} reports`
    : reports.map((report) => (report.name === "stdout" ? "what it printed" : withCopies(report))).join(", ");

const withCopies = ({ name, copies = [] }: RunnerReport): string =>
  copies.length === 0 ? name : `${name} (the same bytes as ${shownOf(copies)})`;

const shownOf = (paths: readonly string[]): string =>
  paths.length > 3 ? `${paths.slice(0, 3).join(", ")} and ${paths.length - 3} more` : paths.join(", ");

/** The first ones, and the number of others. */
const some = (words: readonly string[], most: number): string =>
  words.length <= most ? words.join(", ") : `${words.slice(0, most).join(", ")} and ${words.length - most} more`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const tests = (count: number): string => `${count} ${count === 1 ? "test" : "tests"}`;
const files = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;
const bytes = (count: number): string => (count < 10_000 ? `${count} bytes` : `${Math.round(count / 1000)} kB`);
const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;
