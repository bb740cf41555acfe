/**
 * The one Ed25519 rule: what must hold before an engine is asked (RFC 8032 sections 5.1.3 and 5.1.7, made strict).
 *
 * Engines differ only on keys and signatures that an attacker makes: Node 20, Chromium and Firefox accept keys of small order, which verify
 * any message; WebKitGTK accepts S >= L, and its tab crashes on some keys. So lengths, S < L, and A and R (canonical, not of small order)
 * are checked here, as bytes. On the rest all engines with the cofactorless equation agree.
 */
import { equal, fromHex, type Bytes } from "./bytes.js";

export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Little endian: the field prime p = 2^255-19, the group order L, and y of the eight points of small order (two signs of x each). */
const P = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const L = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(fromHex);

/** Little endian a < b. Not constant-time: the values are public. */
function less(a: Bytes, b: Bytes): boolean {
  for (let at = 31; at >= 0; at -= 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function pointFault(name: string, encoded: Bytes): string | undefined {
  const y = encoded.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  if (!less(y, P)) return `${name} is not canonically encoded`;
  if (SMALL_ORDER_Y.some((small) => equal(small, y))) return `${name} is of small order`;
  return undefined;
}

/** Why a public key must not be used, or undefined. The engine checks whether it is a point of the curve. */
export function keyFault(key: Bytes): string | undefined {
  if (key.length !== KEY_BYTES) return `a key has ${KEY_BYTES} bytes, found ${key.length}`;
  return pointFault("the key", key);
}

/** Why a signature is refused before any engine sees it, or undefined. */
export function signatureFault(key: Bytes, signature: Bytes): string | undefined {
  if (signature.length !== SIGNATURE_BYTES)
    return `a signature has ${SIGNATURE_BYTES} bytes, found ${signature.length}`;
  if (!less(signature.subarray(32), L)) return "S is not below the group order";
  return keyFault(key) ?? pointFault("R", signature.subarray(0, 32));
}
