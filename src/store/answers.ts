/** What answers a plan: one result, by one signer. */
import type { Bytes } from "../core/bytes.js";
import { parseEnvelope } from "../core/statement/envelope.js";
import { AttestError, orUndefined } from "../core/errors.js";
import { departures, planOf, readPlan } from "../core/statement/plan.js";
import { readStatement, type ResultStatement } from "../core/statement/statement.js";

export interface PlanAnswered {
  readonly plan: string;
  readonly keyids: readonly string[];
  readonly statement: ResultStatement;
}

/** The digest of the plan that a result names, and who signed that; undefined for all else. */
export function answerIn(bytes: Bytes): PlanAnswered | undefined {
  const { payload, signatures } = parseEnvelope(bytes);
  const read = readStatement(payload);
  if ("fault" in read) return undefined;
  const plan = planOf(read.statement);
  const keyids = signatures.flatMap(({ keyid }) => keyid ?? []);
  return plan === undefined ? undefined : { plan, keyids, statement: read.statement };
}

/**
 * A second result for one plan by one signer would always be a finding, and so would one by another key than the plan's. One that is not of
 * the test that was announced answers nothing.
 * @param results the names of the other results that are published; `file` reads one, or a plan
 * @throws AttestError `plan-answered`
 */
export async function refuseSecondAnswer(
  own: PlanAnswered,
  results: readonly string[],
  file: (name: string) => Promise<Bytes>,
): Promise<void> {
  const plan = await file(`plan_${own.plan.slice(0, 16)}.json`);
  const envelope = orUndefined(() => parseEnvelope(plan));
  const announced = envelope && readPlan(envelope.payload);
  if (envelope === undefined || announced === undefined || "fault" in announced) return;
  if (!envelope.signatures.some(({ keyid }) => own.keyids.includes(keyid ?? "")))
    throw new AttestError(
      "plan-answered",
      "the plan that it names is another key's, which alone answers it",
      "nothing was published; run the test again, which announces a plan of its own",
    );
  for (const name of results) {
    const result = await file(name);
    const other = Buffer.from(result).includes(own.plan) ? orUndefined(() => answerIn(result)) : undefined;
    if (other?.plan !== own.plan || !other.keyids.some((keyid) => own.keyids.includes(keyid))) continue;
    if (departures(announced.plan, other.statement).length > 0) continue;
    throw new AttestError(
      "plan-answered",
      `the plan that it names has its result already, ${name.replace(/\.json$/, "")}`,
      "nothing was published; run the test again, which announces a plan of its own",
    );
  }
}
