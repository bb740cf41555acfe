/** Output of `prove -v`: per file a header, its TAP, and prove's verdict, which looks like a test point; then a summary. */
import { bad, Doubts, type ReportDraft, type DraftCase } from "./draft.js";
import { readLine } from "./tap-line.js";
import { readTap } from "./tap.js";
import { quoted } from "./text.js";

/** `t/sums.t .. `; `--timer` puts the time before it. A verdict follows if the file printed nothing. */
const HEADER =
  /^(?!#|ok\b|not ok\b)(?:\[\d\d:\d\d:\d\d\] )?(\S.*?) \.{2,} ?(|(?:skipped:|No subtests run|Dubious,|Failed|ok).*)\r?$/gm;
const SUMMARY = /^Files=(\d+), Tests=(\d+), /m;
/** Also with `--timer`. */
const FINE = /^ok(?:[ \t]+\d+(?:\.\d+)? (?:ms|s)\b.*)?[ \t]*$/gm;
const NOT_FINE = /^(?:Dubious, .*|Failed \d+\/\d+ subtests.*|No subtests run.*|All \d+ subtests passed.*)$/m;

/** Without `-v` prove prints no TAP, only one verdict per file, and names no tests. */
export const isProve = (text: string): boolean => {
  const summary = SUMMARY.exec(text);
  const verdicts = [...text.matchAll(HEADER)].map(([, , verdict]) => verdict);
  return summary !== null && verdicts.length > 0 && (summary[2] === "0" || verdicts.includes(""));
};

export function readProve(text: string): ReportDraft {
  const doubts = new Doubts();
  const cases: DraftCase[] = [];
  const summary = SUMMARY.exec(text);
  const end = summary?.index ?? text.length;
  const headers = [...text.slice(0, end).matchAll(HEADER)];
  let points = 0;
  for (const [at, header] of headers.entries()) {
    const [whole, file = "", verdict = ""] = header;
    const body = text.slice(header.index + whole.length + 1, headers[at + 1]?.index ?? end);
    points += readFile(file, verdict, body, cases, doubts);
  }
  const before = text.slice(0, headers[0]?.index ?? 0);
  if (/^(?:ok(?:[ \t]|\r?$)|not ok\b|Bail out!)/m.test(before)) doubts.say("tests stand before the first file");
  const [, files, tests] = summary ?? [];
  const result = /^Result: (\w+)[ \t]*\r?$/m.exec(text.slice(end))?.[1];
  const failed = cases.some(({ outcome }) => bad(outcome));
  if (Number(files) !== headers.length) doubts.say(`prove counts ${files} files, and lists ${headers.length}`);
  if (Number(tests) !== points) doubts.say(`prove counts ${tests} tests, and lists ${points}`);
  if (result === undefined) doubts.say("prove's result is missing");
  else if ((result === "FAIL") !== failed && (result !== "NOTESTS" || failed))
    doubts.say(`prove says ${quoted(result)}, and the tests that it lists say otherwise`);
  return { format: "tap", tool: "prove", cases, counters: {}, doubts };
}

/** Returns the number of tests that prove counts in it. */
function readFile(file: string, verdict: string, body: string, cases: DraftCase[], doubts: Doubts): number {
  const why = /^skipped: (.*)$/m.exec(verdict === "" ? body : verdict)?.[1];
  const refused = NOT_FINE.exec(verdict === "" ? body : verdict)?.[0];
  const fine = [...body.matchAll(FINE)].at(-1);
  const tap =
    fine && refused === undefined ? body.slice(0, fine.index) + body.slice(fine.index + fine[0].length) : body;
  const points = tap.split("\n").filter((row) => readLine(row.replace(/\r$/, "")).kind === "point").length;
  if (why !== undefined && refused === undefined && points === 0) {
    cases.push({ path: [file], outcome: "skipped", message: why });
    return 0;
  }
  if (refused !== undefined && points === 0) {
    cases.push({ path: [file], outcome: "errored", message: refused });
    return 0;
  }
  const draft = readTap(tap);
  for (const sentence of draft.doubts.sentences) doubts.say(`${quoted(file)}: ${sentence}`);
  for (const each of draft.cases) cases.push({ ...each, path: [file, ...each.path], file });
  if (refused === undefined && fine) return points;
  // It failed as a whole: exit code, or a plan that was not kept.
  if (refused === undefined) doubts.say(`prove does not say what became of ${quoted(file)}`);
  if (!draft.cases.some(({ outcome }) => bad(outcome)))
    cases.push({ path: [file], outcome: "errored", message: refused, file, uncounted: true });
  return points;
}
