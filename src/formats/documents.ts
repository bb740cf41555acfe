/**
 * The reports that stand in a file or in what was printed, whatever other programs put around them: prompts, npm's banner, a line at the end.
 * Several runners may have written one after the other, in several formats. Where a report is broken, what is left of it is one of them, so
 * that reading it says so.
 */
import { utf8, type Bytes } from "../core/bytes.js";
import { beginsGoTest, hasGoEvent } from "./go.js";
import { isProve } from "./prove.js";
import { isPlainlyTap } from "./tap.js";

/** One character for each byte, so that a document is a part of the bytes whatever its encoding is. */
function asText(bytes: Bytes): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += PART) parts.push(String.fromCharCode(...bytes.subarray(at, at + PART)));
  return parts.join("");
}
/** More arguments than that are too many for a function. */
const PART = 8192;

function asBytes(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** What is no UTF-8 is replaced: a program may print what it likes. */
const mended = (text: string): Bytes => utf8(new TextDecoder().decode(asBytes(text)));

/** Colours and movements of the cursor (ECMA-48, section 5.4). */
const CONTROL_SEQUENCE = /\x1b\[[0-?]*[ -/]*[@-~]/g;

/** Each to be read by itself; none where nothing is a report for certain. */
export function documentsIn(bytes: Bytes): Bytes[] {
  const text = asText(bytes)
    .replace(/^\xef\xbb\xbf/, "")
    .replace(CONTROL_SEQUENCE, "");
  const xml = cutOut(text, nextXml);
  const json = cutOut(xml.rest, nextJson());
  const { rest } = json;
  const lines = [...goTest(rest), ...tap(rest.replace(GO_LINES, ""))];
  const broken = BROKEN.test(rest) || (TEST.test(rest) && STATUS.test(rest)) ? [rest.trimStart()] : [];
  return [...xml.found.map(asBytes), ...[...json.found, ...lines, ...broken].map(mended)];
}

/** Where a document begins and ends, from here on. */
type Next = (text: string, from: number) => readonly [start: number, end: number] | undefined;

function cutOut(text: string, next: Next): { readonly found: string[]; readonly rest: string } {
  const [found, rest]: [string[], string[]] = [[], []];
  let from = 0;
  for (let place = next(text, from); place !== undefined; place = next(text, from)) {
    const [start, end] = place;
    rest.push(text.slice(from, start));
    found.push(text.slice(start, end));
    from = end;
  }
  return { found, rest: [...rest, text.slice(from)].join("") };
}

/** At the beginning of a line, or right after another report. */
const ROOT = /(?:^|(?<=<\/testsuites?>))[ \t]*(?:<\?xml[^>]*\?>[ \t]*)?<(testsuites?)(?=[\s>/])/gm;

const nextXml: Next = (text, from) => {
  ROOT.lastIndex = from;
  const root = ROOT.exec(text);
  if (root === null) return undefined;
  const [whole, name = ""] = root;
  return [withProlog(text, from, root.index), xmlEnd(text, root.index + whole.length - name.length - 1, name)];
};

/** With the lines before it that belong to it: a declaration, comments, a document type. */
function withProlog(text: string, from: number, root: number): number {
  let start = root;
  for (;;) {
    const line = text.lastIndexOf("\n", start - 2) + 1;
    if (line < from || start === 0 || text[start - 1] !== "\n" || !/^\s*<[?!].*>\s*$/.test(text.slice(line, start)))
      return start;
    start = line;
  }
}

/** After the end tag of this element; the end of the text where it has none. */
function xmlEnd(text: string, from: number, name: string): number {
  const parts = new RegExp(`<!--|<!\\[CDATA\\[|<(/?)${name}(?=[\\s>/])`, "g");
  parts.lastIndex = from;
  let depth = 0;
  for (let part = parts.exec(text); part !== null; part = parts.exec(text)) {
    const [mark, closes] = part;
    const close = mark === "<!--" ? "-->" : mark === "<![CDATA[" ? "]]>" : ">";
    const end = text.indexOf(close, part.index);
    if (end < 0) return text.length;
    parts.lastIndex = end + close.length;
    if (closes === undefined || (closes === "" && text[end - 1] === "/" && depth > 0)) continue;
    depth += closes === "/" ? -1 : text[end - 1] === "/" ? 0 : 1;
    if (depth <= 0) return end + 1;
  }
  return text.length;
}

/** What only reports have. */
const JSON_REPORT = /"(?:testResults|assertionResults|num(?:Total|Passed|Failed|Pending)Tests|reportFormat)"\s*:/;
const isJsonReport = (text: string): boolean =>
  JSON_REPORT.test(text) || (/"results"\s*:\s*\{/.test(text) && /"tests"\s*:\s*\[/.test(text));

/** An object that begins a line and ends one. Of many that never end only some are looked into. */
function nextJson(): Next {
  let tries = 20;
  return (text, from) => {
    const begins = /^[ \t]*\{(?=\s*")/gm;
    begins.lastIndex = from;
    for (let found = begins.exec(text); found !== null && tries > 0; found = begins.exec(text)) {
      const line = text.indexOf("\n", found.index);
      if (hasGoEvent(text.slice(found.index, line < 0 ? text.length : line))) continue;
      const end = jsonEnd(text, found.index);
      if (end === undefined) tries -= 1;
      const place = [found.index, end ?? text.length] as const;
      if (isJsonReport(text.slice(...place))) return place;
      begins.lastIndex = end ?? begins.lastIndex;
    }
    return undefined;
  };
}

/** After the line on which the object ends. */
function jsonEnd(text: string, from: number): number | undefined {
  const marks = /"(?:[^"\\\n]|\\.)*"|[{}[\]]/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "{" || mark[0] === "[") depth += 1;
    if (mark[0] === "}" || mark[0] === "]") depth -= 1;
    if (depth > 0) continue;
    const end = text.indexOf("\n", marks.lastIndex);
    return end < 0 ? text.length : end + 1;
  }
  return undefined;
}

const GO_LINES = /^\{.*"Action":.*(?:\n|$)/gm;

function goTest(text: string): string[] {
  return hasGoEvent(text) ? [text.slice(beginsGoTest(text))] : [];
}

/** npm says so of each package before it runs its script: the name of the script, and the command. */
const SEAM = /^(?=TAP version 1[234][ \t]*\r?$|> \S.*\r?\n> .*\r?$)/m;

function tap(text: string): string[] {
  if (isProve(text)) return [text];
  const parts = text.split(SEAM).filter((part) => isPlainlyTap(part) || /^ *(?:not ok\b|bail out!)/im.test(part));
  const found = parts.some(isPlainlyTap) ? parts : isPlainlyTap(text) ? [text] : [];
  // A line of something else is no TAP, but might be taken for the beginning of another format.
  return found.map((part) => part.replace(/^(?:[ \t]*(?:[<{[].*)?\r?\n)+/, ""));
}

/** A line that only a report has, where no whole one is. */
const BROKEN = new RegExp(`^[ \\t]*(?:</?testsuites?(?=[\\s>/])|</?testcase(?=[\\s>/])|${JSON_REPORT.source})`, "m");
const TEST = /^[ \t]*"(?:tests|name)"\s*:\s*["[]/m;
const STATUS = /^[ \t]*"status"\s*:\s*"(?:passed|failed|skipped|pending|other)"/m;
