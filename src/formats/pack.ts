/**
 * A pack: one page of ours that carries an attestation with all that backs it. Read here for whoever has no browser; written by src/site.
 * Nothing in it is trusted: the document counts by its signatures, everything else by digests, signatures and proofs that lead to it.
 */
import { fromBase64, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { BundledEntry } from "../core/verify/bundled.js";
import { AttestError } from "../core/errors.js";
import { dataOf } from "./page.js";
import { parsePageData, type DataOf } from "./page-data.js";

/** A pack is one string in the memory of a browser, and engines stop at half a gigabyte. */
export const MAX_PACK = 256 * 1024 * 1024;

export interface Pack {
  /** The whole file, and what it was made of. */
  readonly page: string;
  readonly data: DataOf<"pack">;
  /** File name and text of the document. */
  readonly name: string;
  readonly text: string;
  readonly proof: string | undefined;
  readonly marks: readonly BundledEntry[];
  /** A piece of evidence as it lies there, which need not be the bytes that were signed. */
  readonly piece: (sha256: string) => Bytes | undefined;
}

export const notAPack = (expected: string, found: string): AttestError =>
  new AttestError(
    "pack-format",
    `expected ${expected}, found ${found}`,
    "a pack is the file that attest evidence pack wrote; of a page that a browser saved, the .json is verified",
  );

/** @throws AttestError `pack-format`, `page-format`, `too-large`, `not-utf8` */
export function parsePack(bytes: Bytes): Pack {
  if (bytes.length > MAX_PACK)
    throw new AttestError("too-large", `expected a pack of at most ${MAX_PACK} bytes, found ${bytes.length}`);
  const page = fromUtf8(bytes);
  const text = dataOf(page);
  if (typeof text !== "string") throw notAPack(text.expected, text.found);
  const data = parsePageData(text);
  if (data.kind !== "pack") throw notAPack("a pack", "another page of ours");
  const [document] = data.documents;
  return {
    ...{ page, data, name: document.name, text: document.text },
    ...{ proof: document.log?.proof, marks: document.log?.marks ?? [] },
    piece: (digest) => pieceIn(data.packed, digest),
  };
}

/** What is no base64 is taken as it stands: other bytes than those that were signed. */
export function pieceIn(packed: DataOf<"pack">["packed"], digest: string): Bytes | undefined {
  const text = Object.hasOwn(packed, digest) ? packed[digest] : undefined;
  if (text === undefined) return undefined;
  try {
    return fromBase64(text);
  } catch (error) {
    if (error instanceof AttestError) return utf8(text);
    throw error;
  }
}
