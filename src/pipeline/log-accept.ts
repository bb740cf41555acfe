/**
 * A witness's cosignature into a registry, for which no key is needed: under the published checkpoint where it is of that one, and into the
 * proofs of all entries that it covers, so that a document and its proof alone carry the time of somebody else.
 */
import { join } from "node:path";
import { equal, type Bytes } from "../core/bytes.js";
import { openCheckpoint, parseCheckpoint, withSignatures, type Checkpoint } from "../core/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { parseNote, type Note } from "../core/note.js";
import { formatProof, parseProof } from "../core/proof.js";
import { proveInclusion } from "../core/tiles.js";
import { read, replace } from "../node/files.js";
import { withLock } from "../node/lock.js";
import { logFolder, proofPath } from "../store/paths.js";
import { idOf, type LogSigners } from "../store/registry-log.js";
import { logPlace, mustHaveLog, type LogPlace } from "./log-place.js";
import { readShard, type Shard } from "./log-shard.js";

export interface Accepted {
  readonly origin: string;
  readonly size: number;
  /** Names under it beside the log's own, as they stand there: whose they are is the verifier's question. */
  readonly cosigners: readonly string[];
  /** The published checkpoint has its lines now. */
  readonly published: boolean;
  /** Ids whose proofs were made anew under it. */
  readonly proofs: readonly string[];
}

/**
 * @throws AttestError `checkpoint-format` for one of no log of this registry, or without a cosignature; `log-backwards`, `log-rewritten`
 * for one that the published log does not go on from, `log-damaged`
 */
export async function accept(bytes: Bytes, folder: string, signers: LogSigners, engine: Engine): Promise<Accepted> {
  const place = await logPlace(folder, engine);
  mustHaveLog(place);
  const { note, checkpoint, shard } = await cosignedIn(bytes, place, engine);
  const others = note.signatures.filter(({ name, id }) => name !== shard.named.origin || id !== shard.listed.key.id);
  const log = join(folder, logFolder(shard.number), "checkpoint");
  const lock = signers(shard.listed.key)?.lock ?? join(folder, logFolder(shard.number), ".checkpoint");
  return await withLock(lock, () => {
    const published = read(log);
    const same = published !== undefined && parseNote(published).text === note.text;
    const whole = same ? withSignatures(published, others) : bytes;
    const proofs = renewProofs(folder, shard, checkpoint, whole, engine);
    const added = same && !equal(whole, published);
    if (added) replace(log, whole);
    return {
      ...{ origin: shard.named.origin, size: checkpoint.size, published: same, proofs },
      cosigners: others.map(({ name }) => name),
    };
  });
}

interface CosignedIn {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
  readonly shard: Shard;
}

async function cosignedIn(bytes: Bytes, place: LogPlace, engine: Engine): Promise<CosignedIn> {
  const { logs, witnesses } = place.keyring;
  const { origin } = parseCheckpoint(parseNote(bytes).text);
  const number = logs.findIndex(({ key }) => key.name === origin);
  const listed = logs[number];
  if (listed === undefined)
    throw new AttestError(
      "checkpoint-format",
      `expected a checkpoint of a log of ${place.origin}, found one of ${origin}`,
      "nothing was changed",
    );
  const keys = witnesses.map(({ key }) => key);
  const { note, checkpoint } = openCheckpoint(bytes, listed.key, keys, engine);
  if (note.signatures.every(({ name, id }) => name === listed.key.name && id === listed.key.id))
    throw new AttestError(
      "checkpoint-format",
      `expected a cosignature under the checkpoint of ${origin}, found the log's own signature alone`,
      "a witness makes one with: attest log witness DIR --name NAME --output FILE",
    );
  const shard = await readShard(place, number, listed, { engine });
  const now = shard.opened?.checkpoint;
  if (now === undefined || !shard.whole)
    throw new AttestError(
      "log-damaged",
      `${origin}: ${shard.findings[0]?.detail ?? "its entries do not give its root"}`,
      "nothing was changed; attest log check says all that is wrong",
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
  return { note, checkpoint, shard };
}

/** Of each document whose proof nobody has cosigned yet. */
function renewProofs(folder: string, shard: Shard, { size }: Checkpoint, checkpoint: Bytes, engine: Engine): string[] {
  const ids = new Set(shard.leaves.slice(0, size).flatMap((leaf) => (leaf && idOf(leaf)) ?? []));
  return [...ids].filter((id) => {
    const path = join(folder, proofPath(id));
    const index = uncosigned(read(path), shard);
    const leaf = index === undefined || index >= size ? undefined : shard.leaves[index];
    if (index === undefined || leaf === undefined || idOf(leaf) !== id) return false;
    const hashes = proveInclusion(index, size, shard.regrown.tileBytes, engine.sha256);
    replace(path, formatProof({ index, hashes, checkpoint }));
    return true;
  });
}

/** The index in a proof of this log under which no witness stands; what cannot be read is the check's to tell. */
function uncosigned(proof: Bytes | undefined, { named }: Shard): number | undefined {
  if (proof === undefined) return undefined;
  try {
    const { index, checkpoint } = parseProof(proof);
    const { text, signatures } = parseNote(checkpoint);
    return signatures.length === 1 && parseCheckpoint(text).origin === named.origin ? index : undefined;
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}
