/**
 * Signed notes (C2SP signed-note), and the keys that sign them.
 *
 *     note   = text, which ends in a line feed, an empty line, one or more signatures
 *     line   = "— " name " " base64(key id || signature)
 *     key id = the first 4 bytes of H(name || 0x0A || type || key)
 *     vkey   = name "+" hex(key id) "+" base64(type || key)
 */
import { base64, concat, fromBase64, fromUtf8, hex, fromHex, utf8, type Bytes } from "../bytes.js";
import { keyFault } from "../ed25519.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { rememberingTexts } from "../remembering.js";

/** The two types that hold an Ed25519 key: one signs the text, the other the text and a time (C2SP tlog-cosignature). */
const TYPES = { ed25519: 0x01, "cosignature-v1": 0x04 } as const;
export type NoteKeyType = keyof typeof TYPES;

/** `id` is computed from the rest, as 8 hex digits. */
export interface NoteKey {
  readonly name: string;
  readonly type: NoteKeyType;
  readonly id: string;
  readonly bytes: Bytes;
}

/** `name` is the claimed signer; the meaning of `blob` depends on the key type. */
export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly blob: Bytes;
}

/** A parsed note; no signature has been checked. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** The limit of golang.org/x/mod/sumdb/note; a verifier must accept 16. */
const MAX_NOTE_SIGNATURES = 100;
const ID_BYTES = 4;
const DASH = "\u2014";
const NAME = /^[^\s+\p{Cc}\p{Cs}]+$/u;
const ID = /^[0-9a-f]{8}$/;
/** Lone surrogates have no UTF-8 form. The format allows C1 controls, but terminals obey them. */
const FORBIDDEN = /[^\n\P{Cc}]|\p{Cs}/u;

const refused = (expected: string, found: string): AttestError =>
  new AttestError("note-format", `expected ${expected}, found ${found}`);
const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

/** Throws `note-format` for an ambiguous name and for a key that `keyFault` refuses. */
export function noteKey(name: string, bytes: Bytes, type: NoteKeyType, engine: Engine): NoteKey {
  if (!NAME.test(name)) throw refused("a key's name without spaces and '+'", quoted(name));
  const fault = keyFault(bytes);
  if (fault !== undefined) throw new AttestError("note-format", `expected an Ed25519 public key: ${fault}`);
  const hash = engine.sha256(concat(utf8(`${name}\n`), typed(type, bytes)));
  return { name, type, id: hex(hash.subarray(0, ID_BYTES)), bytes };
}

const typed = (type: NoteKeyType, bytes: Bytes): Bytes => concat(Uint8Array.of(TYPES[type]), bytes);

/** The verifier key without a line feed. */
export const formatNoteKey = ({ name, type, id, bytes }: NoteKey): string =>
  `${name}+${id}+${base64(typed(type, bytes))}`;

/** The inverse of `formatNoteKey`; accepts one spelling. Throws `note-format`. */
export function parseNoteKey(vkey: string, engine: Engine): NoteKey {
  const parse = parsers.get(engine) ?? rememberingTexts((text) => keyIn(text, engine));
  parsers.set(engine, parse);
  return parse(vkey);
}

const parsers = new WeakMap<Engine, (vkey: string) => NoteKey>();

function keyIn(vkey: string, engine: Engine): NoteKey {
  const [name, id, ...rest] = vkey.split("+"); // base64 may contain "+" too
  if (name === undefined || id === undefined || rest.length === 0)
    throw refused("a verifier key 'name+id+key'", quoted(vkey));
  const decoded = blobOf(rest.join("+"), "a verifier key's base64");
  const type = (Object.keys(TYPES) as NoteKeyType[]).find((one) => TYPES[one] === decoded[0]);
  if (type === undefined) throw refused("a verifier key of type 1 or 4", `type ${decoded[0] ?? "missing"}`);
  const key = noteKey(name, decoded.slice(1), type, engine);
  if (key.id !== id) throw refused(`the key id ${key.id} of this name and key`, quoted(id));
  return key;
}

/** Strict: accepts exactly the output of `formatNote`. Throws `note-format`. */
export function parseNote(bytes: Bytes): Note {
  let whole: string;
  try {
    whole = fromUtf8(bytes);
  } catch {
    throw refused("a note in UTF-8", "other bytes");
  }
  return noteIn(whole);
}

const noteIn = rememberingTexts((whole: string): Note => {
  if (whole.includes("\r\n"))
    throw refused(
      "line ends as they were signed",
      "CR LF, as git converts them where .gitattributes does not say -text",
    );
  const end = whole.lastIndexOf("\n\n");
  if (end < 0 || !whole.endsWith("\n")) throw refused("a text, an empty line and lines of signatures", "no such parts");
  const lines = whole.slice(end + 2, -1).split("\n");
  return checked({ text: whole.slice(0, end + 1), signatures: lines.map(parseSignature) });
});

/** Throws `note-format` if `parseNote` would refuse the result. */
export function formatNote(note: Note): Bytes {
  const { text, signatures } = checked(note);
  return utf8(`${text}\n${signatures.map(formatSignature).join("")}`);
}

function parseSignature(line: string): NoteSignature {
  const [dash, name, encoded, ...more] = line.split(" ");
  if (dash !== DASH || name === undefined || encoded === undefined || more.length > 0)
    throw refused(`a line '${DASH} name signature'`, quoted(line));
  const decoded = blobOf(encoded, "a signature's base64");
  return { name, id: hex(decoded.subarray(0, ID_BYTES)), blob: decoded.slice(ID_BYTES) };
}

const formatSignature = ({ name, id, blob }: NoteSignature): string =>
  `${DASH} ${name} ${base64(concat(fromHex(id), blob))}\n`;

function blobOf(text: string, what: string): Bytes {
  try {
    return fromBase64(text);
  } catch {
    throw refused(what, quoted(text));
  }
}

function checked(note: Note): Note {
  const { text, signatures } = note;
  if (!text.endsWith("\n") || FORBIDDEN.test(text))
    throw refused("a text of whole lines without control characters", quoted(text));
  if (signatures.length < 1 || signatures.length > MAX_NOTE_SIGNATURES)
    throw refused(`1 to ${MAX_NOTE_SIGNATURES} signatures`, `${signatures.length}`);
  for (const { name, id, blob } of signatures) {
    if (!NAME.test(name)) throw refused("a signature's name without spaces and '+'", quoted(name));
    if (!ID.test(id) || blob.length === 0) throw refused("a signature after its key id", `${blob.length} bytes`);
  }
  return note;
}
