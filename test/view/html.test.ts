/** A tree as HTML text: what a document says can end neither an element nor an attribute. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { escapeHtml, html } from "../../src/view/html.js";
import { h, link, with_ } from "../../src/view/tree.js";
import { text } from "../core/arbitrary.js";

test("elements, attributes, text", () => {
  expect(html(h("p", "lede", "a ", h("strong", "", "b"), " c"))).toBe('<p class="lede">a <strong>b</strong> c</p>');
  expect(html("a < b & c")).toBe("a &lt; b &amp; c");
  expect(html(with_("td", { "data-label": "Check", scope: "col" }))).toBe('<td data-label="Check" scope="col"></td>');
});

test("the five characters that have a meaning in markup lose it", () => {
  expect(escapeHtml(`</script><img src='x' alt="y">&amp;`)).toBe(
    "&lt;/script&gt;&lt;img src=&#39;x&#39; alt=&quot;y&quot;&gt;&amp;amp;",
  );
});

test("an attribute cannot be left", () => {
  expect(html(with_("td", { "data-label": '"><script>x</script>' }))).toBe(
    '<td data-label="&quot;&gt;&lt;script&gt;x&lt;/script&gt;"></td>',
  );
  expect(html(link("https://example.org/?a='b'&c", "x"))).toContain("<span>x</span>"); // a quote is no part of an address
  expect(html(link("https://example.org/?a&b", "x"))).toBe(
    '<a href="https://example.org/?a&amp;b" rel="noopener noreferrer nofollow">x</a>',
  );
});

test("whatever the text, the markup is ours", () => {
  fc.assert(
    fc.property(text, text, (one, two) => {
      const made = html(h("p", "", one, with_("td", { "data-label": two }, two)));
      expect(made.replace(/[^<>"]/g, "")).toBe('<><""><><>');
    }),
  );
});
