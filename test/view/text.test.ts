/** A tree as lines for a terminal: the same facts, within the width where words allow it. */
import { describe, expect, test } from "vitest";
import type { Bytes } from "../../src/core/bytes.js";
import { articleView, titleView } from "../../src/view/statement.js";
import { answersView, limitsView, stepsView } from "../../src/view/report.js";
import { textLines } from "../../src/view/text.js";
import { facts, h, table, type Tree } from "../../src/view/tree.js";
import { look, sites, yours } from "../core/looking.js";
import { result, sealed, signer } from "../core/making.js";

const shown = (tree: Tree, width?: number): string => textLines(tree, width).join("\n");

describe("each kind of element", () => {
  test("headings are underlined", () => {
    expect(shown(h("h1", "", "Title"))).toBe("\nTitle\n═════");
    expect(shown(h("h2", "", "Part ", h("em", "", "two")))).toBe("\nPart two\n────────");
    expect(shown(h("h3", "", "Detail"))).toBe("\nDetail");
  });

  test("a paragraph is one text, wrapped", () => {
    expect(shown(h("p", "", "one ", h("code", "", "two"), " three four"), 10)).toBe("one two\nthree four");
  });

  test("a word that is too long stays whole", () => {
    expect(shown(h("p", "", `a ${"b".repeat(12)} c`), 10)).toBe(`a\n${"b".repeat(12)}\nc`);
  });

  test("a block keeps its lines", () => {
    expect(shown(h("pre", "", "a\n  b\n\nc"))).toBe("    a\n      b\n    \n    c");
  });

  test("a list", () => {
    expect(shown(h("ul", "", h("li", "", "one two three"), h("li", "", "four")), 9)).toBe("- one two\n  three\n- four");
  });

  test("an item with paragraphs and facts of its own keeps them apart", () => {
    const step = h(
      "li",
      "",
      h("p", "", "Read the ", h("strong", "", "bytes")),
      h("p", "", "one two three"),
      facts("", [["bytes read", "4234"]]),
    );
    expect(shown(h("ol", "", step), 12)).toBe("- Read the\n  bytes\n  one two\n  three\n  bytes read  4234");
  });

  test("facts, in two columns", () => {
    expect(
      shown(
        facts("", [
          ["id", "one two three"],
          ["digest", h("code", "", "x")],
        ]),
        16,
      ),
    ).toBe("id      one two\n        three\ndigest  x");
    expect(textLines(facts("", []))).toEqual([]);
  });

  test("a table, a row at a time, with the names of its columns; an empty cell is left out", () => {
    const made = table(
      "",
      ["Check", "Outcome", "Seen"],
      [
        [h("p", "", "adds"), "passed", "four"],
        ["waits", "skipped", ""],
      ],
    );
    expect(shown(made)).toBe("• adds\n    Outcome: passed\n    Seen: four\n• waits\n    Outcome: skipped");
  });

  test("facts within a cell come after its row, one under the other", () => {
    const made = table(
      "",
      ["Check", "Seen"],
      [
        [
          "adds",
          [
            "four",
            facts("", [
              ["greatest error", "0.25 ulp"],
              ["rounds", "3"],
            ]),
          ],
        ],
      ],
    );
    expect(shown(made)).toBe("• adds\n    Seen: four\n      greatest error  0.25 ulp\n      rounds          3");
  });

  test("paragraphs within a cell do not run into each other", () => {
    expect(shown(table("", ["Check"], [[[h("p", "", "claim"), h("p", "", "id")]]]))).toBe("• claim id");
  });
});

describe("a whole attestation", () => {
  const me = signer();
  const words = "words that go on and on ";
  const file: Bytes = sealed(
    result({
      summary: words.repeat(20),
      sections: [{ heading: "How", body: `- ${words.repeat(9)}\n- two` }],
      notChecked: [words.repeat(8)],
    }),
    me,
  );

  test.each([60, 80, 110])("keeps within %d columns but for words that are longer", (width) => {
    const report = look(file, [yours(me)]);
    const { statement } = report;
    const trees = [
      titleView(statement!),
      answersView(report),
      limitsView(),
      ...articleView(statement!, report),
      stepsView(report),
    ];
    const all = trees.flatMap((tree) => textLines(tree, width));
    for (const line of all) if (line.length > width) expect(line).toMatch(/\S{40,}$/); // a name and its long value
    expect(all.join("\n")).toContain("Addition adds");
    expect(all.join("\n")).not.toMatch(/undefined|\[object|\u001f/);
  });

  test("says the four answers, and what was recomputed, as the page does", () => {
    const report = look(file, [sites(me)]);
    const all = [answersView(report), stepsView(report)].flatMap((tree) => textLines(tree)).join("\n");
    for (const said of [
      "only known from this site",
      "VALIDATED",
      "not checked",
      "SHA-256",
      report.digest!,
      "derived verdict",
      me.key.keyid,
    ])
      expect(all).toContain(said);
  });
});
