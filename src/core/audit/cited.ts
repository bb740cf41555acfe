/** Compares what cited documents say (verdicts, exit codes, counts) with the statement that cites them. */
import type { EvidenceRef, ResultStatement } from "../statement/statement.js";
import { namedAgain } from "../statement/once.js";
import { OUTCOMES, VERDICTS, type Outcome, type Verdict } from "../statement/verdict.js";
import type { Finding } from "../statement/audit-rules.js";

/** Where it stands in the cited document: a JSON pointer, or a line. */
export type Saying =
  | { readonly what: "verdict"; readonly where: string; readonly value: Verdict; readonly root?: true }
  | { readonly what: "exit code"; readonly where: string; readonly value: number; readonly root?: true };

export type Counts = Readonly<Record<Outcome, number>>;

/** Two formats may report the same tests. */
export interface Counted {
  readonly format: string;
  readonly counts: Counts;
}

/** One cited document after reading. */
export interface Cited {
  /** Position of the reference in the payload of the citing statement. */
  readonly pointer: string;
  readonly sayings: readonly Saying[];
  /** Cases by outcome, for a test report or several in one file. */
  readonly counts?: readonly Counted[];
  /** Why part of it could not be read. */
  readonly unread?: string;
  /** It lists several things, each with an id, so several verdicts are no contradiction. */
  readonly listing?: boolean;
}

/** Roles in which a run describes itself. Any other piece may describe another run. */
const OWN: ReadonlySet<string> = new Set(["run", "result", "report", "timeline", "attestation", "output"]);
/** Roles that must be readable: an unreadable piece is never counted as agreement. */
const READ: ReadonlySet<string> = new Set(["run", "result", "report", "timeline", "attestation"]);
export const mustBeRead = ({ role, annotations = {} }: Pick<EvidenceRef, "role" | "annotations">): boolean =>
  READ.has(role) || Object.hasOwn(annotations, "verdict") || Object.hasOwn(annotations, "exitCode");
export const isVerdict = (text: string): text is Verdict => (VERDICTS as readonly string[]).includes(text);

export function citedFindings(about: string, statement: ResultStatement, cited: readonly Cited[]): Finding[] {
  const { f3 } = statement.predicate;
  const pieces = new Map(f3.evidence.map((piece, at) => [`/predicate/f3/evidence/${at}`, piece]));
  return [
    ...cited.flatMap((one) => {
      const piece = pieces.get(one.pointer);
      return piece === undefined ? [] : findingsIn(about, statement, piece, one);
    }),
    ...countFindings(about, statement, cited),
  ];
}

function findingsIn(about: string, { predicate: { f3 } }: ResultStatement, piece: EvidenceRef, one: Cited): Finding[] {
  const { pointer, sayings, listing = false } = one;
  const found = (rule: Finding["rule"], detail: string): Finding => ({ rule, about, pointer, detail });
  const verdicts = sayings.flatMap((saying) => (saying.what === "verdict" ? saying : []));
  const codes = sayings.flatMap((saying) => (saying.what === "exit code" ? saying : []));
  const findings: Finding[] = [];

  const other = verdicts.find(({ value }) => value !== verdicts[0]?.value);
  if (other !== undefined && verdicts[0] !== undefined && !listing)
    findings.push(
      found(
        "cited-conflict",
        `${piece.name} says ${verdicts[0].value} (${verdicts[0].where}) and ${other.value} (${other.where})`,
      ),
    );

  // Compare the piece's own verdict and the signer's annotation. In a listing, only a value at the root describes the whole.
  const own = OWN.has(piece.role);
  const ofWhole = <S extends Saying>(all: readonly S[]): S[] => all.filter(({ root }) => !listing || root === true);
  const said = { verdict: piece.annotations?.["verdict"], code: piece.annotations?.["exitCode"] };
  const differing = <S extends Saying>(all: readonly S[], stated: unknown): S | undefined =>
    stated === undefined ? undefined : ofWhole(all).find(({ value }) => value !== stated);
  for (const stated of new Set([said.verdict, own ? f3.verdict : undefined])) {
    const wrong = differing(verdicts, stated);
    if (wrong !== undefined)
      findings.push(
        found("cited-verdict", `${piece.name} says ${wrong.value} (${wrong.where}), the statement ${text(stated)}`),
      );
  }
  for (const stated of new Set([said.code, own ? f3.run.exitCode : undefined])) {
    const wrong = differing(codes, stated);
    if (wrong !== undefined)
      findings.push(
        found(
          "cited-exit-code",
          `${piece.name} says exit code ${wrong.value} (${wrong.where}), the statement ${text(stated)}`,
        ),
      );
  }
  return findings;
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/**
 * Compares the cases of all reports with the measurements that count them. Reports of one format are added up. Two formats may list the
 * same tests, so the total lies between the larger of the two and their sum.
 */
function countFindings(about: string, { predicate: { f3 } }: ResultStatement, cited: readonly Cited[]): Finding[] {
  const again = new Set(namedAgain(f3.evidence, "report"));
  const once = new Set(f3.evidence.flatMap((one, at) => (again.has(one) ? [] : `/predicate/f3/evidence/${at}`)));
  const reports = cited.flatMap(({ counts, pointer }) => (counts !== undefined && once.has(pointer) ? [counts] : []));
  if (reports.length === 0) return [];
  // With one unreadable report every count would look wrong. A failure in another report still counts.
  const whole = reports.length === f3.evidence.filter((one) => one.role === "report" && !again.has(one)).length;
  // A report taken from stdout is not a piece of evidence with the role "report"; it adds to the others.
  const printed = f3.checks.some(({ id }) => id.startsWith("report/stdout"));
  const formats = new Map<string, Counts[]>();
  for (const { format, counts } of reports.flat()) formats.set(format, [...(formats.get(format) ?? []), counts]);
  const each = [...formats.values()].map(added);
  const all = added(each);
  const findings: Finding[] = [];
  for (const [at, { id, measurements = [], criterion }] of whole ? f3.checks.entries() : []) {
    const ofAll = criterion?.measures.every(({ where }) => !("suite" in where)) ?? true;
    const stated = added([]);
    for (const name of OUTCOMES) stated[name] = measurements.find((one) => one.name === name)?.value ?? NaN;
    if (!ofAll || Number.isNaN(total(stated))) continue;
    const tooMany = !printed && OUTCOMES.some((name) => stated[name] > all[name]);
    const tooFew = each.some((one) => stated.failed < one.failed || total(stated) < total(one));
    const name = OUTCOMES.find((one) => stated[one] !== all[one]);
    if (name === undefined || !(tooMany || tooFew)) continue;
    const detail = `${id} counts ${stated[name]} ${name}, the cited reports have ${all[name]}`;
    findings.push({ rule: "counts-differ", about, pointer: `/predicate/f3/checks/${at}`, detail });
  }
  if (f3.verdict === "VALIDATED" && all.failed > 0)
    findings.push({
      rule: "cited-verdict",
      about,
      pointer: "/predicate/f3/verdict",
      detail: `the cited reports have ${all.failed} failed, the statement says VALIDATED`,
    });
  return findings;
}

const total = (counts: Counts): number => OUTCOMES.reduce((sum, name) => sum + counts[name], 0);

function added(all: readonly Counts[]): Record<Outcome, number> {
  const sum = { passed: 0, failed: 0, errored: 0, skipped: 0 };
  for (const counts of all) for (const name of OUTCOMES) sum[name] += counts[name];
  return sum;
}
