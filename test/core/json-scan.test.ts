/** The quick way and the parser agree: what the scan takes, the parser takes too, and the bytes are the canonical ones. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, MAX_DEPTH, parseText, readable, type Json } from "../../src/core/json.js";
import { JsonParser } from "../../src/core/json-parser.js";
import { canonicalIn } from "../../src/core/json-scan.js";
import { NIGHT } from "../night.js";
import { json } from "./arbitrary.js";
import { mangled } from "./mangling.js";

const numRuns = NIGHT ? 100_000 : 2_000;
const scanned = (text: string): string | undefined => {
  const found = canonicalIn(utf8(text), MAX_DEPTH);
  return found && fromUtf8(found);
};

/** The parser's answer: the canonical text, or undefined for a text that it refuses. */
function parsed(bytes: Bytes): string | undefined {
  try {
    return fromUtf8(canonical(new JsonParser(fromUtf8(bytes), MAX_DEPTH).document()));
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

/** The scan's answer, if it has one that is UTF-8. */
function quick(bytes: Bytes): string | undefined {
  const found = canonicalIn(bytes, MAX_DEPTH);
  try {
    return found && fromUtf8(found);
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

function mustAgree(bytes: Bytes): void {
  const found = quick(bytes);
  if (found !== undefined) expect(found).toBe(parsed(bytes));
}

/** Texts that the scan need not know. */
const isKnown = (value: Json): boolean => !/[\u{e000}-\u{10ffff}]|\\/u.test(JSON.stringify(value));

test.each([
  ["0", "0"],
  [" -12.5e0 ", undefined],
  ["[1,\t-0.25 , 123456789012345,1e+21]", undefined],
  [
    "[ 1.5, -0.25, 123456789012345, 9007199254740991, 5e-324, 0.000001, 1e-7 ]",
    "[1.5,-0.25,123456789012345,9007199254740991,5e-324,0.000001,1e-7]",
  ],
  ["0.0000001", undefined],
  ["0.10", undefined],
  ["-0", undefined],
  ["-0.0", undefined],
  ["00", undefined],
  ["01", undefined],
  ["1.", undefined],
  [".5", undefined],
  ["-", undefined],
  ["+1", undefined],
  ["1 2", undefined],
  ["tr ue", undefined],
  ["NaN", undefined],
  ["Infinity", undefined],
  ["9007199254740993", undefined],
  ["9007199254740994", undefined],
  ["1e400", undefined],
  ["", undefined],
  ['"a', undefined],
  ['"\\', undefined],
  ['"\\u00', undefined],
  ['"\\u0041"', undefined],
  ['"\\/"', undefined],
  ['"\\u001F"', undefined],
  ['"\\u000a"', undefined],
  ['"\\u001f\\u0000\\b\\n\\"\\\\"', '"\\u001f\\u0000\\b\\n\\"\\\\"'],
  ['"\ufffe"', undefined],
  ['"\ud83d\ude00\u2028\u007f"', '"\ud83d\ude00\u2028\u007f"'],
  ['"\ud83f\udfff"', undefined],
  ['{ "" : 1 , "a" : 2 , "aa" : 3 }', '{"":1,"a":2,"aa":3}'],
  ['{"b":1,"a":2}', undefined],
  ['{"a":1,"a":2}', undefined],
  ['{"__proto__":1}', undefined],
  ['{"__proto_":1,"__proto__x":2}', '{"__proto_":1,"__proto__x":2}'],
  ['{"a":1,}', undefined],
  ["[1,]", undefined],
  ["{} {}", undefined],
  ["\ufeff{}", undefined],
])("%j", (text, form) => {
  expect(scanned(text)).toBe(form);
  mustAgree(utf8(text));
});

describe("depth", () => {
  test.each([MAX_DEPTH, MAX_DEPTH + 1])("%d levels", (depth) => {
    const text = "[".repeat(depth) + "]".repeat(depth);
    expect(scanned(text)).toBe(depth > MAX_DEPTH ? undefined : text);
  });
});

test("every value in its two spellings, canonical and readable, takes the quick way unless a name or text is out of the ordinary", () => {
  fc.assert(
    fc.property(json, (value) => {
      for (const bytes of [canonical(value), readable(value)]) {
        const found = quick(bytes);
        if (isKnown(value)) expect(found).toBe(fromUtf8(canonical(value)));
        mustAgree(bytes);
      }
    }),
    { numRuns },
  );
});

test("a mangled text is never taken for another one", () => {
  fc.assert(
    fc.property(json, (value) => {
      for (const bytes of mangled(readable(value))) mustAgree(bytes);
    }),
    { numRuns: numRuns / 20 },
  );
});

test("the value of a text is the parser's", () => {
  fc.assert(
    fc.property(json, (value) => {
      const bytes = readable(value);
      const { value: found, canonical: form } = parseText(bytes);
      expect(found).toEqual(new JsonParser(fromUtf8(bytes), MAX_DEPTH).document());
      if (form !== undefined) expect(form).toEqual(canonical(value));
    }),
    { numRuns },
  );
});
