/** Brings a log to the state that it has in another store. Its tiles are computed from its entries, so nothing is copied that does not fit. */
import { equal, type Bytes } from "../core/bytes.js";
import { append } from "../core/log/append.js";
import { openCheckpoint, type Checkpoint } from "../core/log/checkpoint.js";
import type { TreeHead } from "../core/log/merkle.js";
import type { Engine } from "../core/engine.js";
import type { NoteEntry } from "../core/keys/keyring.js";
import { AttestError } from "../core/errors.js";
import { fork, LogFolder } from "./log-folder.js";
import { whileWriting } from "./log-lock.js";
import { LogReader } from "./log-reader.js";
import { LogTurns } from "./log-turns.js";
import { LogWriter } from "./log-writer.js";
import { logFolder } from "./paths.js";
import { proofPathOf, type LogSigners } from "./registry-log.js";
import type { Still, Store } from "./store.js";

export interface LogCopy {
  readonly from: Store;
  readonly to: Store;
  readonly shard: number;
  readonly listed: NoteEntry;
  /** The log's state there; undefined if it is not there at all. */
  readonly published: Checkpoint | undefined;
  /** Its checkpoint here, as it is to be published. */
  readonly checkpoint: Bytes;
  readonly engine: Engine;
  readonly logSigners: LogSigners;
  readonly progress?: ((text: string, share: number) => void) | undefined;
}

/** Sixteen full tiles. */
const CHUNK = 4096;
/** Few turns, because another machine may go on between two of them. A store reads 64 MiB. */
const TURN = 32_768;

/** @returns how many entries were added. @throws AttestError `log-fork`, `log-key-missing` */
export async function extendLog(copy: LogCopy): Promise<number> {
  const { to, published, listed, logSigners, shard } = copy;
  // Others may go on with it at the same time: then it is a turn like any other.
  if (to.shared && published !== undefined) return await byTurns(copy, published);
  const signer = logSigners(listed.key);
  return await whileWriting(to, logFolder(shard), signer, async (still) => await directly(copy, still));
}

async function directly(copy: LogCopy, still: Still): Promise<number> {
  const { to, shard, listed, published, checkpoint, engine } = copy;
  const folder = (): LogFolder => new LogFolder(to, logFolder(shard), engine, still);
  const now = await to.read(`${logFolder(shard)}/checkpoint`);
  const found = now && openCheckpoint(now, listed.key, [], engine).checkpoint;
  if (found?.size !== published?.size) throw fork(`the log ${listed.key.name} in ${to.place} went on meanwhile`);
  if (published !== undefined) await folder().mustHold(published);
  let head: TreeHead = published ?? { size: 0, root: engine.sha256(new Uint8Array()) };
  for await (const entries of chunks(copy, head.size)) {
    const place = folder(); // forgets what it read: a log may be larger than the memory
    const { size } = head;
    const grown = await place.over((tileBytes) => append(size, entries, tileBytes, engine.sha256));
    await place.write(grown.files);
    head = grown.head;
  }
  const wanted = openCheckpoint(checkpoint, listed.key, [], engine).checkpoint;
  if (head.size !== wanted.size || !equal(head.root, wanted.root)) throw notSigned(listed);
  await folder().publish(
    checkpoint,
    (other) => openCheckpoint(other, listed.key, [], engine).checkpoint.size < wanted.size,
  );
  return wanted.size - (published?.size ?? 0);
}

async function byTurns(copy: LogCopy, published: Checkpoint): Promise<number> {
  const { to, shard, listed, engine, logSigners } = copy;
  const signer = logSigners(listed.key);
  if (signer === undefined)
    throw new AttestError(
      "log-key-missing",
      `${to.place} is written by several machines, and the key of the log ${listed.key.name} is not on this one`,
      "run this where the key is, or copy to a place where there is no registry yet",
    );
  const reader = await LogReader.open((path) => copy.from.read(`${logFolder(shard)}/${path}`), engine, listed.key);
  const signed = reader?.checkpoint ?? published;
  const entries: Bytes[] = [];
  for await (const bundle of reader?.bundles(published.size) ?? []) entries.push(...bundle.entries);
  // What is read now may be other than what was compared before, and the key is about to sign it.
  const folder = new LogFolder(to, logFolder(shard), engine, () => undefined);
  await folder.mustHold(published);
  const { head } = await folder.over((tileBytes) => append(published.size, entries, tileBytes, engine.sha256));
  if (head.size !== signed.size || !equal(head.root, signed.root)) throw notSigned(listed);
  // All turns come first: the machine may remember the last head, and signs nothing that does not lead there.
  const turns = new LogTurns(to, logFolder(shard), signer, engine);
  for (let at = 0; at < entries.length; at += TURN)
    if (!(await turns.take(published.size + at, entries.slice(at, at + TURN))))
      throw fork(`the log ${listed.key.name} in ${to.place} went on meanwhile`);
  await new LogWriter(to, logFolder(shard), signer, engine, proofPathOf).settle();
  return entries.length;
}

const notSigned = ({ key }: NoteEntry): AttestError =>
  fork(`the entries of the log ${key.name} do not give the root that its key signed`);

async function* chunks(
  { from, shard, listed, checkpoint, engine, progress }: LogCopy,
  start: number,
): AsyncGenerator<readonly Bytes[]> {
  const reader = await LogReader.open((path) => from.read(`${logFolder(shard)}/${path}`), engine, listed.key);
  if (reader === undefined) return;
  const { size } = openCheckpoint(checkpoint, listed.key, [], engine).checkpoint; // it may have gone on here since
  let waiting: Bytes[] = [];
  for await (const { index, entries } of reader.bundles(start)) {
    if (index >= size) break;
    waiting.push(...entries.slice(0, size - index));
    for (; waiting.length >= CHUNK; waiting = waiting.slice(CHUNK)) yield waiting.slice(0, CHUNK);
    progress?.(`copying ${listed.key.name}`, Math.min(1, (index + entries.length) / size));
  }
  if (waiting.length > 0) yield waiting;
}
