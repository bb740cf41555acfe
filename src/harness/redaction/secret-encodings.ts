/** The forms in which a value leaks: plain, encoded, or as part of an encoded text. Each is a text of latin-1 characters. */

/** Shorter texts are ordinary words and numbers. */
export const MIN_SECRET = 8;

/** Shorter texts without blanks occur inside other words once blanks are ignored. */
const MIN_UNBROKEN = 16;

/** White space, and the margins that programs add to wrapped lines: comments, quotes, tables. */
export const LAYOUT = /[\s#>|*/\u2500-\u257f]+/g;

/** The value without layout, to find it in wrapped lines; undefined if it is too short to be recognizable. */
export function unbroken(value: string): string | undefined {
  const text = value.replace(LAYOUT, "");
  return text.length < (/\s/.test(value.trim()) ? MIN_SECRET : MIN_UNBROKEN) ? undefined : latin1(text);
}

/**
 * Plain; base64 in both alphabets and all three alignments; hex; as part of a URL, a JSON string or XML. Line ends are ignored, see
 * `search.ts`. `reveal.ts` handles other spellings, because it has the whole document.
 */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  // Lone surrogates have no UTF-8 form.
  const text = bytes.toString("utf8");
  const written = [text, ...inUrl(text), ...inJson(text), ...inXml(text)].map(latin1);
  const all = [...written, ...inBase64(bytes), ...inHex(bytes)].map((spelled) => spelled.replace(/[\r\n]/g, ""));
  return [...new Set(all)].filter(({ length }) => length >= MIN_SECRET).sort((a, b) => b.length - a.length);
}

/** The UTF-8 bytes of the text, one character per byte. */
export const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** Without the characters that depend on the neighbouring bytes. */
function inBase64(bytes: Buffer): string[] {
  const aligned = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)),
  );
  return [...aligned, ...aligned.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))];
}

const inHex = (bytes: Buffer): string[] => [bytes.toString("hex"), bytes.toString("hex").toUpperCase()];

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** Encoders differ in which characters they escape. */
function inUrl(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*]/g, percent);
  const all = [
    component,
    strict,
    strict.replaceAll("%2F", "/"),
    strict.replaceAll("%20", "+"),
    new URLSearchParams([["", text]]).toString().slice(1),
    encodeURI(text),
  ];
  return [...all, ...all.map((url) => url.replace(/%../g, (code) => code.toLowerCase()))];
}

function inJson(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const unicode = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const ascii = json.replace(/[\u007f-\uffff]/g, unicode);
  const upper = ascii.replace(/\\u..../g, (code) => `\\u${code.slice(2).toUpperCase()}`);
  const all = [json, ascii, upper, json.replace(/[<>&]/g, unicode), ascii.replace(/[<>&]/g, unicode)];
  const twice = JSON.stringify(json).slice(1, -1);
  return [...all, twice, ...[json, ascii].map((one) => one.replaceAll("/", "\\/"))];
}

/** Writers differ in which characters they escape, and how. */
function inXml(text: string): string[] {
  const least = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const usual = least.replaceAll(">", "&gt;");
  const attributes = [least, usual].map((xml) => xml.replaceAll('"', "&quot;"));
  const apostrophes = ["&apos;", "&#39;", "&#x27;"].flatMap((code) =>
    [usual, ...attributes].map((xml) => xml.replaceAll("'", code)),
  );
  const all = [least, usual, ...attributes, ...apostrophes];
  return [...all, ...["&#10;", "&#xA;", "&#xa;"].flatMap((code) => all.map((xml) => xml.replaceAll("\n", code)))];
}
