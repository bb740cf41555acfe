/**
 * A pack: one page of ours that carries an attestation with all that backs it. Read here for whoever has no browser; written by src/site.
 * Nothing in it is trusted: the document counts by its signatures, everything else by digests, signatures and proofs that lead to it.
 */
import * as z from "zod/mini";
import { fromBase64, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Mark } from "../core/brought.js";
import { AttestError } from "../core/errors.js";
import { atMost, sha256 } from "../core/schema.js";
import { dataOf } from "./page.js";

/** A pack is one string in the memory of a browser, and engines stop at half a gigabyte. */
export const MAX_PACK = 256 * 1024 * 1024;

export interface Pack {
  /** File name and text of the document. */
  readonly name: string;
  readonly text: string;
  readonly proof: string | undefined;
  readonly marks: readonly Mark[];
  readonly about: { readonly origin: string; readonly title: string } | undefined;
  readonly keyring: string | undefined;
  readonly notices: readonly string[];
  readonly plans: readonly string[];
  /** A piece of evidence as it lies there, which need not be the bytes that were signed. */
  readonly piece: (sha256: string) => Bytes | undefined;
}

const texts = (most: number) => z.optional(z.array(z.string()).check(atMost(most)));
const mark = z.object({ leaf: z.string(), proof: z.string() });
const log = z.object({ proof: z.optional(z.string()), marks: z.optional(z.array(mark).check(atMost(1000))) });
const document = z.object({ name: z.string(), text: z.string(), log: z.optional(log) });
const data = z.object({
  kind: z.literal("attestation"),
  about: z.optional(z.object({ origin: z.string(), title: z.string() })),
  keyring: z.optional(z.string()),
  notices: texts(20_000),
  plans: texts(16),
  documents: z.tuple([document]),
  packed: z.record(sha256, z.string()),
});

const refused = (expected: string, found: string): AttestError =>
  new AttestError(
    "pack-format",
    `expected ${expected}, found ${found}`,
    "a pack is the file that attest evidence pack wrote; of a page that a browser saved, the .json is verified",
  );

/** @throws AttestError `pack-format`, `too-large`, `not-utf8` */
export function parsePack(bytes: Bytes): Pack {
  if (bytes.length > MAX_PACK)
    throw new AttestError("too-large", `expected a pack of at most ${MAX_PACK} bytes, found ${bytes.length}`);
  const parsed = data.safeParse(dataIn(fromUtf8(bytes)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused("the data of a pack", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "something else"}`);
  }
  const { about, keyring, notices = [], plans = [], packed, documents } = parsed.data;
  const [{ name, text, log: logged }] = documents;
  return {
    ...{ name, text, proof: logged?.proof, marks: logged?.marks ?? [], about, keyring, notices, plans },
    piece: (digest) => pieceIn(packed, digest),
  };
}

function dataIn(page: string): unknown {
  const text = dataOf(page);
  if (typeof text !== "string") throw refused(text.expected, text.found);
  try {
    return JSON.parse(text);
  } catch {
    throw refused("data that is JSON", "something else");
  }
}

/** What is no base64 is taken as it stands: other bytes than those that were signed. */
export function pieceIn(packed: Readonly<Record<string, string>>, digest: string): Bytes | undefined {
  const text = Object.hasOwn(packed, digest) ? packed[digest] : undefined;
  if (text === undefined) return undefined;
  try {
    return fromBase64(text);
  } catch (error) {
    if (error instanceof AttestError) return utf8(text);
    throw error;
  }
}
