/** What attestations say of each other without naming each other: opposite verdicts; and reproductions that came out otherwise. */
import { grouped } from "./groups.js";
import type { Card, Graph } from "./relations.js";
import type { Finding } from "./rules.js";

/** Of many others, so many are named. */
const NAMED = 3;

/**
 * @param own digests of those that are audited; what is only at hand beside them is compared, and told of nobody
 */
export function betweenFindings(graph: Graph, own: ReadonlySet<string>): Finding[] {
  const cards = [...graph.cards.values()].filter(({ inForce }) => inForce);
  const subjects = grouped(cards, ({ subjects: all }) => all);
  const targets = grouped(cards, verified);
  const opposite = cards
    .filter(({ digest }) => own.has(digest))
    .flatMap((card) => {
      const bySubject = against(card, card.subjects, subjects).filter((other) => sameQuestion(card, other));
      if (bySubject.length > 0) return [finding("verdict-opposite", card, bySubject, "the same subject")];
      const byTarget = against(card, verified(card), targets);
      return byTarget.length > 0 ? [finding("verdict-opposite-target", card, byTarget, "the same target")] : [];
    });
  return [...opposite, ...reproductions(graph, own)];
}

/** Those after which the same question was asked again: that there is a newer version is told of the last one only. */
export function askedAgain(cards: Iterable<Card>): ReadonlySet<string> {
  const again = new Set<string>();
  for (const group of grouped(cards, ({ title, hypothesis }) => [`${title}\n${hypothesis}`]).values()) {
    const last = Math.max(...group.map(({ signedAt }) => Date.parse(signedAt)));
    for (const { digest, signedAt } of group) if (Date.parse(signedAt) < last) again.add(digest);
  }
  return again;
}

/** The same subject may be asked different questions: of one commit the tests may pass and the linter fail. */
const sameQuestion = (card: Card, other: Card): boolean =>
  other.hypothesis === card.hypothesis ||
  other.title === card.title ||
  verified(other).some((target) => verified(card).includes(target));

/** Whether the two come to opposite verdicts about one subject. */
export const isOpposite = (card: Card, other: Card): boolean =>
  OPPOSITE[card.verdict] === other.verdict &&
  card.subjects.some((subject) => other.subjects.includes(subject)) &&
  sameQuestion(card, other);

const verified = ({ relations }: Card): string[] =>
  relations.flatMap(({ type, target, digest }) =>
    type === "verifies" ? `${target} ${digest === undefined ? "" : JSON.stringify(digest)}` : [],
  );

const OPPOSITE = { VALIDATED: "REFUTED", REFUTED: "VALIDATED", INCONCLUSIVE: undefined } as const;

function against(card: Card, keys: readonly string[], groups: ReadonlyMap<string, readonly Card[]>): Card[] {
  const wanted = OPPOSITE[card.verdict];
  if (wanted === undefined) return [];
  const found = keys.flatMap((key) => (groups.get(key) ?? []).filter(({ verdict }) => verdict === wanted));
  return [...new Set(found)];
}

function finding(
  rule: "verdict-opposite" | "verdict-opposite-target",
  { digest, verdict }: Card,
  others: readonly Card[],
  what: string,
): Finding {
  const named = others.slice(0, NAMED).map(({ id, verdict: other, where }) => `${id} of ${where} says ${other}`);
  const more = others.length > NAMED ? `, and ${others.length - NAMED} more` : "";
  const detail = `it says ${verdict}; about ${what} ${named.join(", ")}${more}`;
  return { rule, about: digest, pointer: "/predicate/f3/verdict", detail };
}

/** Told of the reproduced one: whoever reads it has to know. */
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
