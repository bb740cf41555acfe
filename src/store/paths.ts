/** Paths of a registry's files, relative to its folder or address. Of a document's content only digests ever become part of a path. */
import { logFolderName } from "../core/keys/keyring.js";

/** Makes a folder a registry. */
export const REGISTRY_FILE = "attest.json";
export const KEYRING = "keys/keyring.json";
export const ATTESTATIONS = "attestations";

export const attestationPath = (id: string): string => `${ATTESTATIONS}/${id}.json`;
/** Audit records, named by time. */
export const AUDITS = `${ATTESTATIONS}/audits`;
/** The inclusion proof (C2SP tlog-proof). */
export const proofPath = (id: string): string => `${ATTESTATIONS}/${id}.tlog-proof`;
/** Content-addressed: the path contains only the digest. */
export const evidencePath = (sha256: string): string =>
  `${ATTESTATIONS}/evidence/sha256/${sha256.slice(0, 2)}/${sha256}`;
/** The folder of a log, by its index in the keyring. */
export const logFolder = (shard: number): string => `${ATTESTATIONS}/${logFolderName(shard)}`;
