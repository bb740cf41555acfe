/** Copies the registry's own files, so that the site's address can be given to `attest verify`. */
import { hex, utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { formatKey } from "../core/keys/key.js";
import type { Keyring } from "../core/keys/keyring.js";
import { formatNoteKey } from "../core/keys/note.js";
import type { Report } from "../core/verify/report.js";
import { AUDITS, proofPath } from "../store/paths.js";
import { ATTESTATIONS, evidencePath, KEYRING, REGISTRY_FILE } from "../store/registry.js";
import type { Store } from "../store/store.js";

/**
 * Returns the digests of the published evidence.
 * @param audits file names of the audit records
 */
export async function copyRegistry(
  from: Store,
  to: Store,
  listed: readonly { readonly name: string; readonly report: Report }[],
  keyring: Keyring,
  audits: readonly string[],
  engine: Engine,
): Promise<ReadonlySet<string>> {
  const archived = new Set<string>();
  const copy = async (path: string): Promise<void> => {
    const bytes = await from.read(path);
    if (bytes !== undefined) await to.replace(path, bytes);
  };
  // A file named by a digest is only published if it has that digest.
  const copyEvidence = async (sha256: string): Promise<boolean> => {
    const bytes = await from.read(evidencePath(sha256));
    if (bytes === undefined || hex(engine.sha256(bytes)) !== sha256) return false;
    await to.replace(evidencePath(sha256), bytes);
    return true;
  };
  for (const { name, report } of listed) {
    for (const { digest } of report.statement?.predicate.f3.evidence ?? [])
      if (digest.sha256 !== undefined && (await copyEvidence(digest.sha256))) archived.add(digest.sha256);
    await copy(`${ATTESTATIONS}/${name}`);
    await copy(proofPath(name.replace(/\.json$/, "")));
  }
  for (const name of audits) await copy(`${AUDITS}/${name}`);
  for (const { name, key } of keyring.signers) await to.replace(`keys/${name}.pub`, utf8(`${formatKey(key, name)}\n`));
  for (const { name, key } of [...keyring.logs, ...keyring.witnesses])
    await to.replace(`keys/${name}.vkey`, utf8(`${formatNoteKey(key)}\n`));
  for (const path of [KEYRING, REGISTRY_FILE]) await copy(path);
  return archived;
}
