/** Compares two runs of one test check by check: outcomes, never bytes or times. */
import type { CheckRecord, Draft, Relation, ResultStatement } from "../../core/statement/statement.js";

export interface CheckDifference {
  readonly id: string;
  readonly claim: string;
  /** Undefined if the run has no such check. */
  readonly before: string | undefined;
  readonly now: string | undefined;
}

export interface ComparedRuns {
  readonly draft: Draft;
  readonly differences: readonly CheckDifference[];
  readonly relation: Relation["type"];
}

/** The compared parts of the original, and its identity. */
export interface Original {
  readonly id: string;
  readonly digest: string;
  readonly statement: ResultStatement;
}

export function differencesOf(before: readonly CheckRecord[], now: readonly CheckRecord[]): CheckDifference[] {
  const [was, is] = [new Map(before.map((check) => [check.id, check])), new Map(now.map((check) => [check.id, check]))];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((id): CheckDifference[] => {
    const [old, recent] = [was.get(id), is.get(id)];
    const claim = (recent ?? old)?.claim ?? "";
    if (old?.outcome !== recent?.outcome) return [{ id, claim, before: old?.outcome, now: recent?.outcome }];
    // For checks over many tests compare the numbers: names of passed tests may be in the evidence only.
    if (old === undefined || recent === undefined || !counts(old) || sameCounts(old, recent)) return [];
    return [{ id, claim, before: `${old.outcome}, ${old.observed}`, now: `${recent.outcome}, ${recent.observed}` }];
  });
}

const counts = ({ id }: CheckRecord): boolean => id === "tests" || id.startsWith("suite/");
const sameCounts = (one: CheckRecord, other: CheckRecord): boolean =>
  JSON.stringify(one.measurements) === JSON.stringify(other.measurements);

const exitCodes = (before: number | undefined, now: number | undefined): CheckDifference[] =>
  before === now
    ? []
    : [{ id: "run", claim: "The exit code of the command", before: String(before), now: String(now) }];

/**
 * Builds the new run's statement about the old one. It reproduces it if all required checks have their earlier outcome, including failures,
 * and the command its earlier exit code; otherwise it contradicts it.
 */
export function compareRuns(original: Original, again: Draft): ComparedRuns {
  const { f3: before } = original.statement.predicate;
  const { f3 } = again.predicate;
  const differences = [...differencesOf(before.checks, f3.checks), ...exitCodes(before.run.exitCode, f3.run.exitCode)];
  const required = new Set([...before.checks, ...f3.checks].filter((check) => check.required).map(({ id }) => id));
  const sameEnd = before.run.exitCode === f3.run.exitCode;
  const agrees = before.verdict === f3.verdict && sameEnd && differences.every(({ id }) => !required.has(id));
  const relation = agrees ? "reproduces" : "contradicts";
  const { id, digest } = original;
  const draft: Draft = {
    ...again,
    predicate: {
      ...again.predicate,
      f3: {
        ...f3,
        title: `${before.title}, again`,
        summary: `${agrees ? "It came out as before" : "It came out otherwise than before"} (${id}: ${before.verdict}). ${f3.summary}`,
        sections: [{ heading: `Compared with ${id}`, body: told(original, differences) }, ...f3.sections],
        relations: [
          ...f3.relations.filter(({ type, digest: of }) => type !== relation || of?.sha256 !== digest),
          { type: relation, target: id, digest: { sha256: digest } },
        ],
      },
    },
  };
  return { draft, differences, relation };
}

/** Number of lines that fit into a section. */
const TOLD = 20;

function told({ statement }: Original, differences: readonly CheckDifference[]): string {
  const { checks, run, verdict } = statement.predicate.f3;
  const lines = differences
    .slice(0, TOLD)
    .map(({ claim, before, now }) => `- ${plain(claim)}: ${before ?? "not named"} then, ${now ?? "not named"} now`);
  const rest = differences.length > TOLD ? [`- and ${differences.length - TOLD} more`] : [];
  const same = checks.length - differences.filter(({ before }) => before !== undefined).length;
  return [
    `${same} of ${checks.length} checks came out as they did in the run of ${run.startedAt}, which was ${verdict}.`,
    ...(lines.length > 0 ? ["", ...lines, ...rest] : []),
  ].join("\n");
}

/** A claim may contain any text that names a test. */
const plain = (text: string): string => text.replaceAll("`", "'").slice(0, 100);
