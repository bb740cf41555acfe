/** Figures: what a bar shows stands beside it, and no bar is drawn of what was not measured or cannot be compared. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CheckRecord, Figure } from "../../src/core/statement/statement.js";
import { figuresView } from "../../src/view/figure.js";
import { html } from "../../src/view/html.js";
import { textLines } from "../../src/view/text.js";
import type { Element, Tree } from "../../src/view/tree.js";
import { number, text } from "../core/arbitrary.js";

type Bar = Figure["bars"][number];
type Numbers = Readonly<Record<string, number | readonly [value: number, unit: string]>>;

const check = (numbers: Numbers, changes: Partial<CheckRecord> = {}): CheckRecord => ({
  id: "c",
  claim: "It holds",
  required: true,
  outcome: "passed",
  expected: "so",
  observed: "so it was",
  measurements: Object.entries(numbers).map(([name, given]) =>
    typeof given === "number" ? { name, value: given } : { name, value: given[0], unit: given[1] },
  ),
  ...changes,
});

const bar = (measurement: string, of?: string, id = "c"): Bar => ({
  label: `bar of ${measurement}`,
  check: id,
  measurement,
  ...(of !== undefined && { of }),
});

const elements = (trees: readonly Tree[]): Element[] =>
  trees.flatMap((tree) => (typeof tree === "string" ? [] : [tree, ...elements(tree.children)]));
const all = (trees: readonly Tree[], tag: string): Element[] => elements(trees).filter((one) => one.tag === tag);
const textOf = (tree: Tree): string => (typeof tree === "string" ? tree : tree.children.map(textOf).join(""));
const width = (part: Element): number => parseFloat(part.attributes["width"] ?? "");

/** What each bar says, and how long it and the outline of its scale are, in percent; a length is 0 for a hairline alone. */
function drawn(bars: Bar[], ...checks: readonly CheckRecord[]) {
  return all(figuresView([{ title: "Figure", bars }], checks), "dd").map((value) => {
    const [svg] = all([value], "svg");
    const of = (name: string): number => {
      const part = all([value], "rect").find(({ attributes }) => attributes["class"] === name);
      return part === undefined ? 0 : width(part);
    };
    const said = textOf(value);
    return svg === undefined ? [said] : [said, of("length"), of("end")];
  });
}

test("a statement without figures has no section for them", () => {
  expect(figuresView([], [check({})])).toEqual([]);
});

describe("a share", () => {
  test("is a part of an outline, in percent, with both of its numbers", () => {
    const counts = check({ lost: 257, made: 400, none: 0, many: 71385 });
    expect(drawn([bar("none", "many"), bar("lost", "made"), bar("made", "made")], counts)).toEqual([
      ["0 % (0 of 71,385)", 0, 100],
      ["64.3 % (257 of 400)", 64.25, 100],
      ["100 % (400 of 400)", 100, 100],
    ]);
  });

  test("alone is a share all the same", () => {
    expect(drawn([bar("a", "b")], check({ a: 1, b: 4 }))).toEqual([["25 % (1 of 4)", 25, 100]]);
  });

  test("of more than the whole goes beyond the outline", () => {
    expect(drawn([bar("a", "b"), bar("b", "a")], check({ a: 100, b: 400 }))).toEqual([
      ["25 % (100 of 400)", 6.25, 25],
      ["400 % (400 of 100)", 100, 25],
    ]);
  });

  test.each<[why: string, numbers: Numbers, said: string]>([
    ["of nothing", { a: 3, b: 0 }, "no share (3 of 0)"],
    ["of less than nothing", { a: 3, b: -4 }, "no share (3 of -4)"],
    ["below nothing", { a: -3, b: 4 }, "no share (-3 of 4)"],
    ["of another unit", { a: [3, "ms"], b: [4, "s"] }, "no share (3 of 4 s)"],
    ["beyond every number", { a: 9007199254740991, b: 5e-324 }, "no share (9,007,199,254,740,991 of 5e-324)"],
    ["of what was not measured", { a: [3, "ms"] }, "not measured (3 ms, but not of how much)"],
    ["of what was not measured either", {}, "not measured"],
  ])("%s is none, and is not drawn", (_, numbers, said) => {
    expect(drawn([bar("a", "b")], check(numbers))).toEqual([[said]]);
  });
});

describe("a measurement", () => {
  test("is as long as it is great, in its unit, with three digits", () => {
    const times = check({ fast: [1, "ms"], slow: [401.137, "ms"], none: [0, "ms"] });
    expect(drawn([bar("fast"), bar("slow"), bar("none")], times)).toEqual([
      ["1 ms", 0.25, 0],
      ["401 ms", 100, 0],
      ["0 ms", 0, 0],
    ]);
  });

  test("that is not nothing has a length, however small", () => {
    const [tiny] = drawn([bar("tiny"), bar("great")], check({ tiny: 5e-324, great: 9007199254740991 }));
    expect(tiny).toEqual(["5e-324", 0.01, 0]);
  });

  test("is never compared with another unit", () => {
    const mixed = check({ a: [3, "ms"], b: [6, "ms"], c: [9000, "files"], d: 7, e: 14 });
    expect(drawn([bar("a"), bar("b"), bar("c"), bar("d"), bar("e")], mixed)).toEqual([
      ["3 ms", 50, 0],
      ["6 ms", 100, 0],
      ["9000 files"],
      ["7", 50, 0],
      ["14", 100, 0],
    ]);
  });

  test("alone is drawn within the limit that its criterion sets, and beyond it", () => {
    const criterion = { measures: [], holds: [{ measure: "t", is: "≤" as const, value: 14000 }], needs: [] };
    expect(drawn([bar("t")], check({ t: [3500, "ms"] }, { criterion }))).toEqual([
      ["3500 ms (limit 14,000 ms)", 25, 100],
    ]);
    expect(drawn([bar("t")], check({ t: [28000, "ms"] }, { criterion, outcome: "failed" }))).toEqual([
      ["28,000 ms (limit 14,000 ms)", 100, 50],
    ]);
    const least = { ...criterion, holds: [{ measure: "t", is: "≥" as const, value: 2 }] };
    expect(drawn([bar("t")], check({ t: 3 }, { criterion: least }))).toEqual([["3"]]); // no limit: nothing to compare with
  });

  test("below zero is told and not drawn", () => {
    expect(drawn([bar("a"), bar("b")], check({ a: -5, b: 5 }))).toEqual([["-5 (below zero, not drawn)"], ["5"]]);
  });

  test.each([
    ["a check that there is not", bar("n", undefined, "other")],
    ["a measurement that there is not", bar("m")],
    ["a member of every object", bar("toString", "constructor", "__proto__")],
  ])("of %s was not made, which is not nothing", (_, missing) => {
    expect(drawn([missing], check({ n: 1 }))).toEqual([["not measured"]]);
    expect(drawn([missing], check({}, { measurements: undefined }))).toEqual([["not measured"]]);
  });
});

test.each([
  ["errored", "the check could not be made"],
  ["skipped", "the check was skipped"],
] as const)("numbers of a check that is %s say so, and are outlined", (outcome, words) => {
  const unsettled = check({ a: 1, b: 4 }, { outcome });
  const settled = check({ x: 1, y: 4 }, { id: "d", outcome: "failed" });
  const bars = [bar("a", "b"), bar("x", "y", "d"), bar("c"), bar("a")];
  expect(drawn(bars, unsettled, settled).map(([said]) => said)).toEqual([
    `25 % (1 of 4; ${words})`,
    "25 % (1 of 4)",
    `not measured (${words})`,
    `1 (${words})`,
  ]);
  const svgs = all(figuresView([{ title: "Figure", bars }], [unsettled, settled]), "svg");
  expect(svgs.map(({ attributes }) => attributes["class"])).toEqual(["bar unsettled", "bar"]);
});

describe("a document that wants to be looked at for long", () => {
  const bars = Array.from({ length: 1000 }, () => bar("n", "n"));
  const figure = { title: "Figure", bars };

  test("has bars to a number, and says how many more there are", () => {
    const view = figuresView([figure, { ...figure, bars: bars.slice(0, 25) }], [check({ n: 1 })]);
    expect(all(view, "svg")).toHaveLength(48);
    expect(view.map(textOf).join()).toMatch(/and 976 more bars.*and 1 more bar$/);
  });

  test("and figures too", () => {
    const view = figuresView(
      Array.from({ length: 1000 }, () => figure),
      [check({ n: 1 })],
    );
    expect(all(view, "figure")).toHaveLength(12);
    expect(view.map(textOf).join()).toMatch(/and 988 more figures$/);
  });

  test("without a bar says so", () => {
    const view = figuresView([{ title: "Nothing", bars: [] }], []);
    expect(all(view, "dl")).toEqual([]);
    expect(view.map(textOf).join()).toContain("There is nothing to draw.");
  });
});

test("no text of a document turns the reading order or breaks out of its place", () => {
  const evil = "a\u202eb\u0007\n<rect onload=x>";
  const bars = [{ label: evil, check: "c", measurement: evil, of: evil }];
  const made = figuresView([{ title: evil, bars }], [check({ [evil]: [1, evil] })])
    .map(html)
    .join("");
  expect(made).toContain("a\\u{202e}b\\u{7}\\u{a}&lt;rect onload=x&gt;");
  expect(made).not.toMatch(/[\u202e\u0007\n]|<rect onload/);
});

test("whatever was measured, a length is one that can be drawn, and nothing is said that is no number", () => {
  const unit = fc.constantFrom(undefined, "ms", "s");
  const outcome = fc.constantFrom("passed", "failed", "errored", "skipped");
  const names = ["a", "b", "c", "d"];
  const measurements = fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), value: number, unit })));
  const name = fc.constantFrom(...names, "e");
  const bars = fc.array(
    fc.record({
      label: text,
      check: fc.constantFrom("c", "d"),
      measurement: name,
      of: fc.option(name, { nil: undefined }),
    }),
  );
  fc.assert(
    fc.property(measurements, outcome, bars, (measured, is, given) => {
      const view = figuresView(
        [{ title: "Figure", bars: given }],
        [check({}, { measurements: measured, outcome: is })],
      );
      for (const part of all(view, "rect")) {
        expect(width(part)).toBeGreaterThan(0);
        expect(width(part)).toBeLessThanOrEqual(100);
      }
      for (const value of all(view, "dd")) expect(textOf(value)).not.toMatch(/NaN|Infinity|undefined|\[object/);
      expect(view.flatMap((tree) => textLines(tree, 60)).join("\n")).not.toMatch(/NaN|Infinity|undefined|\[object/);
    }),
  );
});

describe("in a terminal", () => {
  const counts = check({ lost: 257, made: 400, none: 0 });
  const shown = (bars: Bar[], columns: number, ...checks: readonly CheckRecord[]): string =>
    figuresView([{ title: "Losses", bars }], checks)
      .flatMap((tree) => textLines(tree, columns))
      .join("\n")
      .replace(/^[^]*Losses/, "Losses");

  test("label, bar and numbers stand side by side", () => {
    expect(shown([bar("none", "made"), bar("lost", "made"), bar("other")], 80, counts)).toBe(
      [
        "Losses from c",
        "bar of none   ░░░░░░░░░░░░░░░░░░░░░░░░  0 % (0 of 400)",
        "bar of lost   ████████████████░░░░░░░░  64.3 % (257 of 400)",
        "bar of other                            not measured",
      ].join("\n"),
    );
  });

  test("or one under the other, where there is not the room", () => {
    expect(shown([bar("lost", "made"), bar("other")], 50, counts)).toBe(
      [
        "Losses from c",
        "bar of lost",
        "  ████████████████░░░░░░░░  64.3 % (257 of 400)",
        "bar of other",
        "  not measured",
      ].join("\n"),
    );
  });

  test("nothing, hardly anything, and what is not settled differ", () => {
    const times = check({ none: 0, hardly: 0.1, most: 100 }, { outcome: "errored" });
    expect(shown([bar("none"), bar("hardly"), bar("most")], 110, { ...times, outcome: "passed" })).toMatch(
      /none {4}▏ {25}0\nbar of hardly {2}█ {25}0\.1\nbar of most {4}█{24} {2}100$/,
    );
    expect(shown([bar("hardly"), bar("most")], 110, times)).toMatch(
      / {2}▒ .*\n.* ▒{24} {2}100 \(the check could not be made\)$/,
    );
  });
});
