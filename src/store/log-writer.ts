/**
 * Appends to a registry's log: first the tiles, then the checkpoint in the key's memory, then the proofs, then the published checkpoint.
 * After a crash at any point the published log verifies, and the next writer finishes the remembered checkpoint.
 *
 * The remembered checkpoint prevents one key from signing two logs. A folder is only extended if it holds every entry that the key ever
 * signed for. On a store that several machines write, turns come before all of this (`log-turns.ts`): a head is only signed for a turn that
 * was taken, and what a killed machine began is finished by the next.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { equal, fromUtf8, type Bytes } from "../core/bytes.js";
import { openCheckpoint, sealCheckpoint, type Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { append } from "../core/log/append.js";
import { formatEntry, parseEntry, type LogEntry } from "../core/log/entry.js";
import type { TreeHead } from "../core/log/merkle.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { formatProof } from "../core/log/proof.js";
import { CHECKPOINT, fork, LogFolder, placeOf } from "./log-folder.js";
import { memoryOf, type CheckpointMemory } from "./checkpoint-memory.js";
import { whileWriting } from "./log-lock.js";
import { LogProofs, type Proven, type ProofPath } from "./log-proofs.js";
import { LogTurns } from "./log-turns.js";
import type { Still, Store } from "./store.js";

/** The index, and the bytes of `<id>.tlog-proof` (C2SP tlog-proof). */
export type AppendedEntries = Proven;

interface Waiting {
  readonly leaf: LogEntry;
  readonly entry: Bytes;
  readonly done: (appended: AppendedEntries) => void;
  readonly failed: (error: unknown) => void;
}

/** Entries that are committed together. What was remembered stays valid if the lock is lost afterwards. */
interface Batch {
  readonly waiting: Waiting[];
  remembered?: { readonly checkpoint: Checkpoint; readonly appended: readonly AppendedEntries[] };
}

/** Other writers wait for a commit. This many proof files take a few seconds. */
const MAX_BATCH = 1024;

interface Committed {
  readonly head: TreeHead;
  readonly appended: readonly AppendedEntries[];
}

interface Opened extends Checkpoint {
  readonly bytes: Bytes;
}

/** Entries under a signed checkpoint that nobody has seen yet. */
interface Growth {
  readonly checkpoint: Bytes;
  readonly appended: (index: number) => AppendedEntries;
}

interface Sorted {
  /** For each waiting entry, what is known of it, or its new index. */
  readonly found: readonly (AppendedEntries | number)[];
  readonly fresh: readonly Waiting[];
}

export class LogWriter {
  readonly #store: Store;
  readonly #folder: string;
  readonly #signer: LogSigner;
  readonly #memory: CheckpointMemory;
  readonly #engine: Engine;
  readonly #proofs: LogProofs;
  readonly #turns: LogTurns | undefined;
  #waiting: Waiting[] = [];
  #working = false;

  /** @param folder the log's, in the registry */
  constructor(store: Store, folder: string, signer: LogSigner, engine: Engine, proofPath: ProofPath) {
    this.#store = store;
    this.#folder = folder;
    this.#signer = signer;
    this.#memory = memoryOf(signer, store, folder);
    this.#engine = engine;
    this.#proofs = new LogProofs(store, signer.key, engine, proofPath);
    this.#turns = store.shared ? new LogTurns(store, folder, signer, engine) : undefined;
  }

  /**
   * Publishes the checkpoint of an empty log, or finishes the work of a killed writer.
   * @throws AttestError `log-fork`, `locked`, `io`
   */
  async settle(): Promise<TreeHead> {
    return (await this.#commit({ waiting: [] })).head;
  }

  /**
   * Enters entries in call order; simultaneous calls share one checkpoint. Resolves when the checkpoint is published. Entries with a proof
   * are not entered again.
   * @throws AttestError `leaf-format`, `log-fork`, `locked`, `io`
   */
  append(leaf: LogEntry): Promise<AppendedEntries> {
    return new Promise((done, failed) => {
      const entry = formatEntry(leaf);
      parseEntry(entry); // an unreadable entry would stay in the log forever
      this.#waiting.push({ leaf, entry, done, failed });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    await Promise.resolve(); // collects the calls of the same turn
    while (this.#waiting.length > 0) {
      const batch: Batch = { waiting: [] };
      try {
        const { appended } = await this.#commit(batch, (room) => this.#waiting.splice(0, room));
        for (const [at, one] of appended.entries()) batch.waiting[at]?.done(one);
      } catch (error) {
        for (const { failed } of batch.waiting.length > 0 ? batch.waiting : this.#waiting.splice(0)) failed(error);
      }
    }
    this.#working = false;
  }

  /** @param more entries that arrived while waiting for the lock */
  async #commit(batch: Batch, more: (room: number) => readonly Waiting[] = () => []): Promise<Committed> {
    if (this.#signer.lock === undefined && (await this.#store.list(this.#folder)).length === 0)
      throw this.#begunElsewhere();
    return await whileWriting(this.#store, this.#folder, this.#signer, async (still) => {
      for (let lost = 0; ; lost += 1) {
        const folder = new LogFolder(this.#store, this.#folder, this.#engine, still);
        const head = await this.#settled(folder, still);
        if (batch.remembered !== undefined) {
          // The lock was lost after remembering. By now another writer has published it, so it must not be entered again.
          await folder.mustHold({ ...batch.remembered.checkpoint, ...head }, batch.remembered.checkpoint);
          return { head, appended: batch.remembered.appended };
        }
        batch.waiting.push(...more(MAX_BATCH - batch.waiting.length));
        const grown = await this.#grown(folder, head, batch, still);
        if (grown !== undefined) return grown;
        await sleep(Math.random() * Math.min(1000, 50 * 2 ** lost)); // the machine that took the turn may be about to finish it
      }
    });
  }

  /** Undefined if another machine took the turn. */
  async #grown(folder: LogFolder, before: TreeHead, batch: Batch, still: Still): Promise<Committed | undefined> {
    const { found, fresh } = await this.#sorted(folder, before, batch.waiting);
    if (fresh.length === 0) return { head: before, appended: found as AppendedEntries[] };
    const entries = fresh.map(({ entry }) => entry);
    if (this.#turns !== undefined && !(await this.#turns.take(before.size, entries))) return undefined;
    const head = await this.#written(folder, before.size, entries);
    const growth = await this.#signed(folder, before.size, head, still);
    const appended = found.map((one) => (typeof one === "number" ? growth.appended(one) : one));
    batch.remembered = { checkpoint: { origin: this.#signer.key.name, ...head }, appended };
    await this.#proofs.write(
      folder,
      head.size,
      batch.waiting.flatMap(({ leaf }, at) => {
        const one = appended[at];
        return one === undefined ? [] : [{ leaf, proof: () => one.proof }];
      }),
      still,
    );
    await this.#publish(folder, growth.checkpoint, before, head);
    return { head, appended };
  }

  /** Writes the tiles of these entries. */
  async #written(folder: LogFolder, from: number, entries: readonly Bytes[]): Promise<TreeHead> {
    const { files, head } = await folder.over((tileBytes) => append(from, entries, tileBytes, this.#engine.sha256));
    await folder.write(files);
    return head;
  }

  /**
   * Signs and remembers the head over entries that were written from `from` on.
   * @param known a size up to which this machine remembers more
   */
  async #signed(folder: LogFolder, from: number, head: TreeHead, still: Still, known = 0): Promise<Growth> {
    const hashes = await folder.proofs(
      Array.from({ length: head.size - from }, (_, at) => from + at),
      head.size,
    );
    const checkpoint = await this.#seal(head, still, known);
    const appended = (index: number): AppendedEntries => {
      let made: Bytes | undefined; // only on demand: writing a proof takes longer than appending its entry
      const proof = (): Bytes => (made ??= formatProof({ index, hashes: hashes[index - from] ?? [], checkpoint }));
      return {
        index,
        get proof() {
          return proof();
        },
      };
    };
    return { checkpoint, appended };
  }

  /**
   * Finishes the turns that other machines took, or this one before it was killed. No head is signed before all of them are known: they must
   * go on from what is published, and lead to what this machine remembers.
   */
  async #finished(
    folder: LogFolder,
    published: Opened,
    remembered: Opened | undefined,
    still: Still,
  ): Promise<TreeHead> {
    const turns: { readonly from: TreeHead; readonly to: TreeHead; readonly entries: readonly Bytes[] }[] = [];
    let head: TreeHead = published;
    await folder.mustHold(published); // tiles that are extended without being checked would be signed
    for (;;) {
      const entries =
        (await this.#turns?.after(head.size)) ?? (await this.#lost(folder, { ...published, ...head }, remembered));
      if (entries === undefined) break;
      const to = await this.#written(folder, head.size, entries);
      turns.push({ from: head, to, entries });
      head = to;
    }
    await folder.mustHold({ ...head, origin: this.#signer.key.name }, remembered);
    if (this.#signer.lock !== undefined && (remembered?.size ?? -1) < published.size)
      await this.#memory.remember(published.bytes, still); // signed on another machine
    // One by one: so every machine makes the same proofs.
    for (const { from, to, entries } of turns) {
      const growth = await this.#signed(folder, from.size, to, still, remembered?.size);
      const proofs = entries.map((entry, at) => ({
        leaf: parseEntry(entry),
        proof: () => growth.appended(from.size + at).proof,
      }));
      await this.#proofs.write(folder, to.size, proofs, still);
      await this.#publish(folder, growth.checkpoint, from, to);
    }
    return head;
  }

  /**
   * The entries of a turn that the store lost: this machine remembers that they were signed. The turn is taken again, so that a machine that
   * remembers nothing does not go on without them. @throws AttestError `log-fork` if the entries are lost, too
   */
  async #lost(
    folder: LogFolder,
    head: Checkpoint,
    remembered: Opened | undefined,
  ): Promise<readonly Bytes[] | undefined> {
    if (remembered === undefined || remembered.size <= head.size) return undefined;
    await folder.mustHold(remembered, head);
    const end = Math.min(remembered.size, head.size + MAX_BATCH);
    const entries: Bytes[] = [];
    for (let index = head.size; index < end; index += 1) entries.push(await folder.entry(index, remembered.size));
    if (await this.#turns?.take(head.size, entries)) return entries;
    return await this.#turns?.after(head.size);
  }

  /** The existing or new position of each entry. Duplicates in one batch share one. */
  async #sorted(folder: LogFolder, before: TreeHead, waiting: readonly Waiting[]): Promise<Sorted> {
    const fresh: Waiting[] = [];
    const places = new Map<string, number>();
    const found: (AppendedEntries | number)[] = [];
    for (const one of waiting) {
      const path = this.#proofs.pathOf(one.leaf);
      const name = path === undefined ? undefined : fromUtf8(one.entry);
      const known =
        path === undefined || name === undefined
          ? undefined
          : (places.get(name) ?? (await this.#proofs.of(folder, before.size, one.entry, path)));
      const place = known ?? before.size + fresh.length;
      found.push(place);
      if (known !== undefined) continue;
      fresh.push(one);
      if (name !== undefined && typeof place === "number") places.set(name, place);
    }
    return { found, fresh };
  }

  /** Signs only under the lock, and remembers the checkpoint before anyone sees it. */
  async #seal(head: TreeHead, still: Still, known = 0): Promise<Bytes> {
    still();
    const checkpoint = sealCheckpoint({ origin: this.#signer.key.name, ...head }, this.#signer.key, this.#signer.sign);
    if (head.size >= known) await this.#memory.remember(checkpoint, still);
    return checkpoint;
  }

  async #publish(folder: LogFolder, checkpoint: Bytes, from: TreeHead, to: TreeHead): Promise<void> {
    await folder.publish(
      checkpoint,
      (published) => (this.#opened(published, `in ${this.#place}`)?.size ?? 0) < to.size,
    );
    await this.#memory.published();
    await folder.discardPartial(from, to);
  }

  /**
   * The state to extend: published and remembered checkpoint agree, or the longer one continues the other. Publishes a remembered
   * checkpoint. @throws AttestError `log-fork`
   */
  async #settled(folder: LogFolder, still: Still): Promise<TreeHead> {
    const published = this.#opened(await folder.bytes(CHECKPOINT), `in ${this.#place}`);
    const remembered = this.#opened(await this.#memory.last(), "remembered beside its key", published);
    if (this.#turns !== undefined && published !== undefined)
      return await this.#finished(folder, published, remembered, still);
    if (remembered !== undefined && (published === undefined || published.size < remembered.size)) {
      await folder.mustHold(remembered, published);
      await this.#repairProofs(folder, published?.size ?? 0, remembered, still);
      await this.#publish(folder, remembered.bytes, published ?? { size: 0, root: remembered.root }, remembered);
      return remembered;
    }
    if (published === undefined) return await this.#begun(folder, still);
    await folder.mustHold(published, remembered);
    // Signed on another machine; remember it here too.
    if (this.#signer.lock !== undefined && remembered?.size !== published.size)
      await this.#memory.remember(published.bytes, still);
    return published;
  }

  /** The first, empty checkpoint. If there are tiles without one, it was lost. */
  async #begun(folder: LogFolder, still: Still): Promise<TreeHead> {
    if (this.#signer.lock === undefined) throw this.#begunElsewhere();
    if (await folder.hasTiles())
      throw fork(`nothing was signed for this log yet, and there are tiles in ${this.#place}`);
    const head = { size: 0, root: this.#engine.sha256(new Uint8Array()) };
    await this.#publish(folder, await this.#seal(head, still), head, head);
    return head;
  }

  #begunElsewhere(): AttestError {
    return fork(`the last checkpoint of the log ${this.#signer.key.name} is gone from ${this.#place}`);
  }

  #opened(bytes: Bytes | undefined, where: string, same?: Opened): Opened | undefined {
    if (bytes === undefined || (same !== undefined && equal(bytes, same.bytes))) return bytes && same;
    try {
      return { ...openCheckpoint(bytes, this.#signer.key, [], this.#engine).checkpoint, bytes };
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      if (/^<<<<<<< /m.test(fromUtf8(bytes))) throw this.#merged(where);
      throw fork(`expected a checkpoint of the log ${this.#signer.key.name} ${where}: ${error.message}`);
    }
  }

  /** Two copies of the log have diverged, for example after a git merge. One of the two must be continued. */
  #merged(where: string): AttestError {
    return new AttestError(
      "log-fork",
      `two clones published from the same state: the log ${this.#signer.key.name} is a merge of two ${where}`,
      "nothing is lost: git checkout --theirs attestations/log; remove the .tlog-proof files that the other side does not have; then: attest log complete (see docs/faults.md)",
    );
  }

  async #repairProofs(
    folder: LogFolder,
    from: number,
    { size, bytes: checkpoint }: Opened,
    still: Still,
  ): Promise<void> {
    for (let first = from; first < size; first += MAX_BATCH) {
      const indexes = Array.from({ length: Math.min(MAX_BATCH, size - first) }, (_, at) => first + at);
      const hashes = await folder.proofs(indexes, size);
      const proofs = [];
      for (const [at, index] of indexes.entries()) {
        const leaf = parseEntry(await folder.entry(index, size));
        proofs.push({ leaf, proof: () => formatProof({ index, hashes: hashes[at] ?? [], checkpoint }) });
      }
      await this.#proofs.write(folder, size, proofs, still);
    }
  }

  get #place(): string {
    return placeOf(this.#store, this.#folder);
  }
}
