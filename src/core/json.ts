/**
 * JSON for signing: I-JSON in (RFC 7493), canonical bytes out (RFC 8785).
 *
 * `JSON.parse` keeps the last of two members with one name, rounds 2^53+1 and turns 1e400 into Infinity, so two readers could see two
 * documents under one signature. This parser refuses ambiguous texts and names the place.
 */
import canonicalize from "canonicalize";
import { fromUtf8, utf8, type Bytes } from "./bytes.js";
import { AttestError } from "./errors.js";
import { JsonParser } from "./json-parser.js";
import { canonicalIn } from "./json-scan.js";
import { isObject, textFault, type Json } from "./json-value.js";

export { isObject };
export type { Json, JsonObject } from "./json-value.js";

export const MAX_BYTES = 16 * 1024 * 1024;
export const MAX_DEPTH = 64;

/**
 * The JCS bytes of a value (RFC 8785). Pass the result of `parseJson`, or a plain literal of that shape.
 * @throws AttestError `not-json` for values that do not survive a round trip: undefined, functions, NaN, lone surrogates, exotic objects
 * @example canonical({ b: 1, a: [true, null] })   // the bytes of {"a":[true,null],"b":1}
 */
export const canonical = (value: Json): Bytes =>
  // In order, `JSON.stringify` spells a value as RFC 8785 does: section 3.2.2 takes its rules from there.
  utf8(mustBePlain(value, 1) === "in-order" ? JSON.stringify(value) : (canonicalize(value) as string));

const refused = (what: string): AttestError => new AttestError("not-json", `expected a JSON value, found ${what}`);

type Order = "in-order" | "to-sort";

/** `canonicalize` prints a Map as {} and drops undefined, so other values than plain JSON are refused first. */
function mustBePlain(value: unknown, depth: number): Order {
  if (value === null || typeof value === "boolean") return "in-order";
  if (typeof value === "string") {
    const fault = textFault(value);
    if (fault !== undefined) throw refused(`a string with ${fault}`);
    return "in-order";
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refused(String(value));
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw refused(`${value}, beyond 2^53-1`);
    return "in-order";
  }
  if (typeof value !== "object") throw refused(`a value of type ${typeof value}`);
  if (depth > MAX_DEPTH) throw refused(`nesting deeper than ${MAX_DEPTH}`);
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") throw refused("a toJSON function");
  let order: Order = "in-order";
  const look = (inner: unknown): void => {
    if (mustBePlain(inner, depth + 1) === "to-sort") order = "to-sort";
  };
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) look(value[at]);
    return order;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw refused("an object that is not plain");
  let before: string | undefined;
  for (const member of Object.keys(value)) {
    if (member === "__proto__") throw refused("a member named __proto__");
    if (before !== undefined && member < before) order = "to-sort";
    before = member;
    look(member);
    look((value as { readonly [name: string]: unknown })[member]);
  }
  return order;
}

/** Replaces noncharacters in every text, so that the output of a tested program can be signed. */
export function fit<T>(value: T): T {
  if (typeof value === "string") return value.replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd") as T;
  if (Array.isArray(value)) return value.map((one: unknown) => fit(one)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [fit(name), fit<unknown>(inner)])) as T;
}

/**
 * One I-JSON text. Each refusal has its own code and names line and column.
 * @throws AttestError `too-large`, `not-utf8`, `bom`, `json-syntax`, `json-duplicate`, `json-proto`, `json-depth`, `json-number-range`,
 * `json-number-spelling`, `json-surrogate`, `json-noncharacter`
 * @example parseJson(utf8('{"a":1}'))   // { a: 1 }
 */
export const parseJson = (bytes: Bytes, maxDepth = MAX_DEPTH): Json => parseText(bytes, maxDepth).value;

export interface JsonText {
  readonly value: Json;
  /** Its canonical bytes, if the text differs from them in white space alone. */
  readonly canonical?: Bytes;
}

/** The same with the form of the text. */
export function parseText(bytes: Bytes, maxDepth = MAX_DEPTH): JsonText {
  if (bytes.length > MAX_BYTES)
    throw new AttestError("too-large", `expected at most ${MAX_BYTES} bytes, found ${bytes.length}`);
  const found = canonicalIn(bytes, maxDepth);
  if (found !== undefined) return { value: JSON.parse(fromUtf8(found)) as Json, canonical: found };
  const text = fromUtf8(bytes);
  if (text.startsWith("\ufeff")) throw new AttestError("bom", "expected JSON, found a byte order mark before it");
  return { value: new JsonParser(text, maxDepth).document() };
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
