/**
 * Copies a registry to another place, from folder or bucket to folder or bucket: what the other place lacks, and never less than it had. It
 * can be interrupted at any point and repeated.
 *
 *     evidence → documents with marks and proofs → keyring → logs → attest.json
 *
 * What counts is checked on its way: evidence and documents by their digests, a log by computing its tiles from its entries up to the signed
 * root. A log that goes on differently there is refused before anything is written.
 */
import { equal, hex, utf8, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { formatKey } from "../../core/keys/key.js";
import { formatKeyring, parseKeyring, type Keyring, type NoteEntry } from "../../core/keys/keyring.js";
import { mergedKeyring } from "../../core/keys/keyring-merge.js";
import { formatNoteKey } from "../../core/keys/note.js";
import { openCheckpoint, verifiedNote, type Checkpoint } from "../../core/log/checkpoint.js";
import { consistencySince } from "../../core/log/read-all.js";
import { parseEnvelope } from "../../core/statement/envelope.js";
import { kindOf } from "../../core/statement/payload.js";
import { identify } from "../../core/statement/statement.js";
import { knownFrom } from "../../core/verify/signatures.js";
import { verify } from "../../core/verify/verify.js";
import { leaveBytesAlone } from "../../store/git-attributes.js";
import { LogSource, type KeptLog, type SourcedLog } from "../../store/log-source.js";
import { extendLog } from "../../store/log-copy.js";
import {
  attestationPath,
  AUDITS,
  ATTESTATIONS,
  evidencePath,
  KEYRING,
  logFolder,
  proofPath,
  REGISTRY_FILE,
} from "../../store/paths.js";
import { idIn } from "../../store/documents.js";
import { RegistryIndex } from "../../store/registry-index.js";
import type { LogSigners } from "../../store/registry-log.js";
import { Registry } from "../../store/registry.js";
import type { Store } from "../../store/store.js";
import { union } from "./cosign.js";

export interface ReplicaRequest {
  readonly from: Store;
  readonly to: Store;
  readonly engine: Engine;
  /** Needed where the other place is written by several machines, or gets documents that no log has yet. */
  readonly logSigners: LogSigners;
  readonly progress?: ((text: string, share?: number) => void) | undefined;
}

export interface Replicated {
  readonly origin: string;
  /** How many files were written. */
  readonly evidence: number;
  readonly documents: number;
  /** Entries that were added to the logs there. */
  readonly entries: number;
  /** Ids of documents that no log had, and that are entered there now. */
  readonly entered: readonly string[];
}

const EVIDENCE = `${ATTESTATIONS}/evidence/sha256`;
/** Written together. */
const AT_ONCE = 128;
const MAX_TOGETHER = 32 * 1024 * 1024;

/**
 * @throws AttestError `registry-missing`; `registry-exists` if another registry is there; `log-fork` if a log goes on differently there;
 * `registry-format` for a file that is not what its name says
 */
export async function replicate(request: ReplicaRequest): Promise<Replicated> {
  const { from, to, engine, logSigners } = request;
  const source = await Registry.open(from, engine);
  const { origin } = source.about;
  const isThere = (await to.read(REGISTRY_FILE)) !== undefined;
  if (isThere) await mustBeTheSame(await Registry.open(to, engine), origin);
  const before = await to.read(KEYRING);
  const ours = await source.keyring();
  const theirs = before === undefined ? undefined : parseKeyring(before, engine);
  // What two good keyrings give may be none: a key that signs in one and is a witness in the other.
  const keyring = theirs === undefined ? ours : parseKeyring(formatKeyring(mergedKeyring(theirs, ours)), engine);
  const growths = await compared(request, ours, theirs); // refuse before writing anything
  await to.mustBeWritable(".");
  const evidence = await copyEvidence(request);
  const { copied: documents, unproven } = await copyDocuments(request, await source.names());
  await copyFiles(request, AUDITS);
  await writeKeyring(to, keyring, before);
  let entries = 0;
  for (const growth of growths)
    entries += await extendLog({
      ...growth,
      from,
      to,
      engine,
      logSigners,
      ...(request.progress && { progress: request.progress }),
    });
  if (!isThere) {
    await leaveBytesAlone(to);
    await to.create(`${ATTESTATIONS}/index/complete`, new Uint8Array());
    await to.create(REGISTRY_FILE, (await from.read(REGISTRY_FILE)) ?? new Uint8Array());
  }
  const entered = await enterUnlogged(request, unproven);
  return { origin, evidence, documents, entries, entered };
}

async function mustBeTheSame({ about, store }: Registry, origin: string): Promise<void> {
  if (about.origin === origin) return;
  await Promise.reject(
    new AttestError(
      "registry-exists",
      `${store.place} is the registry ${about.origin}, and this one is ${origin}`,
      "nothing was copied: name another place",
    ),
  );
}

/** A log that goes on there with what is here. */
interface Growth {
  readonly shard: number;
  readonly listed: NoteEntry;
  /** Of the log there. */
  readonly published: Checkpoint | undefined;
  readonly log: SourcedLog;
  /** The log's checkpoint here, with its own and the listed witnesses' signatures. */
  readonly checkpoint: Bytes;
}

/** The logs that have more entries here than there. @throws AttestError `log-fork`, `log-damaged` */
async function compared(
  { from, to, engine, progress }: ReplicaRequest,
  ours: Keyring,
  theirs: Keyring | undefined,
): Promise<Growth[]> {
  const there = await headsOf(to, theirs?.logs ?? [], engine);
  const here = await headsOf(from, ours.logs, engine);
  const logs = await folded(from, ours.logs, there, engine, progress);
  const forked = (name: string): AttestError =>
    new AttestError(
      "log-fork",
      `the log ${name} goes on in two ways, here and in ${to.place}`,
      "nothing was copied: two machines signed with its key; see docs/faults.md",
    );
  const growths: Growth[] = [];
  const longer: NoteEntry[] = [];
  for (const [shard, log] of logs.entries()) {
    const listed = ours.logs[shard];
    const published = there.get(formatNoteKey(log.key))?.checkpoint;
    const word = published === undefined ? "grown" : consistencySince(published, log);
    if (listed === undefined || word === "rewritten") throw forked(log.key.name);
    if (word === "backwards") longer.push(listed);
    if (word !== "grown") continue;
    const bytes = here.get(formatNoteKey(log.key))?.bytes ?? new Uint8Array();
    const witnesses = ours.witnesses.map(({ key }) => key);
    growths.push({ shard, listed, published, log, checkpoint: verifiedNote(bytes, log.key, witnesses, engine) });
  }
  // A longer log there must go on with what is here.
  if (longer.length > 0)
    for (const log of await folded(to, theirs?.logs ?? [], here, engine, progress)) {
      const before = here.get(formatNoteKey(log.key))?.checkpoint;
      if (
        before !== undefined &&
        ["rewritten", "backwards"].includes(consistencySince(before, log)) &&
        longer.some(({ key }) => formatNoteKey(key) === formatNoteKey(log.key))
      )
        throw forked(log.key.name);
    }
  return growths;
}

interface Head {
  readonly checkpoint: Checkpoint;
  readonly bytes: Bytes;
}

/** By the log's key. */
type Heads = ReadonlyMap<string, Head>;

async function headsOf(store: Store, logs: readonly NoteEntry[], engine: Engine): Promise<Heads> {
  const heads = new Map<string, Head>();
  for (const [shard, { key }] of logs.entries()) {
    const bytes = await store.read(`${logFolder(shard)}/checkpoint`);
    if (bytes !== undefined)
      heads.set(formatNoteKey(key), { bytes, checkpoint: openCheckpoint(bytes, key, [], engine).checkpoint });
  }
  return heads;
}

/** Reads all entries, and keeps the roots at the sizes of the other place. */
async function folded(
  store: Store,
  logs: readonly NoteEntry[],
  others: Heads,
  engine: Engine,
  progress: ReplicaRequest["progress"],
): Promise<readonly SourcedLog[]> {
  const seen = new Map([...others].map(([key, { bytes }]) => [key.split("+")[0] ?? "", { key, checkpoint: bytes }]));
  const kept = (origin: string): KeptLog | undefined => {
    const one = seen.get(origin);
    return one && { seen: one };
  };
  const found = await new LogSource((path) => store.read(path), logs, engine).folded({
    wanted: { payloads: new Set(), keys: new Set() },
    kept,
    progress,
  });
  if ("why" in found)
    throw new AttestError(
      "log-damaged",
      `the logs of ${store.place} cannot be read: ${found.why}`,
      "nothing was copied",
    );
  return found;
}

async function copyEvidence({ from, to, engine, progress }: ReplicaRequest): Promise<number> {
  let copied = 0;
  const shards = await from.list(EVIDENCE);
  for (const [at, shard] of shards.entries()) {
    const there = new Set(await to.list(`${EVIDENCE}/${shard}`));
    const missing = (await from.list(`${EVIDENCE}/${shard}`)).filter((name) => !there.has(name));
    const files = new Batch(to);
    for (const name of missing) {
      const path = `${EVIDENCE}/${shard}/${name}`;
      const bytes = await from.read(path);
      if (bytes === undefined) continue;
      if (evidencePath(name) !== path || hex(engine.sha256(bytes)) !== name) throw mislabelled(from, path);
      copied += await files.add(path, bytes);
    }
    await files.write();
    progress?.("copying evidence", (at + 1) / shards.length);
  }
  return copied;
}

const mislabelled = (store: Store, path: string): AttestError =>
  new AttestError(
    "registry-format",
    `${store.place}/${path} is not what its name says`,
    "what was copied before stays; remove that file, or restore it, and run the same command again",
  );

async function copyDocuments(
  { from, to, engine, progress }: ReplicaRequest,
  names: readonly string[],
): Promise<{ readonly copied: number; readonly unproven: readonly string[] }> {
  const there = new Set(await to.list(ATTESTATIONS));
  const proofs = new Set((await from.list(ATTESTATIONS)).filter((name) => name.endsWith(".tlog-proof")));
  const index = new RegistryIndex(to);
  const unproven: string[] = [];
  let copied = 0;
  // A plan before its result, and a result before what is said about it.
  const ordered = ["plan_", "test_", "note_"].flatMap((kind) => names.filter((name) => name.startsWith(kind)));
  for (let first = 0; first < ordered.length; first += AT_ONCE) {
    const [documents, files] = [[] as { id: string; bytes: Bytes }[], new Map<string, Bytes>()];
    for (const name of ordered.slice(first, first + AT_ONCE)) {
      const id = idIn(name);
      const bytes = (await from.read(attestationPath(id))) ?? new Uint8Array();
      mustBeNamed(id, bytes, from, engine);
      if (!proofs.has(`${id}.tlog-proof`)) unproven.push(id);
      documents.push({ id, bytes });
      if (there.has(name)) copied += await addSignatures(to, id, bytes);
      else files.set(attestationPath(id), bytes);
    }
    await index.add(documents, [], parseEnvelope);
    await to.createEach(files);
    copied += files.size;
    await copyProofs(
      from,
      to,
      documents.map(({ id }) => id).filter((id) => proofs.has(`${id}.tlog-proof`) && !there.has(`${id}.tlog-proof`)),
    );
    progress?.("copying documents", Math.min(1, (first + AT_ONCE) / ordered.length));
  }
  return { copied, unproven };
}

function mustBeNamed(id: string, bytes: Bytes, from: Store, engine: Engine): void {
  const envelope = orUndefined(() => parseEnvelope(bytes));
  if (envelope === undefined || identify(envelope.payloadBytes, engine, kindOf(envelope.payload)).id !== id)
    throw mislabelled(from, attestationPath(id));
}

/** Of a document that is there already. */
async function addSignatures(to: Store, id: string, bytes: Bytes): Promise<number> {
  let added = 0;
  await to.update(attestationPath(id), (now) => {
    const next = now === undefined ? bytes : union(now, bytes);
    added = next === undefined || (now !== undefined && equal(next, now)) ? 0 : 1;
    return added === 0 ? undefined : next;
  });
  return added;
}

async function copyProofs(from: Store, to: Store, ids: readonly string[]): Promise<void> {
  const files = new Map<string, Bytes>();
  for (const id of ids) {
    const proof = await from.read(proofPath(id));
    if (proof !== undefined) files.set(proofPath(id), proof);
  }
  await to.createEach(files);
}

/** Of one folder, without its folders. */
async function copyFiles({ from, to }: ReplicaRequest, folder: string): Promise<void> {
  const there = new Set(await to.list(folder));
  for (const name of (await from.list(folder)).filter((one) => !there.has(one))) {
    const bytes = await from.read(`${folder}/${name}`);
    if (bytes !== undefined) await to.create(`${folder}/${name}`, bytes);
  }
}

/** The merge is repeated under the keyring's own protection: somebody may list a signer meanwhile. */
async function writeKeyring(to: Store, keyring: Keyring, before: Bytes | undefined): Promise<void> {
  const wanted = formatKeyring(keyring);
  if (before === undefined) await to.create(KEYRING, wanted);
  else
    await to.update(KEYRING, (now) => {
      if (now !== undefined && equal(now, before)) return equal(now, wanted) ? undefined : wanted;
      throw new AttestError(
        "registry-changed",
        `${KEYRING} in ${to.place} changed meanwhile`,
        "run the same command again",
      );
    });
  for (const { name, key } of keyring.signers) await put(to, `keys/${name}.pub`, utf8(`${formatKey(key, name)}\n`));
  for (const { name, key } of keyring.logs) await put(to, `keys/${name}.vkey`, utf8(`${formatNoteKey(key)}\n`));
}

async function put(to: Store, path: string, bytes: Bytes): Promise<void> {
  const now = await to.read(path);
  if (now === undefined || !equal(now, bytes)) await to.replace(path, bytes);
}

/**
 * Documents that no log has, as far as their proofs show, are published there as their signer would have. Only whole ones by listed signers,
 * as `add` takes them: an entry stays, and so does a claim, and anyone could have put the rest into the folder.
 */
async function enterUnlogged(
  { from, to, engine, logSigners }: ReplicaRequest,
  ids: readonly string[],
): Promise<readonly string[]> {
  const registry = await Registry.open(to, engine, logSigners);
  if ((await registry.log.all()).length === 0) return [];
  const keys = knownFrom(await registry.keyring(), "site", "the registry's keyring");
  const documents = [];
  for (const id of ids) {
    if ((await to.read(proofPath(id))) !== undefined) continue;
    const bytes = (await from.read(attestationPath(id))) ?? new Uint8Array();
    const report = verify(bytes, { engine, keys, now: new Date(), fileName: `${id}.json`, named: true });
    const isListed = report.signers.length > 0 && report.signers.every(({ signature }) => signature === "ok");
    if (!isListed || report.checks.some(({ status }) => status === "failed")) continue;
    documents.push({ id, bytes, evidence: new Map<string, Bytes>() });
  }
  if (documents.length === 0) return [];
  const told = await registry.publishAll(documents);
  const fault = told.find((one) => one.fault !== undefined)?.fault;
  if (fault !== undefined) throw fault;
  return documents.map(({ id }) => id);
}

/** Files that are written together. */
class Batch {
  readonly #to: Store;
  #files = new Map<string, Bytes>();
  #size = 0;

  constructor(to: Store) {
    this.#to = to;
  }

  async add(path: string, bytes: Bytes): Promise<1> {
    this.#files.set(path, bytes);
    this.#size += bytes.length;
    if (this.#files.size >= AT_ONCE || this.#size >= MAX_TOGETHER) await this.write();
    return 1;
  }

  async write(): Promise<void> {
    const files = this.#files;
    this.#files = new Map();
    this.#size = 0;
    await this.#to.createEach(files);
  }
}
