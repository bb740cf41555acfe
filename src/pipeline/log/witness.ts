/**
 * Witnesses a log (C2SP tlog-cosignature): cosigns the current checkpoint with the time, if the log continues the checkpoint that this
 * witness cosigned last. Otherwise it never signs.
 */
import { equal, type Bytes } from "../../core/bytes.js";
import { cosign, openCheckpoint, verifiedNote, type Checkpoint } from "../../core/log/checkpoint.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { compareHeads, type RememberedLog } from "../../core/log/presence.js";
import { formatNote, formatNoteKey, parseNote, parseNoteKey, type NoteKey } from "../../core/keys/note.js";
import { originOf } from "../../core/origin.js";
import type { LogName } from "../../core/keys/keyring.js";
import type { LogMemory } from "../../keystore/log-memory.js";
import type { WitnessSigner } from "../../keystore/witness-keys.js";
import { withLock } from "../../node/lock.js";
import { LogReader } from "../../store/log-reader.js";
import { ATTESTATIONS, logFolder } from "../../store/paths.js";
import { mustHaveLog, type LogPlace } from "./source.js";

export interface WitnessRequest {
  readonly place: LogPlace;
  readonly witness: WitnessSigner;
  /** What this witness cosigned. */
  readonly memory: LogMemory;
  /** Given by the user; by default the key cosigned before, or the key at the log's own address or in the user's folder. */
  readonly logKey: NoteKey | undefined;
  readonly engine: Engine;
  readonly now: Date;
}

export interface Witnessing {
  readonly checkpoint: Checkpoint;
  /** Includes the cosignature. */
  readonly note: Bytes;
  /** The size that it cosigned last; undefined at first sight. */
  readonly before: number | undefined;
  readonly key: NoteKey;
  /** The key was given by the user or by the log's own address; otherwise only by the folder. */
  readonly given: boolean;
}

/** @throws AttestError `log-backwards`, `log-rewritten`, `log-damaged`, `no-attestations`, `usage`; nothing is signed then */
export async function bearWitness(request: WitnessRequest): Promise<Witnessing> {
  const { place, witness, memory, logKey, engine, now } = request;
  mustHaveLog(place);
  const { shard, key } = logOf(place, logKey);
  const named = { origin: key.name, key: formatNoteKey(key) };
  const reader = await LogReader.open((path) => place.read(`${logFolder(shard)}/${path}`), engine, key);
  if (reader === undefined) throw new AttestError("log-damaged", `the log ${key.name} has no checkpoint`);
  const last = memory.recall(key.name);
  const given = logKey !== undefined || last?.given === true || atHome(place, key.name);
  if (last === undefined && !given && place.remote) throw stranger(key.name);
  // The first log to arrive without the user's word must not block the one that the user names.
  const replaced = last !== undefined && last.key !== named.key && last.given !== true && logKey !== undefined;
  const before = last === undefined || replaced ? undefined : cosignedBefore(last, named, engine);
  if (before !== undefined) await mustGoOn(before, reader, engine);
  // Nobody here verified the other lines under the note.
  const note = parseNote(verifiedNote(reader.bytes, key, [], engine));
  const at = Math.floor(now.getTime() / 1000);
  return await withLock(witness.lock, () => {
    const again = memory.recall(key.name);
    if (again !== undefined && (last === undefined || !equal(again.checkpoint, last.checkpoint)))
      throw new AttestError(
        "locked",
        "another process cosigned with this witness key meanwhile; run the same command again",
        "run the same command again",
      );
    const cosigned = formatNote({
      ...note,
      signatures: [...note.signatures, cosign(note, witness.key, at, witness.sign)],
    });
    memory.keep(named, cosigned, given); // remembered before anyone gets it: after a forgotten signature the witness could sign a fork
    return { checkpoint: reader.checkpoint, note: cosigned, before: before?.size, key, given };
  });
}

/** It was fetched from the address that its origin names. */
const atHome = ({ target, remote }: LogPlace, log: string): boolean =>
  remote && /^https:/i.test(target) && originOf(log).startsWith(`${originOf(target)}/${ATTESTATIONS}/`);

/** Once cosigned, the origin belongs to that key, so only the user or its own address may choose the key. */
const stranger = (log: string): AttestError =>
  new AttestError(
    "usage",
    `this witness has not seen the log ${log} before, and its key is only known from another address`,
    `ask its operator for the key, and give it with --log-key LINE; or name its own address: attest log witness https://${log.replace(/\/attestations\/.*$/, "")} --name NAME`,
  );

/** A log of the same name under another key would be a second log, which a cosignature cannot distinguish. */
function cosignedBefore({ checkpoint, ...last }: RememberedLog, named: LogName, engine: Engine): Checkpoint {
  if (last.key === named.key) return openCheckpoint(checkpoint, parseNoteKey(last.key, engine), [], engine).checkpoint;
  throw new AttestError(
    "log-rewritten",
    `this witness cosigned the log ${named.origin} under another key before`,
    last.given === true
      ? "nothing was signed: a witness signs one history of a log"
      : "nothing was signed; ask its operator for the key, and give it with --log-key LINE",
  );
}

/** The registry's last log, unless the user's key selects another. */
function logOf({ keyring }: LogPlace, given: NoteKey | undefined): { readonly shard: number; readonly key: NoteKey } {
  const { logs } = keyring;
  const last = logs.at(-1);
  if (given === undefined && last !== undefined) return { shard: logs.length - 1, key: last.key };
  const shard = logs.findIndex(({ key }) => given !== undefined && formatNoteKey(key) === formatNoteKey(given));
  if (given !== undefined && shard >= 0) return { shard, key: given };
  throw new AttestError(
    "log-rewritten",
    `the registry lists the log ${given?.name ?? ""} under other keys than the one that you gave`,
    "nothing was signed",
  );
}

async function mustGoOn(before: Checkpoint, reader: LogReader, engine: Engine): Promise<void> {
  const { origin, size } = reader.checkpoint;
  let proof: readonly Bytes[] = [];
  try {
    proof = (await reader.since(before.size)) ?? [];
  } catch (error) {
    if (!(error instanceof AttestError && error.code === "log-format")) throw error;
    throw new AttestError("log-damaged", `${origin}: ${error.message}`, "nothing was signed");
  }
  switch (compareHeads(before, reader.checkpoint, proof, engine)) {
    case "backwards":
      throw new AttestError(
        "log-backwards",
        `the log ${origin} has ${size} entries, and had ${before.size} when this witness cosigned it`,
        "nothing was signed",
      );
    case "rewritten":
      throw new AttestError(
        "log-rewritten",
        `the log ${origin} is not the one whose first ${before.size} entries this witness cosigned`,
        "nothing was signed",
      );
    case "same":
    case "grown":
  }
}
