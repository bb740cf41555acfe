/**
 * A parser of JSON that takes one spelling only, and says what is wrong with any other and where. `parseJson` asks it about every text that
 * the scan in `json-scan.ts` does not know.
 */
import type { Code } from "./codes.js";
import { AttestError } from "./errors.js";
import { textFault, type Json, type JsonObject } from "./json-value.js";

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

export class JsonParser {
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
