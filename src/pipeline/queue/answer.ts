/**
 * The answer to a plan, published exactly once, no matter who tries and when they are killed. The registry decides: the first result that
 * claims the plan is published, by its publisher or by the next (`store/publisher.ts`).
 */
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import type { Draft } from "../../core/statement/statement.js";
import { verify } from "../../core/verify/verify.js";
import { parseEnvelope } from "../../core/statement/envelope.js";
import { departures } from "../../core/statement/plan.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import { answerIn } from "../../store/answers.js";
import { attestationPath, evidencePath, type Registry } from "../../store/registry.js";
import { RegistryIndex } from "../../store/registry-index.js";
import { piecesOf } from "../load/evidence-folder.js";
import { publish } from "../publish/publish.js";
import { sign, type Attestation } from "../publish/sign.js";
import type { PlannedRun } from "./planned-run.js";

export interface Answering {
  readonly registry: Registry;
  readonly engine: Engine;
  /** One of the keys that announced the plan. */
  readonly signer: Signer;
}

/** The id of a published answer, by one of the keys that announced the plan. */
export async function answeredBy(
  registry: Registry,
  { digest, plan, keyids }: PlannedRun,
): Promise<string | undefined> {
  for (const id of await new RegistryIndex(registry.store).answersTo(digest)) {
    const bytes = await registry.store.read(attestationPath(id));
    const answer = bytes && orUndefined(() => answerIn(parseEnvelope(bytes)));
    if (answer?.plan !== digest || !answer.keyids.some((keyid) => keyids.includes(keyid))) continue;
    if (departures(plan, answer.statement).length === 0) return id;
  }
  return undefined;
}

/** Publishes what an earlier attempt had claimed; undefined if there is nothing. Returns the result's id. */
export async function finishAnswer(
  { id, digest, keyids }: PlannedRun,
  { registry }: Answering,
): Promise<string | undefined> {
  try {
    return await registry.finishAnswer(digest, keyids);
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "registry-format") throw error;
    throw new AttestError("run-refused", `no result can answer ${id}: ${error.message}`, error.hint);
  }
}

export interface Answer {
  readonly draft: Draft;
  readonly evidence: ReadonlyMap<string, Bytes>;
  readonly secrets: readonly Secret[];
  readonly allowSecrets: readonly string[];
}

/**
 * Signs and publishes. Returns the id of the published result, which may be another attempt's.
 * @param stillMine asked right before the plan is claimed; after that the result will be published, by this worker or the next
 * @throws AttestError `run-refused`, `secret-found`, `run-lost`, and what `sign` and `publish` throw
 */
export async function answerPlan(
  planned: PlannedRun,
  { draft, evidence, secrets, allowSecrets }: Answer,
  answering: Answering,
  stillMine: () => Promise<void>,
): Promise<string> {
  const { registry, engine, signer } = answering;
  refuseSecrets(draft as Json, piecesOf(draft, evidence), secrets, allowSecrets);
  const attestation = await sign(draft, signer, engine, new Date(), await registry.log.current());
  mustHold(attestation, evidence, planned, answering);
  await registry.store.createEach(new Map([...evidence].map(([sha256, piece]) => [evidencePath(sha256), piece])));
  await stillMine();
  try {
    await publish(attestation, evidence, signer, registry);
    return attestation.id;
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "plan-answered") throw error;
    const published = (await finishAnswer(planned, answering)) ?? (await answeredBy(registry, planned));
    if (published === undefined) throw error;
    return published;
  }
}

/** As a stranger will see it: signature, evidence, outcomes computed again, and the plan. */
function mustHold(
  { bytes, statement }: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  { plan }: PlannedRun,
  { engine, signer }: Answering,
): void {
  const keys = [{ key: signer.key, by: "you" as const, source: "the signer" }];
  const archived = (sha256: string, size: number): "same" | "changed" | "missing" => {
    const piece = evidence.get(sha256);
    if (piece === undefined) return "missing";
    return piece.length === size && hex(engine.sha256(piece)) === sha256 ? "same" : "changed";
  };
  const report = verify(bytes, {
    engine,
    keys,
    now: new Date(),
    archived,
    observations: (sha256) => evidence.get(sha256),
  });
  const fault = report.checks.find(({ status }) => status === "failed");
  const [departure] = departures(plan, statement);
  if (fault !== undefined || departure !== undefined)
    throw new AttestError("run-refused", `the result is not what it should be: ${fault?.detail ?? departure ?? ""}`);
}
