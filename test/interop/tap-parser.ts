/** Streams of TAP by chance, what perl's own parser and ours make of each, and by name where the two may differ. */
import * as fc from "fast-check";
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { utf8 } from "../../src/core/bytes.js";
import { readResults } from "../../src/formats/results.js";
import { isTap } from "../../src/formats/tap.js";

export interface Reading {
  /** A success: nothing is wrong with it, and nothing failed. */
  readonly good: boolean;
  /** Of the points that no subtest has. */
  readonly outcomes: readonly string[];
  readonly errors: readonly string[];
}

export const perlReads = spawnSync("perl", ["-MTAP::Parser", "-MJSON::PP", "-e1"]).status === 0;

export const readByPerl = (streams: readonly string[]): Reading[] =>
  execFileSync("perl", [fileURLToPath(new URL("tap-parser.pl", import.meta.url))], {
    input: streams.map((stream) => `${JSON.stringify(stream)}\n`).join(""),
    maxBuffer: 1 << 30,
  })
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Reading);

export function readByUs(stream: string): Reading {
  const { cases, discrepancies } = readResults(utf8(stream));
  const top = cases.filter(({ suite, name }) => suite === undefined && name !== "all tests");
  const failed = cases.some(({ outcome }) => outcome === "failed" || outcome === "errored");
  return {
    good: discrepancies.length === 0 && !failed,
    outcomes: top.map(({ outcome }) => (outcome === "errored" ? "failed" : outcome)),
    errors: discrepancies,
  };
}

const POINT = "^(?:not )?ok\\b[^\\n]*";
/** Each is a line of docs/reports.md under this name. */
export const DIFFERENCES: Readonly<Record<string, (stream: string) => boolean>> = {
  order: (stream) =>
    [...stream.matchAll(/^(?:not )?ok\b\s*(\d*)/gm)].some(([, id], at) => id !== "" && Number(id) !== at + 1),
  version: (stream) => /^TAP version (?!13$)/m.test(stream) || /\n[^]*^TAP version/m.test(stream),
  "words after the directive": (stream) => new RegExp(`${POINT}#\\s*(?:skip|todo)\\w`, "im").test(stream),
  "no space before the directive": (stream) => new RegExp(`${POINT}[^\\s\\\\]#\\s*(?:skip|todo)`, "im").test(stream),
  "first mark": (stream) => new RegExp(`${POINT}#(?!\\s*(?:skip|todo)).*#`, "im").test(stream),
  "not ok and skipped": (stream) => /^not ok\b[^\n]*#\s*skip/im.test(stream),
  "reason of a plan": (stream) => /^1\.\.(?:[1-9]\d*\s*#|0\s*#\s*(?!skip\b))/im.test(stream),
  subtests: (stream) => /^ {4,}(?:ok|not ok|1\.\.)/m.test(stream),
  "bail-out in small letters": (stream) =>
    stream.split("\n").some((row) => /^\s*bail out!/i.test(row) && !row.includes("Bail")),
  "point without a space": (stream) => /^(?:not )?ok[^\w\s]/m.test(stream) || /^(?:not )?ok\s*\d+[^\s\d]/m.test(stream),
  braces: (stream) => /^(?:not )?ok\b.*\{$/m.test(stream),
  pragma: (stream) => /^pragma/m.test(stream),
  diagnostics: (stream) => /^\s+---/m.test(stream),
};

const DESCRIPTIONS = [
  "",
  " - adds",
  " adds",
  " - a # b",
  " - \\# no",
  " - \\\\ back",
  " 2 is even",
  " - ",
  " -",
  ": odd",
  " {",
];
const DIRECTIVES = [
  "",
  "",
  "",
  "",
  " # SKIP",
  " # skip why",
  " # TODO",
  " # todo: x",
  " # Skipped: x",
  "# SKIP",
  " \\# TODO",
  " #TODO",
  " # TODO \\# 1",
];
const NOISE = [
  ...[
    "# comment",
    "hello",
    "",
    "  indented",
    "okay",
    "ok, so far",
    "Bail out!",
    "Bail out!  no net",
    "bail out!",
    "pragma +strict",
  ],
  ...[
    "    ok 1 - inner\n    1..1",
    "# Subtest: x",
    "  ---\n  a: 1\n  ...",
    "1..0 # SKIP no net",
    "1..2 # why",
    "1..0",
    "TAP version 13",
    "not ok",
  ],
];

const often = <T>(value: T, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

const point = fc.record({
  ok: often("ok", 9, fc.constant("not ok")),
  id: often<string | number>("right", 15, often<string | number>("none", 1, fc.integer({ min: 0, max: 6 }))),
  description: often(" - adds", 8, fc.constantFrom(...DESCRIPTIONS)),
  directive: often("", 5, fc.constantFrom(...DIRECTIVES)),
});

export const streams: fc.Arbitrary<string> = fc
  .record({
    version: fc.constantFrom("", "", "TAP version 13\n", "TAP version 13\n"),
    points: fc.array(point, { maxLength: 5 }),
    plan: fc.constantFrom("first", "first", "last", "last", "none", "middle", "both"),
    off: often(0, 8, fc.constantFrom(-1, 1, 5)),
    noise: often([], 2, fc.array(fc.tuple(fc.nat(), fc.constantFrom(...NOISE)), { maxLength: 2 })),
    ends: often("\n", 30, fc.constant("\r\n")),
  })
  .map(({ version, points, plan, off, noise, ends }) => {
    const rows = points.map(({ ok, id, description, directive }, at) => {
      const number = id === "none" ? "" : ` ${id === "right" ? at + 1 : id}`;
      return `${ok}${number}${description}${directive}`;
    });
    const planned = `1..${Math.max(0, points.length + off)}`;
    if (plan === "first" || plan === "both") rows.unshift(planned);
    if (plan === "last" || plan === "both") rows.push(planned);
    if (plan === "middle") rows.splice(Math.ceil(rows.length / 2), 0, planned);
    for (const [place, row] of noise) rows.splice(place % (rows.length + 1), 0, row);
    return (
      version +
      rows
        .map((row) => `${row}\n`)
        .join("")
        .replaceAll("\n", ends)
    );
  })
  .filter(isTap);
