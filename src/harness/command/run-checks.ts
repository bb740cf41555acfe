/**
 * Checks of whether a run's results can be believed. If one does not hold it is `errored`, so that the verdict is INCONCLUSIVE: a doubt is
 * neither a pass nor a proof of failure.
 */
import type { SubjectAfter } from "../subject/subject.js";
import { judge, type Criterion } from "../../core/statement/criterion.js";
import type { CheckRecord } from "../../core/statement/statement.js";
import { RETRIED, RETRIES } from "../../core/statement/tally.js";
import type { Outcome } from "../../core/statement/verdict.js";
import { slug, unique, type Combined } from "./checks-from-reports.js";
import type { CommandResult } from "./command.js";
import type { RunnerReport } from "./reports.js";

export interface Circumstances {
  readonly result: CommandResult;
  readonly timeoutMs: number | undefined;
  readonly reports: readonly RunnerReport[];
  readonly combined: Combined;
  readonly subject: SubjectAfter;
  /** Report retried tests, but do not hold them against the run. */
  readonly allowRetries: boolean;
  /** The same for counters above the number of listed tests. */
  readonly allowCounts: boolean;
}

export const conditionsOf = (all: Circumstances): CheckRecord[] => [
  exitCode(all),
  ...reportChecks(all.reports),
  ...counts(all),
  ...agreement(all),
  ...retries(all),
  ...processesEnded(all.result),
  subjectKept(all.subject),
];

/** Signals that a program causes itself. */
const OWN_FAULTS: readonly string[] = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"];

/** Known before the run; reports may add further checks. */
export const EXIT_CODE = {
  id: "exit-code",
  claim: "The exit code is 0 exactly if no test that ran failed, as far as one is reported.",
  required: true,
  expected: "0 exactly if no test that ran failed",
} as const;

function exitCode({ result, timeoutMs, reports, combined }: Circumstances): CheckRecord {
  const read = reports.some(({ results }) => results !== undefined);
  const said = (outcome: Outcome, observed: string): CheckRecord => ({ ...EXIT_CODE, outcome, observed });
  const { exitCode: code, signal, ended } = result;
  if (ended === "timeout") return said("errored", `it was ended after ${(timeoutMs ?? 0) / 1000} s, as --timeout asks`);
  if (ended === "interrupt") return said("errored", "the run was interrupted");
  if (signal !== null) return said(OWN_FAULTS.includes(signal) ? "failed" : "errored", `it was ended by ${signal}`);
  if (!read) return said(code === 0 ? "passed" : "failed", `exit code ${String(code)}`);
  const bad = combined.cases.filter(({ outcome }) => outcome === "failed" || outcome === "errored").length;
  const tests = bad === 0 ? "no test failed" : bad === 1 ? "1 test did not pass" : `${bad} tests did not pass`;
  const fits = (code === 0) === (bad === 0);
  return said(fits ? "passed" : "errored", `exit code ${String(code)}, ${fits ? "and" : "but"} ${tests}`);
}

/** More than these are reported together. */
const EACH = 20;
const CLAIM = "is whole, was written by this run, and agrees with itself.";

function reportChecks(reports: readonly RunnerReport[]): CheckRecord[] {
  if (reports.length === 0) return [];
  const check = (id: string, claim: string, doubts: readonly string[], fine: string): CheckRecord => ({
    id,
    claim,
    required: true,
    outcome: doubts.length === 0 ? "passed" : "errored",
    expected: "nothing that keeps it from being believed",
    observed: doubts.length === 0 ? fine : listed(doubts),
  });
  if (reports.length > EACH) {
    const doubts = reports.flatMap(({ name, doubts: its }) => its.map((doubt) => `${name}: ${doubt}`));
    return [check("reports", `Each of ${reports.length} reports ${CLAIM}`, doubts, "none has a fault")];
  }
  const ids = unique(
    reports.map(({ name }) => `report/${slug(name) || "unnamed"}`),
    new Set(),
  );
  return reports.map(({ name, results, doubts }, at) => {
    const format =
      results === undefined ? "" : `${results.format}${results.tool === undefined ? "" : ` by ${results.tool}`}`;
    return check(ids[at] ?? "", `The report ${name} ${CLAIM}`, doubts, format);
  });
}

/** Only added if there is a report with such counters: few runners count more than they list. */
function counts({ reports, allowCounts }: Circumstances): CheckRecord[] {
  const found = reports.flatMap(({ name, results }) => (results?.overcounts ?? []).map((each) => `${name}: ${each}`));
  if (found.length === 0) return [];
  return [
    {
      id: "report-counts",
      claim: "No report counts more than the tests that it lists.",
      required: !allowCounts,
      outcome: "errored",
      expected: "none",
      observed: listed(found),
    },
  ];
}

function agreement({ reports, combined: { disagreements, apart } }: Circumstances): CheckRecord[] {
  if (reports.filter(({ results }) => results !== undefined).length < 2) return [];
  return [
    {
      id: "reports-agree",
      claim: "The reports agree with each other.",
      required: true,
      outcome: disagreements.length === 0 ? "passed" : "errored",
      expected: "no test with two outcomes, none missing in one of two reports of the same tests",
      observed: listed([...(disagreements.length === 0 ? ["no contradiction"] : disagreements), ...apart]),
    },
  ];
}

/** The number can be recomputed from the observations. Not every format reports attempts, so the claim is about what is reported. */
function retries({ reports, combined: { cases }, allowRetries }: Circumstances): CheckRecord[] {
  if (cases.length === 0) return [];
  const criterion: Criterion = {
    measures: [{ name: RETRIED, of: "count", where: { retried: true } }],
    holds: [{ measure: RETRIED, is: "≥", value: 0 }],
    needs: [{ measure: RETRIED, is: "=", value: 0 }],
  };
  const again = cases.filter(({ retried }) => retried);
  const measurements = [{ name: RETRIED, value: again.length }];
  const more = reports.flatMap(({ name, results: { retriedToo = 0 } = {} }) =>
    retriedToo === 0 ? [] : [`${name} counts ${retriedToo} more, and does not say which`],
  );
  const names = again.map(({ name }) => JSON.stringify(name));
  return [
    {
      id: RETRIES,
      claim: "No report says of a test that it passed only when it was tried again.",
      required: !allowRetries,
      outcome: more.length > 0 ? "errored" : judge(criterion, measurements),
      expected: "none",
      observed: listed([
        ...more,
        again.length > 0
          ? `${again.length} passed only after an attempt that failed: ${listed(names)}`
          : more.length > 0
            ? "none is named"
            : "none",
      ]),
      measurements,
      criterion,
    },
  ];
}

/** Omitted if the system cannot show it. */
function processesEnded({ survivors }: CommandResult): CheckRecord[] {
  if (survivors === undefined) return [];
  return [
    {
      id: "processes-ended",
      claim: "The command leaves no process behind.",
      required: false,
      outcome: survivors.length === 0 ? "passed" : "failed",
      expected: "none",
      observed:
        survivors.length === 0
          ? "none was found"
          : `${survivors.length} outlived it, and were ended: ${listed([...new Set(survivors)])}`,
    },
  ];
}

const AFTER: Readonly<Record<SubjectAfter, string>> = {
  kept: "the same",
  changed: "files of it are not what they were before the run",
  another: "it is another commit, or other bytes, than before the run",
  gone: "it could not be looked at after the run",
};

/** A changed file is a warning, since a build may overwrite its own inputs. Another subject may never have been tested. */
const subjectKept = (after: SubjectAfter): CheckRecord => ({
  id: "subject-kept",
  claim: "The run leaves what is tested as it was.",
  required: after === "another" || after === "gone",
  outcome: after === "kept" ? "passed" : after === "changed" ? "failed" : "errored",
  expected: "the same before and after",
  observed: AFTER[after],
});

/** Joins as many sentences as fit. */
function listed(sentences: readonly string[], room = 1500): string {
  let shown = "";
  for (const [at, sentence] of sentences.entries()) {
    if (shown.length + sentence.length > room)
      return shown === ""
        ? `${sentence.slice(0, room).replace(/[\ud800-\udbff]$/, "")}…`
        : `${shown}; and ${sentences.length - at} more`;
    shown += `${at === 0 ? "" : "; "}${sentence}`;
  }
  return shown;
}
