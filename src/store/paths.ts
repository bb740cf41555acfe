/** Where the files of a registry lie, below its folder or its address. Nothing here is made from what a document says, but for digests. */
import { logFolderName } from "../core/keys/keyring.js";

export const KEYRING = "keys/keyring.json";
export const ATTESTATIONS = "attestations";

export const attestationPath = (id: string): string => `${ATTESTATIONS}/${id}.json`;
/** Records of audits, by the time of each. */
export const AUDITS = `${ATTESTATIONS}/audits`;
/** Its inclusion proof (C2SP tlog-proof). */
export const proofPath = (id: string): string => `${ATTESTATIONS}/${id}.tlog-proof`;
/** Content-addressed: a digest is all that a path is ever made of. */
export const evidencePath = (sha256: string): string =>
  `${ATTESTATIONS}/evidence/sha256/${sha256.slice(0, 2)}/${sha256}`;
/** Of a log, by its place in the keyring, from 0. */
export const logFolder = (shard: number): string => `${ATTESTATIONS}/${logFolderName(shard)}`;
