/** The tree: every text is printable as soon as it is in it, and only http and https are ever clickable. */
import { describe, expect, test } from "vitest";
import { date, facts, h, link, local, table, with_ } from "../../src/view/tree.js";

const EVIL = "a\u202eb\nc";

describe("h", () => {
  test("flattens its children and leaves out what is not there", () => {
    expect(h("p", "", "a", undefined, ["b", [h("em", "", "c"), undefined], []])).toEqual({
      tag: "p",
      attributes: {},
      children: ["a", "b", { tag: "em", attributes: {}, children: ["c"] }],
    });
  });

  test("has a class only where one is given", () => {
    expect(h("p", "lede").attributes).toEqual({ class: "lede" });
    expect(with_("th", { scope: "col" }, "x").attributes).toEqual({ scope: "col" });
  });

  test("makes each text printable; a block keeps its lines", () => {
    expect(h("p", "", EVIL).children).toEqual(["a\\u{202e}b\\u{a}c"]);
    expect(h("pre", "", EVIL).children).toEqual(["a\\u{202e}b\nc"]);
  });
});

describe("link", () => {
  test.each([
    ["https://example.org/", "https://example.org/"],
    ["HTTP://example.org/a?b=c&d#e", "HTTP://example.org/a?b=c&d#e"],
    [
      "https://example.org/a%2Fb?to=https%3A%2F%2Fexample.net%2F",
      "https://example.org/a%2Fb?to=https%3A%2F%2Fexample.net%2F",
    ],
    ["https://example.org/100%", "https://example.org/100%"],
    ["https://example.org/ü/日", "https://example.org/%C3%BC/%E6%97%A5"],
    ["https://example.org/\u202egnp", "https://example.org/%E2%80%AEgnp"],
    ["https://example.org/\u0001", "https://example.org/%01"],
  ])("%j leads to %j", (href, to) => {
    expect(link(href, "text")).toEqual({
      tag: "a",
      attributes: { href: to, rel: "noopener noreferrer nofollow" },
      children: ["text"],
    });
  });

  test.each([
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://example.org/x",
    "//example.org/",
    "/path",
    "mailto:a@example.org",
    "https:example.org",
    "https://",
    "https://example.org/ x",
    "https://example.org/\n",
    "https://example.org/\u2028",
    'https://example.org/"onclick="x',
    "https://example.org/<b>",
    "https://example.org\\@example.net/",
    "https://example.org/\ud800",
    "x https://example.org/",
    "",
  ])("%j is text and no link", (href) => {
    expect(link(href, href)).toEqual(h("span", "", href));
  });
});

test("local is a link of ours", () => {
  expect(local("verify.html", "the verifier")).toEqual({
    tag: "a",
    attributes: { href: "verify.html" },
    children: ["the verifier"],
  });
});

test("a date is read by people and by machines", () => {
  expect(date("2026-03-01T10:00:03.123Z")).toEqual({
    tag: "time",
    attributes: { datetime: "2026-03-01T10:00:03.123Z" },
    children: ["2026-03-01 10:00:03 UTC"],
  });
  expect(date("2026-03-01T10:00:03Z").children).toEqual(["2026-03-01 10:00:03 UTC"]);
});

test("facts are names with their values", () => {
  expect(
    facts("values", [
      ["id", "test_1"],
      [EVIL, undefined],
    ]),
  ).toEqual(h("dl", "values", h("dt", "", "id"), h("dd", "", "test_1"), h("dt", "", EVIL), h("dd", "")));
});

test("a table says in each cell under which head it stands, for readers who see one cell at a time", () => {
  const made = table("", ["Check", "Outcome"], [["a", h("em", "", "b")]]);
  expect(made).toEqual(
    h(
      "table",
      "",
      h("thead", "", h("tr", "", with_("th", { scope: "col" }, "Check"), with_("th", { scope: "col" }, "Outcome"))),
      h(
        "tbody",
        "",
        h(
          "tr",
          "",
          with_("td", { "data-label": "Check" }, "a"),
          with_("td", { "data-label": "Outcome" }, h("em", "", "b")),
        ),
      ),
    ),
  );
});
