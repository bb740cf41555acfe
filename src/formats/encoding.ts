/**
 * Decodes a report: UTF-8, unless a byte order mark or an XML declaration names another encoding (XML 1.0, section 4.3.3 and appendix F).
 */
import { fromUtf8, type Bytes } from "../core/bytes.js";
import { AttestError } from "../core/errors.js";

/** @throws AttestError `report-format`, `not-utf8` */
export function textOf(bytes: Bytes): string {
  const wide = WIDE.find(([, ...start]) => start.every((byte, at) => bytes[at] === byte))?.[0];
  if (wide !== undefined) return decode(bytes, wide);
  const start = String.fromCharCode(...bytes.subarray(0, 200));
  const named = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"'<>]*)["']/.exec(start)?.[1];
  // .NET declares UTF-16 in files that it saves as UTF-8.
  if (named === undefined || /^(?:utf-?8|us-ascii|utf-?16)$/i.test(named))
    return fromUtf8(bytes).replace(/^\ufeff/, "");
  const text = decode(bytes, named);
  // In multibyte encodings, a quote or a tag for one reader can be half a letter for another.
  if (text.length !== bytes.length) throw unknown(named);
  return text;
}

/** Byte order marks, and `<?` without one. */
const WIDE: readonly (readonly [label: string, ...start: number[]])[] = [
  ["utf-16le", 0xff, 0xfe],
  ["utf-16be", 0xfe, 0xff],
  ["utf-16le", 0x3c, 0, 0x3f, 0],
  ["utf-16be", 0, 0x3c, 0, 0x3f],
];

function decode(bytes: Bytes, label: string): string {
  const decoder = decoderOf(label);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AttestError("report-format", `expected text in ${label}, found bytes that are not`);
  }
}

function decoderOf(label: string) {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw unknown(label);
  }
}

const unknown = (label: string): AttestError =>
  new AttestError(
    "report-format",
    `expected UTF-8, UTF-16 or one byte for each character, found ${JSON.stringify(label.slice(0, 40))}`,
  );
