/**
 * What the queue keeps in a registry's store, beside what is published: sources, and statements that wait for a signature with their
 * evidence. All lie below one folder of their own, because nobody has signed them yet: a host need not serve them, git ignores them, and the
 * folder can be removed when the queue is empty.
 */
import { hex, utf8, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { ATTESTATIONS } from "../../store/paths.js";
import type { Store } from "../../store/store.js";

/** All that a worker without a key must be able to write. */
export const QUEUE_PLACE = `${ATTESTATIONS}/queue`;

/** Archives of sources, by digest: runs of one matrix share one. */
export const SOURCES = `${QUEUE_PLACE}/sources`;
/** What a worker hands to a signer: a folder for each run, removed when it is published. */
export const unsignedAt = (plan: string): string => `${QUEUE_PLACE}/unsigned/plan_${plan.slice(0, 16)}`;

/** Bytes by digest. Returns the digests, in the same order. */
export async function keepPieces(
  store: Store,
  folder: string,
  pieces: readonly Bytes[],
  engine: Engine,
): Promise<string[]> {
  const named = pieces.map((bytes) => ({ sha256: hex(engine.sha256(bytes)), bytes }));
  const files = new Map(named.map(({ sha256, bytes }) => [`${folder}/${sha256}`, bytes]));
  await store.createEach(files.set(`${QUEUE_PLACE}/.gitignore`, utf8("*\n")));
  return named.map(({ sha256 }) => sha256);
}

/** Anyone who can write to the store may have written them. @throws AttestError `run-refused`, `file-missing`, `too-large` */
export async function readPiece(
  store: Store,
  folder: string,
  { sha256, limit, engine }: { sha256: string; limit: number; engine: Engine },
): Promise<Bytes> {
  const path = `${folder}/${sha256}`;
  const bytes = await store.read(path, limit);
  if (bytes === undefined)
    throw new AttestError("file-missing", `the registry has no ${path}`, "it may arrive later: try again");
  if (hex(engine.sha256(bytes)) !== sha256)
    throw new AttestError("run-refused", `${path} has other bytes than its name says`);
  return bytes;
}
