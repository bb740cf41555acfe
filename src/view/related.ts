/** What other attestations say of one: counted by keys that are not its signer's, since anybody can agree with themselves. */
import { oppositesAmong } from "../core/audit/between.js";
import { factsOf, graphOf, type Card } from "../core/audit/relations.js";
import type { TrustWord } from "../core/report.js";
import type { Place } from "./standing.js";
import { h, local, type Child, type Element } from "./tree.js";
import { count } from "./wording.js";

export interface Related {
  readonly about: Card;
  /** All of them verified with the keys at hand; whatever did not is not among them. */
  readonly others: readonly { readonly card: Card; readonly trust: TrustWord }[];
  /** How many more there are, by the publisher's word. */
  readonly more: number;
}

const HEARD: ReadonlySet<TrustWord> = new Set(["confirmed-by-you", "site-only"]);

/**
 * Undefined where nobody says anything. What was taken back says nothing any more, nor does a key that is revoked; and for how many there are
 * who agree, a key that only the publisher lists is the publisher's word.
 */
export function relatedView({ about, others: all, more }: Related, place?: Place): Element | undefined {
  const heard = all.filter(({ card, trust }) => HEARD.has(trust) && card.inForce && card.digest !== about.digest);
  const others = heard.map(({ card }) => card);
  const yours = new Set(heard.flatMap(({ card, trust }) => (trust === "confirmed-by-you" ? card.digest : [])));
  const graph = graphOf([about, ...others]);
  const facts = factsOf(graph).get(about.digest);
  const saying = (...types: string[]): Card[] =>
    others.filter(({ digest }) =>
      graph.edges.some(({ from, to, type }) => from === digest && to === about.digest && types.includes(type)),
    );
  const foreign = (card: Card): boolean => card.owners.some((owner) => !about.owners.includes(owner));
  const critic = (card: Card): boolean => card.provenOwners.some((owner) => !about.provenOwners.includes(owner));
  const agrees = ({ verdict }: Card): boolean => verdict === about.verdict;

  const reproductions = saying("reproduces");
  const contradictions = [...new Set([...saying("contradicts"), ...reproductions.filter((card) => !agrees(card))])];
  const against = contradictions.filter(critic);
  const opposite = oppositesAmong(others)(about).filter((card) => !against.includes(card));
  const again = reproductions.filter(agrees);
  const successors = others.filter(
    ({ digest }) => facts?.supersededBy.includes(digest) === true && digest !== about.successor,
  );
  const keys = (cards: readonly Card[], by: "owners" | "provenOwners" = "owners"): string => {
    const owners = new Set(cards.flatMap((card) => card[by].filter((owner) => !about[by].includes(owner))));
    return count(owners.size, "other key");
  };
  const foreignAgain = again.filter(foreign);
  const confirmed = foreignAgain.filter(({ digest }) => yours.has(digest));
  const claimed = foreignAgain.filter(({ digest }) => !yours.has(digest));
  const lines: readonly (readonly [tone: string, words: string, cards: readonly Card[]])[] = [
    ["open", `Contradicted by ${keys(against, "provenOwners")}`, against],
    ["open", "The opposite verdict about the same subject", opposite],
    ["open", "Replaced by its own signer", successors],
    ["plain", `Reproduced by ${keys(confirmed)}, confirmed by you`, confirmed],
    ["open", `Said to be reproduced, by ${keys(claimed)} that only this site lists`, claimed],
    ["plain", "Run again by its own signer", again.filter((card) => !foreign(card))],
    ["plain", "Answered by", saying("answers")],
  ];
  const told = lines.filter(([, , cards]) => cards.length > 0);
  if (told.length === 0) return undefined;
  const named = ({ id, title, verdict }: Card): Child => {
    const path = place?.page?.(id);
    return [path === undefined ? h("bdi", "", title) : local(path, title), ` (${verdict})`];
  };
  const left =
    more === 0
      ? ""
      : ` The publisher says that there ${more === 1 ? "is" : "are"} ${more} more, which this page does not carry.`;
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
