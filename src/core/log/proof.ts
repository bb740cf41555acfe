/**
 * A proof of inclusion in one file (C2SP tlog-proof): the index, the hashes, and the checkpoint.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                      (if the writer added something)
 *     index 2
 *     <base64 of a hash, leaf to root, a line each>
 *
 *     <the checkpoint, verbatim>
 */
import { base64, concat, fromBase64, fromUtf8, utf8, type Bytes } from "../bytes.js";
import { parseCount, parseHash } from "./checkpoint.js";
import { AttestError } from "../errors.js";
import { HASH_BYTES } from "./merkle.js";
import { parseNote } from "../keys/note.js";

export interface InclusionProof {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  /** The note, verbatim; its signatures are not checked here. */
  readonly checkpoint: Bytes;
  /** Extra data of the writer. Unsigned and unused. */
  readonly extra?: Bytes | undefined;
}

const HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";
/** Depth of the deepest possible tree. */
const MAX_HASHES = 63;
const LINE_FEED = 0x0a;

const refused = (expected: string, found: string): AttestError =>
  new AttestError("proof-format", `expected ${expected}, found ${found}`);
const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

/** Throws `proof-format` if `parseProof` would refuse the result. */
export function formatProof({ index, hashes, checkpoint, extra }: InclusionProof): Bytes {
  if (!Number.isSafeInteger(index) || index < 0) throw refused("an index from 0 up to 2^53 - 1", String(index));
  const wrong = hashes.find(({ length }) => length !== HASH_BYTES);
  if (wrong !== undefined) throw refused(`hashes of ${HASH_BYTES} bytes`, `${wrong.length}`);
  checkParts(hashes, checkpoint);
  const more = extra === undefined ? [] : [`${EXTRA}${base64(extra)}`];
  const lines = [HEADER, ...more, `${INDEX}${index}`, ...hashes.map(base64), "", ""];
  return concat(utf8(lines.join("\n")), checkpoint);
}

/** Accepts one spelling of each proof. Throws `proof-format`. */
export function parseProof(bytes: Bytes): InclusionProof {
  let end = bytes.indexOf(LINE_FEED);
  while (end >= 0 && bytes[end + 1] !== LINE_FEED) end = bytes.indexOf(LINE_FEED, end + 1);
  if (end < 0) throw refused("a proof, an empty line and a checkpoint", "no empty line");
  const [header = "", ...rest] = ascii(bytes.subarray(0, end)).split("\n");
  if (header !== HEADER) throw refused(`the line '${HEADER}'`, quoted(header));
  const extra = rest[0]?.startsWith(EXTRA) === true ? extraOf(rest.shift() ?? "") : undefined;
  const [second = "", ...lines] = rest;
  const index = second.startsWith(INDEX) ? parseCount(second.slice(INDEX.length)) : undefined;
  if (index === undefined) throw refused("a line 'index …' of decimal digits", quoted(second));
  const hashes = lines.map((line) => {
    const hash = parseHash(line);
    if (hash === undefined) throw refused("a hash in base64", quoted(line));
    return hash;
  });
  const checkpoint = bytes.slice(end + 2);
  checkParts(hashes, checkpoint);
  return { index, hashes, checkpoint, ...(extra && { extra }) };
}

function extraOf(line: string): Bytes {
  try {
    return fromBase64(line.slice(EXTRA.length));
  } catch {
    throw refused("extra data in base64", quoted(line));
  }
}

function ascii(bytes: Bytes): string {
  try {
    return fromUtf8(bytes);
  } catch {
    throw refused("lines of text", "bytes that are not UTF-8");
  }
}

function checkParts(hashes: readonly Bytes[], checkpoint: Bytes): void {
  if (hashes.length > MAX_HASHES) throw refused(`at most ${MAX_HASHES} hashes`, `${hashes.length}`);
  try {
    parseNote(checkpoint);
  } catch {
    throw refused("a signed note after the empty line", `${checkpoint.length} other bytes`);
  }
}
