/** Compares two versions of a piece of evidence: same text in another spelling, or different content and where. */
import { equal, fromUtf8, utf8, type Bytes } from "../bytes.js";
import { orUndefined } from "../errors.js";
import { canonical, isObject, parseJson, type Json } from "../json.js";

export type Diff =
  /** Same text; `how` names the difference that was ignored. */
  { readonly kind: "spelling"; readonly how: string } | { readonly kind: "content"; readonly where: string };

/** Larger files are only compared byte by byte. */
const MAX_COMPARED = 8 * 1024 * 1024;

/** @example differenceOf(utf8("a\n"), utf8("a\r\n"))   // { kind: "spelling", how: "line ends" } */
export function differenceOf(before: Bytes, after: Bytes): Diff {
  const sizes = before.length === after.length ? "" : `; ${before.length} bytes became ${after.length}`;
  const texts = before.length + after.length > MAX_COMPARED ? undefined : both(before, after, textOf);
  if (texts === undefined) return { kind: "content", where: `${firstByte(before, after)}${sizes}` };
  const spelled = spellings.find(({ set }) => set(texts[0]) === set(texts[1]));
  if (spelled !== undefined) return { kind: "spelling", how: spelled.how };
  const values = both(before, after, jsonOf);
  if (values !== undefined) {
    if (equal(canonical(values[0]), canonical(values[1])))
      return { kind: "spelling", how: "layout and order of members" };
    return { kind: "content", where: jsonWhere(values[0], values[1]) };
  }
  if (isPage(texts[0]) && isPage(texts[1]) && settled(texts[0]) === settled(texts[1]))
    return { kind: "spelling", how: "white space and the nonces of a page" };
  return { kind: "content", where: `${firstLine(texts[0], texts[1])}${sizes}` };
}

/** Spellings that other systems give the same text. Used when the original bytes are missing: one of them may have the signed digest. */
export function spellingsOf(bytes: Bytes): Bytes[] {
  const text = bytes.length > MAX_COMPARED ? undefined : textOf(bytes);
  if (text === undefined) return [];
  const lf = unixLines(text);
  const bare = NEWLINES(lf);
  const ends = [lf, bare, `${bare}\n`];
  const all = ends.flatMap((one) => [one, one.replaceAll("\n", "\r\n")]);
  return [...new Set(all.flatMap((one) => [one, `\ufeff${one}`]))].map(utf8);
}

/** No regular expression: the server chooses the input, and one that searches for the end of a run backtracks quadratically. */
function trimEnd(text: string, blank: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && blank(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const unixLines = (text: string): string => text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
const NEWLINES = (text: string): string => trimEnd(unixLines(text), (character) => character === "\n");
const isBlank = (character: string): boolean => character === " " || character === "\t";
const LINE_ENDS = (text: string): string =>
  NEWLINES(
    unixLines(text)
      .split("\n")
      .map((line) => trimEnd(line, isBlank))
      .join("\n"),
  );

const spellings: readonly { readonly how: string; readonly set: (text: string) => string }[] = [
  { how: "line ends", set: NEWLINES },
  { how: "white space at the ends of lines", set: LINE_ENDS },
];

function both<T>(one: Bytes, other: Bytes, read: (bytes: Bytes) => T | undefined): readonly [T, T] | undefined {
  const [first, second] = [read(one), read(other)];
  return first === undefined || second === undefined ? undefined : [first, second];
}

/** Undefined for anything but text. Text that people read contains no NUL. */
function textOf(bytes: Bytes): string | undefined {
  if (bytes.includes(0)) return undefined;
  return orUndefined(() => fromUtf8(bytes));
}

const jsonOf = (bytes: Bytes): Json | undefined => orUndefined(() => parseJson(bytes));

const isPage = (text: string): boolean => /^\s{0,100}<(?:!doctype html|html)/i.test(text);

/**
 * Ignores what servers generate per request: nonces and white space. Nothing more, because a result can stand in an attribute, a script or
 * a comment.
 */
const settled = (text: string): string => text.replace(/\snonce="[^"<>]{0,200}"/gi, "").replace(/\s+/g, " ");

const SHOWN = 80;
const short = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
const quoted = (value: Json | undefined): string => (value === undefined ? "nothing" : short(JSON.stringify(value)));

const MAX_PLACES = 3;

/** The first differing places as RFC 6901 pointers, with old and new value. */
function jsonWhere(before: Json, after: Json): string {
  const places: string[] = [];
  let more = 0;
  const walk = (one: Json | undefined, other: Json | undefined, pointer: string): void => {
    if (one === other) return;
    if (isObject(one) && isObject(other)) {
      for (const name of [...new Set([...Object.keys(one), ...Object.keys(other)])].sort()) {
        const part = name.replaceAll("~", "~0").replaceAll("/", "~1");
        walk(own(one, name), own(other, name), `${pointer}/${part}`);
      }
    } else if (Array.isArray(one) && Array.isArray(other)) {
      for (let at = 0; at < Math.max(one.length, other.length); at += 1)
        walk(one[at] as Json | undefined, other[at] as Json | undefined, `${pointer}/${at}`);
    } else if (places.length < MAX_PLACES)
      places.push(`${pointer === "" ? "the whole" : pointer}: ${quoted(one)} became ${quoted(other)}`);
    else more += 1;
  };
  walk(before, after, "");
  return `${places.join("; ")}${more === 0 ? "" : `; and ${more} more`}`;
}

const own = (value: { readonly [member: string]: Json }, name: string): Json | undefined =>
  Object.hasOwn(value, name) ? value[name] : undefined;

function firstLine(before: string, after: string): string {
  const [one, other] = [NEWLINES(before).split("\n"), NEWLINES(after).split("\n")];
  const at = one.findIndex((line, place) => line !== other[place]);
  const place = at < 0 ? one.length : at;
  return `line ${place + 1}: ${quoted(one[place])} became ${quoted(other[place])}`;
}

function firstByte(before: Bytes, after: Bytes): string {
  const at = before.findIndex((byte, place) => byte !== after[place]);
  return `byte ${at < 0 ? before.length : at}`;
}
