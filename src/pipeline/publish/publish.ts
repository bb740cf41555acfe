/** Publishes what was signed. The registry lists the signer first, so that no attestation exists without its key. */
import type { Bytes } from "../../core/bytes.js";
import type { Signer } from "../../core/keys/key.js";
import type { Publication, Published, Registry } from "../../store/registry.js";
import type { Attestation } from "./sign.js";
import { keyEntryOf } from "./signers.js";

export interface Signed extends Publication {
  /** Claimed in the document. */
  readonly signedAt: string;
}

export async function publish(
  { id, bytes, statement }: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  signer: Signer,
  registry: Registry,
): Promise<void> {
  const { signedAt } = statement.predicate.f3;
  const [only] = await publishAll([{ id, bytes, evidence, signedAt }], signer, registry);
  if (only?.fault !== undefined) throw only.fault;
}

/**
 * Many by one signer.
 * @param progress called with the number of those that are done
 * @returns what became of each, in their order
 * @throws AttestError as `Registry.listSigner` and `Registry.publishAll`, before anything is published
 */
export async function publishAll(
  all: readonly Signed[],
  signer: Pick<Signer, "name" | "key">,
  registry: Registry,
  progress?: (done: number) => void,
): Promise<readonly Published[]> {
  if (all.length === 0) return [];
  await listFor(all, signer, registry);
  return await registry.publishAll(all, progress);
}

/** Lists the signer from the first document on, unless its key had ended before the last. */
export async function listFor(
  all: readonly Pick<Signed, "signedAt">[],
  signer: Pick<Signer, "name" | "key">,
  registry: Registry,
): Promise<void> {
  const times = all.map(({ signedAt }) => Date.parse(signedAt)).sort((a, b) => b - a);
  for (const at of new Set([...times.slice(0, 1), ...times.slice(-1)]))
    await registry.listSigner(keyEntryOf(signer, new Date(at)));
}
