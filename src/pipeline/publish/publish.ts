/** Publishes what was signed. The registry lists the signer first, so that no attestation exists without its key. */
import type { Bytes } from "../../core/bytes.js";
import type { Signer } from "../../core/keys/key.js";
import type { Published, Registry } from "../../store/registry.js";
import type { Attestation } from "./sign.js";
import { keyEntryOf } from "./signers.js";

export interface Publishable {
  readonly attestation: Attestation;
  readonly evidence: ReadonlyMap<string, Bytes>;
}

export async function publish(
  attestation: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  signer: Signer,
  registry: Registry,
): Promise<void> {
  const [only] = await publishAll([{ attestation, evidence }], signer, registry);
  if (only?.fault !== undefined) throw only.fault;
}

/**
 * Many by one signer.
 * @param progress called with the number of those that are done
 * @returns what became of each, in their order
 * @throws AttestError as `Registry.listSigner` and `Registry.publishAll`, before anything is published
 */
export async function publishAll(
  all: readonly Publishable[],
  signer: Signer,
  registry: Registry,
  progress?: (done: number) => void,
): Promise<readonly Published[]> {
  const times = all.map(({ attestation }) => Date.parse(attestation.statement.predicate.f3.signedAt));
  if (times.length === 0) return [];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  // The last must not be after the key's end, and the key begins with the first.
  for (const at of new Set([last, first])) await registry.listSigner(keyEntryOf(signer, new Date(at)));
  return await registry.publishAll(
    all.map(({ attestation: { id, bytes }, evidence }) => ({ id, bytes, evidence })),
    progress,
  );
}
