/** What other attestations say of one: counted by keys that are not its signer's, since anybody can agree with themselves. */
import { oppositesAmong } from "../core/audit/between.js";
import { factsOf, graphOf, type Card } from "../core/audit/relations.js";
import type { Place } from "./standing.js";
import { h, local, type Child, type Element } from "./tree.js";
import { count } from "./wording.js";

export interface Related {
  readonly about: Card;
  /** All of them verified with the keys at hand; whatever did not is not among them. */
  readonly others: readonly Card[];
  /** How many more were not looked at. */
  readonly more: number;
}

/** Undefined where nobody says anything. What was taken back says nothing any more. */
export function relatedView({ about, others: all, more }: Related, place?: Place): Element | undefined {
  const others = all.filter(({ digest, inForce }) => inForce && digest !== about.digest);
  const graph = graphOf([about, ...others]);
  const facts = factsOf(graph).get(about.digest);
  const saying = (...types: string[]): Card[] =>
    others.filter(({ digest }) =>
      graph.edges.some(({ from, to, type }) => from === digest && to === about.digest && types.includes(type)),
    );
  const foreign = (card: Card): boolean => card.owners.some((owner) => !about.owners.includes(owner));
  const agrees = ({ verdict }: Card): boolean => verdict === about.verdict;

  const reproductions = saying("reproduces");
  const contradictions = [...new Set([...saying("contradicts"), ...reproductions.filter((card) => !agrees(card))])];
  const against = contradictions.filter(foreign);
  const opposite = oppositesAmong(others)(about).filter((card) => !against.includes(card));
  const again = reproductions.filter(agrees);
  const successors = others.filter(
    ({ digest }) => facts?.supersededBy.includes(digest) === true && digest !== about.successor,
  );
  const keys = (owners: readonly string[] = []): string => count(owners.length, "other key");
  const lines: readonly (readonly [tone: string, words: string, cards: readonly Card[]])[] = [
    ["open", `Contradicted by ${keys(facts?.contradictedBy)}`, against],
    ["open", "The opposite verdict about the same subject", opposite],
    ["open", "Replaced by its own signer", successors],
    ["plain", `Reproduced by ${keys(facts?.reproducedBy)}`, again.filter(foreign)],
    ["plain", "Run again by its own signer", again.filter((card) => !foreign(card))],
    ["plain", "Answered by", saying("answers")],
  ];
  const told = lines.filter(([, , cards]) => cards.length > 0);
  if (told.length === 0) return undefined;
  const named = ({ id, title, verdict }: Card): Child => {
    const path = place?.page?.(id);
    return [path === undefined ? h("bdi", "", title) : local(path, title), ` (${verdict})`];
  };
  const left = more === 0 ? "" : ` There ${more === 1 ? "is" : "are"} ${more} more, which this page does not carry.`;
  return h(
    "section",
    "related",
    h("h2", "", "What other attestations say of it"),
    h(
      "ul",
      "",
      told.map(([tone, words, cards]) =>
        h(
          "li",
          tone,
          h("strong", "", words),
          ": ",
          cards.map((card, at) => [at === 0 ? "" : ", ", named(card)]),
        ),
      ),
    ),
    h("p", "note", `Each was verified with the keys at hand, as this one was, and is the word of its signer.${left}`),
  );
}
