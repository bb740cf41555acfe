/** One Ed25519 rule, whatever the engine: RFC 8032 section 5.1.7 without the cofactor, and nothing that fits more than one message. */
import { Point, verify as nobleVerify } from "@noble/ed25519";
import { describe, expect, test } from "vitest";
import { concat, fromHex, utf8, type Bytes } from "../../src/core/bytes.js";
import { keyFault, signatureFault } from "../../src/core/ed25519.js";
import { engines } from "./engines.js";
import { signer } from "./making.js";
import { VECTORS } from "./rfc8032.js";
import { forge, forgeUntil, SMALL_ORDER_MISSPELLED, TORSION, withOrderAdded, type Forged } from "./torsion.js";

const vectors = VECTORS.map(({ name, key, message, signature }) => ({
  name,
  key: fromHex(key),
  message: fromHex(message),
  signature: fromHex(signature),
}));
const message = utf8("pay nobody");

function flipped(bytes: Bytes, at: number, mask = 1): Bytes {
  const copy = bytes.slice();
  copy[at]! ^= mask;
  return copy;
}

/** What every engine says; they must say the same. */
function said({ key, message: signed, signature }: Pick<Forged, "key" | "message" | "signature">): boolean {
  const answers = engines.map((engine) => engine.verify(key, signed, signature));
  expect(new Set(answers).size, engines.map(({ name }, at) => `${name}: ${answers[at]}`).join(", ")).toBe(1);
  return answers[0]!;
}

describe.each(engines)("$name", (engine) => {
  test.each(vectors)("RFC 8032 $name", ({ key, message: signed, signature }) => {
    expect(engine.verify(key, signed, signature)).toBe(true);
  });

  // Of the 1023 bytes of TEST 1024, every 40th.
  test.each(vectors)("RFC 8032 $name: no byte may change", ({ key, message: signed, signature }) => {
    const taken: string[] = [];
    for (let at = 0; at < 64; at += 1)
      if (engine.verify(key, signed, flipped(signature, at))) taken.push(`signature ${at}`);
    for (let at = 0; at < 32; at += 1) if (engine.verify(flipped(key, at), signed, signature)) taken.push(`key ${at}`);
    for (let at = 0; at < signed.length; at += signed.length > 64 ? 40 : 1) {
      if (engine.verify(key, flipped(signed, at), signature)) taken.push(`message ${at}`);
    }
    expect(taken).toEqual([]);
  });

  test("RFC 8032 TEST 3: no bit of the signature or of the key may change", () => {
    const { key, message: signed, signature } = vectors[2]!;
    const taken: string[] = [];
    for (let bit = 1; bit < 8; bit += 1) {
      // In full for the bytes where bits mean something else: the sign of x and the top of S.
      for (const at of [0, 31, 32, 63])
        if (engine.verify(key, signed, flipped(signature, at, 1 << bit))) taken.push(`signature ${at}.${bit}`);
      for (const at of [0, 31])
        if (engine.verify(flipped(key, at, 1 << bit), signed, signature)) taken.push(`key ${at}.${bit}`);
    }
    expect(taken).toEqual([]);
  });

  test("the message may not be longer, shorter or another's", () => {
    const { key, message: signed, signature } = vectors[2]!;
    expect(engine.verify(key, concat(signed, Uint8Array.of(0)), signature)).toBe(false);
    expect(engine.verify(key, signed.subarray(1), signature)).toBe(false);
    expect(engine.verify(vectors[1]!.key, signed, signature)).toBe(false);
  });

  test("bytes of another length are refused, not thrown at", () => {
    const { key, message: signed, signature } = vectors[1]!;
    for (const length of [0, 31, 33, 64])
      expect(engine.verify(new Uint8Array(length).fill(7), signed, signature)).toBe(false);
    for (const length of [0, 32, 63]) expect(engine.verify(key, signed, signature.subarray(0, length))).toBe(false);
    expect(engine.verify(key, signed, concat(signature, Uint8Array.of(0)))).toBe(false);
  });

  test("a key that is no point of the curve is refused, not thrown at", () => {
    const { message: signed, signature } = vectors[1]!;
    for (let y = 2; y < 40; y += 1) {
      const key = new Uint8Array(32);
      key[0] = y; // about half of these are on the curve
      expect(engine.verify(key, signed, signature)).toBe(false);
    }
  });

  test("an honest signature verifies", () => {
    for (let at = 0; at < 5; at += 1) {
      const one = signer();
      expect(engine.verify(one.key.bytes, message, one.sign(message))).toBe(true);
    }
  });

  test("sha256, FIPS 180-4 on 'abc'", () => {
    expect(engine.sha256(utf8("abc"))).toEqual(
      fromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    );
  });
});

describe("points of small order", () => {
  test("there are eight, each in one spelling of its own", () => {
    expect(new Set(TORSION.map((point) => point.toHex())).size).toBe(8);
    expect(TORSION.every((point) => point.isSmallOrder())).toBe(true);
  });

  test.each(TORSION.map((point, i) => ({ i, key: point.toBytes() })))(
    "$i: as a key, with a signature for which the equation holds",
    ({ i, key }) => {
      const forged = forgeUntil(true, { message, a: 0n, i });
      expect(forged.key).toEqual(key);
      expect(keyFault(key)).toMatch("small order");
      expect(said(forged)).toBe(false);
    },
  );

  test("the identity as key and R with S = 0 would sign any message", () => {
    const identity = TORSION[0]!.toBytes();
    for (const any of ["", "this", "and that"].map(utf8)) {
      expect(nobleVerify(concat(identity, new Uint8Array(32)), any, identity, { zip215: true })).toBe(true);
      expect(said({ key: identity, message: any, signature: concat(identity, new Uint8Array(32)) })).toBe(false);
    }
  });

  test.each(TORSION.map((point, j) => ({ j, point })))("$j: as R under a good key", ({ j, point }) => {
    const forged = forge({ message, r: 0n, j });
    expect(forged.signature.subarray(0, 32)).toEqual(point.toBytes());
    expect(nobleVerify(forged.signature, message, forged.key, { zip215: true })).toBe(true);
    expect(signatureFault(forged.key, forged.signature)).toMatch("small order");
    expect(said(forged)).toBe(false);
  });

  test.each(SMALL_ORDER_MISSPELLED.map((spelling, at) => ({ at, spelling })))(
    "misspelled, $at: as a key and as R",
    ({ spelling }) => {
      expect(keyFault(spelling)).toBeDefined();
      expect(said(forge({ message, a: 0n, keyAs: spelling }))).toBe(false);
      expect(said(forge({ message, r: 0n, rAs: spelling }))).toBe(false);
      expect(said({ key: spelling, message, signature: concat(spelling, new Uint8Array(32)) })).toBe(false);
    },
  );
});

describe("one spelling", () => {
  test("every y from p up to 2^255-1 is refused, with either sign, as a key and as R", () => {
    const good = forge({ message });
    for (let low = 0xed; low <= 0xff; low += 1) {
      for (const top of [0x7f, 0xff]) {
        const spelling = new Uint8Array(32).fill(0xff);
        spelling[0] = low;
        spelling[31] = top;
        expect(keyFault(spelling)).toBe("the key is not canonically encoded");
        expect(signatureFault(good.key, concat(spelling, good.signature.subarray(32)))).toBe(
          "R is not canonically encoded",
        );
        expect(said({ ...good, key: spelling })).toBe(false);
      }
    }
  });

  test("p-2 is the last y that is no fault of its spelling or order", () => {
    const y = new Uint8Array(32).fill(0xff);
    y[0] = 0xeb;
    y[31] = 0x7f;
    expect(keyFault(y)).toBeUndefined();
  });

  test("S + L, which is the same number: a second signature that nobody made", () => {
    const good = forge({ message });
    expect(said(good)).toBe(true);
    for (const times of [1n, 2n, 14n]) {
      const second = withOrderAdded(good.signature, times);
      expect(signatureFault(good.key, second)).toBe("S is not below the group order");
      expect(said({ ...good, signature: second })).toBe(false);
    }
  });

  test("S is taken up to L-1 and no further", () => {
    const L = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    const good = forge({ message });
    const withS = (S: string): string | undefined =>
      signatureFault(good.key, concat(good.signature.subarray(0, 32), fromHex(S)));
    expect(withS(L.replace(/^ed/, "ec"))).toBeUndefined();
    expect(withS(L)).toBeDefined();
    expect(withS(L.replace(/^ed/, "ee"))).toBeDefined();
    expect(withS("ff".repeat(32))).toBeDefined();
    expect(withS("00".repeat(32))).toBeUndefined();
  });

  test("the faults name the length that was found", () => {
    const good = forge({ message });
    expect(keyFault(new Uint8Array(31))).toBe("a key has 32 bytes, found 31");
    expect(signatureFault(good.key, new Uint8Array(65))).toBe("a signature has 64 bytes, found 65");
    expect(signatureFault(new Uint8Array(33), good.signature)).toBe("a key has 32 bytes, found 33");
  });
});

describe("mixed order, where engines differ", () => {
  test.each(TORSION.flatMap((_, i) => TORSION.map((__, j) => ({ i, j }))))(
    "A = aB + $iT, R = rB + $jT: as the cofactorless equation says",
    ({ i, j }) => {
      const forged = forge({ message, i, j });
      expect(keyFault(forged.key)).toBeUndefined();
      expect(said(forged)).toBe(forged.holds);
    },
  );

  test("a signature that is good only with the cofactor is refused", () => {
    for (const recipe of [{ i: 1 }, { i: 4 }, { j: 1 }, { j: 4 }, { i: 1, j: 1 }]) {
      const forged = forgeUntil(false, { message, ...recipe });
      expect(nobleVerify(forged.signature, message, forged.key, { zip215: false })).toBe(true);
      expect(said(forged)).toBe(false);
    }
  });

  test("a key, or a key and an R, of mixed order is accepted where the equation holds without it", () => {
    for (const recipe of [{ i: 1 }, { i: 4 }, { i: 1, j: 3 }]) {
      const forged = forgeUntil(true, { message, ...recipe });
      expect(Point.fromBytes(forged.key).isTorsionFree()).toBe(false);
      expect(said(forged)).toBe(true);
    }
  });
});
