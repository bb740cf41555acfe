/** The engine that Node lends to core: OpenSSL, through node:crypto. */
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { hex, type Bytes } from "../core/bytes.js";
import { signatureFault } from "../core/ed25519.js";
import type { Engine } from "../core/engine.js";

/** RFC 8410: the DER of a SubjectPublicKeyInfo for Ed25519 is this head and the 32 bytes. */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** Importing a key costs as much as verifying with it, and a registry has few keys. */
const imported = new Map<string, KeyObject>();

function keyObject(key: Bytes): KeyObject {
  const name = hex(key);
  const known =
    imported.get(name) ?? createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: "der", type: "spki" });
  imported.set(name, known);
  return known;
}

export const nodeEngine: Engine = {
  name: `node:crypto (OpenSSL ${process.versions.openssl})`,
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  verify(key, message, signature) {
    if (signatureFault(key, signature) !== undefined) return false;
    try {
      return verify(null, message, keyObject(key), signature);
    } catch {
      return false; // no point of the curve
    }
  },
};
