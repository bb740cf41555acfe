/**
 * The quick way through a JSON text, and the proof of its form in the same pass.
 *
 * What is signed has one spelling (RFC 8785), and our files differ from it in white space alone. This scan takes the white space out and
 * checks the rest byte by byte. It knows only what that spelling has: any other text, right or wrong, is for the parser in `json-parser.ts`.
 */
import type { Bytes } from "./bytes.js";

/** Bytes that a string has as they are: below U+E000, and no controls, quotes or backslashes. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte !== 0x22 && byte !== 0x5c && byte < 0xee),
);
const SPACE = Uint8Array.from({ length: 256 }, (_, byte) => Number([0x20, 0x09, 0x0a, 0x0d].includes(byte)));
/** Bytes of numbers and words. */
const ATOM = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[-+.0-9A-Za-z]/.test(String.fromCharCode(byte))));

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [MINUS, POINT, ZERO, NINE] = [0x2d, 0x2e, 0x30, 0x39];
const PROTO = Array.from("__proto__", (letter) => letter.charCodeAt(0));
/** The longest number that JavaScript prints has 25 characters. */
const MAX_NUMBER = 25;

/**
 * The canonical bytes of a text (RFC 8785), if it is I-JSON and differs from them in white space alone. Undefined for any other text. That
 * it is UTF-8 is not checked: decode the result strictly.
 * @example canonicalIn(utf8('{ "a": 1 }\n'), 64)   // the bytes of {"a":1}
 */
export function canonicalIn(text: Bytes, maxDepth: number): Bytes | undefined {
  return new Scan(text, maxDepth).document();
}

class Scan {
  readonly #text: Bytes;
  readonly #out: Bytes;
  readonly #maxDepth: number;
  #at = 0;
  #to = 0;
  /** Whether the last string has plain bytes alone. */
  #plain = true;

  constructor(text: Bytes, maxDepth: number) {
    this.#text = text;
    this.#out = new Uint8Array(text.length);
    this.#maxDepth = maxDepth;
  }

  document(): Bytes | undefined {
    return this.#value(1) && this.#next() === undefined ? this.#out.subarray(0, this.#to) : undefined;
  }

  /** The next byte that is no white space. */
  #next(): number | undefined {
    const text = this.#text;
    let at = this.#at;
    while (SPACE[text[at] ?? 0] === 1) at += 1;
    this.#at = at;
    return text[at];
  }

  #copy(byte: number): true {
    this.#out[this.#to] = byte;
    this.#to += 1;
    this.#at += 1;
    return true;
  }

  #value(depth: number): boolean {
    const byte = this.#next();
    if (byte === QUOTE) return this.#string();
    if (byte === 0x7b) return this.#members(depth);
    if (byte === 0x5b) return this.#items(depth);
    return this.#atom();
  }

  #members(depth: number): boolean {
    if (depth > this.#maxDepth) return false;
    this.#copy(0x7b);
    if (this.#next() === 0x7d) return this.#copy(0x7d);
    for (let [from, until] = [0, 0]; ;) {
      const start = this.#to + 1;
      if (this.#next() !== QUOTE || !this.#string()) return false;
      const end = this.#to - 1;
      if (until > 0 && !this.#inOrder(from, until, start, end)) return false;
      if (!this.#isFitName(start, end) || this.#next() !== COLON) return false;
      [from, until] = [start, end];
      this.#copy(COLON);
      if (!this.#value(depth + 1)) return false;
      const after = this.#next();
      if (after === 0x7d) return this.#copy(after);
      if (after !== COMMA) return false;
      this.#copy(COMMA);
    }
  }

  #items(depth: number): boolean {
    if (depth > this.#maxDepth) return false;
    this.#copy(0x5b);
    if (this.#next() === 0x5d) return this.#copy(0x5d);
    for (;;) {
      if (!this.#value(depth + 1)) return false;
      const after = this.#next();
      if (after === 0x5d) return this.#copy(after);
      if (after !== COMMA) return false;
      this.#copy(COMMA);
    }
  }

  /** Whether the first name comes before the second. Names are in the order of their bytes, as long as these are below U+E000. */
  #inOrder(from: number, until: number, start: number, end: number): boolean {
    const out = this.#out;
    for (let at = 0; start + at < end; at += 1) {
      if (from + at === until) return true;
      const difference = (out[from + at] ?? 0) - (out[start + at] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** RFC 8785 sorts by UTF-16 code units, which is another order than that of bytes from U+E000 on and after an escape. */
  #isFitName(start: number, end: number): boolean {
    const out = this.#out;
    return this.#plain && (end - start !== PROTO.length || PROTO.some((byte, at) => out[start + at] !== byte));
  }

  #string(): boolean {
    const [text, out] = [this.#text, this.#out];
    let [at, to] = [this.#at + 1, this.#to + 1];
    out[to - 1] = QUOTE;
    this.#plain = true;
    for (;;) {
      let byte = text[at] ?? 0;
      while (PLAIN[byte] === 1) {
        out[to] = byte;
        to += 1;
        at += 1;
        byte = text[at] ?? 0;
      }
      if (byte === QUOTE) break;
      const length = byte === BACKSLASH ? escapeAt(text, at) : characterAt(text, at);
      if (length === 0) return false;
      this.#plain = false;
      for (const end = at + length; at < end; at += 1) out[to++] = text[at] ?? 0;
    }
    out[to] = QUOTE;
    this.#at = at + 1;
    this.#to = to + 1;
    return true;
  }

  /** A number, or one of three words. */
  #atom(): boolean {
    const [text, start] = [this.#text, this.#at];
    let end = start;
    while (ATOM[text[end] ?? 0] === 1) end += 1;
    const isFit = (text[start] ?? 0) > NINE ? isWord : isNumber;
    if (!isFit(text, start, end)) return false;
    for (let at = start; at < end; at += 1) this.#out[this.#to++] = text[at] ?? 0;
    this.#at = end;
    return true;
  }
}

const WORDS = ["true", "false", "null"].map((word) => Array.from(word, (letter) => letter.charCodeAt(0)));
function isWord(text: Bytes, start: number, end: number): boolean {
  const word = WORDS.find(([first]) => first === text[start]);
  return word !== undefined && word.length === end - start && word.every((byte, at) => byte === text[start + at]);
}

const isNumber = (text: Bytes, start: number, end: number): boolean =>
  isShortNumber(text, start, end) || isCanonicalNumber(text, start, end);

/**
 * The quick case: up to 15 digits. A double keeps such a number exactly, so JavaScript prints it as it was read. Numbers that begin with
 * six zeros after the point are not among them: JavaScript prints an exponent.
 */
function isShortNumber(text: Bytes, start: number, end: number): boolean {
  const first = text[start] === MINUS ? start + 1 : start;
  if (end - first > 15) return false;
  const isZero = text[first] === ZERO;
  let at = digitsFrom(text, isZero ? first + 1 : first);
  if (at === first || (isZero && at > first + 1)) return false;
  if (at === end) return !isZero || first === start;
  if (text[at] !== POINT) return false;
  const point = at;
  at = digitsFrom(text, point + 1);
  return at === end && at > point + 1 && text[end - 1] !== ZERO && (!isZero || !startsTiny(text, point + 1));
}

function digitsFrom(text: Bytes, start: number): number {
  let at = start;
  while ((text[at] ?? 0) >= ZERO && (text[at] ?? 0) <= NINE) at += 1;
  return at;
}

const startsTiny = (text: Bytes, at: number): boolean => text.subarray(at, at + 6).every((digit) => digit === ZERO);

function isCanonicalNumber(text: Bytes, start: number, end: number): boolean {
  if (end - start > MAX_NUMBER) return false;
  const spelled = String.fromCharCode(...text.subarray(start, end));
  const value = Number(spelled);
  return (
    String(value) === spelled && (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)))
  );
}

/** Length of the escape at a backslash; 0 if RFC 8785 spells the character otherwise. */
function escapeAt(text: Bytes, at: number): number {
  const letter = String.fromCharCode(text[at + 1] ?? 0);
  if ('"\\bfnrt'.includes(letter)) return 2;
  return /^\\u00(?:0[0-7bef]|1[0-9a-f])$/.test(String.fromCharCode(...text.subarray(at, at + 6))) ? 6 : 0;
}

/** Bytes of the character that begins here. 0 if there is none, or if it may be a noncharacter (RFC 7493 section 2.1). */
function characterAt(text: Bytes, at: number): number {
  const [first = 0, second = 0, third = 0, fourth = 0] = text.subarray(at, at + 4);
  if (first === 0xee) return 3;
  if (first === 0xef) return second === 0xb7 || second === 0xbf ? 0 : 3; // U+FDC0…FDFF, U+FFC0…FFFF
  return first < 0xf0 || (third === 0xbf && fourth >= 0xbe) ? 0 : 4; // U+nFFFE, U+nFFFF
}
