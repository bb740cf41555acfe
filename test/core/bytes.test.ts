/** Each text that stands for bytes has one spelling. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base64, concat, equal, fromBase64, fromHex, fromUtf8, hex, utf8 } from "../../src/core/bytes.js";
import { text } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const bytes = fc.uint8Array({ maxLength: 70 });

describe("UTF-8", () => {
  test("there and back", () => {
    fc.assert(fc.property(text, (some) => fromUtf8(utf8(some)) === some));
  });

  test.each([
    ["a byte that no UTF-8 has", [0xff]],
    ["a continuation alone", [0x80]],
    ["a character cut short", [0xe2, 0x82]],
    ["a slash spelled with two bytes", [0xc0, 0xaf]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["a code point beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("%s is refused", (_, some) => {
    expect(refusal(() => fromUtf8(Uint8Array.from(some))).code).toBe("not-utf8");
  });

  test("a byte order mark is kept for the parser to refuse", () => {
    expect(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toBe("\ufeff1");
  });
});

describe("hex", () => {
  test("there and back", () => {
    fc.assert(fc.property(bytes, (some) => equal(fromHex(hex(some)), some)));
    expect(hex(Uint8Array.of(0, 1, 15, 16, 255))).toBe("00010f10ff");
  });

  test.each(["0", "0A", "0g", " 00", "00 ", "0x00", "000\n", "-1", "\uff10\uff10"])("%j is refused", (some) => {
    expect(refusal(() => fromHex(some)).code).toBe("hex");
  });
});

describe("base64", () => {
  // RFC 4648 section 10.
  test.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("%j is %j", (plain, encoded) => {
    expect(base64(utf8(plain))).toBe(encoded);
    expect(fromUtf8(fromBase64(encoded))).toBe(plain);
  });

  test("there and back, and as btoa spells it", () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(base64(some)).toBe(btoa(String.fromCharCode(...some)));
        expect(equal(fromBase64(base64(some)), some)).toBe(true);
      }),
    );
  });

  test.each([
    ["no padding", "Zg"],
    ["half of the padding", "Zg="],
    ["too much padding", "Zg==="],
    ["padding alone", "===="],
    ["one digit", "Z==="],
    ["padding in the middle", "Zg==Zg=="],
    ["a digit after padding", "Zg=g"],
    ["unused bits that are not zero, four of them", "Zh=="],
    ["unused bits that are not zero, two of them", "Zm9="],
    ["the URL-safe alphabet", "-_-_"],
    ["a space", "Zm9v "],
    ["a space within", "Zm 9"],
    ["a line feed at the end", "Zm8=\n"],
    ["a line feed in the place of a digit", "Zm9\n"],
    ["a digit of another script", "Zm9\uff16"],
  ])("%s is refused", (_, some) => {
    expect(refusal(() => fromBase64(some)).code).toBe("base64");
  });

  test("no two texts stand for the same bytes", () => {
    const digits = fc.string({ unit: fc.constantFrom(...Array.from("ABCDwxyz0189+/=-_ \n")), maxLength: 12 });
    fc.assert(
      fc.property(digits, (some) => {
        try {
          return base64(fromBase64(some)) === some;
        } catch (error) {
          return (error as { code?: unknown }).code === "base64";
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("concat joins, and copies", () => {
  const part = Uint8Array.of(2, 3);
  const all = concat(Uint8Array.of(1), part, new Uint8Array());
  part[0] = 9;
  expect([...all]).toEqual([1, 2, 3]);
  expect(concat()).toHaveLength(0);
});

test("equal compares length and every byte", () => {
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equal(new Uint8Array(), new Uint8Array())).toBe(true);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(equal(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
});
