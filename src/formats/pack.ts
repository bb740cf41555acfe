/**
 * A pack: one page that carries an attestation with everything that supports it. This reads it outside of a browser; src/site writes it.
 * Nothing in it is trusted: the document counts by its signatures, the rest by digests, signatures and proofs.
 */
import { fromBase64, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { BundledEntry } from "../core/verify/bundled.js";
import { AttestError } from "../core/errors.js";
import { dataOf, MAX_PACK } from "./page.js";
import { parsePageData, type DataOf } from "./page-data.js";

export interface Pack {
  /** The whole file, and its source data. */
  readonly page: string;
  readonly data: DataOf<"pack">;
  /** File name and text of the document. */
  readonly name: string;
  readonly text: string;
  readonly proof: string | undefined;
  readonly marks: readonly BundledEntry[];
  /** A piece of evidence as packed; its bytes may differ from the signed ones. */
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
    page,
    data,
    name: document.name,
    text: document.text,
    proof: document.log?.proof,
    marks: document.log?.marks ?? [],
    piece: (digest) => pieceIn(data.packed, digest),
  };
}

/** Invalid base64 is returned as its text, so that its digest does not match. */
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
