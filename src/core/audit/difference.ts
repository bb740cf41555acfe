/** Two versions of the same evidence: whether only the spelling differs, and else where. */
import { equal, fromUtf8, utf8, type Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { canonical, isObject, parseJson, type Json } from "../json.js";

export type Difference =
  /** The text says the same; `how` names what was set aside. */
  { readonly kind: "spelling"; readonly how: string } | { readonly kind: "content"; readonly where: string };

/** Longer ones are compared byte by byte only. */
const MAX_COMPARED = 8 * 1024 * 1024;

/** @example differenceOf(utf8("a\n"), utf8("a\r\n"))   // { kind: "spelling", how: "line ends" } */
export function differenceOf(before: Bytes, after: Bytes): Difference {
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
  if (isMarkup(texts[0]) && isMarkup(texts[1]) && visible(texts[0]) === visible(texts[1]))
    return { kind: "spelling", how: "markup, scripts and styles" };
  return { kind: "content", where: `${firstLine(texts[0], texts[1])}${sizes}` };
}

/**
 * For a piece of which no copy is at hand: the same text as other systems spell it, so that one of them may have the digest that was signed.
 */
export function spellingsOf(bytes: Bytes): Bytes[] {
  const text = bytes.length > MAX_COMPARED ? undefined : textOf(bytes);
  if (text === undefined) return [];
  const lf = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const bare = lf.replace(/\n+$/, "");
  const ends = [lf, bare, `${bare}\n`];
  const all = ends.flatMap((one) => [one, one.replaceAll("\n", "\r\n")]);
  return [...new Set(all.flatMap((one) => [one, `\ufeff${one}`]))].map(utf8);
}

const NEWLINES = (text: string): string =>
  text
    .replace(/^\ufeff/, "")
    .replace(/\r\n?/g, "\n")
    .replace(/\n+$/, "");
const spellings: readonly { readonly how: string; readonly set: (text: string) => string }[] = [
  { how: "line ends", set: NEWLINES },
  { how: "white space at the ends of lines", set: (text) => NEWLINES(text).replace(/[ \t]+$/gm, "") },
];

function both<T>(one: Bytes, other: Bytes, read: (bytes: Bytes) => T | undefined): readonly [T, T] | undefined {
  const [first, second] = [read(one), read(other)];
  return first === undefined || second === undefined ? undefined : [first, second];
}

/** Undefined for what is no text. A NUL is in no text that people read. */
function textOf(bytes: Bytes): string | undefined {
  if (bytes.includes(0)) return undefined;
  return attempt(() => fromUtf8(bytes));
}

const jsonOf = (bytes: Bytes): Json | undefined => attempt(() => parseJson(bytes));

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

const isMarkup = (text: string): boolean => /^\s*<(?:!doctype html|html|\?xml)/i.test(text);

/** What a reader of the page would see, roughly: enough to tell a new nonce from a new sentence. */
function visible(text: string): string {
  let shown = "";
  let rest = text;
  for (let open = rest.indexOf("<"); open >= 0; open = rest.indexOf("<")) {
    shown += `${rest.slice(0, open)} `;
    const tag = /^<(!--|script\b|style\b)/i.exec(rest.slice(open, open + 8))?.[1]?.toLowerCase();
    const end = tag === undefined ? ">" : tag === "!--" ? "-->" : `</${tag}`;
    const close = rest.slice(open).toLowerCase().indexOf(end);
    rest = close < 0 ? "" : rest.slice(open + close + end.length);
    if (tag !== undefined && tag !== "!--") rest = rest.slice(rest.indexOf(">") + 1);
  }
  return `${shown}${rest}`.replace(/\s+/g, " ").trim();
}

const SHOWN = 80;
const short = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
const quoted = (value: Json | undefined): string => (value === undefined ? "nothing" : short(JSON.stringify(value)));

const MAX_PLACES = 3;

/** The first places, as RFC 6901 pointers, with what stood and stands there. */
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
