/** Two runs of one test, held against each other check by check: outcomes, never bytes or times. */
import type { CheckRecord, Draft, Relation, ResultStatement } from "../core/statement.js";

export interface Difference {
  readonly id: string;
  readonly claim: string;
  /** Undefined where the run has no such check. */
  readonly before: CheckRecord["outcome"] | undefined;
  readonly now: CheckRecord["outcome"] | undefined;
}

export interface Compared {
  readonly draft: Draft;
  readonly differences: readonly Difference[];
  readonly relation: Relation["type"];
}

/** What of the original is compared, and by which it is named. */
export interface Original {
  readonly id: string;
  readonly digest: string;
  readonly statement: ResultStatement;
}

export function differencesOf(before: readonly CheckRecord[], now: readonly CheckRecord[]): Difference[] {
  const [was, is] = [new Map(before.map((check) => [check.id, check])), new Map(now.map((check) => [check.id, check]))];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((id): Difference[] => {
    const [old, recent] = [was.get(id), is.get(id)];
    if (old?.outcome === recent?.outcome) return [];
    const claim = (recent ?? old)?.claim ?? "";
    return [{ id, claim, before: old?.outcome, now: recent?.outcome }];
  });
}

/**
 * The new run as a statement about the old one. It reproduces it when every required check has the outcome that it had, a failure as well
 * as a pass; else it contradicts it.
 */
export function compare(original: Original, again: Draft): Compared {
  const { f3: before } = original.statement.predicate;
  const { f3 } = again.predicate;
  const differences = differencesOf(before.checks, f3.checks);
  const required = new Set([...before.checks, ...f3.checks].filter((check) => check.required).map(({ id }) => id));
  const agrees = before.verdict === f3.verdict && differences.every(({ id }) => !required.has(id));
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
        relations: [...f3.relations, { type: relation, target: id, digest: { sha256: digest } }],
      },
    },
  };
  return { draft, differences, relation };
}

/** What fits a section. */
const TOLD = 20;

function told({ statement }: Original, differences: readonly Difference[]): string {
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

/** A claim may be any text that a test is named by. */
const plain = (text: string): string => text.replaceAll("`", "'").slice(0, 100);
