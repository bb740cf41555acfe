/**
 * A strict part of tar (POSIX.1-2017, pax interchange format): regular files and symbolic links, each once, inside one folder. Reading refuses
 * all else, because an archive comes from others: a device, a link or path that leads out, a name that two systems read differently.
 *
 * Paths and link targets are latin1 strings with one character per byte.
 */
import { AttestError } from "../core/errors.js";
import type { Bytes } from "../core/bytes.js";

export interface TarEntry {
  readonly path: string;
  readonly mode: "100644" | "100755" | "120000";
  /** Of a link: its target. */
  readonly bytes: Bytes;
}

const BLOCK = 512;
const MAX_ENTRIES = 100_000;
/** Of names in a pax header. */
const MAX_NAME = 4096;

const refused = (found: string): AttestError =>
  new AttestError("archive-format", `expected an archive of files and links inside one folder, found ${found}`);

export const bytesOf = (text: string): Bytes => Uint8Array.from(text, (character) => character.charCodeAt(0));
export function latin1(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Always the same bytes for the same entries. */
export function writeTar(entries: readonly TarEntry[]): Bytes {
  const sorted = entries.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  check(sorted);
  const blocks = sorted.flatMap((entry) => [...written(entry)]);
  const whole = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 2 * BLOCK));
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  return whole;
}

function* written({ path, mode, bytes }: TarEntry): Generator<Bytes> {
  const target = mode === "120000" ? latin1(bytes) : "";
  const records = [
    ...(path.length > 100 ? [record("path", path)] : []),
    ...(target.length > 100 ? [record("linkpath", target)] : []),
  ].join("");
  if (records !== "") {
    yield header("pax", "x", "100644", records.length, "");
    yield padded(bytesOf(records));
  }
  const size = mode === "120000" ? 0 : bytes.length;
  yield header(path.slice(0, 100), mode === "120000" ? "2" : "0", mode, size, target.slice(0, 100));
  if (size > 0) yield padded(bytes);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function padded(bytes: Bytes): Bytes {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  whole.set(bytes);
  return whole;
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;

function header(name: string, type: string, mode: TarEntry["mode"], size: number, target: string): Bytes {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(bytesOf(text), at);
  put(0, name);
  put(100, octal(mode === "100755" ? 0o755 : 0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(156, type);
  put(157, target);
  put(257, "ustar\x0000");
  put(148, `${octal(sumOf(block), 6)} `);
  return block;
}

/** The checksum's own field counts as blanks. */
const sumOf = (block: Bytes): number => block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);

/** @throws AttestError `archive-format` */
export function readTar(bytes: Bytes): TarEntry[] {
  if (bytes.length % BLOCK !== 0) throw refused("a part of one");
  const entries: TarEntry[] = [];
  let names: Readonly<Record<string, string>> = {};
  let at = 0;
  const take = (length: number): Bytes => {
    if (at + length > bytes.length) throw refused("a part of one");
    return bytes.subarray(at, (at += length));
  };
  for (;;) {
    const block = take(BLOCK);
    if (block.every((byte) => byte === 0)) break;
    const { type, size, mode, name, target } = readHeader(block);
    const content = take(Math.ceil(size / BLOCK) * BLOCK).subarray(0, size);
    if (type === "x") {
      if (Object.keys(names).length > 0) throw refused("two headers for one file");
      names = readRecords(content);
      continue;
    }
    const path = names["path"] ?? name;
    const link = type === "2";
    if (link && size > 0) throw refused("a link with content");
    entries.push({ path, mode: link ? "120000" : mode, bytes: link ? bytesOf(names["linkpath"] ?? target) : content });
    names = {};
    if (entries.length > MAX_ENTRIES) throw refused(`more than ${MAX_ENTRIES} files`);
  }
  if (bytes.subarray(at).some((byte) => byte !== 0)) throw refused("something after its end");
  check(entries);
  return entries;
}

function readHeader(block: Bytes) {
  const field = (from: number, length: number): string => {
    const text = latin1(block.subarray(from, from + length));
    const end = text.indexOf("\0");
    return end < 0 ? text : text.slice(0, end);
  };
  const number = (from: number, length: number): number => {
    const text = field(from, length).trim();
    if (!/^[0-7]{1,11}$/.test(text)) throw refused("a number that is none");
    return parseInt(text, 8);
  };
  if (number(148, 8) !== sumOf(block)) throw refused("a wrong checksum");
  if (latin1(block.subarray(257, 265)) !== "ustar\x0000") throw refused("another format of tar");
  if (field(345, 155) !== "") throw refused("a name in two parts");
  const type = field(156, 1);
  if (!["0", "2", "x"].includes(type)) throw refused(`an entry of type ${JSON.stringify(type)}`);
  const bits = number(100, 8);
  if (bits !== 0o644 && bits !== 0o755) throw refused(`the mode ${bits.toString(8)}`);
  const mode: "100644" | "100755" = bits === 0o755 ? "100755" : "100644";
  return { type, mode, size: number(124, 12), name: field(0, 100), target: field(157, 100) };
}

function readRecords(content: Bytes): Record<string, string> {
  const found: Record<string, string> = {};
  let text = latin1(content);
  while (text !== "") {
    const [, length = "", key = ""] = /^(\d{1,5}) (path|linkpath)=/.exec(text) ?? [];
    const one = text.slice(0, Number(length));
    const value = one.slice(length.length + key.length + 2, -1);
    if (key === "" || !one.endsWith("\n") || key in found || value.length > MAX_NAME || one.length !== Number(length))
      throw refused("a header that this version does not read");
    found[key] = value;
    text = text.slice(one.length);
  }
  return found;
}

/** The rules that writer and reader share. */
function check(entries: readonly TarEntry[]): void {
  const files = new Set<string>();
  const folders = new Set<string>();
  const shown = (path: string): string => JSON.stringify(path.slice(0, 100));
  for (const { path, mode, bytes } of entries) {
    if (!isInside(path)) throw refused(`the path ${shown(path)}`);
    if (files.has(path)) throw refused(`${shown(path)} twice`);
    files.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
    if (mode === "120000" && !staysInside(path, latin1(bytes)))
      throw refused(`the link ${shown(path)}, which leads out`);
  }
  const both = [...files].find((path) => folders.has(path));
  if (both !== undefined) throw refused(`${shown(both)} as a file and as a folder`);
}

/** A folder `.git` would make a repository of it, whose settings name programs. */
const isPart = (part: string): boolean =>
  part !== "" && part !== "." && part !== ".." && !/^\.git[ .]*$|^git~\d/i.test(part);
const isInside = (path: string): boolean =>
  path.length <= MAX_NAME && !/[\0-\x1f\\]/.test(path) && path.split("/").every(isPart);

/**
 * Steps up only at the beginning of a target: then they are steps in real folders, and what follows only goes down, through other links that
 * stay inside as well.
 */
function staysInside(path: string, target: string): boolean {
  const [, up = "", down = ""] = /^((?:\.\.\/)*(?:\.\.$)?)(.*)$/s.exec(target) ?? [];
  const steps = up.split("..").length - 1;
  return steps < path.split("/").length && (down === "" ? up !== "" : isInside(down.replace(/\/$/, "")));
}
