/** The XML that S3 and STS answer with. A server's words are not passed on, only its codes: an error quotes the request that was signed. */
import { fromAnyBytes, type Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { parseXml, type XmlElement } from "../../formats/xml.js";

/** Above a list of 1000 keys of the greatest length. */
export const MAX_ANSWER = 8 * 1024 * 1024;

/** Undefined for anything but XML. */
export function xmlIn(bytes: Bytes | undefined): XmlElement | undefined {
  try {
    return bytes === undefined ? undefined : parseXml(fromAnyBytes(bytes));
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

export const childrenOf = (element: XmlElement | undefined, name: string): readonly XmlElement[] =>
  element?.children.filter((child) => child.name === name) ?? [];

/** The text of the only such child. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const [only, ...more] = childrenOf(element, name);
  return more.length === 0 ? only?.text : undefined;
}

/** The code of an error, such as NoSuchBucket. */
export function codeIn(bytes: Bytes | undefined): string | undefined {
  const root = xmlIn(bytes);
  const code = textOf(root?.name === "ErrorResponse" ? childrenOf(root, "Error")[0] : root, "Code");
  return code !== undefined && /^[A-Za-z0-9.]{1,64}$/.test(code) ? code : undefined;
}

export interface Page {
  readonly keys: readonly string[];
  /** With the slash at their end. */
  readonly folders: readonly string[];
  /** Where the next page begins; undefined on the last one. */
  readonly next?: string;
}

/** An answer to ListObjectsV2; undefined if it is none, or one that leaves out where it goes on. */
export function pageIn(bytes: Bytes | undefined): Page | undefined {
  const root = xmlIn(bytes);
  if (root?.name !== "ListBucketResult") return undefined;
  const encoded = textOf(root, "EncodingType") === "url";
  const plain = (text: string | undefined): string | undefined => (encoded ? decoded(text) : text);
  const keys = childrenOf(root, "Contents").map((one) => plain(textOf(one, "Key")));
  const folders = childrenOf(root, "CommonPrefixes").map((one) => plain(textOf(one, "Prefix")));
  const truncated = textOf(root, "IsTruncated");
  const next = textOf(root, "NextContinuationToken");
  if (![...keys, ...folders].every((one) => one !== undefined)) return undefined;
  if (truncated !== "false" && (truncated !== "true" || next === undefined || next === "")) return undefined;
  return {
    keys: keys.filter((one) => one !== undefined),
    folders: folders.filter((one) => one !== undefined),
    ...(truncated === "true" && next !== undefined && { next }),
  };
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
