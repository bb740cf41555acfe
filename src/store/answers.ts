/** The answer to a plan: one result per signer. */
import type { Bytes } from "../core/bytes.js";
import { parseEnvelope, type Envelope } from "../core/statement/envelope.js";
import { AttestError, orUndefined } from "../core/errors.js";
import type { JsonObject } from "../core/json.js";
import { extensionOf } from "../core/statement/payload.js";
import { departures, planOf, readPlan, type PlanStatement } from "../core/statement/plan.js";
import { readStatement, type ResultStatement } from "../core/statement/statement.js";

export interface PlanAnswered {
  readonly plan: string;
  readonly keyids: readonly string[];
  readonly statement: ResultStatement;
}

/** The plan digest that a result names and the result's signers; undefined for any other document. */
export function answerIn({ payload, signatures }: Envelope): PlanAnswered | undefined {
  if (!mayAnswer(payload)) return undefined;
  const read = readStatement(payload);
  if ("fault" in read) return undefined;
  const plan = planOf(read.statement);
  const keyids = signatures.flatMap(({ keyid }) => keyid ?? []);
  return plan === undefined ? undefined : { plan, keyids, statement: read.statement };
}

/** Most results name no plan: their schema need not be checked to know that. */
function mayAnswer(payload: JsonObject): boolean {
  const { relations } = extensionOf(payload);
  return Array.isArray(relations) && relations.length > 0;
}

/** Whether a result answers the plan that it names: that plan is here, and announced this test. */
export async function answers(
  { plan, statement }: PlanAnswered,
  file: (id: string) => Promise<Bytes>,
): Promise<boolean> {
  const announced = await announcedIn(file, plan);
  return announced !== undefined && departures(announced.plan, statement).length === 0;
}

async function announcedIn(
  file: (id: string) => Promise<Bytes>,
  digest: string,
): Promise<{ readonly plan: PlanStatement; readonly keyids: readonly string[] } | undefined> {
  const bytes = await file(`plan_${digest.slice(0, 16)}`);
  const envelope = orUndefined(() => parseEnvelope(bytes));
  const read = envelope && readPlan(envelope.payload);
  if (envelope === undefined || read === undefined || "fault" in read) return undefined;
  return { plan: read.plan, keyids: envelope.signatures.flatMap(({ keyid }) => keyid ?? []) };
}

export const answered = (id: string): AttestError =>
  new AttestError(
    "plan-answered",
    `the plan that it names has its result already, ${id}`,
    "nothing was published; run the test again, which announces a new plan",
  );

/**
 * Refuses a second result for one plan by one signer and a result by another key than the plan's: both would be permanent findings. A
 * result of another test than the announced one answers nothing.
 * @param results ids of the other results that name the plan; `file` reads a result or a plan
 * @throws AttestError `plan-answered`
 */
export async function refuseSecondAnswer(
  own: PlanAnswered,
  results: readonly string[],
  file: (id: string) => Promise<Bytes>,
): Promise<void> {
  const announced = await announcedIn(file, own.plan);
  if (announced === undefined) return;
  if (!announced.keyids.some((keyid) => own.keyids.includes(keyid)))
    throw new AttestError(
      "plan-answered",
      "the plan that it names was announced by another key, and only that key can answer it",
      "nothing was published; run the test again, which announces a new plan",
    );
  for (const id of results) {
    const result = await file(id);
    const other = orUndefined(() => answerIn(parseEnvelope(result)));
    if (other?.plan !== own.plan || !other.keyids.some((keyid) => own.keyids.includes(keyid))) continue;
    if (departures(announced.plan, other.statement).length > 0) continue;
    throw answered(id);
  }
}
