/** What cited documents say of verdicts, exit codes and counts, held against the statement that cites them: by reading the cited bytes. */
import type { EvidenceRef, ResultStatement } from "../statement/statement.js";
import { namedAgain } from "../statement/once.js";
import { OUTCOMES, VERDICTS, type Outcome, type Verdict } from "../statement/verdict.js";
import type { Finding } from "../statement/audit-rules.js";

/** Where in the cited document something stands: a pointer into JSON, or a line. */
export type Saying =
  | { readonly what: "verdict"; readonly where: string; readonly value: Verdict; readonly root?: true }
  | { readonly what: "exit code"; readonly where: string; readonly value: number; readonly root?: true };

export type Counts = Readonly<Record<Outcome, number>>;

/** Two formats may speak of the same tests. */
export interface Counted {
  readonly format: string;
  readonly counts: Counts;
}

/** One cited document, as it was read. */
export interface Cited {
  /** Of the reference, into the payload of the citing statement. */
  readonly pointer: string;
  readonly sayings: readonly Saying[];
  /** Of a test report, or of several in one file: their cases by outcome. */
  readonly counts?: readonly Counted[];
  /** Why not all of it could be read, where it could not. */
  readonly unread?: string;
  /** Whether it speaks of several things, each with an id: then several verdicts are no contradiction. */
  readonly listing?: boolean;
}

/** Pieces in which a run speaks of itself; anything else may speak of another one. */
const OWN: ReadonlySet<string> = new Set(["run", "result", "report", "timeline", "attestation", "output"]);
/** Those of them that exist to be read, and what the signer says something of: one that cannot be read is no agreement. */
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

  // The piece's own word, beside what the signer says of it; of a listing only what stands at its root speaks of the whole.
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
 * The cases of all reports against the measurements that claim to have counted them. Those of one format are added up. Two formats may list the
 * same tests: no fewer than the one lists, no more than both.
 */
function countFindings(about: string, { predicate: { f3 } }: ResultStatement, cited: readonly Cited[]): Finding[] {
  const again = new Set(namedAgain(f3.evidence, "report"));
  const once = new Set(f3.evidence.flatMap((one, at) => (again.has(one) ? [] : `/predicate/f3/evidence/${at}`)));
  const reports = cited.flatMap(({ counts, pointer }) => (counts !== undefined && once.has(pointer) ? [counts] : []));
  if (reports.length === 0) return [];
  // One report that could not be read would make every count look wrong; what failed in another one failed all the same.
  const whole = reports.length === f3.evidence.filter((one) => one.role === "report" && !again.has(one)).length;
  // What was printed is no report of its own among the evidence: it adds to the others.
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
      ...{ rule: "cited-verdict", about, pointer: "/predicate/f3/verdict" },
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
