/** What closes a plan, by the documents: a result of the test that was announced, or a notice. The log alone tells the larger differences (`testOf`). */
import type { Entry } from "../core/account.js";
import { hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { parseEnvelope } from "../core/envelope.js";
import { orUndefined } from "../core/errors.js";
import type { JsonObject } from "../core/json.js";
import type { LeafOf } from "../core/leaf.js";
import { readNotice } from "../core/notice.js";
import { departures, readPlan } from "../core/plan.js";
import { readStatement } from "../core/statement.js";
import { attestationPath } from "../store/paths.js";
import type { LogPlace } from "./log-place.js";

type Read = LogPlace["read"];

/**
 * SHA-256 of the payloads of results that name a plan and are not shown to fit it, and of notices that are not shown to give one up: a document
 * that is kept back, or cannot be read, shows nothing.
 * @throws AttestError `network`, `io`
 */
export async function departedAt(
  { read }: Pick<LogPlace, "read">,
  entries: readonly Entry[],
  engine: Engine,
): Promise<ReadonlySet<string>> {
  const departed = new Set<string>();
  for (const { leaf } of entries) {
    const closes =
      leaf.kind === "result" && leaf.plan !== undefined
        ? (await compared(leaf, read, engine))?.length === 0
        : leaf.kind === "notice" && leaf.action === "abandon"
          ? await givesUp(leaf, read, engine)
          : undefined;
    if (closes === false && leaf.kind !== "shard") departed.add(leaf.payload);
  }
  return departed;
}

async function givesUp({ payload, about }: LeafOf<"notice">, read: Read, engine: Engine): Promise<boolean> {
  const found = readNotice(await at(read, "note", payload, engine), engine);
  return !("fault" in found) && found.notice.action === "abandon" && found.notice.about === about;
}

type Named = Pick<LeafOf<"result">, "plan" | "payload">;

/** A sentence each, where both are at hand. That the plan is missing, or not the signer's, the entries say. */
export const departuresOf = async (leaf: Named, read: Read, engine: Engine): Promise<string[]> =>
  (await compared(leaf, read, engine)) ?? [];

/** Undefined where there are not both of them. */
async function compared({ plan, payload }: Named, read: Read, engine: Engine): Promise<string[] | undefined> {
  if (plan === undefined) return undefined;
  const [announced, made] = [await at(read, "plan", plan, engine), await at(read, "test", payload, engine)];
  const [planned, result] = [readPlan(announced), readStatement(made)];
  return "fault" in planned || "fault" in result ? undefined : departures(planned.plan, result.statement);
}

/** The payload with that digest, where it is there. */
async function at(
  read: Read,
  kind: "plan" | "test" | "note",
  digest: string,
  engine: Engine,
): Promise<JsonObject | undefined> {
  const bytes: Bytes | undefined = await read(attestationPath(`${kind}_${digest.slice(0, 16)}`));
  const envelope = bytes && orUndefined(() => parseEnvelope(bytes));
  return envelope && hex(engine.sha256(envelope.payloadBytes)) === digest ? envelope.payload : undefined;
}
