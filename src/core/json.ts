/**
 * JSON for signing: I-JSON in (RFC 7493), canonical bytes out (RFC 8785).
 *
 * `JSON.parse` keeps the last of two members with one name, rounds 2^53+1 and turns 1e400 into Infinity, so two readers could see two
 * documents under one signature. This parser refuses ambiguous texts and names the place.
 */
import canonicalize from "canonicalize";
import { fromUtf8, utf8, type Bytes } from "./bytes.js";
import type { Code } from "./codes.js";
import { AttestError } from "./errors.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };
export type JsonObject = { readonly [member: string]: Json };

export const MAX_BYTES = 16 * 1024 * 1024;
export const MAX_DEPTH = 64;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The JCS bytes of a value (RFC 8785). Pass the result of `parseJson`, or a plain literal of that shape.
 * @throws AttestError `not-json` for values that do not survive a round trip: undefined, functions, NaN, lone surrogates, exotic objects
 * @example canonical({ b: 1, a: [true, null] })   // the bytes of {"a":[true,null],"b":1}
 */
export function canonical(value: Json): Bytes {
  plain(value, 1);
  return utf8(canonicalize(value) as string);
}

const refused = (what: string): AttestError => new AttestError("not-json", `expected a JSON value, found ${what}`);

/** `canonicalize` prints a Map as {} and drops undefined, so other values than plain JSON are refused first. */
function plain(value: unknown, depth: number): void {
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    const fault = textFault(value);
    if (fault !== undefined) throw refused(`a string with ${fault}`);
    return;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refused(String(value));
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw refused(`${value}, beyond 2^53-1`);
    return;
  }
  if (typeof value !== "object") throw refused(`a value of type ${typeof value}`);
  if (depth > MAX_DEPTH) throw refused(`nesting deeper than ${MAX_DEPTH}`);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") throw refused("a toJSON function");
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) plain(value[at], depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused("an object that is not plain");
  for (const member of Object.keys(value)) {
    if (member === "__proto__") throw refused("a member named __proto__");
    plain(member, depth + 1);
    plain((value as { readonly [name: string]: unknown })[member], depth + 1);
  }
}

/** A quick test. Only if it matches, the slower exact test runs. */
const SUSPECT = /[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/;
/** RFC 7493 section 2.1: no lone surrogates, and no noncharacters of any plane. */
const UNFIT = /[\p{Cs}\p{Noncharacter_Code_Point}]/u;

function textFault(text: string): string | undefined {
  const [found] = SUSPECT.test(text) ? (UNFIT.exec(text) ?? []) : [];
  if (found === undefined) return undefined;
  return /\p{Cs}/u.test(found)
    ? "half a surrogate pair"
    : `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase()}, which is not a character`;
}

/** Replaces noncharacters in every text, so that the output of a tested program can be signed. */
export function fit<T>(value: T): T {
  if (typeof value === "string") return value.replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd") as T;
  if (Array.isArray(value)) return value.map((one: unknown) => fit(one)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [fit(name), fit<unknown>(inner)])) as T;
}

/** Parses one I-JSON text. Each refusal has its own code and names line and column: */
export function parseJson(bytes: Bytes, maxDepth = MAX_DEPTH): Json {
  if (bytes.length > MAX_BYTES) {
    throw new AttestError("too-large", `expected at most ${MAX_BYTES} bytes, found ${bytes.length}`);
  }
  const text = fromUtf8(bytes);
  if (text.startsWith("\ufeff")) throw new AttestError("bom", "expected JSON, found a byte order mark before it");
  return new Parser(text, maxDepth).document();
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  document(): Json {
    this.#space();
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#expected("the end of the text");
    return value;
  }

  #value(depth: number): Json {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const members: Record<string, Json> = {};
    this.#open(depth);
    if (this.#take("}")) return members;
    do {
      this.#space();
      const start = this.#at;
      if (this.#text[this.#at] !== '"') throw this.#expected("a member name in double quotes");
      const name = this.#string();
      if (name === "__proto__") throw this.#fault("json-proto", "a member named __proto__ is refused", start);
      if (Object.hasOwn(members, name)) {
        throw this.#fault(
          "json-duplicate",
          `expected each member once, found ${JSON.stringify(name.slice(0, 40))} again`,
          start,
        );
      }
      this.#space();
      if (!this.#take(":")) throw this.#expected("':'");
      this.#space();
      members[name] = this.#value(depth);
      this.#space();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#expected("',' or '}'");
    return members;
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    this.#open(depth);
    if (this.#take("]")) return items;
    do {
      this.#space();
      items.push(this.#value(depth));
      this.#space();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#expected("',' or ']'");
    return items;
  }

  #open(depth: number): void {
    if (depth > this.#maxDepth)
      throw this.#fault("json-depth", `expected nesting of at most ${this.#maxDepth}, found more`);
    this.#at += 1;
    this.#space();
  }

  #string(): string {
    const start = this.#at;
    let value = "";
    let from = (this.#at += 1);
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(unit)) throw this.#expected("'\"' at the end of a string");
      if (unit < 0x20) throw this.#expected("no control character in a string");
      if (unit === 0x22) break;
      this.#at += 1;
      if (unit === 0x5c) {
        value += this.#text.slice(from, this.#at - 1) + this.#escape();
        from = this.#at;
      }
    }
    value += this.#text.slice(from, this.#at);
    this.#at += 1;
    const fault = textFault(value);
    if (fault !== undefined)
      throw this.#fault(
        fault.startsWith("U+") ? "json-noncharacter" : "json-surrogate",
        `expected Unicode text, found ${fault}`,
        start,
      );
    return value;
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at);
    this.#at += 1;
    if (letter === "u") {
      const digits = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#expected("four hex digits");
      this.#at += 4;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const value = ESCAPES[letter];
    if (value === undefined) {
      this.#at -= 1;
      throw this.#expected("an escape that JSON has");
    }
    return value;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const spelled = NUMBER.exec(this.#text)?.[0];
    if (spelled === undefined) throw this.#expected("a JSON value");
    const value = Number(spelled);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw this.#fault(
        "json-number-range",
        `expected a number that a double holds exactly, found ${spelled.slice(0, 40)}`,
      );
    }
    if (String(value) !== spelled) {
      throw this.#fault("json-number-spelling", `expected the number spelled ${value}, found ${spelled.slice(0, 40)}`);
    }
    this.#at += spelled.length;
    return value;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#expected("a JSON value");
    this.#at += word.length;
    return value;
  }

  #take(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }

  #expected(what: string): AttestError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text.charAt(this.#at)) : "the end of the text";
    return this.#fault("json-syntax", `expected ${what}, found ${found}`);
  }

  #fault(code: Code, message: string, at = this.#at): AttestError {
    const before = this.#text.slice(0, at).split("\n");
    return new AttestError(code, `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${message}`);
  }
}

/** The readable spelling of our files: members in JCS order, two spaces, a final newline. */
export function readable(value: Json): Bytes {
  canonical(value); // refuses values without a JSON form
  return utf8(`${spelled(value, "\n")}\n`);
}

/** Not `JSON.stringify`: it moves members that look like array indices to the front. */
function spelled(value: Json, newline: string): string {
  const inner = `${newline}  `;
  const block = (open: string, items: readonly string[], close: string): string =>
    items.length === 0 ? open + close : `${open}${inner}${items.join(`,${inner}`)}${newline}${close}`;
  if (Array.isArray(value))
    return block(
      "[",
      (value as readonly Json[]).map((item) => spelled(item, inner)),
      "]",
    );
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return block(
    "{",
    members.map(([name, item]) => `${JSON.stringify(name)}: ${spelled(item, inner)}`),
    "}",
  );
}
