/** What core needs from a platform, and the pure-JavaScript implementation (noble) for every browser. */
import { etc, Point } from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concat, equal, type Bytes } from "./bytes.js";
import { signatureFault } from "./ed25519.js";

/** Two pure functions. `verify` follows the one Ed25519 rule of `ed25519.ts` and never throws. */
export interface Engine {
  readonly name: string;
  readonly sha256: (data: Bytes) => Bytes;
  verify(key: Bytes, message: Bytes, signature: Bytes): boolean;
}

/**
 * noble's own `verify` uses the cofactored equation, also with `zip215: false`, and so accepts signatures that OpenSSL refuses. Here R' =
 * [S]B - [k]A must have exactly the bytes of R (RFC 8032 section 5.1.7, without the cofactor).
 */
export const nobleEngine: Engine = {
  name: "noble",
  sha256: (data) => sha256(data),
  verify(key, message, signature) {
    if (signatureFault(key, signature) !== undefined) return false;
    try {
      const A = Point.fromBytes(key, false);
      const R = signature.subarray(0, 32);
      const S = scalar(signature.subarray(32));
      const k = etc.mod(scalar(sha512(concat(R, key, message))), Point.CURVE().n);
      return equal(Point.BASE.multiply(S, false).subtract(A.multiply(k, false)).toBytes(), R);
    } catch {
      return false; // A is not on the curve
    }
  },
};

/** SHA-256 in parts, so that a browser tab stays responsive. */
export interface Hashing {
  update(part: Bytes): void;
  digest(): Bytes;
}

export function nobleHashing(): Hashing {
  const state = sha256.create();
  return { update: (part) => void state.update(part), digest: () => state.digest() };
}

const scalar = (bytes: Bytes): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
