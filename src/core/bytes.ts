/** Bytes and their text forms: UTF-8, hex, base64. Each text has one spelling. */
import { AttestError } from "./errors.js";

export type Bytes = Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Strict UTF-8. Keeps a byte order mark, so that the parser can refuse it. Throws `not-utf8`. */
export function fromUtf8(bytes: Bytes): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AttestError("not-utf8", "expected UTF-8 text, found bytes that are not UTF-8");
  }
}

const replacing = new TextDecoder("utf-8", { fatal: false });
/** Replaces invalid UTF-8; for output of other programs. */
export const fromAnyBytes = (bytes: Bytes): string => replacing.decode(bytes);

/** Two digits per byte, for speed: every entry of a log has three digests. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hex(bytes: Bytes): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte] ?? "";
  return text;
}

/** Lowercase hex only. Throws `hex`. */
export function fromHex(text: string): Bytes {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new AttestError("hex", `expected lowercase hex digits in pairs, found ${JSON.stringify(text.slice(0, 80))}`);
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Digit by character code; 64 for anything else. A table, because a pack holds megabytes of base64. */
const DIGITS = new Uint8Array(128).fill(64);
for (let value = 0; value < ALPHABET.length; value += 1) DIGITS[ALPHABET.charCodeAt(value)] = value;

/** Two digits per 12 bits, for speed: the proofs of a log hold many hashes. */
const PAIRS = Array.from(ALPHABET, (high) => Array.from(ALPHABET, (low) => high + low)).flat();

export function base64(bytes: Bytes): string {
  const byte = (at: number): number => bytes[at] ?? 0;
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const word = (byte(at) << 16) | (byte(at + 1) << 8) | byte(at + 2);
    text += `${PAIRS[word >> 12] ?? ""}${PAIRS[word & 0xfff] ?? ""}`;
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - padding) + "=".repeat(padding);
}

/**
 * Standard alphabet, padded, unused bits zero (RFC 4648 sections 4 and 3.5). `atob` accepts several spellings of the same bytes, and a
 * second spelling would be an unnoticed change. Throws `base64`.
 */
export function fromBase64(text: string): Bytes {
  const refused = (why: string): AttestError =>
    new AttestError("base64", `expected standard base64 with padding, found ${why}`);
  if (text.length % 4 !== 0) throw refused(`${text.length} characters, which is not a multiple of 4`);
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0, out = 0; at < text.length; at += 4, out += 3) {
    let word = 0;
    for (let next = at; next < at + 4; next += 1) {
      const value = next < digits ? (DIGITS[text.charCodeAt(next)] ?? 64) : 0;
      if (value === 64) throw refused(`${JSON.stringify(text.charAt(next))} at character ${next + 1}`);
      word = (word << 6) | value;
    }
    const unused = Math.max(0, out + 3 - bytes.length) * 8;
    if ((word & ((1 << unused) - 1)) !== 0) throw refused("unused bits that are not zero");
    bytes[out] = word >> 16;
    bytes[out + 1] = word >> 8; // writes beyond the end have no effect
    bytes[out + 2] = word;
  }
  return bytes;
}

export function concat(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Detects the byte order marks of UTF-16, which editors on Windows write. */
export const isUtf16 = ([first, second]: Bytes): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
