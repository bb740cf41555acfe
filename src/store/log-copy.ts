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
/** As many as a writer commits together. */
const TURN = 1024;

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
  for await (const entries of chunks(copy, head.size, CHUNK)) {
    const place = folder(); // forgets what it read: a log may be larger than the memory
    const { size } = head;
    const grown = await place.over((tileBytes) => append(size, entries, tileBytes, engine.sha256));
    await place.write(grown.files);
    head = grown.head;
  }
  const wanted = openCheckpoint(checkpoint, listed.key, [], engine).checkpoint;
  if (head.size !== wanted.size || !equal(head.root, wanted.root))
    throw fork(`the entries of the log ${listed.key.name} do not give the root that its key signed`);
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
  const turns = new LogTurns(to, logFolder(shard), signer, engine);
  const writer = new LogWriter(to, logFolder(shard), signer, engine, proofPathOf);
  let { size } = published;
  for await (const entries of chunks(copy, size, TURN)) {
    if (!(await turns.take(size, entries))) throw fork(`the log ${listed.key.name} in ${to.place} went on meanwhile`);
    await writer.settle();
    size += entries.length;
  }
  return size - published.size;
}

async function* chunks(
  { from, shard, listed, engine, progress }: LogCopy,
  start: number,
  length: number,
): AsyncGenerator<readonly Bytes[]> {
  const reader = await LogReader.open((path) => from.read(`${logFolder(shard)}/${path}`), engine, listed.key);
  if (reader === undefined) return;
  let waiting: Bytes[] = [];
  for await (const { index, entries } of reader.bundles(start)) {
    waiting.push(...entries);
    for (; waiting.length >= length; waiting = waiting.slice(length)) yield waiting.slice(0, length);
    progress?.(`copying ${listed.key.name}`, (index + entries.length) / reader.checkpoint.size);
  }
  if (waiting.length > 0) yield waiting;
}
