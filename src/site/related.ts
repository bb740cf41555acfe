/** Selects the published attestations that are about one attestation or contradict it. Its page carries them. */
import { oppositesAmong } from "../core/audit/contradictions.js";
import { groupBy } from "../core/group-by.js";
import { nodeOf, type AttestationNode } from "../core/audit/relations.js";
import type { Report } from "../core/verify/report.js";

/** A browser verifies each of them before showing the page. */
const MAX_DOCUMENTS = 12;
const MAX_TEXT = 256 * 1024;

const SAYING: ReadonlySet<string> = new Set(["reproduces", "contradicts", "answers", "supersedes"]);

interface Listed {
  readonly name: string;
  readonly text: string;
  readonly report: Report;
}

export interface RelatedDocuments {
  readonly documents: readonly Listed[];
  readonly more: number;
}

/** @param listed newest first. The result puts contradicting ones before supporting ones */
export function relatedIn(listed: readonly Listed[]): (report: Report) => RelatedDocuments {
  const cards = listed.flatMap((one): (AttestationNode & { readonly one: Listed })[] => {
    const card = nodeOf(one.report, "");
    return card === undefined ? [] : [{ ...card, one }];
  });
  const byDigest = new Map(cards.map((card) => [card.digest, card]));
  const naming = groupBy(cards, ({ relations }) =>
    relations.flatMap(({ digest, type }) => (SAYING.has(type) ? (digest?.sha256 ?? []) : [])),
  );
  const oppositesOf = oppositesAmong(cards);
  return ({ digest = "" }) => {
    const about = byDigest.get(digest);
    if (about === undefined) return { documents: [], more: 0 };
    const named = naming.get(digest) ?? [];
    const opposite = oppositesOf(about);
    const against = (card: AttestationNode): boolean =>
      card.verdict !== about.verdict || says(card, digest, "contradicts");
    const found = [...new Set([...named.filter(against), ...opposite, ...named])].filter(
      (card) => card.digest !== digest && card.inForce,
    );
    const documents: Listed[] = [];
    let size = 0;
    for (const { one } of found) {
      if (documents.length === MAX_DOCUMENTS || size + one.text.length > MAX_TEXT) continue;
      size += one.text.length;
      documents.push(one);
    }
    return { documents, more: found.length - documents.length };
  };
}

const says = ({ relations }: AttestationNode, digest: string, type: string): boolean =>
  relations.some((relation) => relation.type === type && relation.digest?.sha256 === digest);
