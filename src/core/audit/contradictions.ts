/** Contradictions between attestations: opposite verdicts on one subject, and reproductions with another result. */
import { groupBy } from "../group-by.js";
import type { AttestationNode, Graph } from "./relations.js";
import type { Finding } from "../statement/audit-rules.js";

/** At most this many attestations are named in one finding. */
const NAMED = 3;

/**
 * @param own digests of the audited attestations; others are compared with, but get no findings
 */
export function betweenFindings(graph: Graph, own: ReadonlySet<string>): Finding[] {
  const cards = [...graph.cards.values()].filter(({ inForce }) => inForce);
  const oppositesOf = oppositesAmong(cards);
  const targets = byVerdict(cards, verified);
  const opposite = cards
    .filter(({ digest }) => own.has(digest))
    .flatMap((card) => {
      const bySubject = oppositesOf(card);
      if (bySubject.length > 0) return [finding("verdict-opposite", card, bySubject, "the same subject")];
      const byTarget = against(card, verified(card), targets);
      return byTarget.length > 0 ? [finding("verdict-opposite-target", card, byTarget, "the same target")] : [];
    });
  return [...opposite, ...reproductions(graph, own)];
}

/**
 * Attestations that are not in force, and those with a later one by the same signer on the same question. Only the latest one gets a "newer
 * version" finding.
 * @param cards the audited attestations only: nothing published elsewhere makes one older
 */
export function askedAgain(cards: readonly AttestationNode[]): ReadonlySet<string> {
  const again = new Set(cards.flatMap(({ digest, inForce }) => (inForce ? [] : digest)));
  const standing = cards.filter(({ inForce }) => inForce);
  const keyOf = ({ owners, names, title, hypothesis }: AttestationNode): string =>
    JSON.stringify([[...owners].sort(), [...names].sort(), title, hypothesis]);
  for (const group of groupBy(standing, (card) => [keyOf(card)]).values()) {
    const last = group.reduce((latest, { signedAt }) => Math.max(latest, Date.parse(signedAt)), -Infinity);
    for (const { digest, signedAt } of group) if (Date.parse(signedAt) < last) again.add(digest);
  }
  return again;
}

/** One subject can be asked different questions: the tests of a commit may pass while its linter fails. */
const questionsOf = (card: AttestationNode): string[] => {
  const { hypothesis, title, subjects } = card;
  const asked = [
    ...[`hypothesis ${plain(hypothesis)}`, `title ${plain(title)}`],
    ...new Set(verified(card).map((target) => `target ${target}`)),
  ];
  return [...new Set(subjects)].flatMap((subject) => asked.map((question) => `${subject}\n${question}`));
};

/** Ignores differences in punctuation and white space. */
const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

/** For each card, the cards with the opposite verdict about the same subject. */
export function oppositesAmong<C extends AttestationNode>(
  cards: readonly C[],
): (card: AttestationNode) => readonly C[] {
  const asked = byVerdict(cards, questionsOf);
  return (card) => against(card, questionsOf(card), asked);
}

const verified = ({ relations }: AttestationNode): string[] =>
  relations.flatMap(({ type, target, digest }) =>
    type === "verifies" ? `${target} ${digest === undefined ? "" : JSON.stringify(digest)}` : [],
  );

const OPPOSITE = { VALIDATED: "REFUTED", REFUTED: "VALIDATED", INCONCLUSIVE: undefined } as const;

type Groups<C extends AttestationNode> = ReadonlyMap<string, readonly C[]>;

const byVerdict = <C extends AttestationNode>(cards: readonly C[], keysOf: (card: C) => readonly string[]): Groups<C> =>
  groupBy(cards, (card) => keysOf(card).map((key) => `${card.verdict} ${key}`));

/** Uses the key with the most matches, so that each card is looked at once. */
function against<C extends AttestationNode>(
  { verdict }: AttestationNode,
  keys: readonly string[],
  groups: Groups<C>,
): readonly C[] {
  const wanted = OPPOSITE[verdict];
  const found = wanted === undefined ? [] : keys.map((key) => groups.get(`${wanted} ${key}`) ?? []);
  return found.reduce((most, one) => (one.length > most.length ? one : most), []);
}

function finding(
  rule: "verdict-opposite" | "verdict-opposite-target",
  { digest, verdict }: AttestationNode,
  others: readonly AttestationNode[],
  what: string,
): Finding {
  const named = others.slice(0, NAMED).map(({ id, verdict: other, where }) => `${id} of ${where} says ${other}`);
  const more = others.length > NAMED ? `, and ${others.length - NAMED} more` : "";
  const detail = `it says ${verdict}; about ${what} ${named.join(", ")}${more}`;
  return { rule, about: digest, pointer: "/predicate/f3/verdict", detail };
}

/** The finding belongs to the reproduced attestation, because its readers need it. */
const reproductions = ({ cards, edges }: Graph, own: ReadonlySet<string>): Finding[] =>
  edges.flatMap(({ from, to = "", type }): Finding[] => {
    const [by, about] = [cards.get(from), cards.get(to)];
    if (by === undefined || about === undefined || !own.has(to) || !by.inForce) return [];
    if (type === "contradicts")
      return [{ rule: "contradicted", about: to, pointer: "", detail: `${by.id} of ${by.where} contradicts it` }];
    if (type !== "reproduces" || by.verdict === about.verdict) return [];
    const detail = `${by.id} of ${by.where} says ${by.verdict}, and this one ${about.verdict}`;
    return [{ rule: "not-reproduced", about: to, pointer: "/predicate/f3/verdict", detail }];
  });
