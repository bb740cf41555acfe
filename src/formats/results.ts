/**
 * Reads test results in any known format into one normal form.
 *
 * A report never improves here: an unknown or missing outcome is `errored`, and a contradiction in the report is a discrepancy. Formats are
 * recognized by content, not by name. The bytes are untrusted.
 */
import type { Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";
import { isCtrf, readCtrf } from "./ctrf.js";
import { mustBeAtMost, bad, type ReportDraft, type Results, type TestCase } from "./draft.js";
import { textOf } from "./encoding.js";
import { parseForeignJson } from "./foreign-json.js";
import { isGoTest, readGoTest } from "./go.js";
import { isJest, readJest } from "./jest.js";
import { readJunit } from "./junit.js";
import { isProve, readProve } from "./prove.js";
import { isTap, readTap } from "./tap.js";
import { line, lines, milliseconds, quoted, shortener } from "./text.js";

export type { Counters, ReportFormat, Results, TestCase } from "./draft.js";

export const MAX_REPORT_BYTES = 64 * 1024 * 1024;
const KNOWN = "known are CTRF, JUnit XML, TAP, the JSON of vitest and of jest, and go test -json";

/**
 * @param fileName for error messages
 * @throws AttestError `report-format`, `too-large`
 * @example readResults(utf8("1..1\nok 1 - adds\n")).cases   // [{ name: "adds", outcome: "passed" }]
 */
export function readResults(bytes: Bytes, fileName?: string): Results {
  try {
    if (bytes.length > MAX_REPORT_BYTES) {
      throw new AttestError("too-large", `expected at most ${MAX_REPORT_BYTES} bytes, found ${bytes.length}`);
    }
    return settle(read(textOf(bytes)));
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const code = error.code === "not-utf8" ? "report-format" : error.code;
    throw new AttestError(
      code,
      fileName === undefined ? error.message : `${line(fileName)}: ${error.message}`,
      error.hint,
    );
  }
}

function read(text: string): ReportDraft {
  const first = /[^ \t\r\n]/.exec(text)?.[0];
  if (first === "<") return readJunit(text);
  if (isProve(text)) return readProve(text);
  if (isGoTest(text)) return readGoTest(text);
  if (first === "{" || first === "[") {
    const json = parseForeignJson(text);
    if (isCtrf(json)) return readCtrf(json);
    if (isJest(json)) return readJest(json);
  } else if (isTap(text)) {
    return readTap(text);
  }
  const found = first === undefined ? "nothing" : `a text that begins with ${quoted(text.trimStart().slice(0, 40))}`;
  throw new AttestError("report-format", `expected a report of a test run, found ${found}`, KNOWN);
}

/** Cleans texts, makes names unique, compares counters. */
function settle(draft: ReportDraft): Results {
  mustBeAtMost(draft.cases.length, "tests");
  const { doubts } = draft;
  const files = new Set(draft.cases.map(({ file }) => file).filter((file) => file !== undefined));
  const shorten = shortener(files);
  const texts = draft.cases.map(({ path, file }) => {
    const parts = path.map((part) => line(part !== undefined && part === file ? shorten(part) : (part ?? "")));
    const told = parts.filter((part, at) => part !== "" && part !== parts[at - 1]);
    return { name: told.join(" > ") || "unnamed", suite: told.slice(0, -1).join(" > ") };
  });
  const names = unique(texts.map(({ name }) => name));
  const cases = draft.cases.map((each, at): TestCase => {
    const message = each.message === undefined ? "" : lines(each.message);
    const file = each.file === undefined ? "" : line(shorten(each.file));
    const suite = texts[at]?.suite ?? "";
    const durationMs = milliseconds(each.durationMs);
    return {
      name: names[at] ?? "unnamed",
      ...(suite !== "" && { suite }),
      outcome: each.outcome,
      ...(each.retried === true && each.outcome === "passed" && { retried: true as const }),
      ...(message !== "" && { message }),
      ...(durationMs !== undefined && { durationMs }),
      ...(file !== "" && { file }),
    };
  });

  const together = new Map<string, [all: number, failed: number]>();
  for (const [at, { name }] of texts.entries()) {
    const key = `${draft.cases[at]?.identity ?? ""}\0${name}`;
    const [all, failed] = together.get(key) ?? [0, 0];
    together.set(key, [all + 1, failed + (bad(cases[at]?.outcome ?? "errored") ? 1 : 0)]);
  }
  for (const [key, [all, failed]] of together) {
    if (all > 1 && failed > 0)
      doubts.say(`${quoted(key.slice(key.indexOf("\0") + 1))} stands ${all} times, and ${failed} of them did not pass`);
  }
  if (draft.compared !== true) miscounted(draft).forEach((sentence) => doubts.say(sentence));
  const tool = line(draft.tool ?? "");
  return {
    format: draft.format,
    ...(tool !== "" && { tool }),
    cases,
    counters: draft.counters,
    discrepancies: doubts.sentences.map(line),
    ...(doubts.overcounts.length > 0 && { overcounts: doubts.overcounts.map(line) }),
    ...(doubts.flaky > 0 && { retriedToo: doubts.flaky }),
    ...(draft.startedAt !== undefined && { startedAt: draft.startedAt }),
    ...(draft.startedLocally !== undefined && { startedLocally: draft.startedLocally }),
  };
}

/** Numbers equal names in order, and skips a number if another test has that name. */
function unique(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name);
    seen.set(name, before ?? 1);
    if (before === undefined) return name;
    let number = before;
    let other: string;
    do {
      number += 1;
      other = `${name} (${number})`;
    } while (taken.has(other));
    seen.set(name, number);
    taken.add(other);
    return other;
  });
}

/** Differences between counters and cases. Failed and errored are added up, because runners use the words differently. */
function miscounted({ cases, counters }: ReportDraft): string[] {
  const counted = cases.filter(({ uncounted }) => uncounted !== true);
  const listed = (which: (each: (typeof counted)[number]) => boolean): number => counted.filter(which).length;
  const { total, passed, failed, errored, skipped } = counters;
  const notPassed = failed === undefined && errored === undefined ? undefined : (failed ?? 0) + (errored ?? 0);
  const pairs: readonly [string, number | undefined, number][] = [
    ["tests", total, counted.length],
    ["passed", passed, listed(({ outcome }) => outcome === "passed")],
    ["failed", notPassed, listed(({ outcome }) => bad(outcome))],
    ["skipped", skipped, listed(({ outcome }) => outcome === "skipped")],
  ];
  return pairs
    .filter(([, stated, found]) => stated !== undefined && stated !== found)
    .map(([what, stated, found]) => `the report counts ${stated ?? 0} ${what}, and lists ${found}`);
}
