/** What other attestations say about one, counted by keys other than its signers': agreeing with oneself proves nothing. */
import { oppositesAmong } from "../core/audit/contradictions.js";
import { factsOf, graphOf, othersAmong, type AttestationNode } from "../core/audit/relations.js";
import type { TrustWord } from "../core/verify/report.js";
import type { PageLinks } from "./standing.js";
import { h, local, type Child, type Element } from "./tree.js";
import { count } from "./wording.js";

export interface Related {
  readonly about: AttestationNode;
  /** All verified with the known keys; unverified ones are left out. */
  readonly others: readonly { readonly card: AttestationNode; readonly trust: TrustWord }[];
  /** The number of further ones, as the publisher says. */
  readonly more: number;
}

const HEARD: ReadonlySet<TrustWord> = new Set(["confirmed-by-you", "registry-only"]);

/**
 * Undefined if nobody says anything. Retracted attestations and revoked keys do not count. A key that only the publisher lists is the
 * publisher's word.
 */
export function relatedView({ about, others: all, more }: Related, place?: PageLinks): Element | undefined {
  const heard = all.filter(({ card, trust }) => HEARD.has(trust) && card.inForce && card.digest !== about.digest);
  const others = heard.map(({ card }) => card);
  const graph = graphOf([about, ...others]);
  const facts = factsOf(graph).get(about.digest);
  const saying = (...types: string[]): AttestationNode[] =>
    others.filter(({ digest }) =>
      graph.edges.some(({ from, to, type }) => from === digest && to === about.digest && types.includes(type)),
    );
  // Each signer counts separately: a confirmed signer does not confirm cosigners.
  const confirming = (card: AttestationNode): string[] => othersAmong(card.confirmed, about);
  const claiming = (card: AttestationNode): string[] => othersAmong(card.listed, about);
  const critics = (card: AttestationNode): string[] =>
    card.provenOwners.filter((owner) => !about.provenOwners.includes(owner));
  const agrees = ({ verdict }: AttestationNode): boolean => verdict === about.verdict;

  const reproductions = saying("reproduces");
  const contradictions = [...new Set([...saying("contradicts"), ...reproductions.filter((card) => !agrees(card))])];
  const against = contradictions.filter((card) => critics(card).length > 0);
  const opposite = oppositesAmong(others)(about).filter((card) => !against.includes(card));
  const again = reproductions.filter(agrees);
  const successors = others.filter(
    ({ digest }) => facts?.supersededBy.includes(digest) === true && digest !== about.successor,
  );
  const keys = (cards: readonly AttestationNode[], by: (card: AttestationNode) => readonly string[]): string =>
    count(new Set(cards.flatMap(by)).size, "other key");
  const confirmed = again.filter((card) => confirming(card).length > 0);
  const claimed = again.filter((card) => !confirmed.includes(card) && claiming(card).length > 0);
  const lines: readonly (readonly [tone: string, words: string, cards: readonly AttestationNode[]])[] = [
    ["open", `Contradicted by ${keys(against, critics)}`, against],
    ["open", "The opposite verdict about the same subject", opposite],
    ["open", "Replaced by its own signer", successors],
    ["plain", `Reproduced by ${keys(confirmed, confirming)}, confirmed by you`, confirmed],
    ["open", `Claimed to be reproduced by ${keys(claimed, claiming)} that only this site lists`, claimed],
    [
      "plain",
      "Run again by its own signer",
      again.filter((card) => !confirmed.includes(card) && !claimed.includes(card)),
    ],
    ["plain", "Answered by", saying("answers")],
  ];
  const told = lines.filter(([, , cards]) => cards.length > 0);
  if (told.length === 0) return undefined;
  const named = ({ id, title, verdict }: AttestationNode): Child => {
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
    h("h2", "", "What other attestations say about it"),
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
    h("p", "note", `Each was verified in the same way, and is its signer's word.${left}`),
  );
}
