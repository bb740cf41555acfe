// Two versions of the same evidence: what is only spelling, where they differ, and that nobody can make the comparison take long.
import { expect, test } from "vitest";
import { differenceOf, spellingsOf } from "../../../src/core/audit/diff.js";
import { equal, utf8 } from "../../../src/core/bytes.js";

const between = (before: string, after: string): string => {
  const found = differenceOf(utf8(before), utf8(after));
  return found.kind === "spelling" ? `spelling: ${found.how}` : found.where;
};

test.each([
  ["a\nb\n", "a\r\nb\r\n", "spelling: line ends"],
  ["a\nb", "\ufeffa\nb\n\n", "spelling: line ends"],
  ["a \nb", "a\nb\t", "spelling: white space at the ends of lines"],
  ['{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }', "spelling: layout and order of members"],
  ['<!doctype html><p nonce="x">a</p>', '<!doctype html>\n<p nonce="y">a</p>', /^line 1: /],
  [
    '<!doctype html> <p nonce="x">a</p>',
    '<!doctype html>\n<p nonce="y">a</p>',
    "spelling: white space and the nonces of a page",
  ],
  // All of these say something else, in places that a reader of the page does not see.
  ['<?xml version="1.0"?><testsuite failures="0"/>', '<?xml version="1.0"?><testsuite failures="2"/>', /^line 1: /],
  ["<html><script>v='VALIDATED'</script>", "<html><script>v='REFUTED'</script>", /^line 1: /],
  ['<html><a href="a">x</a>', '<html><a href="b">x</a>', /^line 1: /],
  ["<html>p < 0.05, so VALIDATED", "<html>p < 0.95, so REFUTED", /^line 1: /],
  ["one\ntwo\n", "one\nthree\n", 'line 2: "two" became "three"; 8 bytes became 10'],
  ['{"a":{"b/c":1}}', '{"a":{"b/c":2}}', "/a/b~1c: 1 became 2"],
  ["\u0000a", "\u0000b", "byte 1"],
])("%j and %j", (before, after, told) => {
  if (typeof told === "string") expect(between(before, after)).toBe(told);
  else expect(between(before, after)).toMatch(told);
});

test("the spelling that was signed is among those that a text can have", () => {
  const signed = utf8("\ufeffa\r\nb\r\n");
  expect(spellingsOf(utf8("a\nb")).some((one) => equal(one, signed))).toBe(true);
  expect(spellingsOf(utf8("a\nc")).some((one) => equal(one, signed))).toBe(false);
});

// Expressions that look for the end of a run are quadratic in it: each of these took minutes.
test.each([
  ["line feeds", `${"\n".repeat(2_000_000)}x`],
  ["spaces", `${" ".repeat(2_000_000)}x`],
  ["tags", `<html>${"<>".repeat(1_000_000)}`],
])(
  "a long run of %s is compared",
  (_, text) => {
    expect(between(text, `${text}y`)).toMatch(/became/);
    expect(spellingsOf(utf8(text)).length).toBeGreaterThan(0);
  },
  20_000,
);
