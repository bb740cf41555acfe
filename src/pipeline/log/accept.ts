/**
 * Adds a witness's cosignature to a registry, without any secret: to the published checkpoint if it is the same, and to the proofs of all
 * covered entries, so that a document and its proof prove the time on their own. Unverified lines are never added: a bad line makes the
 * note useless for everyone who trusts the key it names.
 */
import { equal, utf8, type Bytes } from "../../core/bytes.js";
import {
  cosignaturesIn,
  openCheckpoint,
  parseCheckpoint,
  verifiedNote,
  type Checkpoint,
} from "../../core/log/checkpoint.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { formatNote, parseNote, type NoteKey, type NoteSignature } from "../../core/keys/note.js";
import { formatProof, parseProof } from "../../core/log/proof.js";
import { proveInclusion } from "../../core/log/tiles.js";
import { publishCheckpoint } from "../../store/log-folder.js";
import { whileWriting } from "../../store/log-lock.js";
import { logFolder, proofPath } from "../../store/paths.js";
import type { Registry } from "../../store/registry.js";
import { idOf, type LogSigners } from "../../store/registry-log.js";
import type { Still, Store } from "../../store/store.js";
import { logPlaceOf, mustHaveLog, type LogPlace } from "./source.js";
import { readShard, type Shard } from "./read-shard.js";

export interface Accepted {
  readonly origin: string;
  readonly size: number;
  /** Witnesses whose verified lines were added. */
  readonly cosigners: readonly string[];
  /** Names of the lines that were not added: the key is unknown, or the line is invalid. */
  readonly dropped: readonly string[];
  /** Whether the published checkpoint has the lines now. */
  readonly published: boolean;
  /** Ids whose proofs were renewed. */
  readonly proofs: readonly string[];
}

/**
 * @param named witness keys given by the registry's operator, beside those in its keyring
 * @throws AttestError `checkpoint-format` for another registry's log, or without a verified cosignature; `log-backwards`,
 * `log-rewritten` if the published log does not continue it, `log-damaged`
 */
export async function accept(
  bytes: Bytes,
  registry: Registry,
  named: readonly NoteKey[],
  signers: LogSigners,
  engine: Engine,
): Promise<Accepted> {
  const { store } = registry;
  const place = await logPlaceOf(registry, store.place);
  mustHaveLog(place);
  const witnesses = [...named, ...place.keyring.witnesses.map(({ key }) => key)];
  const { lines, dropped, own, checkpoint, shard } = await cosignedIn(bytes, place, witnesses, engine);
  const log = logFolder(shard.number);
  const proofs = new Set<string>();
  return await whileWriting(store, log, signers(shard.listed.key), async (still) => {
    const published = await store.read(`${log}/checkpoint`);
    const same = published !== undefined && equal(unsigned(published), unsigned(own));
    const whole = together(same ? published : own, lines, witnesses, engine);
    const renewing = { shard, checkpoint, whole, lines, witnesses, engine };
    for await (const id of renewProofs(store, still, renewing)) proofs.add(id);
    if (same && !equal(whole, published))
      await publishCheckpoint(store, log, whole, (now) => equal(now, published), still);
    return {
      origin: shard.named.origin,
      size: checkpoint.size,
      published: same,
      proofs: [...proofs],
      dropped,
      cosigners: lines.map(({ name }) => name),
    };
  });
}

const unsigned = (note: Bytes): Bytes => utf8(parseNote(note).text);

/** Keeps valid existing lines, since they are older; replaces invalid ones. */
function together(bytes: Bytes, lines: readonly NoteSignature[], witnesses: readonly NoteKey[], engine: Engine): Bytes {
  const note = parseNote(bytes);
  const fitting = cosignaturesIn(note, witnesses, engine);
  const missing = lines.filter((one) => !fitting.some(bySame(one)));
  if (missing.length === 0) return bytes;
  const kept = note.signatures.filter((one) => !missing.some(bySame(one)));
  return formatNote({ text: note.text, signatures: [...kept, ...missing] });
}

const bySame = (one: NoteSignature) => (other: NoteSignature) => one.name === other.name && one.id === other.id;

interface CosignedIn {
  /** Verified witness lines. */
  readonly lines: readonly NoteSignature[];
  readonly dropped: readonly string[];
  /** With the log's own signature only. */
  readonly own: Bytes;
  readonly checkpoint: Checkpoint;
  readonly shard: Shard;
}

async function cosignedIn(
  bytes: Bytes,
  place: LogPlace,
  witnesses: readonly NoteKey[],
  engine: Engine,
): Promise<CosignedIn> {
  const { logs } = place.keyring;
  const { origin } = parseCheckpoint(parseNote(bytes).text);
  const number = logs.findIndex(({ key }) => key.name === origin);
  const listed = logs[number];
  if (listed === undefined)
    throw new AttestError(
      "checkpoint-format",
      `the checkpoint belongs to ${origin}, which is not a log of ${place.origin}`,
      "nothing was changed",
    );
  const { note, checkpoint } = openCheckpoint(bytes, listed.key, [], engine);
  const byLog = ({ name, id }: NoteSignature): boolean => name === listed.key.name && id === listed.key.id;
  const lines = cosignaturesIn(note, witnesses, engine);
  const dropped = note.signatures.flatMap((one) => (byLog(one) || lines.includes(one) ? [] : one.name));
  if (lines.length === 0 && dropped.length === 0)
    throw new AttestError(
      "checkpoint-format",
      `the checkpoint of ${origin} has no cosignature, only the log's own signature`,
      "a witness makes one with: attest log witness DIR --name NAME --output FILE",
    );
  if (lines.length === 0)
    throw new AttestError(
      "checkpoint-format",
      `no cosignature is by a witness that you named: ${dropped.map((name) => JSON.stringify(name)).join(", ")}`,
      "ask the witness for the public line of its key: attest log accept FILE --witness LINE",
    );
  const shard = await readShard(place, number, listed, { engine });
  const now = shard.opened?.checkpoint;
  if (now === undefined || !shard.whole)
    throw new AttestError(
      "log-damaged",
      `${origin}: ${shard.findings[0]?.detail ?? "its entries do not give its root"}`,
      "nothing was changed; attest log check lists every fault",
    );
  if (now.size < checkpoint.size)
    throw new AttestError(
      "log-backwards",
      `the published log ${origin} has ${now.size} entries, and had ${checkpoint.size} when it was cosigned`,
      "nothing was changed",
    );
  const root = shard.regrown.rootsAt([checkpoint.size]).get(checkpoint.size);
  if (root === undefined || !equal(root, checkpoint.root))
    throw new AttestError(
      "log-rewritten",
      `the published log ${origin} is not the one whose first ${checkpoint.size} entries were cosigned`,
      "nothing was changed",
    );
  const own = verifiedNote(bytes, listed.key, [], engine);
  return { lines, dropped, own, checkpoint, shard };
}

interface Renewing {
  readonly shard: Shard;
  readonly checkpoint: Checkpoint;
  /** The cosigned note. */
  readonly whole: Bytes;
  readonly lines: readonly NoteSignature[];
  readonly witnesses: readonly NoteKey[];
  readonly engine: Engine;
}

/** Renews each proof that no witness has cosigned, is of the same checkpoint, or has an invalid line of one of these witnesses. */
async function* renewProofs(store: Store, still: Still, renewing: Renewing): AsyncGenerator<string> {
  const { shard, checkpoint } = renewing;
  const ids = new Set(shard.leaves.slice(0, checkpoint.size).flatMap((leaf) => (leaf && idOf(leaf)) ?? []));
  for (const id of ids) {
    const proof = await store.read(proofPath(id));
    // The log check reports an unreadable proof.
    const next = proof && orUndefined(() => renew(proof, id, renewing));
    if (next === undefined) continue;
    await store.replace(proofPath(id), next, still);
    yield id;
  }
}

function renew(proof: Bytes, id: string, { shard, checkpoint: { size }, whole, ...keys }: Renewing): Bytes | undefined {
  const { lines, witnesses, engine } = keys;
  const { index, hashes, checkpoint } = parseProof(proof);
  const note = parseNote(checkpoint);
  const leaf = index < size ? shard.leaves[index] : undefined;
  if (leaf === undefined || idOf(leaf) !== id || parseCheckpoint(note.text).origin !== shard.named.origin)
    return undefined;
  if (equal(utf8(note.text), unsigned(whole))) {
    const more = together(checkpoint, lines, witnesses, engine);
    return equal(more, checkpoint) ? undefined : formatProof({ index, hashes, checkpoint: more });
  }
  const { name: log, id: logId } = shard.listed.key;
  const others = note.signatures.filter(({ name, id: by }) => name !== log || by !== logId);
  const fitting = cosignaturesIn(note, witnesses, engine);
  const spoilt = others.some((one) => !fitting.includes(one) && lines.some(bySame(one)));
  if (others.length > 0 && !spoilt) return undefined;
  const path = proveInclusion(index, size, shard.regrown.tileBytes, engine.sha256);
  return formatProof({ index, hashes: path, checkpoint: whole });
}
