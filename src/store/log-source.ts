/** What a registry (a folder or an address) shows of the logs that its documents name. This only fetches; others verify. */
import { hex, type Bytes } from "../core/bytes.js";
import { openCheckpoint, parseCheckpoint } from "../core/log/checkpoint.js";
import type { Engine } from "../core/engine.js";
import type { Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import type { NoteEntry, LogName } from "../core/keys/keyring.js";
import { entryOf } from "../core/log/entry.js";
import { beginning, LogFold, type FoldedLog, type FoldState, type Wanted } from "../core/log/fold.js";
import { parseFoldState } from "../core/log/fold-state.js";
import { mustGoOn } from "../core/log/read-all.js";
import type { LogEvidence, RememberedLog, Served } from "../core/log/presence.js";
import { formatNoteKey, parseNote, type NoteKey } from "../core/keys/note.js";
import { logNamed } from "../core/statement/payload.js";
import { originOf } from "../core/origin.js";
import { parseProof } from "../core/log/proof.js";
import { LogReader, type Read } from "./log-reader.js";
import { logFolder, proofPath } from "./paths.js";

/** What a verifier kept of a log when it last looked. */
export interface KeptLog {
  readonly seen: RememberedLog;
  /** Of its entries: a text of `formatFoldState`. */
  readonly state?: Bytes | undefined;
}

export interface LogQuestion {
  readonly wanted: Wanted;
  /** By origin. Without it every log is read from its beginning. */
  readonly kept?: ((origin: string) => KeptLog | undefined) | undefined;
  readonly progress?: ((text: string, share: number) => void) | undefined;
}

/** A log that was read, perhaps from a kept state of so many entries on. */
export interface SourcedLog extends FoldedLog {
  readonly from: number;
}

/** Why logs were not read. */
export interface Unread {
  readonly why: string;
}

/** Read in some minutes. A stranger's server could serve a log without end. */
const MAX_ENTRIES = 100_000_000;

export class LogSource {
  readonly #read: Read;
  readonly #engine: Engine;
  /** Origins of the registry: a log with one of these names is its own, and must be there. */
  readonly #origins: readonly string[];
  readonly #readers = new Map<number, Promise<LogReader | string | undefined>>();
  readonly logs: readonly NoteEntry[];

  /**
   * @param read paths below the registry's own folder
   * @param logs logs in the registry's keyring; only their locations are taken from it
   */
  constructor(
    read: Read,
    logs: readonly NoteEntry[],
    engine: Engine,
    { origins = [] }: { origins?: readonly string[] } = {},
  ) {
    this.#origins = origins;
    this.#read = read;
    this.#engine = engine;
    this.logs = logs;
  }

  /**
   * Undefined for a document that names no log.
   * @param remembered the last checkpoint that the verifier saw for an origin
   * @throws AttestError `network`
   */
  async evidence(
    envelope: Envelope,
    id: string,
    remembered: (named: LogName) => RememberedLog | undefined = () => undefined,
  ): Promise<LogEvidence | undefined> {
    const named = logNamed(envelope.payload);
    if (named === undefined) return undefined;
    const proof = await this.#read(proofPath(id));
    const before = remembered(named);
    const shard = this.logs.findIndex(({ key }) => formatNoteKey(key) === named.key);
    const served = shard < 0 ? undefined : await this.#served(shard, envelope, proof, before?.checkpoint);
    const withheld =
      served === undefined && this.#origins.some((origin) => originOf(named.origin).startsWith(`${origin}/`));
    return { proof, remembered: before, served, withheld };
  }

  /** A log by index; a text explains why the served files are not a log. */
  async reader(shard: number): Promise<LogReader | undefined> {
    const found = await this.#reader(shard);
    return typeof found === "string" ? undefined : found;
  }

  #reader(shard: number): Promise<LogReader | string | undefined> {
    const known = this.#readers.get(shard);
    if (known !== undefined) return known;
    const opened = LogReader.open((path) => this.#read(`${logFolder(shard)}/${path}`), this.#engine).catch(
      (error: unknown) => {
        if (error instanceof AttestError && error.code !== "network") return error.message;
        throw error;
      },
    );
    this.#readers.set(shard, opened);
    return opened;
  }

  async #served(
    shard: number,
    envelope: Envelope,
    proof: Bytes | undefined,
    before: Bytes | undefined,
  ): Promise<Served | undefined> {
    const reader = await this.#reader(shard);
    if (reader === undefined) return undefined;
    if (typeof reader === "string") return { checkpoint: new Uint8Array(), damage: reader };
    try {
      const own = proof === undefined ? undefined : sizeIn(proof);
      const cosigned = parseNote(reader.bytes).signatures.length > 1;
      const index = own === undefined ? await this.#find(reader, envelope, shard) : own.index;
      const wanted = index !== undefined && index < reader.checkpoint.size && (own === undefined || cosigned);
      return {
        checkpoint: reader.bytes,
        ...(wanted && { proof: await reader.prove(index) }),
        ...(own && { sinceProof: await reader.since(own.size) }),
        ...(before && { sinceRemembered: await reader.since(sizeOf(before) ?? 0) }),
      };
    } catch (error) {
      if (!(error instanceof AttestError) || error.code === "network") throw error;
      return { checkpoint: reader.bytes, damage: error.message };
    }
  }

  /** The log is read for this. A document has its proof beside it, so this is the case of one that lost it. */
  async #find(
    reader: LogReader,
    { payload, payloadBytes, signatures }: Envelope,
    shard: number,
  ): Promise<number | undefined> {
    const key = this.logs[shard]?.key;
    if (key !== undefined) openCheckpoint(reader.bytes, key, [], this.#engine); // the size is only believed after this
    const digest = hex(this.#engine.sha256(payloadBytes));
    for (const { keyid, sig } of signatures) {
      const leaf = keyid === undefined ? undefined : entryOf({ payload, digest, keyid, sig }, this.#engine);
      const found = leaf && (await reader.find(leaf));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * All logs with what all their entries say, if these match the roots signed by the listed keys and each log continues the one before;
   * otherwise a server could omit a retraction. Else the reason why they were not read.
   * @throws AttestError `network`
   */
  async folded(question: LogQuestion): Promise<readonly SourcedLog[] | Unread> {
    try {
      const logs: SourcedLog[] = [];
      for (const [shard, { key }] of this.logs.entries()) {
        const reader = await this.#reader(shard);
        if (typeof reader === "string") return { why: reader };
        if (reader === undefined) return { why: `the log ${key.name} has no checkpoint` };
        const log = await this.#foldedLog(reader, key, question);
        mustGoOn(logs[shard - 1], log);
        logs.push(log);
      }
      return logs;
    } catch (error) {
      if (error instanceof AttestError && error.code !== "network") return { why: error.message };
      throw error;
    }
  }

  async #foldedLog(reader: LogReader, key: NoteKey, { wanted, kept, progress }: LogQuestion): Promise<SourcedLog> {
    const opened = openCheckpoint(reader.bytes, key, [], this.#engine); // the size is only believed after this
    const { size } = opened.checkpoint;
    if (size > MAX_ENTRIES)
      throw new AttestError(
        "too-large",
        `the log ${key.name} says that it has ${size} entries, more than ${MAX_ENTRIES}`,
      );
    const before = kept?.(key.name);
    const seen = before && sizeOf(before.seen.checkpoint);
    const foldedFrom = async (state: FoldState): Promise<SourcedLog> => {
      const fold = new LogFold(this.#engine, state, seen === undefined ? [] : [seen]);
      for await (const { entries } of reader.bundles(state.size)) {
        for (const bytes of entries) fold.add(bytes);
        progress?.(`reading ${key.name}`, (fold.size - state.size) / (size - state.size));
      }
      return { ...fold.under(key, opened), from: state.size };
    };
    const state =
      before?.state && parseFoldState(before.state, { origin: key.name, key: formatNoteKey(key) }, this.#engine);
    // A state past the remembered checkpoint would not show the root there.
    if (state !== undefined && seen !== undefined && state.size <= seen && state.size <= size) {
      const grown = await orNothing(() => foldedFrom(state));
      if (grown !== undefined) return grown; // else the log was rewritten or damaged: all its entries show which
    }
    return await foldedFrom(beginning(wanted));
  }
}

async function orNothing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError && error.code !== "network") return undefined;
    throw error;
  }
}

/** Index and size in a readable proof. Verification reports an unreadable one. */
function sizeIn(proof: Bytes): { readonly index: number; readonly size: number } | undefined {
  try {
    const { index, checkpoint } = parseProof(proof);
    const size = sizeOf(checkpoint);
    return size === undefined ? undefined : { index, size };
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

function sizeOf(checkpoint: Bytes): number | undefined {
  try {
    return parseCheckpoint(parseNote(checkpoint).text).size;
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}
