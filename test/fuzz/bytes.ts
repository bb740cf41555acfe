/** What can happen to a file that nobody read. */
import { concat, utf8, type Bytes } from "../../src/core/bytes.js";
import type { Random } from "./random.js";

const TOKENS: readonly Bytes[] = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\n",
    "\r",
    "\t",
    " ",
    "\u000b",
    "\u00a0",
    "\u2028",
    "0",
    "e",
    "-",
    "=",
    "A",
  ],
  ...[
    "\u0000",
    "\ufeff",
    "//",
    "/*",
    "#",
    "null",
    "\\u0000",
    '"payload":',
    "-----BEGIN",
    "-----",
    "untrusted comment: ",
  ],
].map(utf8);
/** Bytes that are no UTF-8: too long, cut off, half a pair, beyond the last. */
const NOT_UTF8 = [[0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0x80]].map((all) =>
  Uint8Array.from(all),
);
const BOM = utf8("\ufeff");

type Change = (file: Bytes, random: Random, other: Bytes) => Bytes;

const span = (file: Bytes, { below, pick }: Random): [from: number, to: number] => {
  const from = below(file.length + 1);
  return [from, Math.min(file.length, from + below(pick([2, 8, 100, file.length + 1])))];
};
const insert = (file: Bytes, at: number, bytes: Bytes): Bytes => concat(file.subarray(0, at), bytes, file.subarray(at));
const replaced = (file: Bytes, from: RegExp, by: string): Bytes =>
  new Uint8Array(Buffer.from(Buffer.from(file).toString("latin1").replace(from, by), "latin1"));

/** What can be done to bytes, by name. */
export const BYTE_CHANGES: Readonly<Record<string, Change>> = {
  "a bit turned": (file, random) => {
    const copy = file.slice();
    if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  },
  "a byte set": (file, random) => {
    const copy = file.slice();
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  "cut off": (file, random) => file.subarray(0, random.below(file.length + 1)),
  "the beginning gone": (file, random) => file.subarray(random.below(Math.min(file.length, 100) + 1)),
  "a part gone": (file, random) => {
    const [from, to] = span(file, random);
    return concat(file.subarray(0, from), file.subarray(to));
  },
  "a part twice": (file, random) => {
    const [from, to] = span(file, random);
    return insert(file, to, file.subarray(from, to));
  },
  "a word put in": (file, random) => insert(file, random.below(file.length + 1), random.pick(TOKENS)),
  "no text put in": (file, random) => insert(file, random.below(file.length + 1), random.pick(NOT_UTF8)),
  "two spliced": (file, random, other) =>
    concat(file.subarray(0, random.below(file.length + 1)), other.subarray(random.below(other.length + 1))),
  "two in one": (file, _, other) => concat(file, other),
  "a byte order mark": (file) => concat(BOM, file),
  "other ends of lines": (file, random) => replaced(file, /\n/g, random.pick(["\r\n", "\r", "", "\n\n"])),
  "as UTF-16": (file) => new Uint8Array(Buffer.from(Buffer.from(file).toString("utf8"), "utf16le")),
  "something after the end": (file, random) => concat(file, random.pick([...TOKENS, ...NOT_UTF8])),
  "a base64 respelled": (file, random) =>
    random.pick([
      () => replaced(file, /=+(?=[\s"]|$)/, ""),
      () => replaced(file, /(?<=[A-Za-z0-9+/]{8})(?=[\s"=]|$)/, "="),
      () => replaced(file, /\+(?=[A-Za-z0-9+/]{6})/, "-"),
      () => replaced(file, /\/(?=[A-Za-z0-9+/]{6})/, "_"),
      () => replaced(file, /(?<=[A-Za-z0-9+/]{40})(?=[A-Za-z0-9+/])/, "\n"),
      () => replaced(file, /[AQgw](?==)/, "B"),
    ])(),
};
