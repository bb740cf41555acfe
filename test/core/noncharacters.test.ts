/** RFC 7493, section 2.1: what is no character is in no text that is read or signed, of whatever plane, escaped or not. */
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, fit, parseJson } from "../../src/core/json.js";

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return error instanceof AttestError ? error.code : "another fault";
  }
};
const planes = Array.from({ length: 17 }, (_, plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff]).flat();
const others = Array.from({ length: 32 }, (_, at) => 0xfdd0 + at);
const escaped = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

describe("each of the 66", () => {
  test.each([...planes, ...others].map((code) => [code.toString(16), String.fromCodePoint(code)]))(
    "U+%s",
    (_, text) => {
      for (const spelled of [text, escaped(text)])
        for (const json of [`"a${spelled}b"`, `{"${spelled}":1}`, `[[{"a":["${spelled}"]}]]`])
          expect(
            codeOf(() => parseJson(utf8(json))),
            json,
          ).toBe("json-noncharacter");
      expect(codeOf(() => canonical({ a: [text] }))).toBe("not-json");
      expect(codeOf(() => canonical({ [text]: 1 }))).toBe("not-json");
      expect(fit({ [text]: [`a${text}b`] })).toEqual({ "\ufffd": ["a\ufffdb"] });
    },
  );
});

test.each(["\ufdcf", "\ufdf0", "\ufffd", "\ufffc", "\ufeffx", "\u{1fffd}", "\u{10fffd}", "\u{1f600}", "\ue000"])(
  "%j is one",
  (text) => {
    expect(parseJson(utf8(JSON.stringify(["x", text])))).toEqual(["x", text]);
    expect(fit([text])).toEqual([text]);
  },
);

test("half a surrogate pair keeps its own code", () => {
  expect(codeOf(() => parseJson(utf8('"\\ud83f"')))).toBe("json-surrogate");
  expect(codeOf(() => parseJson(utf8('"\\udfff\\ud83f"')))).toBe("json-surrogate");
});
