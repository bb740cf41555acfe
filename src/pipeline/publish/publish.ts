/** Signs and publishes a run. The registry lists the signer first, so that no attestation exists without its key. */
import type { Bytes } from "../../core/bytes.js";
import type { Signer } from "../../core/keys/key.js";
import type { Registry } from "../../store/registry.js";
import type { Attestation } from "./sign.js";
import { keyEntryOf } from "./signers.js";

export async function publish(
  attestation: Attestation,
  evidence: ReadonlyMap<string, Bytes>,
  signer: Signer,
  registry: Registry,
): Promise<void> {
  const { id, bytes, statement } = attestation;
  await registry.listSigner(keyEntryOf(signer, new Date(statement.predicate.f3.signedAt)));
  await registry.publish({ id, bytes, evidence });
}
