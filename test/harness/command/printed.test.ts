/** The same bytes get the same verdict from a file and from the terminal, whatever other programs print around them. */
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../../src/core/bytes.js";
import type { ReportFormat } from "../../../src/formats/results.js";
import { filed, judged, printed, type Judged } from "../judged.js";

const RUNS = Number(process.env["ATTEST_MUTATIONS"] ?? 100);
const folder = new URL("../../formats/golden/", import.meta.url);
const golden = readdirSync(folder)
  .filter((name) => !name.endsWith(".expected.json"))
  .map((name) => [name, readFileSync(new URL(name, folder))] as const);

const BANNER = "\n> sums@1.0.0 test\n> run the tests\n\n";
const said = ({ verdict, cases }: Judged): unknown => [
  verdict,
  cases.map(({ name, outcome, message, durationMs }) => ({ name, outcome, message, durationMs })),
];
/** A doubt may name the line, which is another one after a banner. */
const doubts = ({ reports }: Judged): number => reports.flatMap((each) => each.doubts).length;

describe.each(golden)("%s", (_, bytes) => {
  const alone = judged(filed(bytes));
  test.each([
    ["alone", bytes],
    ["between npm's banner and another line", Buffer.concat([utf8(BANNER), bytes, utf8("\nDone in 1.2s.\n")])],
    ["with a byte that is no character before it", Buffer.concat([Uint8Array.of(0xff, 10), bytes])],
    ["after a line of a log in JSON", Buffer.concat([utf8(`{"level":"info"}\n<html>\n`), bytes])],
  ])("%s: the same from a file and from the terminal", (__, given) => {
    for (const one of [judged(printed(given)), judged(printed(given, ["-"])), judged(filed(given))]) {
      expect(said(one)).toEqual(said(alone));
      expect(doubts(one)).toBe(doubts(alone));
    }
  });

  test("cut in the middle, by whoever keeps what is printed, it is in doubt", () => {
    expect(
      printed(bytes, [], true)
        .flatMap((each) => each.doubts)
        .join(),
    ).toMatch(/not whole/);
    expect(judged(printed(bytes, [], true)).verdict).not.toBe("VALIDATED");
  });

  test("twice, one after the other, it counts twice", () => {
    const twice = judged(printed(Buffer.concat([bytes, utf8(BANNER), bytes])));
    expect(twice.verdict).not.toBe("VALIDATED");
    if (twice.reports.length === 2) expect(twice.cases.length).toBe(2 * alone.cases.length);
  });
});

/** What tells of a failure, as each format has it; what is to do may fail. */
const FAILURE: Readonly<Record<ReportFormat, (text: string) => boolean>> = {
  tap: (text) => /^\s*not ok\b(?!.*#\s*(?:todo|skip))|bail out!/im.test(text),
  junit: (text) =>
    /<(?:failure|error)\b/.test(
      text.replace(/<testcase\b(?:(?!<\/testcase>)[^])*<skipped type="todo"[^]*?<\/testcase>/g, ""),
    ),
  ctrf: (text) => /"status": ?"(?:failed|other)"/.test(text),
  "jest-json": (text) => /"status": ?"failed"/.test(text),
  "vitest-json": (text) => /"status": ?"failed"/.test(text),
  "go-test-json": (text) => /"Action":"(?:build-)?fail"|^FAIL/m.test(text),
};

type Change = (rows: readonly string[]) => readonly string[];
const at = fc.nat();
const some = fc.integer({ min: 1, max: 40 });
const CHANGES: Readonly<Record<string, fc.Arbitrary<Change>>> = {
  drop: fc.tuple(at, some).map(
    ([from, count]) =>
      (rows) =>
        rows.toSpliced(from % rows.length, count),
  ),
  cut: fc.tuple(at, fc.boolean()).map(([from, head]) => (rows) => {
    const text = rows.join("");
    const place = from % (text.length + 1);
    return [head ? text.slice(place) : text.slice(0, place)];
  }),
  reorder: fc.tuple(at, some, at).map(([from, count, to]) => (rows) => {
    const rest = rows.toSpliced(from % rows.length, count);
    return rest.toSpliced(to % (rest.length + 1), 0, ...rows.slice(from % rows.length, (from % rows.length) + count));
  }),
  wrap: fc.tuple(at, fc.integer({ min: 1, max: 80 })).map(
    ([from, width]) =>
      (rows) =>
        rows.map((row, index) =>
          index % rows.length === from % rows.length ? row.replace(new RegExp(`^.{${width}}`), "$&\n") : row,
        ),
  ),
  prefix: fc
    .tuple(
      at,
      some,
      fc.constantFrom("> ", "    ", "  ", "[12:00:00] ", "| ", "$ ", "\t", "# ", "\u001b[31m", "\ufeff", "ok ", "x"),
    )
    .map(
      ([from, count, before]) =>
        (rows) =>
          rows.map((row, index) =>
            index >= from % rows.length && index < (from % rows.length) + count ? before + row : row,
          ),
    ),
};

describe.each(golden)("%s, of a run that failed", (_, bytes) => {
  const text = bytes.toString();
  const format = filed(bytes).flatMap(({ results }) => results?.format ?? [])[0] ?? "tap";

  test.each(Object.entries(CHANGES))("%s parts: no pass while a failure is left in it", (__, change) => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const rows = changes.reduce<readonly string[]>(
          (before, next) => (before.length === 0 ? before : next(before)),
          text.split(/(?<=\n)/),
        );
        const changed = rows.join("");
        const given = utf8(changed);
        const asked = judged(printed(given, ["-"]));
        if (asked.verdict === "VALIDATED") expect(FAILURE[format](changed), JSON.stringify(changed)).toBe(false);
        const found = judged(printed(given));
        if (found.verdict === "VALIDATED" && found.reports.length > 0)
          expect(FAILURE[format](changed), JSON.stringify(changed)).toBe(false);
      }),
      { numRuns: Math.ceil(RUNS / 5), seed: 14 },
    );
  });
});

const XML =
  '<testsuites><testsuite name="x"><testcase name="shown"/><testcase name="shown too"/></testsuite></testsuites>';
const SHOWN = `    <testsuites>\n    ${XML.slice(12)}\n`;
const JSON_SHOWN = '    {"testResults": [], "success": true}\n';
test.each<[what: string, text: string, names: readonly string[]]>([
  ["in the diagnostics of TAP", `1..1\nok 1 - a\n  ---\n  expected: |\n${SHOWN}${JSON_SHOWN}  ...\n`, ["a"]],
  [
    "in a subtest's",
    `    ok 1 - b\n      ---\n      at: |\n${SHOWN.replaceAll("    ", "        ")}      ...\n    1..1\nok 1 - a\n1..1\n`,
    ["a > b", "a"],
  ],
  ["in a comment of XML", `<!--\n${XML}\n-->\n<testsuite name="s"><testcase name="a"/></testsuite>\n`, ["s > a"]],
  [
    "and what is a comment to no reader of it hides nothing",
    `<!-- p\n<testsuite name="s"><testcase name="a"/></testsuite>\n`,
    ["s > a"],
  ],
])("a report that another one shows is none: %s", (_, text, names) => {
  for (const reports of [filed(utf8(text)), printed(utf8(text))]) {
    const { cases, verdict } = judged(reports);
    expect([verdict, cases.map(({ name }) => name).sort()]).toEqual(["VALIDATED", [...names].sort()]);
  }
});

test.each([
  ["an answer of a service", 'response:\n{\n  "name": "bob",\n  "status": "pending"\n}\ndone\n'],
  ["Playwright's JSON", '{\n  "suites": [{\n    "tests": [\n      {\n        "status": "passed"\n      }]}]\n}\n'],
  ["cucumber's", '[\n  {\n    "name": "a",\n    "result": {\n      "status": "passed"\n    }\n  }\n]\n'],
  ["prove without -v", "t/a.t .. ok\nAll tests successful.\nFiles=1, Tests=2,  0 wallclock secs\nResult: PASS\n"],
])("%s is no report", (_, text) => {
  expect(printed(utf8(text))).toEqual([]);
});
test("of a report in JSON that lost its beginning a doubt is left", () => {
  expect(
    printed(utf8('      {\n        "name": "a",\n        "status": "failed"\n      }\n    ]\n  }\n}\n')),
  ).toHaveLength(1);
});
