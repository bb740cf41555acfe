/** What a completely read log shows about one document: the same evidence that proofs would give, computed from the entries. */
import { hex, type Bytes } from "../bytes.js";
import { parseCheckpoint } from "./checkpoint.js";
import type { Engine } from "../engine.js";
import type { Envelope } from "../statement/envelope.js";
import { orUndefined } from "../errors.js";
import { formatEntry, entryOf } from "./entry.js";
import type { Logs, ReadLog } from "./read-all.js";
import type { LogEvidence, RememberedLog } from "./presence.js";
import { consistencyRanges, cover, inclusionRanges, join, leafHash, nodeHash, type Range } from "./merkle.js";
import { formatNote, formatNoteKey, parseNote } from "../keys/note.js";
import { logNamed } from "../statement/payload.js";
import { formatProof, parseProof } from "./proof.js";

export interface WholeLogs {
  /** The file beside the document. */
  readonly proof?: Bytes | undefined;
  readonly remembered?: RememberedLog | undefined;
}

/** Undefined if the document names none of these logs. */
export function evidenceFrom(
  { logs }: Logs,
  envelope: Envelope,
  { proof, remembered }: WholeLogs,
  engine: Engine,
): LogEvidence | undefined {
  const named = logNamed(envelope.payload);
  const log = logs.find(({ key }) => formatNoteKey(key) === named?.key);
  if (log === undefined) return undefined;
  const { size } = log.opened.checkpoint;
  const checkpoint = formatNote(log.opened.note);
  const own = proof && orUndefined(() => parseProof(proof));
  // As a registry shows it: the proof beside the document counts if there is one; another is made for the witnesses only.
  const index = own === undefined ? indexOf(log, envelope, engine) : own.index;
  const wanted = index !== undefined && index < size && (own === undefined || log.opened.note.signatures.length > 1);
  const since = (note: Bytes | undefined): readonly Bytes[] | undefined => {
    const before = note && sizeOf(note);
    return before === undefined ? undefined : hashesOf(log, consistencyRanges(before, size), engine);
  };
  return {
    proof,
    remembered,
    served: {
      checkpoint,
      ...(wanted && {
        proof: formatProof({ index, hashes: hashesOf(log, inclusionRanges(index, size), engine), checkpoint }),
      }),
      sinceProof: since(own?.checkpoint),
      sinceRemembered: since(remembered?.checkpoint),
    },
  };
}

const sizeOf = (note: Bytes): number | undefined => orUndefined(() => parseCheckpoint(parseNote(note).text).size);

/** Position of the first of its signatures in the log. */
function indexOf(log: ReadLog, { payload, payloadBytes, signatures }: Envelope, engine: Engine): number | undefined {
  const digest = hex(engine.sha256(payloadBytes));
  const wanted = signatures.flatMap(({ keyid, sig }) => {
    const leaf = keyid === undefined ? undefined : entryOf({ payload, digest, keyid, sig }, engine);
    return leaf === undefined ? [] : hex(leafHash(formatEntry(leaf), engine.sha256));
  });
  const { places } = treeOf(log, engine);
  return wanted.flatMap((hash) => places.get(hash) ?? [])[0];
}

interface Tree {
  /** Hashes of the complete subtrees, by level. */
  readonly levels: readonly (readonly Bytes[])[];
  /** Position by entry hash. */
  readonly places: ReadonlyMap<string, number>;
}

/** Cached per log, since all its documents need the same tree. */
const trees = new WeakMap<ReadLog, Tree>();
function treeOf(log: ReadLog, engine: Engine): Tree {
  const known = trees.get(log);
  if (known !== undefined) return known;
  const places = new Map(log.hashes.map((hash, at) => [hex(hash), at] as const).reverse()); // of equal entries the first counts
  const made = { levels: levelsOf(log.hashes, engine), places };
  trees.set(log, made);
  return made;
}

function hashesOf(log: ReadLog, ranges: readonly Range[], engine: Engine): Bytes[] {
  const { levels } = treeOf(log, engine);
  return ranges.map((range) =>
    join(
      cover(range).flatMap(({ level, index }) => levels[level]?.[index] ?? []),
      engine.sha256,
    ),
  );
}

function levelsOf(leaves: readonly Bytes[], engine: Engine): (readonly Bytes[])[] {
  const all = [leaves];
  for (let below = leaves; below.length > 1;) {
    below = Array.from({ length: Math.floor(below.length / 2) }, (_, at) =>
      nodeHash(below[2 * at] ?? new Uint8Array(), below[2 * at + 1] ?? new Uint8Array(), engine.sha256),
    );
    all.push(below);
  }
  return all;
}
