/**
 * The graph of attestations from one or more registries: which one verifies, reproduces, answers, contradicts or supersedes which. Edges
 * need a digest, because anyone can invent a label.
 */
import type { Report, TrustWord } from "../verify/report.js";
import type { Relation } from "../statement/statement.js";
import type { Verdict } from "../statement/verdict.js";
import type { Finding } from "../statement/audit-rules.js";

/** The few facts about one attestation that these rules need. */
export interface AttestationNode {
  readonly digest: string;
  readonly id: string;
  readonly title: string;
  /** Origin of the registry, or the file's name. */
  readonly where: string;
  readonly verdict: Verdict;
  readonly hypothesis: string;
  /** Names of the subjects, independent of version. */
  readonly names: readonly string[];
  readonly signedAt: string;
  /** The signers, one entry per owner (`Owners`). */
  readonly owners: readonly string[];
  /** Owners by signed rotations only. A log entry is the operator's word and must not turn a critic into the author. */
  readonly provenOwners: readonly string[];
  /** Owners of the keys that signed it according to the log. A server can strip a signature from a document, but not from the log. */
  readonly entered: readonly string[];
  /** Owners with a key the verifier's user confirmed, and owners that only a site lists. Retired and revoked keys do not count. */
  readonly confirmed: readonly string[];
  readonly listed: readonly string[];
  /** `sha256:…`, `gitCommit:…` of each subject. */
  readonly subjects: readonly string[];
  readonly relations: readonly Relation[];
  /** Neither retracted nor superseded. */
  readonly inForce: boolean;
  /** The attestation that its signer replaced it with. */
  readonly successor?: string;
}

export interface Edge {
  readonly from: string;
  /** Digest of the attestation at the other end, if it is known. */
  readonly to?: string;
  readonly type: Relation["type"];
  /** The name used in the statement. */
  readonly target: string;
  readonly pointer: string;
}

export interface Graph {
  readonly cards: ReadonlyMap<string, AttestationNode>;
  readonly edges: readonly Edge[];
}

/** What other signers' attestations imply for one attestation. */
export interface Facts {
  readonly reproducedBy: readonly string[];
  /** Owners of attestations that contradict it or failed to reproduce it. */
  readonly contradictedBy: readonly string[];
  readonly answeredBy: readonly string[];
  readonly supersededBy: readonly string[];
}

/**
 * Undefined unless the report has a verified result.
 * @param entered owners of the keys whose signatures on it are logged
 */
export function nodeOf(report: Report, where: string, entered: readonly string[] = []): AttestationNode | undefined {
  const { statement, digest, id, signers, standing } = report;
  if (statement === undefined || digest === undefined || id === undefined) return undefined;
  const { subject, predicate } = statement;
  const { title, hypothesis, verdict, signedAt, relations } = predicate.f3;
  const good = signers.filter(({ signature }) => signature === "ok");
  const ownersBy = (trust?: TrustWord): string[] => [
    ...new Set(good.flatMap((one) => (trust === undefined || one.trust === trust ? (one.owner ?? one.keyid) : []))),
  ];
  const successor = standing?.remarks.find(({ successor: by }) => by !== undefined)?.successor;
  return {
    digest,
    id,
    title,
    where,
    verdict,
    hypothesis,
    signedAt,
    relations,
    owners: ownersBy(),
    confirmed: ownersBy("confirmed-by-you"),
    listed: ownersBy("registry-only"),
    entered,
    provenOwners: [...new Set(good.map((one) => one.provenOwner ?? one.owner ?? one.keyid))],
    names: subject.map(({ name, uri }) => uri ?? name ?? ""),
    subjects: subject.flatMap(({ digest: set }) => Object.entries(set).map(([name, value]) => `${name}:${value}`)),
    inForce: standing === undefined || standing.word === "in-force",
    ...(successor !== undefined && { successor }),
  };
}

/** Those of the owners who signed the other attestation neither by its document nor by the log. */
export const othersAmong = (by: readonly string[], about: AttestationNode): string[] =>
  by.filter((owner) => !about.owners.includes(owner) && !about.entered.includes(owner));

/** Relations between attestations. `verifies` names a thing. The plan of a result is the log's matter. */
const BETWEEN: ReadonlySet<Relation["type"]> = new Set(["reproduces", "answers", "contradicts", "supersedes"]);

export function graphOf(all: readonly AttestationNode[]): Graph {
  const cards = new Map(all.map((card) => [card.digest, card]));
  const edges = [...cards.values()].flatMap(({ digest: from, relations, successor }) => [
    ...relations.map(({ type, target, digest }, at): Edge => {
      const to = digest?.sha256 !== undefined && cards.has(digest.sha256) ? { to: digest.sha256 } : {};
      return { from, type, target, pointer: `/predicate/f3/relations/${at}`, ...to };
    }),
    ...(successor === undefined
      ? []
      : [{ from: successor, type: "supersedes" as const, target: from, pointer: "", to: from }]),
  ]);
  return { cards, edges };
}

export function factsOf({ cards, edges }: Graph): ReadonlyMap<string, Facts> {
  const facts = new Map<string, { [Name in keyof Facts]: Set<string> }>();
  for (const { from, to, type } of edges) {
    const [by, about] = [cards.get(from), cards.get(to ?? "")];
    if (by === undefined || about === undefined || !(by.inForce || type === "supersedes")) continue;
    const critics = by.provenOwners.filter((owner) => !about.provenOwners.includes(owner));
    const known = facts.get(about.digest) ?? {
      reproducedBy: new Set<string>(),
      contradictedBy: new Set<string>(),
      answeredBy: new Set<string>(),
      supersededBy: new Set<string>(),
    };
    facts.set(about.digest, known);
    const agrees = by.verdict === about.verdict;
    if (type === "reproduces" && agrees)
      for (const owner of othersAmong([...by.confirmed, ...by.listed], about)) known.reproducedBy.add(owner);
    if (type === "contradicts" || (type === "reproduces" && !agrees))
      for (const owner of critics) known.contradictedBy.add(owner);
    if (type === "answers") known.answeredBy.add(by.digest);
    // Only a signer of the old attestation can supersede it.
    if (type === "supersedes" && by.owners.some((owner) => about.owners.includes(owner)))
      known.supersededBy.add(by.digest);
  }
  return new Map(
    [...facts].map(([digest, { reproducedBy, contradictedBy, answeredBy, supersededBy }]) => [
      digest,
      {
        reproducedBy: [...reproducedBy],
        contradictedBy: [...contradictedBy],
        answeredBy: [...answeredBy],
        supersededBy: [...supersededBy],
      },
    ]),
  );
}

/**
 * Findings for references to unknown attestations, and for circular references.
 * @param known digests of other known documents: plans and evidence
 */
export function graphFindings({ cards, edges }: Graph, known: ReadonlySet<string>): Finding[] {
  const dangling = edges.flatMap(({ from, to, type, target, pointer }): Finding[] => {
    const digest = pointer === "" ? undefined : relationAt(cards.get(from), pointer)?.digest?.sha256;
    const meant = BETWEEN.has(type) || type === "planned-by";
    if (!meant || to !== undefined || digest === undefined || known.has(digest)) return [];
    const detail = `${type} ${target}: no known document has the SHA-256 ${digest}`;
    return [{ rule: "relation-dangling", about: from, pointer, detail }];
  });
  const circular = circlesOf(edges).flatMap((circle) =>
    circle.map((about): Finding => {
      const named = circle.slice(0, MAX_NAMED).map((digest) => cards.get(digest)?.id ?? digest);
      const way = `${named.join(" → ")} → ${circle.length > MAX_NAMED ? `… → ` : ""}${named[0] ?? ""}, ${circle.length} in a circle`;
      return { rule: "relation-circular", about, pointer: "/predicate/f3/relations", detail: way };
    }),
  );
  return [...dangling, ...circular];
}

const relationAt = (card: AttestationNode | undefined, pointer: string): Relation | undefined =>
  card?.relations[Number(pointer.split("/").at(-1))];

/** Names at most this many members of a circle. */
const MAX_NAMED = 4;

/** Each circle once, starting at its smallest member. Iterative, because a chain can be as long as a registry. */
function circlesOf(edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, type } of edges)
    if (to !== undefined && BETWEEN.has(type) && type !== "contradicts") {
      const known = next.get(from);
      if (known === undefined) next.set(from, [to]);
      else known.push(to);
    }
  const done = new Set<string>();
  const circles = new Map<string, string[]>();
  for (const start of [...next.keys()].sort()) {
    const path: string[] = [];
    const on = new Map<string, number>();
    const ahead: { readonly digest: string; readonly leave: boolean }[] = [{ digest: start, leave: false }];
    for (let step = ahead.pop(); step !== undefined; step = ahead.pop()) {
      const { digest, leave } = step;
      if (leave) {
        path.pop();
        on.delete(digest);
        done.add(digest);
        continue;
      }
      const at = on.get(digest);
      if (at !== undefined) {
        const circle = path.slice(at);
        const least = circle.reduce((one, other) => (other < one ? other : one));
        circles.set(`${circle.length} ${least}`, circle);
        continue;
      }
      if (done.has(digest)) continue;
      on.set(digest, path.length);
      path.push(digest);
      ahead.push({ digest, leave: true });
      for (const to of next.get(digest) ?? []) ahead.push({ digest: to, leave: false });
    }
  }
  return [...circles.values()];
}
