/** The logs of a registry: which one is current, what is entered, and how a new log continues an old one. */
import { hex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { parseEnvelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import {
  EMPTY_KEYRING,
  formatKeyring,
  logFolderName,
  parseKeyring,
  type NoteEntry,
  type LogName,
} from "../core/keys/keyring.js";
import { entryOf, type LogEntry, type SignedEntry } from "../core/log/entry.js";
import type { LogSigner } from "../core/log/log-signer.js";
import { checkPresence } from "../core/log/presence.js";
import { formatNoteKey, type NoteKey } from "../core/keys/note.js";
import { logNamed } from "../core/statement/payload.js";
import { LogReader } from "./log-reader.js";
import type { LogWriter } from "./log-writer.js";
import { KEYRING, logFolder, proofPath } from "./paths.js";
import type { Document } from "./documents.js";
import type { Parse } from "./registry-index.js";
import type { Store } from "./store.js";

/** A tested command can replace the registry. A result must be published where its plan was announced. */
export const registryChanged = (path: string, how: string): AttestError =>
  new AttestError(
    "registry-changed",
    `the registry changed while this command ran: ${path} ${how}`,
    `put ${path} back as it was`,
  );

/** The signer for a log's key, if this machine has the key. */
export type LogSigners = (key: NoteKey) => LogSigner | undefined;
/** Makes a new key for a log of that origin. */
export type MakeLog = (origin: string) => LogSigner;
/** The log keys on this machine; also makes new ones. */
export interface LogKeyring {
  find(key: NoteKey): LogSigner | undefined;
  create(origin: string): LogSigner;
}

export class RegistryLog {
  readonly #store: Store;
  readonly #origin: string;
  readonly #engine: Engine;
  readonly #signers: LogSigners;
  readonly #writers = new Map<string, LogWriter>();
  /** The first log that this command wrote to; it stays with that one. */
  #chosen: string | undefined;

  /** @param origin origin of the registry */
  constructor(store: Store, origin: string, engine: Engine, signers: LogSigners) {
    this.#store = store;
    this.#origin = origin;
    this.#engine = engine;
    this.#signers = signers;
  }

  /** In keyring order. */
  async all(): Promise<readonly NoteEntry[]> {
    const bytes = await this.#store.read(KEYRING);
    return bytes === undefined ? [] : parseKeyring(bytes, this.#engine).logs;
  }

  /** The log for new entries, as statements name it; undefined if there is none. */
  async current(): Promise<LogName | undefined> {
    const last = (await this.all()).at(-1);
    return last && { origin: last.key.name, key: formatNoteKey(last.key) };
  }

  /** The log's address prefix without a scheme (C2SP tlog-tiles): the registry's address and the log's folder. */
  #name(shard: number): string {
    return `${this.#origin}/${logFolder(shard)}`;
  }

  /** The log at its published checkpoint; undefined if nothing is published yet. */
  async reader(shard: number, key?: NoteKey): Promise<LogReader | undefined> {
    return await LogReader.open((path) => this.#store.read(`${logFolder(shard)}/${path}`), this.#engine, key);
  }

  /** Checks that the log can be written to, and finishes the work of a killed writer. @throws AttestError `log-key-missing`, `log-fork` */
  async ready(): Promise<void> {
    await (await this.#writer())?.settle();
  }

  /**
   * Starts the first log, or a new one that continues the last: its first entry binds the old one's origin, size, root and key. @throws
   * AttestError `log-damaged`, `log-format` if the old log cannot be read
   * @param reason why the old one ended; shown to readers of the keyring
   */
  async start(make: MakeLog, now: Date, reason?: string): Promise<NoteEntry> {
    const logs = await this.all();
    const old = logs.at(-1);
    const closing = old && (await this.#closing(old, logs.length - 1));
    const signer = make(this.#name(logs.length));
    const entry = await this.#list(signer, now, reason);
    const writer = await this.#writerFor(signer, (await this.all()).length - 1);
    if (closing === undefined) await writer.settle();
    else await writer.append(closing);
    return entry;
  }

  async #closing(old: NoteEntry, shard: number): Promise<LogEntry> {
    const reader = await this.reader(shard, old.key);
    const { size, root } = reader?.checkpoint ?? { size: 0, root: this.#engine.sha256(new Uint8Array()) };
    return { kind: "shard", origin: old.key.name, size, root: hex(root), key: formatNoteKey(old.key) };
  }

  /** Lists it in the keyring before anything else: an unlisted log could be started twice. */
  async #list({ key }: LogSigner, now: Date, reason?: string): Promise<NoteEntry> {
    const validFrom = now.toISOString();
    let name = "";
    await this.#store.update(KEYRING, (bytes) => {
      const { logs, ...rest } = bytes === undefined ? EMPTY_KEYRING : parseKeyring(bytes, this.#engine);
      name = logFolderName(logs.length);
      const ended = { validUntil: validFrom, ...(reason !== undefined && { note: reason }) };
      const before = logs.map((log) => (log.validUntil === undefined ? { ...log, ...ended } : log));
      return formatKeyring({ ...rest, logs: [...before, { name, key, validFrom }] });
    });
    await this.#store.replace(`keys/${name}.vkey`, utf8(`${formatNoteKey(key)}\n`));
    return { name, key, validFrom };
  }

  /** @throws AttestError `log-key-missing` */
  async #writer(): Promise<LogWriter | undefined> {
    const logs = await this.all();
    const last = logs.at(-1);
    if (this.#chosen !== undefined && this.#chosen !== (last && formatNoteKey(last.key)))
      throw registryChanged(KEYRING, "does not name the log any more that the command began with");
    if (last === undefined) return undefined;
    const expected = this.#name(logs.length - 1);
    // A checkout's keyring selects the key. It must not select the key of another registry of this user.
    if (last.key.name !== expected)
      throw new AttestError(
        "log-fork",
        `the log of this registry is ${expected}, and its keyring names ${last.key.name}`,
        "nothing was signed; a registry that was given another origin begins a new log: attest log start",
      );
    const signer = this.#signers(last.key);
    if (signer !== undefined) return await this.#writerFor(signer, logs.length - 1);
    throw new AttestError(
      "log-key-missing",
      `the key of the log ${last.key.name} is not on this machine`,
      "copy its folder below logs/ from the machine that has it, or set F3_ATTEST_LOG_KEY; if it is lost, begin a new log: attest log start",
    );
  }

  async #writerFor(signer: LogSigner, shard: number): Promise<LogWriter> {
    await this.#store.mustBeWritable(logFolder(shard)); // before anything is signed
    const { LogWriter } = await import("./log-writer.js"); // readers never need it
    const known = this.#writers.get(signer.key.id);
    if (known !== undefined) return known;
    const made = new LogWriter(this.#store, logFolder(shard), signer, this.#engine, proofPathOf);
    this.#writers.set(signer.key.id, made);
    this.#chosen = formatNoteKey(signer.key);
    return made;
  }

  /**
   * Enters each signature of documents that was not entered before, in their order, as few checkpoints as may be. Returns the ids that were
   * entered. One that names another log is not.
   */
  async enter(documents: readonly Document[], parse: Parse = parseEnvelope): Promise<readonly string[]> {
    const writer = await this.#writer();
    const logs = await this.all();
    const entered: string[] = [];
    const all: SignedEntry[] = [];
    for (const { id, bytes } of documents) {
      const { named, leaves } = this.#signaturesOf(bytes, parse);
      if (leaves.length === 0 || !isAmong(logs, named) || (await this.#has(id, leaves, logs))) continue;
      entered.push(id);
      all.push(...leaves);
    }
    if (writer !== undefined) await Promise.all(all.map((leaf) => writer.append(leaf)));
    return entered;
  }

  /** Enters signatures that were added to a published document. */
  async enterMore(before: Bytes, after: Bytes): Promise<void> {
    const writer = await this.#writer();
    const had = new Set(parseEnvelope(before).signatures.map(({ sig }) => hex(this.#engine.sha256(sig))));
    const added = this.#signaturesOf(after);
    if (writer !== undefined)
      await this.#append(writer, { ...added, leaves: added.leaves.filter((leaf) => !had.has(leaf.signature)) });
  }

  /** Whether a document that names this log is entered here. A document that names another log is not. */
  async enters(named: LogName | undefined): Promise<boolean> {
    return isAmong(await this.all(), named);
  }

  /** Those of the documents that are entered here. */
  async entering(documents: readonly Document[], parse: Parse): Promise<readonly Document[]> {
    const logs = await this.all();
    return documents.filter(({ bytes }) => isAmong(logs, logNamed(parse(bytes).payload)));
  }

  async #append(writer: LogWriter, { named, leaves }: Signatures): Promise<void> {
    if (!(await this.enters(named))) return;
    await Promise.all(leaves.map((leaf) => writer.append(leaf)));
  }

  #signaturesOf(bytes: Bytes, parse: Parse = parseEnvelope): Signatures {
    const { payload, payloadBytes, signatures } = parse(bytes);
    const digest = hex(this.#engine.sha256(payloadBytes));
    const leaves = signatures.flatMap(
      ({ keyid = "", sig }) => entryOf({ payload, digest, keyid, sig }, this.#engine) ?? [],
    );
    return { named: logNamed(payload), leaves };
  }

  /** By the proof file beside it, which is only written together with its entry. */
  async #has(id: string, leaves: readonly SignedEntry[], logs: readonly NoteEntry[]): Promise<boolean> {
    const proof = await this.#store.read(proofPath(id));
    if (proof === undefined) return false;
    return logs.some(({ key }) => {
      const view = checkPresence({ origin: key.name, key: formatNoteKey(key) }, { proof }, this.#engine);
      return leaves.some((leaf) => view.find(leaf) !== undefined);
    });
  }
}

/** A document that names no log is entered in any. */
const isAmong = (logs: readonly NoteEntry[], named: LogName | undefined): boolean =>
  logs.length > 0 && (named === undefined || logs.some(({ key }) => formatNoteKey(key) === named.key));

interface Signatures {
  readonly named: LogName | undefined;
  readonly leaves: readonly SignedEntry[];
}

const KINDS = { result: "test", plan: "plan", notice: "note" } as const;
/** The id of an entry's document. */
export const idOf = (leaf: LogEntry): string | undefined =>
  leaf.kind === "shard" ? undefined : `${KINDS[leaf.kind]}_${leaf.payload.slice(0, 16)}`;

export const proofPathOf = (leaf: LogEntry): string | undefined => {
  const id = idOf(leaf);
  return id === undefined ? undefined : proofPath(id);
};
