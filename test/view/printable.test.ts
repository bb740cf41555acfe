/** No text of a document can move a cursor, turn the reading order, hide, or add a line. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable, printableLines } from "../../src/view/printable.js";
import { text } from "../core/arbitrary.js";

/** Ranges that are known to do harm, spelled out, so that a change of the Unicode tables cannot take them away. */
const HARM: readonly (readonly [what: string, from: number, to: number])[] = [
  ["C0 controls", 0x00, 0x1f],
  ["delete and the C1 controls", 0x7f, 0x9f],
  ["the soft hyphen", 0xad, 0xad],
  ["the Arabic letter mark", 0x61c, 0x61c],
  ["the Mongolian vowel separator", 0x180e, 0x180e],
  ["the zero width space", 0x200b, 0x200b],
  ["the marks of direction", 0x200e, 0x200f],
  ["line and paragraph separators", 0x2028, 0x2029],
  ["embeddings and overrides of direction", 0x202a, 0x202e],
  ["the word joiner, invisible operators, isolates, deprecated formats", 0x2060, 0x2064],
  ["isolates and deprecated formats", 0x2066, 0x206f],
  ["surrogates", 0xd800, 0xdfff],
  ["the byte order mark", 0xfeff, 0xfeff],
  ["interlinear annotations", 0xfff9, 0xfffb],
  ["tags", 0xe0020, 0xe007f],
];

describe("printable", () => {
  test.each(HARM)("spells out %s", (_, from, to) => {
    for (let point = from; point <= to; point += 1)
      expect(printable(`a${String.fromCodePoint(point)}b`)).toBe(`a\\u{${point.toString(16)}}b`);
  });

  test("spells out every control, format character, separator and surrogate of Unicode and every blank that passes for nothing, but for what scripts and emoji need, and nothing else", () => {
    const categories = [
      /^\p{Cc}$/u,
      /^\p{Cf}$/u,
      /^\p{Zl}$/u,
      /^\p{Zp}$/u,
      /^\p{Cs}$/u,
      /^\p{Default_Ignorable_Code_Point}$/u,
      /^\u2800$/,
    ];
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const character = String.fromCodePoint(point);
      const unseen = categories.some((category) => category.test(character));
      const needed = [0x200c, 0x200d, 0xfe0e, 0xfe0f].includes(point);
      if ((printable(character) === character) !== (needed || !unseen)) throw new Error(`U+${point.toString(16)}`);
    }
  });

  test("leaves words of any script, and families, alone", () => {
    for (const words of [
      "naïve café",
      "שלום",
      "مرحبا",
      "می\u200cخواهم",
      "क्\u200dष",
      "👩\u200d👩\u200d👧",
      "日本語",
      "a\u00a0b",
      "2²",
    ])
      expect(printable(words)).toBe(words);
  });

  test("keeps the halves of a pair together, and shows a half alone", () => {
    expect(printable("\ud83d\ude00")).toBe("\ud83d\ude00");
    expect(printable("\ud83d")).toBe("\\u{d83d}");
    expect(printable("\ude00\ud83d")).toBe("\\u{de00}\\u{d83d}");
  });

  test("has one line, whatever it is given", () => {
    expect(printable("ok\nattest: verified\r\n\u0085\u2028\u2029")).toBe(
      "ok\\u{a}attest: verified\\u{d}\\u{a}\\u{85}\\u{2028}\\u{2029}",
    );
  });

  test("of what is printable it is the identity", () => {
    fc.assert(fc.property(text, (any) => printable(printable(any)) === printable(any)));
  });

  test("the example", () => {
    expect(printable("a\u001b[2Jb\u202ec")).toBe("a\\u{1b}[2Jb\\u{202e}c");
  });
});

test("printableLines keeps line feeds and tabs, and nothing else of that kind", () => {
  expect(printableLines("a\n\tb\r\n\u2028\u001b[2J")).toBe("a\n\tb\\u{d}\n\\u{2028}\\u{1b}[2J");
  const byParts = (any: string): string =>
    any
      .split("\n")
      .map((line) => line.split("\t").map(printable).join("\t"))
      .join("\n");
  fc.assert(fc.property(text, (any) => printableLines(any) === byParts(any)));
});
