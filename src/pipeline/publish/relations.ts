/**
 * Guards relations in statements that someone else wrote. A signature gives them effect: a result by the same signer supersedes, one by
 * another signer reproduces. So each must be allowed explicitly, by digest.
 */
import { hex } from "../../core/bytes.js";
import { commandLine } from "../../node/command-line.js";
import type { Engine } from "../../core/engine.js";
import { parseEnvelope } from "../../core/statement/envelope.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { isObject, type Json } from "../../core/json.js";
import { formatNoteKey } from "../../core/keys/note.js";
import { logNamed } from "../../core/statement/payload.js";
import { attestationPath } from "../../store/paths.js";
import type { LoadedRegistry } from "../load/load.js";

/** Names a thing, not an attestation, and so has no effect. */
const WITHOUT_EFFECT: readonly Json[] = ["verifies"];

/** The option that gives such a word. */
const ALLOW_RELATION = "--allow-relation";

/** In the syntax of the option: `supersedes:DIGEST`, or the target's name if it has no SHA-256. */
function wordOf(relation: Json): string {
  const { type = "", target = "", digest } = isObject(relation) ? relation : {};
  const sha256 = isObject(digest) ? digest["sha256"] : undefined;
  const text = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
  return `${text(type)}:${text(sha256 ?? target)}`;
}

/** From a draft or a statement, even if it is malformed otherwise. */
export function relationsOf(statement: Json): string[] {
  const predicate = isObject(statement) ? statement["predicate"] : undefined;
  const f3 = isObject(predicate) ? predicate["f3"] : undefined;
  const relations = isObject(f3) ? f3["relations"] : undefined;
  return (Array.isArray(relations) ? (relations as readonly Json[]) : [])
    .filter((one) => !(isObject(one) && WITHOUT_EFFECT.includes(one["type"] ?? null)))
    .map(wordOf);
}

const PLANNED_BY = "planned-by:";

/**
 * The plans named in a statement to which a further signature adds nothing: by the plan's own log, an existing signer of the statement
 * announced them. Only the announcer's result answers a plan, so nobody closes their own plan by signing someone else's result.
 * The plan's file is not enough: a signature can be stripped from it, but not an entry from the log.
 * @param signed keyids of the existing signers
 * @throws AttestError `network`
 */
export async function plansOfOthers(
  statement: Json,
  signed: readonly string[],
  registry: LoadedRegistry | undefined,
  engine: Engine,
): Promise<string[]> {
  const named = relationsOf(statement).filter((word) => word.startsWith(PLANNED_BY));
  const plans = new Set(named.map((word) => word.slice(PLANNED_BY.length)));
  const logs = await (plans.size === 0
    ? undefined
    : registry?.logs.folded({ wanted: { payloads: plans, keys: new Set() } }));
  if (registry === undefined || logs === undefined || "why" in logs) return [];
  const others: string[] = [];
  for (const word of named) {
    const digest = word.slice(PLANNED_BY.length);
    const bytes = await registry.source.read(attestationPath(`plan_${digest.slice(0, 16)}`));
    const plan = bytes && orUndefined(() => parseEnvelope(bytes));
    if (plan === undefined || hex(engine.sha256(plan.payloadBytes)) !== digest) continue;
    const log = logs.find(({ key }) => formatNoteKey(key) === logNamed(plan.payload)?.key);
    const by = log?.signers.get(digest) ?? [];
    if (by.some((keyid) => signed.includes(keyid))) others.push(word);
  }
  return others;
}

/** @throws AttestError `relation-refused` */
export function refuseRelations(statement: Json, allowed: readonly string[]): void {
  const [refused, ...more] = relationsOf(statement).filter((word) => !allowed.includes(word));
  if (refused === undefined) return;
  throw new AttestError(
    "relation-refused",
    `the statement refers to other attestations: ${[refused, ...more].join(", ")}`,
    `your signature would give them effect; if you mean that: ${[refused, ...more].map((word) => `${ALLOW_RELATION} ${commandLine([word])}`).join(" ")}`,
  );
}

/** The options that allow the user's own relations, for a hint. */
export const allowing = (statement: Json): string =>
  relationsOf(statement)
    .map((word) => ` ${ALLOW_RELATION} ${commandLine([word])}`)
    .join("");
