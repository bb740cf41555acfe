/**
 * The graph over the attestations at hand, of one registry or of several: what verifies, reproduces, answers, contradicts and supersedes
 * what. Edges are by digest; a label alone leads nowhere, because anybody can make one up.
 */
import type { Report, TrustWord } from "../verify/report.js";
import type { Relation } from "../statement/statement.js";
import type { Verdict } from "../statement/verdict.js";
import type { Finding } from "../statement/audit-rules.js";

/** What the rules between attestations need of one: a thousandth of the document. */
export interface AttestationNode {
  readonly digest: string;
  readonly id: string;
  readonly title: string;
  /** Origin of the registry that has it, or the file's name. */
  readonly where: string;
  readonly verdict: Verdict;
  readonly hypothesis: string;
  /** What the subjects are called, whatever version of them was tested. */
  readonly names: readonly string[];
  readonly signedAt: string;
  /** Who signed, one for each owner (`Owners`). */
  readonly owners: readonly string[];
  /** The same by signed hand-overs alone: a log's entry, which is its operator's word, must not make a critic the same as who is criticised. */
  readonly provenOwners: readonly string[];
  /** Owners of the keys that signed it, by the log's entries. A server can take a signature off a document, and not out of the log. */
  readonly entered: readonly string[];
  /** Of its owners, those with a key that the verifier's user confirmed, and those that only a site lists; no key that is retired or revoked. */
  readonly confirmed: readonly string[];
  readonly listed: readonly string[];
  /** `sha256:…`, `gitCommit:…` of each subject. */
  readonly subjects: readonly string[];
  readonly relations: readonly Relation[];
  /** Neither taken back nor replaced. */
  readonly inForce: boolean;
  /** The attestation that its signer put in its place. */
  readonly successor?: string;
}

export interface Edge {
  readonly from: string;
  /** The digest of the attestation at the other end, where it is one at hand. */
  readonly to?: string;
  readonly type: Relation["type"];
  /** As the statement calls it. */
  readonly target: string;
  readonly pointer: string;
}

export interface Graph {
  readonly cards: ReadonlyMap<string, AttestationNode>;
  readonly edges: readonly Edge[];
}

/** What follows about one attestation from what others say of it; each by keys that are not its signer's. */
export interface Facts {
  readonly reproducedBy: readonly string[];
  /** Reproductions that came out otherwise, and statements that contradict it. */
  readonly contradictedBy: readonly string[];
  readonly answeredBy: readonly string[];
  readonly supersededBy: readonly string[];
}

/**
 * Undefined for what is no result, or no good one.
 * @param entered owners of the keys whose signatures of it a log has
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
    ...{ digest, id, title, where, verdict, hypothesis, signedAt, relations },
    ...{ owners: ownersBy(), confirmed: ownersBy("confirmed-by-you"), listed: ownersBy("registry-only"), entered },
    provenOwners: [...new Set(good.map((one) => one.provenOwner ?? one.owner ?? one.keyid))],
    names: subject.map(({ name, uri }) => uri ?? name ?? ""),
    subjects: subject.flatMap(({ digest: set }) => Object.entries(set).map(([name, value]) => `${name}:${value}`)),
    inForce: standing === undefined || standing.word === "in-force",
    ...(successor !== undefined && { successor }),
  };
}

/** Of these owners of one attestation, who neither signed the other nor is said to have signed it by a log. */
export const othersAmong = (by: readonly string[], about: AttestationNode): string[] =>
  by.filter((owner) => !about.owners.includes(owner) && !about.entered.includes(owner));

/** Relations to another attestation; `verifies` names a thing. A result answers the plan that it names, and that is in the log's account. */
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
      : [
          {
            ...{ from: successor, type: "supersedes" as const, target: from, pointer: "", to: from },
          },
        ]),
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
      ...{ reproducedBy: new Set<string>(), contradictedBy: new Set<string>() },
      ...{ answeredBy: new Set<string>(), supersededBy: new Set<string>() },
    };
    facts.set(about.digest, known);
    const agrees = by.verdict === about.verdict;
    if (type === "reproduces" && agrees)
      for (const owner of othersAmong([...by.confirmed, ...by.listed], about)) known.reproducedBy.add(owner);
    if (type === "contradicts" || (type === "reproduces" && !agrees))
      for (const owner of critics) known.contradictedBy.add(owner);
    if (type === "answers") known.answeredBy.add(by.digest);
    // Only its own signer can put another in its place.
    if (type === "supersedes" && by.owners.some((owner) => about.owners.includes(owner)))
      known.supersededBy.add(by.digest);
  }
  return new Map(
    [...facts].map(([digest, { reproducedBy, contradictedBy, answeredBy, supersededBy }]) => [
      digest,
      {
        ...{ reproducedBy: [...reproducedBy], contradictedBy: [...contradictedBy] },
        ...{ answeredBy: [...answeredBy], supersededBy: [...supersededBy] },
      },
    ]),
  );
}

/**
 * References to what is not at hand, and circles of attestations that rest on each other.
 * @param known digests of whatever else is at hand: plans, and evidence
 */
export function graphFindings({ cards, edges }: Graph, known: ReadonlySet<string>): Finding[] {
  const dangling = edges.flatMap(({ from, to, type, target, pointer }): Finding[] => {
    const digest = pointer === "" ? undefined : relationAt(cards.get(from), pointer)?.digest?.sha256;
    const meant = BETWEEN.has(type) || type === "planned-by";
    if (!meant || to !== undefined || digest === undefined || known.has(digest)) return [];
    const detail = `${type} ${target}: nothing at hand has the SHA-256 ${digest}`;
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

/** Of a long circle, whose every member is told of it. */
const MAX_NAMED = 4;

/** Each circle once, from its smallest member on. Iterative: a chain may be as long as a registry. */
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
