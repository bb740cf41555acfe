/** Every end cut off a real report, and bytes of it changed: refused, or doubted, or no failure fewer than before. */
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readResults, type Results } from "../../src/formats/results.js";
import { attempt, failures, read, sound } from "./reading.js";

const folder = new URL("golden/", import.meta.url);
const reports = readdirSync(folder).filter((name) => !name.endsWith(".expected.json"));

describe.each(reports)("%s", (name) => {
  const whole = readFileSync(new URL(name, folder));
  const before = readResults(whole);
  const doubts = new Set(before.discrepancies);
  const said = (results: Results): boolean => results.discrepancies.some((sentence) => !doubts.has(sentence));

  /** Where go has ended one package, and not begun the next, nothing tells that there was to be a next. */
  const betweenPackages = (length: number): boolean => {
    const last = whole.subarray(0, length).toString().trimEnd().split("\n").at(-1) ?? "";
    return before.format === "go-test-json" && /"Elapsed":[\d.]+\}$/.test(last) && !last.includes('"Test"');
  };

  test("cut off", () => {
    // Of what comes line by line, the lines that came are read; of the rest, only white space may be missing.
    const byLine = before.format === "tap" || before.format === "go-test-json";
    const step = Math.max(1, Math.floor(whole.length / 800));
    for (let length = 0; length < whole.length; length += step) {
      const results = attempt(whole.subarray(0, length));
      if (!results) continue;
      if (!byLine) expect(whole.subarray(length).toString().trim()).toBe("");
      if (betweenPackages(length)) continue;
      if (failures(results) < failures(before)) expect(said(results), `cut at ${length}`).toBe(true);
    }
  });

  test("bytes changed", () => {
    const step = Math.max(1, Math.floor(whole.length / 300));
    for (const mask of [0x01, 0x20]) {
      for (let at = 0; at < whole.length; at += step) {
        const copy = Uint8Array.from(whole);
        copy[at]! ^= mask;
        const results = attempt(copy);
        if (results && failures(results) < failures(before)) expect(said(results), `byte ${at} ^ ${mask}`).toBe(true);
      }
    }
  });
});

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const outcome = fc.constantFrom("passed", "failed", "skipped");
const tests = fc.array(fc.record({ name, outcome }), { maxLength: 12 });
type Tests = readonly { readonly name: string; readonly outcome: string }[];

const count = (all: Tests, which: string): number => all.filter((each) => each.outcome === which).length;
const MARK = new Map([
  ["failed", "<failure/>"],
  ["skipped", "<skipped/>"],
]);

const WRITERS: readonly [string, (all: Tests) => string][] = [
  [
    "ctrf",
    (all) =>
      JSON.stringify({
        results: {
          summary: {
            tests: all.length,
            passed: count(all, "passed"),
            failed: count(all, "failed"),
            skipped: count(all, "skipped"),
            pending: 0,
            other: 0,
          },
          tests: all.map((each) => ({ name: each.name, status: each.outcome })),
        },
      }),
  ],
  [
    "vitest-json",
    (all) =>
      JSON.stringify({
        numTotalTests: all.length,
        numPassedTests: count(all, "passed"),
        numFailedTests: count(all, "failed"),
        numPendingTests: count(all, "skipped"),
        numTodoTests: 0,
        success: count(all, "failed") === 0,
        testResults: all.map((each) => ({
          name: "a.js",
          status: each.outcome === "failed" ? "failed" : "passed",
          assertionResults: [{ title: each.name, status: each.outcome }],
        })),
      }),
  ],
  [
    "junit",
    (all) =>
      `<testsuite tests="${all.length}" failures="${count(all, "failed")}" skipped="${count(all, "skipped")}">` +
      all.map((each) => `<testcase name="${each.name}">${MARK.get(each.outcome) ?? ""}</testcase>`).join("\n") +
      "</testsuite>",
  ],
  [
    "tap",
    (all) =>
      `1..${all.length}\n` +
      all
        .map((each, at) => {
          const directive = each.outcome === "skipped" ? " # SKIP" : "";
          return `${each.outcome === "failed" ? "not ok" : "ok"} ${at + 1} - ${each.name}${directive}\n`;
        })
        .join(""),
  ],
  [
    "go-test-json",
    (all) =>
      [
        ...all.flatMap((each) => [
          { Action: "run", Package: "p", Test: each.name },
          { Action: each.outcome.slice(0, 4), Package: "p", Test: each.name },
        ]),
        { Action: count(all, "failed") > 0 ? "fail" : "pass", Package: "p" },
      ]
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(""),
  ],
];

describe.each(WRITERS)("%s", (format, write) => {
  test("what was written is what is read", () => {
    fc.assert(
      fc.property(tests, (all) => {
        const results = read(write(all));
        expect(results.format).toBe(format);
        expect(results.cases.map((each) => each.outcome)).toEqual(all.map((each) => each.outcome));
        const twice = (sentence: string): boolean => sentence.includes(" times, and ");
        expect(results.discrepancies.filter((sentence) => !twice(sentence))).toEqual([]);
        sound(results);
      }),
      { numRuns: 200 },
    );
  });

  test("noise inside", () => {
    const noise = fc.oneof(
      fc.string({ unit: "binary", maxLength: 6 }),
      fc.constantFrom(
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&#0;",
        "{",
        "}",
        "[",
        "]",
        '"',
        "\\",
        "\n",
        "    ",
        "  ---\n",
        "ok",
      ),
      fc.constantFrom(
        "not ok 1\n",
        "1..3\n",
        "<failure/>",
        "</testcase>",
        "<testsuite>",
        "__proto__",
        "null",
        "\\ud800",
        "1e999",
      ),
    );
    fc.assert(
      fc.property(tests, fc.array(fc.tuple(fc.nat(), fc.nat(8), noise), { maxLength: 4 }), (all, changes) => {
        let text = write(all);
        for (const [place, length, instead] of changes) {
          const at = place % (text.length + 1);
          text = text.slice(0, at) + instead + text.slice(at + length);
        }
        const results = attempt(Buffer.from(text));
        if (results) sound(results);
      }),
      { numRuns: 300 },
    );
  });
});

test("any JSON where a report has another", () => {
  const anywhere = fc.dictionary(
    fc.constantFrom(
      "results",
      "tests",
      "summary",
      "testResults",
      "assertionResults",
      "status",
      "name",
      "title",
      "Action",
      "Package",
      "Test",
    ),
    fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" }, fc.jsonValue(), fc.array(tie("value"), { maxLength: 3 }), tie("object")),
      object: fc.dictionary(
        fc.constantFrom(
          "tests",
          "status",
          "name",
          "suite",
          "summary",
          "assertionResults",
          "ancestorTitles",
          "start",
          "duration",
        ),
        tie("value"),
        { maxKeys: 4 },
      ),
    })).value,
  );
  fc.assert(
    fc.property(anywhere, (json) => {
      const results = attempt(Buffer.from(JSON.stringify(json)));
      if (results) sound(results);
    }),
    { numRuns: 500 },
  );
});
