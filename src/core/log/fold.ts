/**
 * Keeps what verification asks of a log's entries, and not the entries: a log may have millions. It goes on from where an earlier look ended.
 * Whatever it found counts only `under` a signed checkpoint with the same root.
 */
import { base64, equal, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import type { OpenedCheckpoint } from "./checkpoint.js";
import { parseEntry, type EntryOf, type LogEntry } from "./entry.js";
import { CompactRange, leafHash } from "./merkle.js";
import type { NoteKey } from "../keys/note.js";

/**
 * Whose signers are kept. An entry does not show whether its payload will have another signer, or a notice about it, so a pass must be told
 * beforehand. `core/verify/signers-wanted.ts` says when a signer matters.
 */
export type Wanted = "all" | WantedSigners;
export interface WantedSigners {
  /** Payload digests. */
  readonly payloads: ReadonlySet<string>;
  /** Keys whose every payload is kept. */
  readonly keys: ReadonlySet<string>;
}

/** Some hundred megabytes. A stranger's server could send notices without end. */
export const MAX_NOTICES_KEPT = 250_000;

export interface NumberedNotice {
  readonly index: number;
  readonly entry: EntryOf<"notice">;
}

/** What is kept of the first `size` entries. */
export interface FoldState {
  readonly size: number;
  /** Hashes of a compact range. */
  readonly range: readonly Bytes[];
  /** The first entry, if it binds the log before. */
  readonly first: EntryOf<"shard"> | undefined;
  readonly notices: readonly NumberedNotice[];
  readonly wanted: Wanted;
  /** Keyids by payload digest. */
  readonly signers: ReadonlyMap<string, readonly string[]>;
}

/** A log whose entries match the signed root. */
export interface FoldedLog extends FoldState {
  readonly key: NoteKey;
  readonly opened: OpenedCheckpoint;
  /** The root of its first entries; undefined if the pass did not keep it. */
  readonly rootAt: (size: number) => Bytes | undefined;
}

export const beginning = (wanted: Wanted): FoldState => ({
  size: 0,
  range: [],
  first: undefined,
  notices: [],
  wanted,
  signers: new Map(),
});

export class LogFold {
  readonly #engine: Engine;
  readonly #range: CompactRange;
  readonly #wanted: Wanted;
  readonly #notices: NumberedNotice[];
  readonly #signers: Map<string, string[]>;
  readonly #sizes: ReadonlySet<number>;
  readonly #roots = new Map<number, Bytes>();
  #first: EntryOf<"shard"> | undefined;
  #fault: AttestError | undefined;

  /** @param sizes of which the root is kept */
  constructor(engine: Engine, from: FoldState, sizes: Iterable<number> = []) {
    this.#engine = engine;
    this.#range = new CompactRange(engine.sha256, { size: from.size, hashes: from.range });
    this.#wanted = from.wanted;
    this.#notices = [...from.notices];
    this.#signers = new Map([...from.signers].map(([payload, keyids]) => [payload, [...keyids]]));
    this.#first = from.first;
    this.#sizes = new Set([...sizes, 0]);
    this.#roots.set(from.size, this.#range.root);
  }

  get size(): number {
    return this.#range.size;
  }

  /** Undefined for an unreadable entry. Only `under` reports it: entries that are not the log's show nothing of the log. */
  add(bytes: Bytes, hash = leafHash(bytes, this.#engine.sha256)): LogEntry | undefined {
    const index = this.#range.size;
    this.#range.add(hash);
    if (this.#sizes.has(index + 1)) this.#roots.set(index + 1, this.#range.root);
    let entry: LogEntry;
    try {
      entry = parseEntry(bytes);
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      this.#fault ??= error;
      return undefined;
    }
    if (entry.kind === "shard") {
      if (index === 0) this.#first = entry;
      return entry;
    }
    if (entry.kind === "notice") this.#keep({ index, entry });
    if (this.#wants(entry.payload, entry.keyid)) {
      const known = this.#signers.get(entry.payload);
      if (known === undefined) this.#signers.set(entry.payload, [entry.keyid]);
      else known.push(entry.keyid);
    }
    return entry;
  }

  #keep(notice: NumberedNotice): void {
    if (this.#notices.length >= MAX_NOTICES_KEPT)
      throw new AttestError("too-large", `the log has more than ${MAX_NOTICES_KEPT} notices`);
    this.#notices.push(notice);
  }

  #wants(payload: string, keyid: string): boolean {
    return this.#wanted === "all" || this.#wanted.payloads.has(payload) || this.#wanted.keys.has(keyid);
  }

  /** @throws AttestError `log-damaged` if it has another size or root; `leaf-format` if an entry is unreadable */
  under(key: NoteKey, opened: OpenedCheckpoint): FoldedLog {
    const { size, root } = opened.checkpoint;
    const found = this.#range.root;
    if (this.#range.size !== size) throw damaged(`${size} entries, as its checkpoint says`, String(this.#range.size));
    if (!equal(found, root))
      throw damaged(`entries whose root is ${base64(root)}, as its checkpoint says`, base64(found));
    if (this.#fault !== undefined) throw this.#fault;
    this.#roots.set(size, root);
    return {
      key,
      opened,
      size,
      range: this.#range.hashes,
      first: this.#first,
      notices: this.#notices,
      wanted: this.#wanted,
      signers: this.#signers,
      rootAt: (earlier) => this.#roots.get(earlier),
    };
  }
}

export const damaged = (expected: string, found: string): AttestError =>
  new AttestError("log-damaged", `expected ${expected}, found ${found}`);
