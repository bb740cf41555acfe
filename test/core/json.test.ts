/** JSON in: whatever two readers could read in two ways is refused, with its place. JSON out: one spelling (RFC 8785). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, fromUtf8, utf8 } from "../../src/core/bytes.js";
import { canonical, MAX_BYTES, parseJson, readable, type Json } from "../../src/core/json.js";
import { json } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const parse = (text: string): Json => parseJson(utf8(text));
const printed = (value: Json): string => fromUtf8(canonical(value));
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe("what is taken", () => {
  test.each([
    ["null", null],
    [" \t\r\n true \t\r\n", true],
    ["false", false],
    ['""', ""],
    ["[]", []],
    ["{}", {}],
    ['[1,"a",null,{"b":[]}]', [1, "a", null, { b: [] }]],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u00E9"', '"\\/\b\f\n\r\t\u00e9\u00e9'],
    ['"\\ud83d\\ude00\ud83d\ude00"', "\ud83d\ude00\ud83d\ude00"],
    ['"\u007f\u0080\u2028\uffef"', "\u007f\u0080\u2028\uffef"],
    [
      '{"constructor":1,"toString":2,"toJSON":3,"hasOwnProperty":4,"proto":5}',
      { constructor: 1, toString: 2, toJSON: 3, hasOwnProperty: 4, proto: 5 },
    ],
    ['{"":{"":""}}', { "": { "": "" } }],
    ['{"a":{"a":{"a":1}}}', { a: { a: { a: 1 } } }],
  ] as const)("%j", (text, value) => {
    expect(parse(text)).toEqual(value);
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  test.each([0, 1, -1, 0.1, -0.5, 1.5, 1e-7, 5e-324, 2.2250738585072014e-308, 123456.789, 2 ** 53 - 1, -(2 ** 53 - 1)])(
    "the number %s",
    (value) => {
      expect(parse(String(value))).toBe(value);
      expect(printed(value)).toBe(String(value));
    },
  );

  test("64 levels", () => {
    expect(() => parse(nested(64))).not.toThrow();
    expect(() => parse('{"a":'.repeat(64) + "1" + "}".repeat(64))).not.toThrow();
    expect(printed(parse(nested(64)))).toBe(nested(64));
  });
});

describe("what is refused, with line and column", () => {
  test.each([
    // Two readers could see two documents.
    ['{"a":1,"a":2}', "json-duplicate", 1, 8],
    ['{"a":1,"\\u0061":1}', "json-duplicate", 1, 8],
    ['{"\u20ac":1,\n "\\u20aC":1}', "json-duplicate", 2, 2],
    ['{"\ud83d\ude00":1,"\\ud83d\\ude00":1}', "json-duplicate", 1, 9],
    ['{"a":{"b":[{"c":1,"d":2,"c":3}]}}', "json-duplicate", 1, 25],
    ['{"":1,"":1}', "json-duplicate", 1, 7],
    ['{"toString":1,"toString":1}', "json-duplicate", 1, 15],
    ['{"__proto__":1}', "json-proto", 1, 2],
    ['{"a":[\n{"\\u005f_proto__":{}}]}', "json-proto", 2, 2],
    ["9007199254740992", "json-number-range", 1, 1],
    ["9007199254740993", "json-number-range", 1, 1],
    ["-9007199254740992", "json-number-range", 1, 1],
    ["9007199254740991.5", "json-number-range", 1, 1],
    ["1e21", "json-number-range", 1, 1],
    ["1E400", "json-number-range", 1, 1],
    ["[0,\n  -1e400]", "json-number-range", 2, 3],
    ["1".repeat(400), "json-number-range", 1, 1],
    ["1.0", "json-number-spelling", 1, 1],
    ["-0", "json-number-spelling", 1, 1],
    ["-0.0", "json-number-spelling", 1, 1],
    ["0e0", "json-number-spelling", 1, 1],
    ["1E5", "json-number-spelling", 1, 1],
    ["1e5", "json-number-spelling", 1, 1],
    ["1e+5", "json-number-spelling", 1, 1],
    ["1E-7", "json-number-spelling", 1, 1],
    ["1e-07", "json-number-spelling", 1, 1],
    ["0.0000001", "json-number-spelling", 1, 1],
    ["0.10", "json-number-spelling", 1, 1],
    ["0.30000000000000001", "json-number-spelling", 1, 1],
    ["1e-400", "json-number-spelling", 1, 1],
    ['{"a": 1.50}', "json-number-spelling", 1, 7],
    // Text that no UTF-8 can hold.
    ['"\\ud800"', "json-surrogate", 1, 1],
    ['"\\udc00"', "json-surrogate", 1, 1],
    ['"\\ude00\\ud83d"', "json-surrogate", 1, 1],
    ['"\\ud800\\ud83d\\ude00"', "json-surrogate", 1, 1],
    ['"\\ud83dx\\ude00"', "json-surrogate", 1, 1],
    ['{"\\udfff":1}', "json-surrogate", 1, 2],
    ['{"a":"\u00e9","b\\ud800":1}', "json-surrogate", 1, 10],
    // Depth.
    [nested(65), "json-depth", 1, 65],
    ['{"a":'.repeat(65), "json-depth", 1, 321],
    ["[".repeat(100_000), "json-depth", 1, 65],
    // Syntax.
    ["", "json-syntax", 1, 1],
    [" \n ", "json-syntax", 2, 2],
    ["1 2", "json-syntax", 1, 3],
    ["{}\n}", "json-syntax", 2, 1],
    ["null\u0000", "json-syntax", 1, 5],
    ["\u00a01", "json-syntax", 1, 1],
    ["01", "json-syntax", 1, 2],
    ["1.", "json-syntax", 1, 2],
    [".5", "json-syntax", 1, 1],
    ["+1", "json-syntax", 1, 1],
    ["-", "json-syntax", 1, 1],
    ["1e", "json-syntax", 1, 2],
    ["0x10", "json-syntax", 1, 2],
    ["1_000", "json-syntax", 1, 2],
    ["NaN", "json-syntax", 1, 1],
    ["Infinity", "json-syntax", 1, 1],
    ["-Infinity", "json-syntax", 1, 1],
    ["undefined", "json-syntax", 1, 1],
    ["True", "json-syntax", 1, 1],
    ["tru", "json-syntax", 1, 1],
    ["truex", "json-syntax", 1, 5],
    ["[1,]", "json-syntax", 1, 4],
    ["[,1]", "json-syntax", 1, 2],
    ["[1 2]", "json-syntax", 1, 4],
    ["[1", "json-syntax", 1, 3],
    ["[1}", "json-syntax", 1, 3],
    ['{"a":1,}', "json-syntax", 1, 8],
    ["{a:1}", "json-syntax", 1, 2],
    ["{'a':1}", "json-syntax", 1, 2],
    ["{1:1}", "json-syntax", 1, 2],
    ['{"a"}', "json-syntax", 1, 5],
    ['{"a":}', "json-syntax", 1, 6],
    ['{"a":1]', "json-syntax", 1, 7],
    ['{"a":1 "b":1}', "json-syntax", 1, 8],
    ["// no\n1", "json-syntax", 1, 1],
    ["1 /* no */", "json-syntax", 1, 3],
    ['"', "json-syntax", 1, 2],
    ['"a\\', "json-syntax", 1, 4],
    ['"a\nb"', "json-syntax", 1, 3],
    ['"a\tb"', "json-syntax", 1, 3],
    ['"\\x41"', "json-syntax", 1, 3],
    ['"\\u12g4"', "json-syntax", 1, 4],
    ['"\\u12"', "json-syntax", 1, 4],
    ['"\\u+123"', "json-syntax", 1, 4],
    ['"\\u 123"', "json-syntax", 1, 4],
  ])("%j: %s", (text, code, line, column) => {
    const { code: found, message } = refusal(() => parse(text));
    expect({ code: found, at: /^line \d+, column \d+: /.exec(message)?.[0] }).toEqual({
      code,
      at: `line ${line}, column ${column}: `,
    });
  });

  test("a byte order mark", () => {
    expect(refusal(() => parse("\ufeff{}")).code).toBe("bom");
    expect(refusal(() => parse(" \ufeff{}")).code).toBe("json-syntax");
  });

  test("bytes that are not UTF-8, also behind a complete value", () => {
    expect(refusal(() => parseJson(Uint8Array.of(0xff))).code).toBe("not-utf8");
    expect(refusal(() => parseJson(concat(utf8("{}"), Uint8Array.of(0x80)))).code).toBe("not-utf8");
    // "{}" in UTF-16.
    expect(refusal(() => parseJson(Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0))).code).toBe("not-utf8");
    // Half a surrogate pair as three bytes (CESU-8).
    expect(refusal(() => parseJson(concat(utf8('"'), Uint8Array.of(0xed, 0xa0, 0x80), utf8('"')))).code).toBe(
      "not-utf8",
    );
  });

  test("one byte more than a verifier takes", () => {
    const spaces = new Uint8Array(MAX_BYTES + 1).fill(0x20);
    spaces[0] = 0x31;
    expect(parseJson(spaces.subarray(0, MAX_BYTES))).toBe(1);
    expect(refusal(() => parseJson(spaces)).code).toBe("too-large");
  });
});

describe("beside JSON.parse", () => {
  test("what is valid is read alike, however it is laid out", () => {
    fc.assert(
      fc.property(json, fc.constantFrom("", " ", "\t", "   "), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("what is nearly valid is refused, or read alike", () => {
    const near = fc
      .tuple(json, fc.nat(), fc.nat({ max: 2 }), fc.constantFrom(...Array.from('[]{}:,"\\0123456789.eE+-u ntf\n')))
      .map(([value, place, drop, put]) => {
        const text = JSON.stringify(value);
        const at = place % (text.length + 1);
        return fromUtf8(utf8(text.slice(0, at) + put + text.slice(at + drop))); // a cut surrogate pair becomes U+FFFD
      });
    fc.assert(
      fc.property(near, (text) => {
        let value: Json;
        try {
          value = parse(text);
        } catch (error) {
          return /^json-/.test(String((error as { code?: unknown }).code));
        }
        expect(value).toEqual(JSON.parse(text));
        return true;
      }),
      { numRuns: 1000 },
    );
  });
});

describe("canonical", () => {
  test("parsed again it is itself", () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonical(value);
        expect(parseJson(bytes)).toEqual(value);
        expect(canonical(parseJson(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each([
    [
      "members are sorted by UTF-16 code units: an emoji (d83d…) before a Hebrew letter (fb33), though its code point is higher",
      { "\ufb33": 1, "\ud83d\ude00": 2, "\u20ac": 3, z: 4, "\u0080": 5, Z: 6, "\r": 7, "": 8 },
      '{"":8,"\\r":7,"Z":6,"z":4,"\u0080":5,"\u20ac":3,"\ud83d\ude00":2,"\ufb33":1}',
    ],
    [
      "names that look like numbers are sorted as text",
      { "10": 1, "9": 2, "1": 3, "-1": 4, "01": 5 },
      '{"-1":4,"01":5,"1":3,"10":1,"9":2}',
    ],
    ["a name before those that it begins", { aa: 1, "a\u0000": 2, a: 3 }, '{"a":3,"a\\u0000":2,"aa":1}'],
    ["text is not normalized", { "\u00c5": "A\u030a", "A\u030a": "\u212b" }, '{"A\u030a":"\u212b","\u00c5":"A\u030a"}'],
    [
      "what need not be escaped is not, and the rest in the short form",
      '\u0000\u001f\b\t\n\f\r"\\/<\u007f\u2028\uffef',
      '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/<\u007f\u2028\uffef"',
    ],
    [
      "numbers are spelled as ECMAScript does",
      [1e-7, 0.000001, 5e-324, -0, 1.5, 100, 123456789.125],
      "[1e-7,0.000001,5e-324,0,1.5,100,123456789.125]",
    ],
  ])("%s", (_, value, text) => {
    expect(printed(value)).toBe(text);
  });

  test("the order of arrays is kept, that of members is not", () => {
    expect(printed([3, 1, 2])).toBe("[3,1,2]");
    expect(canonical({ b: { d: 1, c: 2 }, a: 3 })).toEqual(canonical({ a: 3, b: { c: 2, d: 1 } }));
  });

  const circular: Record<string, unknown> = {};
  circular["inner"] = circular;
  class Odd {
    a = 1;
  }

  // Each of these canonicalizes to a text that says something else, or to none.
  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["a member that is undefined", { a: undefined }],
    ["an item that is undefined", [undefined]],
    ["a sparse array", new Array<unknown>(2)],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["a big integer", 1n],
    ["NaN", NaN],
    ["infinity", Infinity],
    ["2^53", 2 ** 53],
    ["1e21", 1e21],
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["bytes", Uint8Array.of(1)],
    ["a Date", new Date(0)],
    ["a boxed string", Object("a")],
    ["an object of a class", new Odd()],
    ["half a surrogate pair", ["\ud800"]],
    ["half a surrogate pair in a name", { "\udc00": 1 }],
    ["__proto__ as a name", JSON.parse('{"__proto__":1}')],
    ["a toJSON function", { toJSON: () => 1 }],
    ["a toJSON function on an array", Object.assign([1], { toJSON: () => 2 })],
    ["a toJSON function that does not show", Object.defineProperty({}, "toJSON", { value: () => 2 })],
    ["a circle", circular],
    ["65 levels", JSON.parse(nested(65))],
  ])("%s is refused", (_, value) => {
    expect(refusal(() => canonical(value as Json)).code).toBe("not-json");
  });

  test("an object without a prototype is plain", () => {
    expect(printed(Object.assign(Object.create(null) as object, { a: 1 }) as Json)).toBe('{"a":1}');
  });
});

describe("readable", () => {
  test("parsed again it is itself", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseJson(readable(value))).toEqual(value);
      }),
    );
  });

  test("sorted members, two spaces, a final newline", () => {
    expect(fromUtf8(readable({ b: [1, {}], a: "\u00e9", c: [] }))).toBe(
      '{\n  "a": "\u00e9",\n  "b": [\n    1,\n    {}\n  ],\n  "c": []\n}\n',
    );
  });

  test("its members stand in the order of the signed bytes, also those that look like numbers", () => {
    // An engine lists the members "1", "9", "10" of an object first, and by value.
    expect(fromUtf8(readable({ "10": 1, "9": 2, "1": 3, "": 4 }))).toBe(
      '{\n  "": 4,\n  "1": 3,\n  "10": 1,\n  "9": 2\n}\n',
    );
  });
});
