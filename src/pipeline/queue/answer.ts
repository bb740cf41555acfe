/**
 * The answer to a plan, published exactly once, whoever tries and whenever they are killed.
 *
 * The signed answer is first written beside what is published, under a name that the plan gives, and created only: who comes first decides.
 * All others publish what is there, which changes nothing if it is published already.
 */
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import type { Draft } from "../../core/statement/statement.js";
import { verify } from "../../core/verify/verify.js";
import { acceptedResult } from "../../core/verify/report.js";
import { departures, planOf } from "../../core/statement/plan.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import { answerIn } from "../../store/answers.js";
import { attestationPath, evidencePath, type Registry } from "../../store/registry.js";
import { RegistryIndex } from "../../store/registry-index.js";
import { piecesOf } from "../load/evidence-folder.js";
import { publish } from "../publish/publish.js";
import { sign, type Attestation } from "../publish/sign.js";
import { answerAt } from "./places.js";
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
    const answer = bytes && orUndefined(() => answerIn(bytes));
    if (answer?.plan !== digest || !answer.keyids.some((keyid) => keyids.includes(keyid))) continue;
    if (departures(plan, answer.statement).length === 0) return id;
  }
  return undefined;
}

/** Publishes what an earlier attempt had decided; undefined if there is nothing. Returns the result's id. */
export async function finishAnswer(planned: PlannedRun, answering: Answering): Promise<string | undefined> {
  const { registry } = answering;
  const bytes = await registry.store.read(answerAt(planned.digest));
  if (bytes === undefined) return undefined;
  const attestation = ours(bytes, planned, answering);
  const evidence = new Map<string, Bytes>();
  for (const { digest } of attestation.statement.predicate.f3.evidence) {
    const sha256 = digest.sha256 ?? "";
    const piece = await registry.store.read(evidencePath(sha256));
    if (piece !== undefined) evidence.set(sha256, piece);
  }
  await publishOnce(attestation, evidence, planned, answering);
  return attestation.id;
}

/** @throws AttestError `run-refused` unless our own key signed it, for this plan */
function ours(bytes: Bytes, planned: PlannedRun, { engine, signer }: Answering): Attestation {
  const keys = [{ key: signer.key, by: "you" as const, source: "the signer" }];
  const result = acceptedResult(verify(bytes, { engine, keys, now: new Date() }));
  if (!("statement" in result) || planOf(result.statement) !== planned.digest)
    throw new AttestError(
      "run-refused",
      `${answerAt(planned.digest)} is no answer to ${planned.id} by ${signer.key.keyid}`,
      "remove it if you know who wrote it",
    );
  return { ...result, bytes };
}

export interface Answer {
  readonly draft: Draft;
  readonly evidence: ReadonlyMap<string, Bytes>;
  readonly secrets: readonly Secret[];
  readonly allowSecrets: readonly string[];
}

/**
 * Signs, decides and publishes. Returns the id of the published result, which may be another attempt's.
 * @param stillMine asked right before the decision; after it the result will be published, by this worker or the next
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
  for (const [sha256, piece] of evidence) await registry.store.create(evidencePath(sha256), piece);
  await stillMine();
  try {
    await registry.store.create(answerAt(planned.digest), attestation.bytes);
  } catch (error) {
    if (!(error instanceof AttestError) || error.code !== "file-exists") throw error;
    const decided = await finishAnswer(planned, answering);
    if (decided !== undefined) return decided;
  }
  await publishOnce(attestation, evidence, planned, answering);
  return attestation.id;
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

async function publishOnce(
  attestation: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  { digest }: PlannedRun,
  { registry, signer }: Answering,
): Promise<void> {
  // Also if it is there: a killed publisher may have left it without its entry in the log, or the log without its checkpoint.
  await publish(attestation, evidence, signer, registry);
  await registry.store.discard(answerAt(digest));
}
