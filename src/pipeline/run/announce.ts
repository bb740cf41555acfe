/** Signs, publishes and logs a plan before its test runs, and abandons plans. */
import { randomBytes } from "node:crypto";
import type { Engine } from "../../core/engine.js";
import { hex } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { fit, type Json } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import { PLAN_TYPE, PLAN_VERSION, type Outline, type PlanStatement } from "../../core/statement/plan.js";
import { identify, STATEMENT_TYPE, type Relation } from "../../core/statement/statement.js";
import { refuseSecrets } from "../../harness/redaction/scan.js";
import type { Secret } from "../../harness/redaction/secrets.js";
import type { Registry } from "../../store/registry.js";
import { seal } from "../publish/seal.js";
import { keyEntryOf } from "../publish/signers.js";

/** Called once, when everything that is known beforehand is known. Its result becomes a relation of the statement. */
export type Announce = (outline: Outline, secrets: readonly Secret[]) => Promise<Relation | undefined>;

export interface AnnounceRequest {
  readonly registry: Registry;
  readonly signer: Signer;
  readonly engine: Engine;
  /** Time from the announcement to the promised result. */
  readonly withinMs: number;
  readonly allowSecrets: readonly string[];
  readonly now: () => Date;
  /** Called right before the plan becomes public: from then on a missing result would be noticed. */
  readonly announcing: (id: string) => void;
}

const DAY_MS = 86_400_000;
/** Default promise: a day plus the test's time limit. */
export const promised = (timeoutMs: number | undefined): number => DAY_MS + (timeoutMs ?? 0);

/** Undefined if the registry has no log: nobody could miss the plan's result. */
export async function announce(
  outline: Outline,
  secrets: readonly Secret[],
  request: AnnounceRequest,
): Promise<Relation | undefined> {
  const { registry, signer, engine, withinMs, allowSecrets, now, announcing } = request;
  const log = await registry.log.current();
  if (log === undefined) return undefined;
  const at = now();
  const plan: PlanStatement = fit({
    _type: STATEMENT_TYPE,
    subject: [...outline.subject],
    predicateType: PLAN_TYPE,
    predicate: {
      version: PLAN_VERSION,
      title: outline.title,
      hypothesis: outline.hypothesis,
      log,
      checks: outline.checks.map(({ id, claim, required, expected, criterion }) => ({
        id,
        claim,
        required,
        expected,
        ...(criterion && { criterion }),
      })),
      configuration: [...outline.configuration],
      command: [...outline.command],
      nonce: hex(randomBytes(16)),
      signedAt: at.toISOString(),
      deadline: new Date(at.getTime() + withinMs).toISOString(),
    },
  });
  refuseSecrets(plan as Json, [], secrets, allowSecrets);
  const shorter = "announce fewer checks, or shorter ones";
  const { bytes, payloadBytes, fault } = await seal(plan, { signers: [signer], engine, now: at, shorter });
  if (fault !== undefined) throw new AttestError("internal", `expected a plan that verifies, found ${fault.detail}`);
  const { id, digest } = identify(payloadBytes, engine, "plan");
  await registry.listSigner(keyEntryOf(signer, at));
  announcing(id);
  await registry.publish({ id, bytes, evidence: new Map() });
  return { type: "planned-by", target: id, digest: { sha256: digest } };
}

/** @param registry ` --registry DIR` if it is not the nearest */
export const abandoning = (id: string, registry: string): string => `attest abandon ${id} --reason TEXT${registry}`;

/** Adds to an error after the announcement that the plan stays public and unanswered. */
export const withOpenPlan = (error: AttestError, id: string, registry: string): AttestError =>
  new AttestError(
    error.code,
    error.message,
    `${error.hint === undefined ? "" : `${error.hint}; `}its plan is public and stays open: ${abandoning(id, registry)}`,
  );
