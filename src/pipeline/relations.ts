/**
 * Relations in what somebody else wrote: a signature gives them effect. A result by the same signer supersedes, a result by another one
 * reproduces. So none of them is signed that was not asked for, by its digest.
 */
import { AttestError } from "../core/errors.js";
import { isObject, type Json } from "../core/json.js";

/** Names a thing, and no attestation: nothing follows from it for any. */
const WITHOUT_EFFECT: readonly Json[] = ["verifies"];

export const ALLOW_RELATION = "--allow-relation";

/** As it is allowed: `supersedes:DIGEST`; by what it calls its target, where it has no SHA-256. */
function wordOf(relation: Json): string {
  const { type = "", target = "", digest } = isObject(relation) ? relation : {};
  const sha256 = isObject(digest) ? digest["sha256"] : undefined;
  const text = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
  return `${text(type)}:${text(sha256 ?? target)}`;
}

/** Of a draft or a whole statement, whatever is wrong with it otherwise. */
export function relationsOf(statement: Json): string[] {
  const predicate = isObject(statement) ? statement["predicate"] : undefined;
  const f3 = isObject(predicate) ? predicate["f3"] : undefined;
  const relations = isObject(f3) ? f3["relations"] : undefined;
  return (Array.isArray(relations) ? (relations as readonly Json[]) : [])
    .filter((one) => !(isObject(one) && WITHOUT_EFFECT.includes(one["type"] ?? null)))
    .map(wordOf);
}

/** @throws AttestError `relation-refused` */
export function refuseRelations(statement: Json, allowed: readonly string[]): void {
  const [refused, ...more] = relationsOf(statement).filter((word) => !allowed.includes(word));
  if (refused === undefined) return;
  throw new AttestError(
    "relation-refused",
    `expected a statement that says nothing of other attestations, found ${[refused, ...more].join(", ")}`,
    `your signature would give it effect; when you mean it: ${[refused, ...more].map((word) => `${ALLOW_RELATION} ${quoted(word)}`).join(" ")}`,
  );
}

const quoted = (word: string): string => (/^[\w:.-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
/** For a hint: what a command line needs, so that one's own relations are signed. */
export const allowing = (statement: Json): string =>
  relationsOf(statement)
    .map((word) => ` ${ALLOW_RELATION} ${quoted(word)}`)
    .join("");
