/**
 * The decodings that readers of published formats may apply. Each undoes one kind of encoding everywhere in a text, whatever its file is
 * called. Invalid encodings are left unchanged.
 */
import { ViewOf, type View } from "./view.js";

/** @param known runs already decoded in an earlier text of the same document */
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

/** Escapes of JSON, JavaScript, C, Go, Python and shells: a backslash and what follows it. */
const escapes = replacing(
  "\\",
  /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|U([0-9a-f]{8})|([0-7]{1,3})|([^]))/gi,
  ([, braced, four, two, eight, octal, other = ""]) => {
    const hex = braced ?? four ?? two ?? eight;
    if (hex !== undefined) return fromCode(parseInt(hex, 16));
    return octal === undefined ? (ESCAPED[other] ?? other) : String.fromCharCode(parseInt(octal, 8));
  },
);

/** HTML's names for characters up to U+00FF; XML has the first five. */
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
/** HTML recognizes these without a semicolon too. */
const BARE = new RegExp(`^(?:lt|gt|amp|quot|LT|GT|AMP|QUOT|${LATIN.replaceAll(" ", "|")})`);

const REFERENCE = /&(?:#x([0-9a-f]{1,64});?|#([0-9]{1,64});?|([a-z][a-z0-9]{1,31})(;?))/gi;

/** Replaces references between two positions. */
function resolve(made: ViewOf, text: string, from = 0, to = text.length): void {
  const part = text.slice(from, to); // limits the search
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

/** Resolves references everywhere and keeps the markup: attributes, comments, processing instructions. */
const references: Decoding = (view) => {
  if (!view.text.includes("&")) return undefined;
  const made = new ViewOf(view);
  resolve(made, view.text);
  return made.end();
};

/** End of the construct that starts here; undefined if there is none. */
type Ending = (text: string, from: number) => number | undefined;

/** A construct with one terminator. If it is missing once, later starts cannot end either. */
const section = (begin: RegExp, end: RegExp) => (): Ending => {
  let without = Infinity;
  return (text, from) => {
    begin.lastIndex = from;
    if (from >= without || !begin.test(text)) return undefined;
    end.lastIndex = begin.lastIndex;
    if (end.test(text)) return end.lastIndex;
    without = from;
    return undefined;
  };
};

/** A tag that every reader ends at the same place. */
const USUAL_TAG = /<\/?[A-Za-z_:\u0080-\uffff][^<>"'=]*(?:=[ \t\r\n]*(?:"[^"<>]*"|'[^'<>]*')[^<>"'=]*)*>/y;
const BEGINS_TAG = /<\/?[A-Za-z_:\u0080-\uffff]/y;

/** Up to the next `>`, even inside quotes. */
const looseTag = (): Ending => (text, from) => {
  const tag = /<[/!?]?[A-Za-z_:\u0080-\uffff][^<>]*>/y;
  tag.lastIndex = from;
  return tag.test(text) ? tag.lastIndex : undefined;
};

/** As HTML and XML read it: `>` inside quotes after `=` does not end it. */
function exactTag(): Ending {
  /** Starts without an end, so that none is searched twice. */
  const hopeless = new Set<number>();
  return (text, from) => {
    USUAL_TAG.lastIndex = BEGINS_TAG.lastIndex = from;
    if (USUAL_TAG.test(text)) return USUAL_TAG.lastIndex;
    if (!BEGINS_TAG.test(text)) return undefined;
    const passed = [from];
    let isValue = false;
    for (let at = from + 1; at < text.length; at += 1) {
      const character = text[at] ?? "";
      if (character === ">") return at + 1;
      if (character === "<" && hopeless.has(at)) break;
      if (character === "<") passed.push(at);
      if (isValue && (character === '"' || character === "'")) {
        at = text.indexOf(character, at + 1);
        if (at < 0) break;
      }
      isValue = character === "=" || (isValue && /\s/.test(character));
    }
    for (const one of passed) hopeless.add(one);
    return undefined;
  };
}

interface Dialect {
  /** For tags, comments and instructions; new for each text. */
  readonly endings: () => readonly Ending[];
  readonly hasCdata: (text: string) => boolean;
}

const XML = [section(/<!--/y, /-->/g), section(/<\?/y, /\?>/g)];
/** HTML ends some comments early, and treats unknown markup as comments. */
const HTML = [section(/<!--(?=-?>)/y, /-?>/g), section(/<!--/y, /--!?>/g), section(/<(?:[!?]|\/[^A-Za-z])/y, />/g)];
/** HTML has no CDATA. Anything that does not look like HTML is treated as XML. */
const IS_HTML = /<(?:!doctype html|html|head|body|div|p|span|script)\b/i;

const each = (all: readonly (() => Ending)[]) => () => all.map((make) => make());
const LOOSE: Dialect = { endings: each([...XML, looseTag]), hasCdata: () => true };
const EXACT: Dialect = { ...LOOSE, endings: each([...XML, exactTag]) };
const AS_HTML: Dialect = { endings: each([...HTML, exactTag]), hasCdata: (text) => !IS_HTML.test(text) };

/** The parts that a reader drops; for CDATA only its delimiters. */
function leftOut(text: string, { endings, hasCdata }: Dialect): (readonly [from: number, to: number])[] {
  const out: (readonly [number, number])[] = [];
  const cdata = hasCdata(text) ? section(/<!\[CDATA\[/y, /\]\]>/g)() : undefined;
  const all = endings();
  for (let at = text.indexOf("<"); at >= 0;) {
    const kept = cdata?.(text, at);
    if (kept !== undefined) out.push([at, at + "<![CDATA[".length], [kept - "]]>".length, kept]);
    let end = kept;
    for (const ending of kept === undefined ? all : []) if ((end ??= ending(text, at)) !== undefined) break;
    if (kept === undefined && end !== undefined) out.push([at, end]);
    at = text.indexOf("<", end ?? at + 1);
  }
  return out;
}

/**
 * The text without tags, comments and instructions, with CDATA content verbatim and references resolved elsewhere.
 * @param unlike skip if the result equals this one's
 */
const markup =
  (dialect: Dialect, unlike?: Dialect): Decoding =>
  (view) => {
    const { text } = view;
    if (!text.includes("<")) return undefined;
    const out = leftOut(text, dialect);
    if (unlike !== undefined) {
      const other = leftOut(text, unlike);
      const same = ([from, to]: readonly [number, number], at: number): boolean =>
        other[at]?.[0] === from && other[at][1] === to;
      if (other.length === out.length && out.every(same)) return undefined;
    }
    const whole = new ViewOf(view);
    let read = 0;
    for (const [from, to] of out) {
      if (text.startsWith("<", from)) resolve(whole, text, read, from); // otherwise it is CDATA content
      whole.replace(from, to);
      read = to;
    }
    resolve(whole, text, read);
    return whole.end();
  };

/** Entities declared in a document type, `<!ENTITY name "value">`, which may refer to others. */
const declared: Decoding = (view) => {
  const { text } = view;
  if (!text.includes("<!ENTITY")) return undefined;
  const values = new Map(
    [...text.matchAll(/<!ENTITY\s+(?:%\s+)?([^\s%&;"'<>]+)\s+(?:"([^"]*)"|'([^']*)')/g)].map(
      ([, name = "", one, other = ""]) => [name, one ?? other],
    ),
  );
  const expanded = new Map<string, string>();
  const expand = (name: string): string | undefined => {
    const known = expanded.get(name) ?? values.get(name);
    if (known === undefined || expanded.has(name)) return known;
    expanded.set(name, ""); // for an entity that refers to itself
    const whole = known.replace(DECLARED, (all, inner: string) => expand(inner) ?? all).slice(0, LONGEST_ENTITY);
    expanded.set(name, whole);
    return whole;
  };
  const made = new ViewOf(view);
  for (const { 0: all, 1: name = "", index } of text.matchAll(DECLARED)) {
    const value = expand(name);
    if (value !== undefined) made.replace(index, index + all.length, value);
  }
  return made.end();
};
const DECLARED = /[&%]([^\s%&;"'<>#]{1,64});/g;
const LONGEST_ENTITY = 64 * 1024;

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replace(/[^0-9a-fA-F]/g, ""), "hex");

/** URL encoding, and the quoted-printable encoding of mail, where a line may end with `=`. */
const percent = replacing("%", /(?:%[0-9a-f]{2})+/gi, ([all]) => bytesOf(all).toString("utf8"));
const quotedPrintable = replacing("=", /(?:=[0-9A-F]{2}|=\r?\n)+/g, ([all]) =>
  bytesOf(all.replace(/=\r?\n/g, "")).toString("utf8"),
);

/**
 * Invisible characters in a terminal or page: colours, links, character set changes (ECMA-35, and so ISO-2022), NULs (half of UTF-16),
 * zero-width characters.
 */
const UNSEEN =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)|\u001b[ -/]+[0-~]|\u001b[0-OQ-WYZ\\`-~]|[\0\b\u000e\u000f\u007f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+/g;
const unseen: Decoding = (view) => {
  const made = new ViewOf(view);
  for (const match of view.text.matchAll(UNSEEN)) made.replace(match.index, match.index + match[0].length);
  return made.end();
};

/** Text, as opposed to arbitrary bytes. */
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

/** On one line or several, also indented. */
const base64 = ofRuns(/[A-Za-z0-9+/_-]{16,}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}/g, (run) =>
  Buffer.from(run.replace(/\s+/g, ""), "base64"),
);
/** Continuous, or in separated pairs. */
const hex = ofRuns(/(?:[0-9a-f]{2}){8,}|(?:(?:0x)?[0-9a-f]{2}[ \t\r\n,:;-]{1,4}){7,}(?:0x)?[0-9a-f]{2}/gi, (run) =>
  bytesOf(run.replace(/0x/gi, "")),
);

/** An array of bytes, like a buffer in JSON. */
const decimals = ofRuns(/(?:\b\d{1,3}[ \t\r\n]{0,40},[ \t\r\n]{0,40}){7,}\d{1,3}\b/g, (run) =>
  Buffer.from(run.split(",").map(Number)),
);

export const DECODINGS: readonly Decoding[] = [
  escapes,
  references,
  markup(LOOSE),
  markup(EXACT, LOOSE),
  markup(AS_HTML, LOOSE),
  declared,
  percent,
  quotedPrintable,
  unseen,
  base64,
  hex,
  decimals,
];
