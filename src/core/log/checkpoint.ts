/**
 * Checkpoints: the log's statement of its content, signed by the log (C2SP tlog-checkpoint) and by witnesses (C2SP tlog-cosignature).
 *
 *     text        = origin "\n" size "\n" base64(root) "\n"
 *     log         = Ed25519(text)
 *     cosignature = u64 time || Ed25519("cosignature/v1\ntime " time "\n" text)
 */
import { base64, concat, fromBase64, utf8, type Bytes } from "../bytes.js";
import { SIGNATURE_BYTES } from "../ed25519.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { rememberingTexts } from "../remembering.js";
import { HASH_BYTES, type TreeHead } from "./merkle.js";
import { formatNote, parseNote, type Note, type NoteKey, type NoteKeyType, type NoteSignature } from "../keys/note.js";

export interface Checkpoint extends TreeHead {
  /** Name of the log and of its key. */
  readonly origin: string;
  /** Extra lines after the root (C2SP tlog-checkpoint, "Note text"). They are signed, but have no meaning here. */
  readonly extensions?: readonly string[];
}

/** A witness's statement that it saw no other version of this log; `at` is in seconds since 1970. */
export interface Cosigned {
  readonly key: NoteKey;
  readonly at: number;
}

export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
  /** Each witness once, with its earliest time. */
  readonly cosigned: readonly Cosigned[];
}

/** Signs with an available Ed25519 key. */
export type SignNow = (message: Bytes) => Bytes;

const ORIGIN = /^[^\p{Cc}\p{Cs}]+$/u;
const TIME_BYTES = 8;

const refused = (expected: string, found: string): AttestError =>
  new AttestError("checkpoint-format", `expected ${expected}, found ${found}`);
const damaged = (expected: string, found: string): AttestError =>
  new AttestError("log-damaged", `expected ${expected}, found ${found}`);
const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

/** The text of the note. Throws `checkpoint-format` if `parseCheckpoint` would refuse it. */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  if (!ORIGIN.test(origin)) throw refused("an origin of one line", quoted(origin));
  if (!Number.isSafeInteger(size) || size < 0) throw refused("a size from 0 up to 2^53 - 1", String(size));
  if (root.length !== HASH_BYTES) throw refused(`a root of ${HASH_BYTES} bytes`, `${root.length}`);
  if (extensions.some((line) => !ORIGIN.test(line))) throw refused("extension lines that are not empty", "another");
  return [origin, size, base64(root), ...extensions, ""].join("\n");
}

/** Three lines and nonempty extension lines. Throws `checkpoint-format`. */
export const parseCheckpoint = rememberingTexts((text: string): Checkpoint => {
  const [origin = "", digits = "", hash = "", ...extensions] = text.split("\n");
  if (extensions.pop() !== "") throw refused("whole lines, of origin, size and root", quoted(text));
  if (extensions.some((line) => !ORIGIN.test(line))) throw refused("extension lines that are not empty", quoted(text));
  const size = parseCount(digits);
  if (size === undefined) throw refused("a size in decimal digits", quoted(digits));
  const root = parseHash(hash);
  if (root === undefined) throw refused("a root in base64", quoted(hash));
  if (!ORIGIN.test(origin)) throw refused("an origin of one line", quoted(origin));
  return { origin, size, root, ...(extensions.length > 0 && { extensions }) };
});

/** A safe integer in canonical spelling, or undefined. */
export function parseCount(digits: string): number | undefined {
  const count = /^(?:0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}

/** A hash from base64, or undefined. */
export function parseHash(text: string): Bytes | undefined {
  try {
    const hash = fromBase64(text);
    return hash.length === HASH_BYTES ? hash : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens a checkpoint. A bad signature by a known key refuses the whole note; signatures by unknown keys are ignored.
 * @throws AttestError `note-format`, `checkpoint-format`; `log-damaged` if a signature is missing or bad, or it is another log
 */
export function openCheckpoint(
  bytes: Bytes,
  log: NoteKey,
  witnesses: readonly NoteKey[],
  engine: Engine,
): OpenedCheckpoint {
  mustBe(log, "ed25519");
  for (const witness of witnesses) mustBe(witness, "cosignature-v1");
  const note = parseNote(bytes);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== log.name)
    throw damaged(`a checkpoint of ${quoted(log.name)}`, `one of ${quoted(checkpoint.origin)}`);
  const byLog = note.signatures.filter((signature) => isBy(signature, log));
  if (byLog.length === 0) throw damaged(`a signature by the log's key ${log.id}`, "none");
  if (!byLog.every(({ blob }) => engine.verify(log.bytes, utf8(note.text), blob)))
    throw damaged("the log's signature over this checkpoint", "one that does not fit");
  const cosigned = witnesses.flatMap((key) => {
    const times = note.signatures
      .filter((signature) => isBy(signature, key))
      .map(({ blob }) => {
        const at = timeOf(note.text, blob, key, engine);
        if (at !== undefined) return at;
        throw damaged(`a cosignature by ${quoted(key.name)} over this checkpoint`, "one that does not fit");
      });
    return times.length === 0 ? [] : [{ key, at: Math.min(...times) }];
  });
  return { checkpoint, note, cosigned };
}

const isBy = (signature: NoteSignature, key: NoteKey): boolean =>
  signature.name === key.name && signature.id === key.id;

/** Seconds; the maximum of `Date`. */
const MAX_TIME = 8_640_000_000_000;

/** The time of a valid cosignature, or undefined. */
function timeOf(text: string, blob: Bytes, { bytes }: NoteKey, engine: Engine): number | undefined {
  const at = blob.subarray(0, TIME_BYTES).reduce((time, byte) => time * 256 + byte, 0);
  if (blob.length !== TIME_BYTES + SIGNATURE_BYTES || at > MAX_TIME) return undefined;
  return engine.verify(bytes, cosignatureMessage(text, at), blob.subarray(TIME_BYTES)) ? at : undefined;
}

/** The note with the log's signature only. */
export function sealCheckpoint(checkpoint: Checkpoint, key: NoteKey, sign: SignNow): Bytes {
  mustBe(key, "ed25519");
  if (checkpoint.origin !== key.name)
    throw refused(`the origin ${quoted(key.name)}, which the key is for`, quoted(checkpoint.origin));
  const text = formatCheckpoint(checkpoint);
  return formatNote({ text, signatures: [{ name: key.name, id: key.id, blob: sign(utf8(text)) }] });
}

/** A witness's signature line. The witness itself must check that the log continues the one it saw before. */
export function cosign(note: Note, witness: NoteKey, at: number, sign: SignNow): NoteSignature {
  mustBe(witness, "cosignature-v1");
  parseCheckpoint(note.text);
  const message = cosignatureMessage(note.text, at);
  const time = Uint8Array.from({ length: TIME_BYTES }, (_, byte) => Math.floor(at / 256 ** (TIME_BYTES - 1 - byte)));
  return { name: witness.name, id: witness.id, blob: concat(time, sign(message)) };
}

/** The message that a witness signs. Throws `checkpoint-format` unless the time is a whole second since 1970. */
export function cosignatureMessage(text: string, at: number): Bytes {
  if (!Number.isSafeInteger(at) || at < 0) throw refused("a time in whole seconds since 1970", String(at));
  return utf8(`cosignature/v1\ntime ${at}\n${text}`);
}

/** The first valid line of each of these witnesses. Other lines are ignored. */
export function cosignaturesIn(
  { text, signatures }: Note,
  witnesses: readonly NoteKey[],
  engine: Engine,
): readonly NoteSignature[] {
  return witnesses.flatMap((key) => {
    const its = signatures.find((one) => isBy(one, key) && timeOf(text, one.blob, key, engine) !== undefined);
    return its === undefined ? [] : [its];
  });
}

/**
 * The note in a form that is safe to hand on: the log's line and one valid line of each of these witnesses. Other lines are unverified, and
 * a bad one makes the note useless for everyone who trusts the key it names.
 * @throws AttestError as `openCheckpoint`
 */
export function verifiedNote(bytes: Bytes, log: NoteKey, witnesses: readonly NoteKey[], engine: Engine): Bytes {
  const { note } = openCheckpoint(bytes, log, [], engine);
  const own = note.signatures.filter((one) => isBy(one, log)).slice(0, 1);
  return formatNote({ text: note.text, signatures: [...own, ...cosignaturesIn(note, witnesses, engine)] });
}

/** Adds lines of keys that have none yet: many readers look only at the first line of a key. */
export function withSignatures(bytes: Bytes, others: readonly NoteSignature[]): Bytes {
  const { text, signatures } = parseNote(bytes);
  const all = [...signatures];
  for (const other of others) if (!all.some(({ name, id }) => name === other.name && id === other.id)) all.push(other);
  return formatNote({ text, signatures: all });
}

function mustBe(key: NoteKey, type: NoteKeyType): void {
  if (key.type !== type)
    throw new AttestError(
      "note-format",
      `expected a key of type ${type}, found ${quoted(key.name)} of type ${key.type}`,
    );
}
