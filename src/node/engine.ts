/** Node's engine for core: OpenSSL through node:crypto. */
import { createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import { hex, type Bytes } from "../core/bytes.js";
import { signatureFault } from "../core/ed25519.js";
import type { Engine } from "../core/engine.js";

/** RFC 8410: the DER of an Ed25519 SubjectPublicKeyInfo is this prefix and the 32 bytes. */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** Importing a key costs as much as a verification, and a registry has few keys. */
const imported = new Map<string, KeyObject>();

function keyObject(key: Bytes): KeyObject {
  const name = hex(key);
  const known =
    imported.get(name) ?? createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: "der", type: "spki" });
  imported.set(name, known);
  return known;
}

/**
 * A log hashes two small texts per entry, and most of the cost is overhead: an OpenSSL object with `createHash`, a buffer for every result
 * in bytes. A latin1 string is the cheapest result (bench/subjects/tree.mjs).
 */
function sha256(data: Bytes): Bytes {
  const digest = hash("sha256", data, "binary");
  const bytes = new Uint8Array(digest.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = digest.charCodeAt(at);
  return bytes;
}

export const nodeEngine: Engine = {
  name: `node:crypto (OpenSSL ${process.versions.openssl})`,
  sha256,
  verify(key, message, signature) {
    if (signatureFault(key, signature) !== undefined) return false;
    try {
      return verify(null, message, keyObject(key), signature);
    } catch {
      return false; // not a point on the curve
    }
  },
};
