/** Decodes a document and maps characters to byte positions, for UTF-8, UTF-16 and single-byte encodings. */
import type { Bytes } from "../../core/bytes.js";

export interface Characters {
  readonly text: string;
  /** For ascending positions in the text. */
  readonly bytesAt: (positions: readonly number[]) => number[];
  /** Encodes ASCII. */
  readonly spelled: (text: string) => Uint8Array;
  /** Readable for the search by spellings, which knows UTF-8 only. */
  readonly isUtf8: boolean;
}

/** Undefined for XML in an unknown character set, because nobody can search what its readers see. */
export function charactersOf(bytes: Bytes): Characters | undefined {
  const wide = wideness(bytes);
  if (wide !== undefined) {
    const text = new TextDecoder(wide, { ignoreBOM: true }).decode(bytes);
    const spelled = (ascii: string): Uint8Array => {
      const little = Buffer.from(ascii, "utf16le");
      return wide === "utf-16le" ? little : little.swap16();
    };
    return { text, bytesAt: (positions) => positions.map((at) => at * 2), spelled, isUtf8: false };
  }
  const spelled = (ascii: string): Uint8Array => Buffer.from(ascii, "latin1");
  const named = declared(bytes);
  if (named === "unknown" || EBCDIC.every((byte, at) => bytes[at] === byte)) return undefined;
  if (named === undefined)
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      return { text, bytesAt: (positions) => utf8At(text, positions), spelled, isUtf8: true };
    } catch {
      // a program may print anything
    }
  const single = named === undefined ? undefined : new TextDecoder(named).decode(bytes);
  const text = single?.length === bytes.length ? single : Buffer.from(bytes).toString("latin1");
  return { text, bytesAt: (positions) => [...positions], spelled, isUtf8: named === undefined };
}

function wideness(bytes: Bytes): "utf-16le" | "utf-16be" | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const start = bytes.subarray(0, 1024);
  if (start.length < 8 || bytes.length % 2 === 1) return undefined;
  const nuls = [0, 1].map((odd) => start.filter((byte, at) => at % 2 === odd && byte === 0).length * 2);
  const [even = 0, odd = 0] = nuls;
  if (odd > start.length * 0.6 && even === 0) return "utf-16le";
  return even > start.length * 0.6 && odd === 0 ? "utf-16be" : undefined;
}

/** `<?xml` (XML 1.0, appendix F.1). */
const EBCDIC = [0x4c, 0x6f, 0xa7, 0x94, 0x93];

/** The charset in an XML declaration; undefined for UTF-8. */
function declared(bytes: Bytes): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const name = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"'<>]*)["']/.exec(start)?.[1];
  try {
    const { encoding } = new TextDecoder(name ?? "utf-8");
    return encoding === "utf-8" || encoding.startsWith("utf-16") ? undefined : encoding;
  } catch {
    return "unknown";
  }
}

function utf8At(text: string, positions: readonly number[]): number[] {
  let [read, bytes] = [0, 0];
  return positions.map((at) => {
    bytes += Buffer.byteLength(text.slice(read, at));
    read = at;
    return bytes;
  });
}

/** The inverse: characters at these byte positions of the UTF-8 text, also ascending. */
export function charactersAt(text: string, bytes: readonly number[]): number[] {
  let [at, byte] = [0, 0];
  return bytes.map((wanted) => {
    while (byte < wanted && at < text.length) {
      const code = text.codePointAt(at) ?? 0;
      byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      at += code > 0xffff ? 2 : 1;
    }
    return at;
  });
}
