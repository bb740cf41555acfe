/** Logs in a folder, the machines that write to them, and what must hold of any log, whatever happened to its writers. */
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { equal, type Bytes } from "../../src/core/bytes.js";
import { openCheckpoint, type Checkpoint } from "../../src/core/log/checkpoint.js";
import { append } from "../../src/core/log/append.js";
import { formatEntry, type LogEntry } from "../../src/core/log/entry.js";
import type { LogSigner } from "../../src/core/log/log-signer.js";
import { checkInclusion, leafHash, treeHead } from "../../src/core/log/merkle.js";
import { noteKey, type NoteKey } from "../../src/core/keys/note.js";
import { parseProof } from "../../src/core/log/proof.js";
import { parseEntries, TILE_WIDTH, tilePath } from "../../src/core/log/tiles.js";
import { nodeEngine } from "../../src/node/engine.js";
import { publicOf } from "../../src/keystore/secret.js";
import { Directory } from "../../src/store/directory.js";
import { LogWriter } from "../../src/store/log-writer.js";
import type { Store } from "../../src/store/store.js";
import { sha256 } from "../cli/drafts.js";

const ORIGIN = "example.org/lab/attestations/log";
export const hash = nodeEngine.sha256;

export const leaf = (name: number | string): LogEntry => ({
  kind: "result",
  payload: sha256(`payload ${name}`),
  signature: sha256(`signature ${name}`),
  keyid: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
  at: "2026-03-01T10:00:00.000Z",
  verdict: "VALIDATED",
});
export const leaves = (count: number, from = 0): LogEntry[] =>
  Array.from({ length: count }, (_, at) => leaf(from + at));

/** A machine with the key of a log: what it signed, what it remembers, and where it may be made to break off. */
export class Machine {
  readonly key: NoteKey;
  readonly #secret: KeyObject;
  readonly lock: string | undefined;
  /** The texts that were signed. */
  readonly signed: Bytes[] = [];
  memory: Bytes | undefined;
  /** Called before and after a checkpoint is remembered. */
  remembering: (when: "before" | "after") => void = () => undefined;
  signing: () => void = () => undefined;

  constructor(place: string, secret = generateKeyPairSync("ed25519").privateKey, keeps = true) {
    mkdirSync(place, { recursive: true });
    this.#secret = secret;
    this.key = noteKey(ORIGIN, publicOf(secret, nodeEngine).bytes, "ed25519", nodeEngine);
    this.lock = keeps ? join(place, ".checkpoint") : undefined;
  }

  /** The same key, on a machine that never used it. */
  twin(place: string, keeps = true): Machine {
    return new Machine(place, this.#secret, keeps);
  }

  signer(): LogSigner {
    return {
      key: this.key,
      sign: (message) => {
        this.signing();
        this.signed.push(message);
        return new Uint8Array(sign(null, message, this.#secret));
      },
      lock: this.lock,
      last: () => (this.lock === undefined ? undefined : this.memory),
      remember: (checkpoint, still) => {
        this.remembering("before");
        still?.();
        this.memory = checkpoint;
        this.remembering("after");
      },
    };
  }

  /** A process that knows nothing of the ones before it. */
  writer(registry: string | Store, proof: (entry: LogEntry) => string | undefined = proofName): LogWriter {
    const store = typeof registry === "string" ? new Directory(registry) : registry;
    return new LogWriter(store, "log", this.signer(), nodeEngine, proof);
  }
}

export const proofName = (entry: LogEntry): string | undefined =>
  entry.kind === "shard" ? undefined : `${entry.payload.slice(0, 16)}.tlog-proof`;
export const proofOf = (registry: string, entry: LogEntry): string => join(registry, proofName(entry) ?? "");

export const bytesAt = (path: string): Bytes => new Uint8Array(readFileSync(path));

export const published = (registry: string, key: NoteKey): Checkpoint =>
  openCheckpoint(bytesAt(join(registry, "log/checkpoint")), key, [], nodeEngine).checkpoint;

export function entriesOf(registry: string, size: number): Bytes[] {
  return Array.from({ length: Math.ceil(size / TILE_WIDTH) }, (_, index) => {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    return parseEntries(bytesAt(join(registry, "log", tilePath({ level: "entries", index, width }))), width);
  }).flat();
}

export const headOf = (entries: readonly Bytes[]): { size: number; root: Bytes } =>
  treeHead(
    entries.map((entry) => leafHash(entry, hash)),
    hash,
  );

/** The published log verifies, and has every file that a log of these entries has, to the byte. Returns its entries. */
export function whole(registry: string, key: NoteKey): Bytes[] {
  const { size, root } = published(registry, key);
  const entries = entriesOf(registry, size);
  const { files, head } = append(0, entries, () => undefined, hash);
  expect(equal(head.root, root)).toBe(true);
  const log = join(registry, "log");
  for (const { path, bytes } of files) expect(equal(bytesAt(join(log, path)), bytes), path).toBe(true);
  return entries;
}

/** Folders of partial tiles, beside a tile that is full. */
export const needless = (registry: string): string[] => {
  const log = join(registry, "log");
  return readdirSync(log, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".p") && existsSync(join(log, name.slice(0, -2))),
  );
};

/** The proof's checkpoint is signed by the key, and shows the entry in the log. */
export function proven(proof: Bytes, entry: LogEntry, key: NoteKey): number {
  const { index, hashes, checkpoint } = parseProof(proof);
  const head = openCheckpoint(checkpoint, key, [], nodeEngine).checkpoint;
  expect(checkInclusion(index, head, leafHash(formatEntry(entry), hash), hashes, hash)).toBe(true);
  return index;
}

/** Each of the texts that were signed is of the beginning of these entries: no two of them are of different logs. */
export function oneLog(signed: readonly Bytes[], entries: readonly Bytes[]): void {
  for (const text of new Set(signed.map((bytes) => Buffer.from(bytes).toString("utf8")))) {
    const [origin, size = "", root] = text.split("\n");
    const head = headOf(entries.slice(0, Number(size)));
    expect({ origin, size, root }).toEqual({
      origin: ORIGIN,
      size: String(head.size),
      root: Buffer.from(head.root).toString("base64"),
    });
  }
}
