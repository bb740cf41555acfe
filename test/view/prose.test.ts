/** The prose of a statement: paragraphs, lists, fences, code and bare links; whatever else looks like markup stays letters. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prose } from "../../src/view/prose.js";
import { h, link, type Tree } from "../../src/view/tree.js";
import { text } from "../core/arbitrary.js";

const url = (address: string): Tree => link(address, address);

describe("blocks", () => {
  test.each<[what: string, given: string, made: Tree[]]>([
    ["nothing", "", []],
    ["blank lines", "\n \n\t\n", []],
    ["one paragraph", "one\n  two  \nthree", [h("p", "", "one two three")]],
    ["two paragraphs", "one\n\n\ntwo", [h("p", "", "one"), h("p", "", "two")]],
    ["a list", "- one\n- two", [h("ul", "", h("li", "", "one"), h("li", "", "two"))]],
    ["an item over two lines", "- one\n  more\n- two", [h("ul", "", h("li", "", "one more"), h("li", "", "two"))]],
    ["a list that is none: text before it", "text\n- one", [h("p", "", "text - one")]],
    ["a list that is none: text after it", "- one\ntext", [h("p", "", "- one text")]],
    ["a line that begins with two spaces", "  one", [h("p", "", "one")]],
    ["a fence", "```\na\n\n  b\n```", [h("pre", "", "a\n\n  b")]],
    ["a fence with a language", "```sh\nrm x\n```\nafter", [h("pre", "", "rm x"), h("p", "", "after")]],
    ["a fence right after a paragraph", "before\n```\na\n```", [h("p", "", "before"), h("pre", "", "a")]],
    ["a fence that nobody closed", "```\na\n\nb", [h("pre", "", "a\n\nb")]],
    ["an empty fence", "```\n```", [h("pre", "", "")]],
    ["a list inside a fence", "```\n- a\n```", [h("pre", "", "- a")]],
    [
      "line ends of another system",
      "one\r\n\r\n- two\r\n- three\r\n\r\n```\r\nfour\r\n```\r\n",
      [h("p", "", "one"), h("ul", "", h("li", "", "two"), h("li", "", "three")), h("pre", "", "four")],
    ],
  ])("%s", (_, given, made) => {
    expect(prose(given)).toEqual(made);
  });
});

describe("within a line", () => {
  const line = (given: string): readonly Tree[] => prose(given)[0]!.children.filter((child) => child !== "");

  test.each<[what: string, given: string, made: Tree[]]>([
    ["code", "run `ls -l` now", ["run ", h("code", "", "ls -l"), " now"]],
    ["markup in code", "`<b>`", [h("code", "", "<b>")]],
    ["a backtick alone", "it`s", ["it`s"]],
    ["an address in code is no link", "`https://example.org/`", [h("code", "", "https://example.org/")]],
    ["a link", "see https://example.org/a?b=c#d for more", ["see ", url("https://example.org/a?b=c#d"), " for more"]],
    ["a link at the end of a sentence", "See https://example.org/a.", ["See ", url("https://example.org/a"), "."]],
    ["a link in brackets", "(https://example.org/a)", ["(", url("https://example.org/a"), ")"]],
    ["a link with a comma after it", "https://example.org/a, and", [url("https://example.org/a"), ", and"]],
    ["two links", "http://a.example https://b.example", [url("http://a.example"), " ", url("https://b.example")]],
  ])("%s", (_, given, made) => {
    expect(line(given)).toEqual(made);
  });

  test.each([
    "<b>bold</b>",
    "<script>x</script>",
    "![image](x.png)",
    "[text](javascript:alert(1))",
    "javascript:alert(1)",
    "data:text/html,x",
    "# heading",
    "> quote",
    "1. one",
    "* star",
    "**bold** _em_",
    "&lt;",
    "| a | b |",
    "ftp://example.org/",
    "https://",
  ])("%s stays letters", (given) => {
    const [paragraph, ...more] = prose(given);
    expect(more).toEqual([]);
    expect(paragraph!.tag).toBe("p");
    expect(JSON.stringify(paragraph)).not.toContain("href");
    expect(letters(paragraph!)).toBe(given);
  });

  test("the address in brackets of a link that CommonMark knows is a bare link", () => {
    expect(line("[x](https://example.org/)")).toEqual(["[x](", url("https://example.org/"), ")"]);
  });
});

const letters = (tree: Tree): string => (typeof tree === "string" ? tree : tree.children.map(letters).join(""));

test("whatever the text, only these elements and these addresses come of it", () => {
  const pieces = fc.array(
    fc.oneof(
      text,
      fc.constantFrom("\n", "\n\n", "- ", "  ", "```", "`", "http://", "https://a.example/", "javascript:", "<b>"),
    ),
    { maxLength: 12 },
  );
  const check = (tree: Tree): void => {
    if (typeof tree === "string") return;
    expect(["p", "ul", "li", "pre", "code", "a", "span"]).toContain(tree.tag);
    if (tree.tag === "a") expect(tree.attributes["href"]).toMatch(/^https?:\/\/[!-~]+$/i);
    else expect(tree.attributes).toEqual({});
    tree.children.forEach(check);
  };
  fc.assert(fc.property(pieces, (parts) => prose(parts.join("")).forEach(check)));
});
