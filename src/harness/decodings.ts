/**
 * What readers of the formats that are published make of a text: each of these gives the text with one kind of encoding undone, wherever it
 * stands, whatever the text is called. What cannot be undone is left as it is.
 */
import { ViewOf, type View } from "./view.js";

/** @param known runs that were decoded in an earlier text of the same document: what came of them has been looked at */
export type Decoding = (view: View, known: Set<string>) => View | undefined;

const replacing =
  (mark: string, pattern: RegExp, meaning: (match: RegExpExecArray) => string | undefined): Decoding =>
  (view) => {
    if (!view.text.includes(mark)) return undefined;
    const made = new ViewOf(view);
    for (const match of view.text.matchAll(pattern)) {
      const text = meaning(match);
      if (text !== undefined) made.replace(match.index, match.index + match[0].length, text);
    }
    return made.end();
  };

const fromCode = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");

const ESCAPED: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  e: "\u001b",
  a: "\u0007",
  "\n": "",
};

/** Of JSON, JavaScript, C, Go, Python, shells: a backslash and what follows it. */
const escapes = replacing(
  "\\",
  /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|U([0-9a-f]{8})|([0-7]{1,3})|([^]))/gi,
  ([, braced, four, two, eight, octal, other = ""]) => {
    const hex = braced ?? four ?? two ?? eight;
    if (hex !== undefined) return fromCode(parseInt(hex, 16));
    return octal === undefined ? (ESCAPED[other] ?? other) : String.fromCharCode(parseInt(octal, 8));
  },
);

/** The names of HTML for characters up to U+00FF; XML has the first five. */
const NAMES = new Map(
  (
    `lt< gt> amp& quot" apos' Tab\t NewLine\n excl! num# dollar$ percnt% lpar( rpar) ast* midast* plus+ comma, period. sol/ colon: semi; equals= quest? commat@ ` +
    `lsqb[ lbrack[ bsol\\ rsqb] rbrack] Hat^ lowbar_ UnderBar_ grave\` DiacriticalGrave\` lcub{ lbrace{ verbar| vert| VerticalLine| rcub} rbrace} ` +
    `LT< GT> AMP& QUOT" dash\u2010 hyphen\u2010 ndash\u2013 mdash\u2014 lsquo\u2018 rsquo\u2019 ldquo\u201c rdquo\u201d hellip\u2026 euro\u20ac fjligfj`
  )
    .split(" ")
    .map((pair): [string, string] => {
      const name = /^[A-Za-z]+?(?=[^A-Za-z]|fj$)/.exec(pair)?.[0] ?? pair;
      return [name, pair.slice(name.length)];
    }),
);
const LATIN =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
for (const [at, name] of LATIN.split(" ").entries()) NAMES.set(name, String.fromCharCode(0xa0 + at));
/** HTML knows these without their semicolon too. */
const BARE = new RegExp(`^(?:lt|gt|amp|quot|LT|GT|AMP|QUOT|${LATIN.replaceAll(" ", "|")})`);

const REFERENCE = /&(?:#x([0-9a-f]{1,64});?|#([0-9]{1,64});?|([a-z][a-z0-9]{1,31})(;?))/gi;

/** Replaces those between two positions. */
function resolve(made: ViewOf, text: string, from = 0, to = text.length): void {
  const part = text.slice(from, to); // so that nothing beyond is searched
  if (!part.includes("&")) return;
  for (const { 0: all, 1: hexadecimal, 2: decimal, 3: name = "", 4: semicolon = "", index } of part.matchAll(
    REFERENCE,
  )) {
    const at = from + index;
    if (name === "") {
      const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
      made.replace(at, at + all.length, fromCode(Math.min(code, 0x110000)));
      continue;
    }
    const known = semicolon === ";" && NAMES.has(name) ? name : BARE.exec(name)?.[0];
    if (known === undefined) continue;
    made.replace(at, at + 1 + known.length + (known === name ? semicolon.length : 0), NAMES.get(known));
  }
}

/** References everywhere, with the markup as it is: attributes, comments, processing instructions. */
const references: Decoding = (view) => {
  if (!view.text.includes("&")) return undefined;
  const made = new ViewOf(view);
  resolve(made, view.text);
  return made.end();
};

const SECTIONS: readonly (readonly [begin: string, end: string])[] = [
  ["<![CDATA[", "]]>"],
  ["<!--", "-->"],
  ["<?", "?>"],
];

/** The text alone: without tags, comments and instructions, with the content of CDATA as it is and references resolved elsewhere. */
const markup: Decoding = (view) => {
  const { text } = view;
  if (!text.includes("<")) return undefined;
  const made = new ViewOf(view);
  const without = new Set<string>(); // what does not end once does not end later either
  for (let at = 0; at < text.length;) {
    const next = text.indexOf("<", at);
    const until = next < 0 ? text.length : next;
    resolve(made, text, at, until);
    if (next < 0) break;
    at = next + 1;
    const section = SECTIONS.find(([begin]) => text.startsWith(begin, next));
    if (section !== undefined && !without.has(section[1])) {
      const [begin, end] = section;
      const ends = text.indexOf(end, next + begin.length);
      if (ends < 0) without.add(end);
      else if (begin === "<![CDATA[") {
        made.replace(next, next + begin.length);
        made.replace(ends, ends + end.length);
        at = ends + end.length;
      } else made.replace(next, (at = ends + end.length));
      if (ends >= 0) continue;
    }
    TAG.lastIndex = next;
    const tag = TAG.exec(text);
    if (tag !== null) made.replace(next, (at = next + tag[0].length));
  }
  return made.end();
};
const TAG = /<[/!?]?[A-Za-z_][^<>]*>/y;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replace(/[^0-9a-fA-F]/g, ""), "hex");

/** Of a URL; and of mail, where a line may end with `=`. */
const percent = replacing("%", /(?:%[0-9a-f]{2})+/gi, ([all]) => bytesOf(all).toString("utf8"));
const quotedPrintable = replacing("=", /(?:=[0-9A-F]{2}|=\r?\n)+/g, ([all]) =>
  bytesOf(all.replace(/=\r?\n/g, "")).toString("utf8"),
);

/** What a terminal or a page does not show: colours, NULs (half of UTF-16), characters without a width. */

const UNSEEN =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|[\0\b\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+/g;
const unseen: Decoding = (view) => {
  const made = new ViewOf(view);
  for (const match of view.text.matchAll(UNSEEN)) made.replace(match.index, match.index + match[0].length);
  return made.end();
};

/** Text, and not what any bytes look like. */
function readable(bytes: Buffer): string | undefined {
  const wide = bytes.length > 3 && bytes[1] === 0 && bytes[3] === 0;
  const text = bytes.toString(wide ? "utf16le" : "utf8");

  const strange = text.match(/[\0-\u0008\u000e-\u001a\u001c-\u001f\ufffd]/g)?.length ?? 0;
  return strange * 8 > text.length ? undefined : text;
}

const ofRuns =
  (pattern: RegExp, decode: (run: string) => Buffer): Decoding =>
  (view, known) => {
    const made = new ViewOf(view);
    for (const { 0: run, index } of view.text.matchAll(pattern)) {
      if (known.has(run)) continue;
      known.add(run);
      const text = readable(decode(run));
      if (text !== undefined) made.alone(index, index + run.length, text);
    }
    return made.end({ rest: false });
  };

/** In one line or several, indented ones too. */
const base64 = ofRuns(/[A-Za-z0-9+/_-]{16,}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}/g, (run) =>
  Buffer.from(run.replace(/\s+/g, ""), "base64"),
);
/** Alone, or in pairs with something between. */
const hex = ofRuns(/(?:[0-9a-f]{2}){8,}|(?:(?:0x)?[0-9a-f]{2}[ \t\r\n,:;-]{1,4}){7,}(?:0x)?[0-9a-f]{2}/gi, (run) =>
  bytesOf(run.replace(/0x/gi, "")),
);

/** An array of bytes, as JSON has a buffer. */
const decimals = ofRuns(/(?:\b\d{1,3}[ \t\r\n]{0,40},[ \t\r\n]{0,40}){7,}\d{1,3}\b/g, (run) =>
  Buffer.from(run.split(",").map(Number)),
);

export const DECODINGS: readonly Decoding[] = [
  escapes,
  references,
  markup,
  percent,
  quotedPrintable,
  unseen,
  base64,
  hex,
  decimals,
];
