/**
 * Finds the reports in a file or in printed output, between other lines such as prompts and npm's banner. There may be several, in several
 * formats. What is left of a broken report is returned too, so that reading it fails visibly.
 */
import { fromAnyBytes, utf8, type Bytes } from "../core/bytes.js";
import { beginsGoTest, hasGoEvent } from "./go.js";
import { isProve } from "./prove.js";
import { isPlainlyTap } from "./tap.js";

/** One character per byte, so that positions in the text are positions in the bytes for any encoding. */
function asText(bytes: Bytes): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += PART) parts.push(String.fromCharCode(...bytes.subarray(at, at + PART)));
  return parts.join("");
}
/** The number of function arguments is limited. */
const PART = 8192;

function asBytes(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Replaces invalid UTF-8: a program may print anything. */
const mended = (text: string): Bytes => utf8(fromAnyBytes(asBytes(text)));

/** Colours and cursor movements (ECMA-48, section 5.4). */
const CONTROL_SEQUENCE = /\x1b\[[0-?]*[ -/]*[@-~]/g;

/** Splits the bytes into separate documents; returns none unless one is certainly a report. */
export function documentsIn(bytes: Bytes): Bytes[] {
  const text = asText(bytes)
    .replace(/^\xef\xbb\xbf/, "")
    .replace(CONTROL_SEQUENCE, "");
  const xml = cutOut(text, nextXml);
  const json = cutOut(xml.rest, nextJson());
  const { rest } = json;
  const lines = [...goTest(rest), ...tap(rest.replace(GO_LINES, ""))];
  const broken = isBroken(rest) && isBroken(cutOut(rest, nextShown).rest) ? [rest.trimStart()] : [];
  return [...xml.found.map(asBytes), ...[...json.found, ...lines, ...broken].map(mended)];
}

type Place = readonly [start: number, end: number];
/** Start and end of the next document from this position on. */
type Next = (text: string, from: number, blocks: () => readonly Place[]) => Place | undefined;

function cutOut(text: string, next: Next): { readonly found: string[]; readonly rest: string } {
  const [found, rest]: [string[], string[]] = [[], []];
  let known: readonly Place[] | undefined;
  const blocks = (): readonly Place[] => (known ??= diagnosticsIn(text));
  let from = 0;
  for (let place = next(text, from, blocks); place !== undefined; place = next(text, from, blocks)) {
    const [start, end] = place;
    rest.push(text.slice(from, start));
    found.push(text.slice(start, end));
    from = end;
  }
  return { found, rest: [...rest, text.slice(from)].join("") };
}

/** Diagnostics of TAP: a reporter's own tests show expected reports there. */
function diagnosticsIn(text: string): Place[] {
  const found: Place[] = [];
  let point: number | undefined;
  let open: { readonly start: number; readonly indent: number } | undefined;
  for (let at = 0; at < text.length;) {
    const next = text.indexOf("\n", at);
    const end = next < 0 ? text.length : next + 1;
    const [, space = "", rest = ""] = /^( *)(\S.{0,8})?/.exec(text.slice(at, Math.min(end, at + 200))) ?? [];
    if (open !== undefined && rest !== "" && space.length <= open.indent) {
      if (space.length === open.indent && /^\.{3}\s*$/.test(rest)) found.push([open.start, end]);
      if (space.length < open.indent || rest.startsWith("...")) open = undefined;
    } else if (open === undefined && point !== undefined && /^---\s*$/.test(rest) && space.length > point)
      open = { start: at, indent: space.length };
    point = /^(?:not )?ok\b/.test(rest) ? space.length : undefined;
    at = end;
  }
  return found;
}

/** The first of them that ends after this position. There may be one per test. */
function endingBehind(blocks: readonly Place[], at: number): Place | undefined {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.[1] ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return blocks[low];
}

const nextShown: Next = (_, from, blocks) => endingBehind(blocks(), from);

function endOf(blocks: readonly Place[], at: number): number | undefined {
  const [start, end] = endingBehind(blocks, at) ?? [Infinity, 0];
  return start <= at ? end : undefined;
}

/** At the start of a line, or directly after another report. */
const ROOT = /(?:^|(?<=<\/testsuites?>))[ \t]*(?:<\?xml[^>]*\?>[ \t]*)?<(testsuites?)(?=[\s>/])/gm;
const COMMENT = /^[ \t]*(?:<\?xml[^>]*\?>[ \t]*)?<!--/gm;

const nextXml: Next = (text, from, blocks) => {
  ROOT.lastIndex = COMMENT.lastIndex = from;
  let comment = COMMENT.exec(text);
  let prolog: number | undefined;
  for (let root = ROOT.exec(text); root !== null; root = ROOT.exec(text)) {
    const [whole, name = ""] = root;
    let shown = endOf(blocks(), root.index);
    for (; comment !== null && comment.index < root.index; comment = COMMENT.exec(text)) {
      const end = text.indexOf("-->", COMMENT.lastIndex);
      COMMENT.lastIndex = end < 0 ? text.length : end;
      AFTER.lastIndex = end + 3;
      if (end < root.index || !AFTER.test(text)) continue;
      [shown, prolog] = [end, prolog ?? comment.index];
    }
    if (shown === undefined)
      return [
        prolog ?? withProlog(text, from, root.index),
        xmlEnd(text, root.index + whole.length - name.length - 1, name),
      ];
    ROOT.lastIndex = shown;
  }
  return undefined;
};
/** What must follow a comment so that it belongs to a report. */
const AFTER = /\s*<(?:!--|\?|testsuites?[\s>/])/y;

/** Includes the preceding declaration, comments and document type. */
function withProlog(text: string, from: number, root: number): number {
  let start = root;
  for (;;) {
    const line = text.lastIndexOf("\n", start - 2) + 1;
    if (line < from || start === 0 || text[start - 1] !== "\n" || !/^\s*<[?!].*>\s*$/.test(text.slice(line, start)))
      return start;
    start = line;
  }
}

/** Position after the element's end tag; the end of the text if there is none. */
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

/** Members that only reports have. */
const JSON_REPORT = /"(?:testResults|assertionResults|num(?:Total|Passed|Failed|Pending)Tests|reportFormat)"\s*:/;
const isJsonReport = (text: string): boolean =>
  JSON_REPORT.test(text) || (/"results"\s*:\s*\{/.test(text) && /"tests"\s*:\s*\[/.test(text));

/** An object that starts a line and ends one. Of many objects without an end, only some are examined. */
function nextJson(): Next {
  let tries = 20;
  return (text, from, blocks) => {
    const begins = /^[ \t]*\{(?=\s*")/gm;
    begins.lastIndex = from;
    for (let found = begins.exec(text); found !== null && tries > 0; found = begins.exec(text)) {
      const block = endOf(blocks(), found.index);
      if (block !== undefined) begins.lastIndex = block;
      if (block !== undefined) continue;
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

/** Complete JSON of any kind that is not part of another document. */
function nextWhole(): Next {
  let tries = 20;
  return (text, from) => {
    const begins = /^[[{]/gm;
    begins.lastIndex = from;
    for (let found = begins.exec(text); found !== null && tries > 0; found = begins.exec(text)) {
      const end = jsonEnd(text, found.index);
      if (end !== undefined && isJson(text.slice(found.index, end))) return [found.index, end];
      tries -= 1;
    }
    return undefined;
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Position after the line on which the object ends. */
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

/** npm prints this for each package before its script: the script's name and the command. */
const SEAM = /^(?=TAP version 1[234][ \t]*\r?$|> \S.*\r?\n> .*\r?$)/m;

function tap(text: string): string[] {
  if (isProve(text)) return [text];
  const parts = text.split(SEAM).filter((part) => isPlainlyTap(part) || /^ *(?:not ok\b|bail out!)/im.test(part));
  const found = parts.some(isPlainlyTap) ? parts : isPlainlyTap(text) ? [text] : [];
  // Drops leading lines that are not TAP; they could be mistaken for the start of another format.
  return found.map((part) => part.replace(/^(?:[ \t]*(?:[<{[].*)?\r?\n)+/, ""));
}

/** A line that only reports contain; used if no complete report was found. */
const BROKEN = new RegExp(`^[ \\t]*(?:</?testsuites?(?=[\\s>/])|</?testcase(?=[\\s>/])|${JSON_REPORT.source})`, "m");
const TEST = /^[ \t]*"(?:tests|name)"\s*:\s*["[]/m;
const STATUS = /^[ \t]*"status"\s*:\s*"(?:passed|failed|skipped|pending|other)"/m;
const isBroken = (text: string): boolean => {
  const like = (some: string): boolean => TEST.test(some) && STATUS.test(some);
  return BROKEN.test(text) || (like(text) && like(cutOut(text, nextWhole()).rest));
};
