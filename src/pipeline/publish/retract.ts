/** Notices about published documents: retracts or supersedes an attestation, abandons a plan. */
import type { NumberedEntry } from "../../core/log/summary.js";
import type { Engine } from "../../core/engine.js";
import { parseEnvelope, type Envelope } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import type { Signer } from "../../core/keys/key.js";
import { keyHistory } from "../../core/verify/key-history.js";
import { NOTICE_VERSION, type Notice } from "../../core/statement/notice.js";
import { kindOf, type Kind } from "../../core/statement/payload.js";
import { knownFrom } from "../../core/verify/signatures.js";
import { identify } from "../../core/statement/statement.js";
import { LogSource } from "../../store/log-source.js";
import { attestationPath, type Registry } from "../../store/registry.js";
import { summaryAt } from "../log/summary.js";
import { logPlaceOf } from "../log/source.js";
import { signNotice, type SignedNotice } from "./notice.js";
import { keyEntryOf } from "./signers.js";

/** A published document. */
export interface Target {
  readonly id: string;
  readonly digest: string;
  readonly kind: Kind;
  /** As named in the document. */
  readonly keyids: readonly string[];
}

const ID = /(?:^|\/)((?:test|plan|note)_[0-9a-f]{16})(?:\.json)?$/;

/** @param named an id, or the file named after it. @throws AttestError `usage`, `file-missing`, a code of `parseEnvelope` */
export async function targetIn(registry: Registry, named: string, engine: Engine): Promise<Target> {
  const id = ID.exec(named)?.[1];
  if (id === undefined)
    throw new AttestError(
      "usage",
      `${JSON.stringify(named)} is neither an id like test_0123456789abcdef nor its file`,
      "attest log show lists what there is",
    );
  const bytes = await registry.store.read(attestationPath(id));
  if (bytes === undefined)
    throw new AttestError(
      id.startsWith("plan_") ? "plan-missing" : "file-missing",
      `the registry ${registry.about.origin} has no ${attestationPath(id)}`,
      "attest log show lists what there is; name another registry with --registry DIR",
    );
  return targetOf(parseEnvelope(bytes), engine);
}

export function targetOf({ payload, payloadBytes, signatures }: Envelope, engine: Engine): Target {
  const kind = kindOf(payload);
  return { ...identify(payloadBytes, engine, kind), kind, keyids: signatures.flatMap(({ keyid }) => keyid ?? []) };
}

export interface StatusRequest {
  readonly registry: Registry;
  readonly action: "retract" | "supersede" | "abandon";
  readonly target: Target;
  /** The replacement. */
  readonly by?: Target | undefined;
  readonly reason: string;
  readonly signer: Signer;
  readonly engine: Engine;
  readonly now: Date;
}

export interface PublishedStatus extends SignedNotice {
  /** Whether a signer of the target or a successor signed it. Otherwise it is only a contradiction. */
  readonly heeded: boolean;
}

/** @throws AttestError `usage` for a document of another kind, or a plan that has its result */
export async function publishStatus(request: StatusRequest): Promise<PublishedStatus> {
  const { registry, action, target, by, reason, signer, engine, now } = request;
  const wanted = action === "abandon" ? "plan" : "test";
  if (target.kind !== wanted)
    throw new AttestError(
      "usage",
      `attest ${action} takes ${wanted === "plan" ? "a plan" : "a test result"}, not ${target.id}`,
      wanted === "plan" ? "to retract a result: attest retract" : "to abandon a plan: attest abandon",
    );
  const common = { version: NOTICE_VERSION, about: target.digest, reason, signedAt: now.toISOString() } as const;
  const notice: Notice = action === "supersede" ? { ...common, action, by: by?.digest ?? "" } : { ...common, action };
  const heeded = await speaksFor(registry, signer.key.keyid, target.keyids, engine);
  if (action === "abandon") await refuseAnswered(registry, target, heeded, signer, engine);
  const signed = await signNotice(notice, [signer], engine, await registry.log.current());
  await registry.listSigner(keyEntryOf(signer, now));
  await registry.publish({ ...signed, evidence: new Map() });
  return { ...signed, heeded };
}

/** Whether the key is one of the signing keys or a successor. */
async function speaksFor(
  registry: Registry,
  keyid: string,
  signers: readonly string[],
  engine: Engine,
): Promise<boolean> {
  const listed = knownFrom(await registry.keyring(), "site", "the registry's keyring");
  return keyHistory(await registry.markedNotices(["rotate", "revoke"]), listed, engine)
    .owners.line(signers)
    .has(keyid);
}

async function refuseAnswered(
  registry: Registry,
  { id, digest }: Target,
  heeded: boolean,
  signer: Signer,
  engine: Engine,
): Promise<void> {
  if (!heeded)
    throw new AttestError(
      "usage",
      `only the key that announced ${id} or its successor can abandon it, not ${signer.key.keyid}`,
      "only its announcer can abandon a plan; name the key with --signer",
    );
  const source = new LogSource((path) => registry.store.read(path), (await registry.keyring()).logs, engine);
  const entries: NumberedEntry[] = [];
  for (const shard of source.logs.keys())
    for (const [index, leaf] of ((await (await source.reader(shard))?.leaves()) ?? []).entries())
      entries.push({ shard, index, entry: leaf });
  const { account } = await summaryAt(await logPlaceOf(registry, registry.about.origin), entries, engine);
  const plan = account.plans.find(({ entry }) => entry.payload === digest);
  if (plan?.state === "answered")
    throw new AttestError(
      "usage",
      `${id} has a result: test_${plan.result?.entry.payload.slice(0, 16) ?? ""}`,
      "to retract a result: attest retract",
    );
  if (plan?.state === "abandoned") throw new AttestError("usage", `${id} is abandoned already`, "nothing was changed");
}
