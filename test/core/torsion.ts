/**
 * Signatures that only an attacker makes: keys and R with a part in the curve's torsion, the eight points whose order divides 8.
 *
 * With A = aB + iT and R = rB + jT, where T has order 8, and S = r + ka: [S]B - [k]A - R = -(ki + j)T. The cofactorless equation
 * therefore holds exactly when 8 divides ki + j; multiplied by the cofactor 8, as RFC 8032 allows, it always holds.
 */
import { etc, Point, utils } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, fromHex, type Bytes } from "../../src/core/bytes.js";

const ORDER = Point.CURVE().n;
const T = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

/** The eight points, `TORSION[i]` = iT. */
export const TORSION: readonly Point[] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => T.multiply(BigInt(i), false));

/** Other spellings of points of small order: y + p where that fits into 255 bits, and the sign of an x that is 0. */
export const SMALL_ORDER_MISSPELLED: readonly Bytes[] = [
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].map(fromHex);

export interface Forged {
  readonly key: Bytes;
  readonly message: Bytes;
  readonly signature: Bytes;
  /** Whether the cofactorless equation holds, by the sum above. */
  readonly holds: boolean;
}

export interface Recipe {
  readonly message: Bytes;
  /** Secret scalars; random ones when absent. With a = 0 the key is of small order, with r = 0 R is. */
  readonly a?: bigint;
  readonly r?: bigint;
  readonly i?: number;
  readonly j?: number;
  /** Written in the place of the key's, or R's, own encoding. */
  readonly keyAs?: Bytes;
  readonly rAs?: Bytes;
}

export function forge({ message, a = secret(), r = secret(), i = 0, j = 0, keyAs, rAs }: Recipe): Forged {
  const key = keyAs ?? point(a, i).toBytes();
  const R = rAs ?? point(r, j).toBytes();
  const k = etc.mod(number(sha512(concat(R, key, message))), ORDER);
  return {
    key,
    message,
    signature: concat(R, scalar(etc.mod(r + k * a, ORDER))),
    holds: (k * BigInt(i) + BigInt(j)) % 8n === 0n,
  };
}

/** Forges until the equation holds, or until it does not. */
export function forgeUntil(holds: boolean, recipe: Recipe): Forged {
  for (;;) {
    const forged = forge(recipe);
    if (forged.holds === holds) return forged;
  }
}

/** S + L in the place of S: the same number modulo L, so the equation still holds. */
export function withOrderAdded(signature: Bytes, times = 1n): Bytes {
  return concat(signature.subarray(0, 32), scalar(number(signature.subarray(32)) + times * ORDER));
}

const point = (n: bigint, i: number): Point => Point.BASE.multiply(n, false).add(TORSION[i]!);
const secret = (): bigint => etc.mod(number(utils.randomSecretKey()), ORDER);
const number = (littleEndian: Bytes): bigint => littleEndian.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
const scalar = (n: bigint): Bytes => Uint8Array.from({ length: 32 }, (_, at) => Number((n >> BigInt(8 * at)) & 255n));
