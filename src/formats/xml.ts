/**
 * The part of XML 1.0 that test reports use: elements, attributes, text, CDATA, comments, the five entities and character references.
 *
 * Structure is checked strictly, because a truncated or ambiguous report must not pass: every tag is closed by its own name, under one
 * root, and no attribute is repeated. Document types are refused, and with them entity bombs and external files. Invalid characters are
 * accepted and become U+FFFD later, because runners copy raw test output.
 */
import { AttestError } from "../core/errors.js";
import { MAX_DEPTH } from "../core/json.js";
import { mustBeAtMost } from "./draft.js";

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its direct text. */
  readonly text: string;
}

interface Open extends XmlElement {
  attributes: Map<string, string>;
  readonly children: Open[];
  text: string;
}

const NAME = /[A-Za-z_:\u0080-\uffff][-\w:.\u0080-\uffff]*/y;
const SPACE = /[ \t\r\n]*/y;

const MAX_PARTS = 5_000_000;
/** Shared by elements without attributes; there may be millions. */
const NONE = new Map<string, string>();

/** @throws AttestError `report-format` with the line, `too-large` */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: "", attributes: NONE, children: [], text: "" };
  const open: Open[] = [root];
  let at = 0;
  let parts = 0;

  const fault = (expected: string, where = at): AttestError => {
    const found = where < text.length ? JSON.stringify(text.slice(where, where + 20)) : "the end of the text";
    const line = text.slice(0, where).split("\n").length;
    return new AttestError("report-format", `line ${line}: expected ${expected}, found ${found}`);
  };
  /** Position after the next occurrence of `end`. */
  const through = (end: string, from: number): number => {
    const found = text.indexOf(end, from);
    if (found < 0) throw fault(`${end} somewhere after this`);
    return found + end.length;
  };
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const take = (mark: string): boolean => {
    if (!text.startsWith(mark, at)) return false;
    at += mark.length;
    return true;
  };
  const inside = (): Open => open.at(-1) ?? root;

  const characters = (raw: string, where: number): string => {
    let decoded = "";
    let from = 0;
    for (let mark = raw.indexOf("&"); mark >= 0; mark = raw.indexOf("&", from)) {
      const reference = raw.slice(mark + 1, mark + 20).split(";", 1)[0] ?? "";
      const meant = raw[mark + 1 + reference.length] === ";" ? character(reference) : undefined;
      if (meant === undefined) throw fault("one of XML's own entities", where + mark);
      decoded += raw.slice(from, mark) + meant;
      from = mark + reference.length + 2;
    }
    return decoded + raw.slice(from);
  };

  const startTag = (): void => {
    const start = at;
    at += 1;
    const name = match(NAME);
    if (name === "") throw fault("a tag", start);
    mustBeAtMost((parts += 1), "parts in XML", MAX_PARTS);
    const element: Open = { name, attributes: NONE, children: [], text: "" };
    if (open.length === 1 && root.children.length > 0) throw fault("one root element", start);
    inside().children.push(element);
    for (;;) {
      const space = match(SPACE);
      if (take("/>")) return;
      if (take(">")) break;
      const attribute = space === "" ? "" : match(NAME);
      if (attribute === "") throw fault("an attribute or the end of the tag");
      if (element.attributes.has(attribute)) throw fault(`the attribute ${attribute} once`);
      match(SPACE);
      if (!take("=")) throw fault("'='");
      match(SPACE);
      const quote = text.charAt(at);
      if (quote !== '"' && quote !== "'") throw fault("a quoted value");
      const from = at + 1;
      const end = through(quote, from);
      const value = text.slice(from, end - 1);
      if (value.includes("<")) throw fault("no '<' in the value of an attribute");
      mustBeAtMost((parts += 1), "parts in XML", MAX_PARTS);
      if (element.attributes === NONE) element.attributes = new Map();
      element.attributes.set(attribute, characters(value, from));
      at = end;
    }
    if (open.length > MAX_DEPTH) throw fault(`nesting of at most ${MAX_DEPTH}`, start);
    open.push(element);
  };

  const endTag = (): void => {
    const start = at;
    at += 2;
    const name = match(NAME);
    match(SPACE);
    if (open.length === 1 || name !== inside().name || !take(">")) {
      throw fault(open.length === 1 ? "no end tag" : `</${inside().name}>`, start);
    }
    open.pop();
  };

  while (at < text.length) {
    if (text[at] !== "<") {
      const next = text.indexOf("<", at);
      const end = next < 0 ? text.length : next;
      const found = text.slice(at, end);
      // Section 2.4. It remains if a tool copied test output into CDATA unescaped.
      if (found.includes("]]>")) throw fault("no ']]>' outside of CDATA", at + found.indexOf("]]>"));
      if (open.length > 1) inside().text += characters(found, at);
      else if (/[^ \t\r\n]/.test(found)) throw fault("nothing outside the root element");
      at = end;
    } else if (text.startsWith("</", at)) {
      endTag();
    } else if (text.startsWith("<!--", at)) {
      // Section 2.5: no "--" inside, so that all readers see the same end.
      const end = through("--", at + 4);
      if (text[end] !== ">") throw fault("no '--' in a comment");
      at = end + 1;
    } else if (open.length > 1 && text.startsWith("<![CDATA[", at)) {
      const end = through("]]>", at + 9);
      inside().text += text.slice(at + 9, end - 3);
      at = end;
    } else if (text.startsWith("<?", at)) {
      at = through("?>", at + 2);
    } else if (text.startsWith("<!", at)) {
      throw fault("no document type and no declarations");
    } else {
      startTag();
    }
  }
  if (open.length > 1) throw fault(`</${inside().name}>`);
  const [document] = root.children;
  if (!document) throw fault("an element");
  return document;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

function character(reference: string): string | undefined {
  const digits = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(reference);
  if (!digits) return ENTITIES.get(reference);
  const code = digits[1] === undefined ? Number(digits[2]) : parseInt(digits[1], 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}
