/** Refuses duplicates in a statement that would be counted twice. */
import { canonical, type Json } from "../json.js";
import { fromUtf8 } from "../bytes.js";
import type { EvidenceRef, ResultStatement, Subject } from "./statement.js";

/**
 * Roles of evidence from which something is counted. Equal empty outputs of two programs are legitimate, and nothing is counted from them.
 */
const COUNTED: ReadonlySet<string> = new Set(["observations", "report"]);
export const isCounted = (role: string): boolean => COUNTED.has(role);

/** The pieces with this role whose bytes an earlier one already has. */
export const namedAgain = (evidence: readonly EvidenceRef[], role: string): readonly EvidenceRef[] => {
  const its = evidence.filter((one) => one.role === role);
  return repeated(its, ({ digest: { sha256 }, ...rest }) => sha256 ?? JSON.stringify(rest));
};

/** The first thing that a statement names twice, in words. The schema checks check ids and measure names. */
export function repetition({ subject, predicate: { f3 } }: ResultStatement): string | undefined {
  for (const role of COUNTED) {
    const [again] = namedAgain(f3.evidence, role);
    if (again !== undefined) return `predicate.f3.evidence: the bytes of ${again.name} are named twice as ${role}`;
  }
  const plans = f3.relations.filter(({ type }) => type === "planned-by");
  if (plans.length > 1) return `predicate.f3.relations: ${plans.length} plans, and a result answers one`;
  const [tested] = repeated(subject, identity);
  if (tested !== undefined) return `subject: ${tested.name ?? tested.uri ?? "a subject"} is named twice`;
  const [related] = repeated(f3.relations, ({ type, target, digest }) =>
    spelled(digest?.sha256 === undefined ? { type, target, digest } : { type, sha256: digest.sha256 }),
  );
  return related && `predicate.f3.relations: ${related.type} ${related.target} is named twice`;
}

const identity = ({ name, uri, digest }: Subject): string => spelled({ name, uri, digest });

/** Removes duplicate subjects. */
export const distinct = <S extends Subject>(all: readonly S[]): S[] => [
  ...new Map(all.map((one) => [identity(one), one])).values(),
];

const spelled = (value: object): string => fromUtf8(canonical(JSON.parse(JSON.stringify(value)) as Json));

function repeated<T>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const seen = new Set<string>();
  return all.filter((one) => seen.size === seen.add(keyOf(one)).size);
}
