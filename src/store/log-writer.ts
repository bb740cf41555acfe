/**
 * Appends to a registry's log: first the tiles, then the checkpoint in the key's memory, then the proofs, then the published checkpoint.
 * After a crash at any point the published log verifies, and the next writer finishes the remembered checkpoint.
 *
 * The remembered checkpoint prevents one key from signing two logs. A folder is only extended if it holds every entry that the key ever
 * signed for.
 */
import { join } from "node:path";
import { equal, fromUtf8, type Bytes } from "../core/bytes.js";
import { openCheckpoint, sealCheckpoint, type Checkpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { append } from "../core/log/append.js";
import { formatEntry, parseEntry, type LogEntry } from "../core/log/entry.js";
import type { TreeHead } from "../core/log/merkle.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { formatProof } from "../core/log/proof.js";
import { discard, isFolder, read, replace } from "../node/files.js";
import { LockLost, withLock } from "../node/lock.js";
import { CHECKPOINT, fork, LogFolder } from "./log-folder.js";
import { LogProofs, type Proven, type ProofPath } from "./log-proofs.js";

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

/** A commit that outlasts the lock's lifetime is overtaken by the next writer. This many proof files take a few seconds. */
const MAX_BATCH = 1024;
/** The unpublished checkpoint of a machine that keeps no state for the key; stored beside the published one. */
const PENDING = ".checkpoint";

interface Committed {
  readonly head: TreeHead;
  readonly appended: readonly AppendedEntries[];
}

interface Opened extends Checkpoint {
  readonly bytes: Bytes;
}

interface Sorted {
  /** For each waiting entry, what is known of it, or its new index. */
  readonly found: readonly (AppendedEntries | number)[];
  readonly fresh: readonly Waiting[];
}

/** The key's last checkpoint, and the lock that protects it. */
interface Memory extends Pick<LogSigner, "last" | "remember"> {
  readonly lock: string;
  /** Called when the remembered checkpoint is published. */
  readonly published?: () => void;
}

export class LogWriter {
  readonly #place: string;
  readonly #signer: LogSigner;
  readonly #memory: Memory;
  readonly #engine: Engine;
  readonly #proofs: LogProofs;
  #waiting: Waiting[] = [];
  #working = false;

  constructor(place: string, signer: LogSigner, engine: Engine, proofPath: ProofPath) {
    this.#place = place;
    this.#signer = signer;
    this.#memory = memoryOf(signer, place);
    this.#engine = engine;
    this.#proofs = new LogProofs(signer.key, engine, proofPath);
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
    if (this.#signer.lock === undefined && !isFolder(this.#place)) throw this.#begunElsewhere();
    return await withLock(this.#memory.lock, (held) => {
      const still = (): void => {
        if (!held.isMine()) throw new LockLost();
      };
      const folder = new LogFolder(this.#place, this.#engine, still);
      const head = this.#settled(folder, still);
      if (batch.remembered === undefined) {
        batch.waiting.push(...more(MAX_BATCH - batch.waiting.length));
        return this.#grown(folder, head, batch, still);
      }
      // The lock was lost after remembering. By now another writer has published it, so it must not be entered again.
      folder.mustHold({ ...batch.remembered.checkpoint, ...head }, batch.remembered.checkpoint);
      return { head, appended: batch.remembered.appended };
    });
  }

  #grown(folder: LogFolder, before: TreeHead, batch: Batch, still: () => void): Committed {
    const { found, fresh } = this.#sorted(folder, before, batch.waiting);
    if (fresh.length === 0) return { head: before, appended: found as AppendedEntries[] };
    const entries = fresh.map(({ entry }) => entry);
    const { files, head } = append(before.size, entries, folder.bytes, this.#engine.sha256);
    folder.write(files);
    const prove = folder.prover(head.size);
    const hashes = fresh.map((_, at) => prove(before.size + at));
    const checkpoint = this.#seal(head, still);
    const appended = found.map((one): AppendedEntries => {
      if (typeof one !== "number") return one;
      let made: Bytes | undefined; // only on demand: writing a proof takes longer than appending its entry
      const proof = (): Bytes =>
        (made ??= formatProof({ index: one, hashes: hashes[one - before.size] ?? [], checkpoint }));
      return {
        index: one,
        get proof() {
          return proof();
        },
      };
    });
    batch.remembered = { checkpoint: { origin: this.#signer.key.name, ...head }, appended };
    this.#proofs.write(
      folder,
      head.size,
      batch.waiting.flatMap(({ leaf }, at) => {
        const one = appended[at];
        return one === undefined ? [] : [{ leaf, proof: () => one.proof }];
      }),
    );
    this.#publish(folder, checkpoint, before, head);
    return { head, appended };
  }

  /** The existing or new position of each entry. Duplicates in one batch share one. */
  #sorted(folder: LogFolder, before: TreeHead, waiting: readonly Waiting[]): Sorted {
    const fresh: Waiting[] = [];
    const places = new Map<string, number>();
    const found = waiting.map((one) => {
      const path = this.#proofs.pathOf(one.leaf);
      const name = path === undefined ? undefined : fromUtf8(one.entry);
      const known =
        path === undefined || name === undefined
          ? undefined
          : (places.get(name) ?? this.#proofs.of(folder, before.size, one.entry, path));
      if (known !== undefined) return known;
      fresh.push(one);
      const place = before.size + fresh.length - 1;
      if (name !== undefined) places.set(name, place);
      return place;
    });
    return { found, fresh };
  }

  /** Signs only under the lock, and remembers the checkpoint before anyone sees it. */
  #seal(head: TreeHead, still: () => void): Bytes {
    still();
    const checkpoint = sealCheckpoint({ origin: this.#signer.key.name, ...head }, this.#signer.key, this.#signer.sign);
    this.#memory.remember(checkpoint, still);
    return checkpoint;
  }

  #publish(folder: LogFolder, checkpoint: Bytes, from: TreeHead, to: TreeHead): void {
    folder.publish(checkpoint);
    this.#memory.published?.();
    folder.discardPartial(from, to);
  }

  /**
   * The state to extend: published and remembered checkpoint agree, or the longer one continues the other. Publishes a remembered
   * checkpoint. @throws AttestError `log-fork`
   */
  #settled(folder: LogFolder, still: () => void): TreeHead {
    const published = this.#opened(folder.bytes(CHECKPOINT), `in ${this.#place}`);
    const remembered = this.#opened(this.#memory.last(), "remembered beside its key", published);
    if (remembered !== undefined && (published === undefined || published.size < remembered.size)) {
      folder.mustHold(remembered, published);
      this.#repairProofs(folder, published?.size ?? 0, remembered);
      this.#publish(folder, remembered.bytes, published ?? { size: 0, root: remembered.root }, remembered);
      return remembered;
    }
    if (published === undefined) return this.#begun(folder, still);
    folder.mustHold(published, remembered);
    // Signed on another machine; remember it here too.
    if (this.#signer.lock !== undefined && remembered?.size !== published.size)
      this.#memory.remember(published.bytes, still);
    return published;
  }

  /** The first, empty checkpoint. If there are tiles without one, it was lost. */
  #begun(folder: LogFolder, still: () => void): TreeHead {
    if (this.#signer.lock === undefined) throw this.#begunElsewhere();
    if (folder.hasTiles()) throw fork(`nothing was signed for this log yet, and there are tiles in ${this.#place}`);
    const head = { size: 0, root: this.#engine.sha256(new Uint8Array()) };
    this.#publish(folder, this.#seal(head, still), head, head);
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

  #repairProofs(folder: LogFolder, from: number, { size, bytes: checkpoint }: Opened): void {
    const prove = folder.prover(size);
    for (let first = from; first < size; first += MAX_BATCH) {
      const indexes = Array.from({ length: Math.min(MAX_BATCH, size - first) }, (_, at) => first + at);
      const proofs = indexes.map((index) => ({
        leaf: parseEntry(folder.entry(index, size)),
        proof: () => formatProof({ index, hashes: prove(index), checkpoint }),
      }));
      this.#proofs.write(folder, size, proofs);
    }
  }
}

/** A machine without state for the key keeps the unpublished checkpoint in the log's folder until it is published. */
function memoryOf(signer: LogSigner, place: string): Memory {
  const { lock } = signer;
  if (lock !== undefined)
    return { lock, last: () => signer.last(), remember: (bytes, still) => signer.remember(bytes, still) };
  const pending = join(place, PENDING);
  return {
    lock: pending,
    last: () => read(pending),
    remember: (bytes, still) => replace(pending, bytes, 0o644, still),
    published: () => discard(pending),
  };
}
