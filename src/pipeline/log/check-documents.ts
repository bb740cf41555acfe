/** Compares the entries of a registry's logs with its documents, in both directions, and checks the proofs beside them. */
import { equal, hex, type Bytes } from "../../core/bytes.js";
import { openCheckpoint, parseCheckpoint } from "../../core/log/checkpoint.js";
import type { Code } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import { message, parseEnvelope } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import type { JsonObject } from "../../core/json.js";
import { formatEntry, entryOf, type SignedEntry } from "../../core/log/entry.js";
import { checkInclusion, leafHash } from "../../core/log/merkle.js";
import { parseNote } from "../../core/keys/note.js";
import { logNamed } from "../../core/statement/payload.js";
import { parseProof } from "../../core/log/proof.js";
import type { TrustedKey } from "../../core/verify/signatures.js";
import { attestationPath, ATTESTATIONS, proofPath } from "../../store/paths.js";
import { idOf } from "../../store/registry-log.js";
import type { LogPlace } from "./source.js";
import { departuresOf } from "./departures.js";
import { entryName, type LogFinding, type Reading, type Shard } from "./read-shard.js";

interface Entered {
  readonly shard: Shard;
  readonly index: number;
  readonly leaf: SignedEntry;
}

interface Looking extends Reading {
  readonly place: LogPlace;
  readonly shards: readonly Shard[];
  /** The keys used for verification. Signatures by other keys yield no finding. */
  readonly keys: readonly TrustedKey[];
}

/** Parallel requests to an address; a disk is read in order. */
const AT_ONCE = 16;

/** @throws AttestError `network`, `io` */
export async function checkDocuments(looking: Looking): Promise<LogFinding[]> {
  const { place, shards, progress } = looking;
  const entered = new Map<string, Entered[]>(place.ids.map((id) => [id, []]));
  for (const shard of shards) {
    for (const [index, leaf] of shard.leaves.entries()) {
      if (leaf === undefined || leaf.kind === "shard") continue;
      const id = idOf(leaf) ?? "";
      const known = entered.get(id);
      if (known === undefined) entered.set(id, [{ shard, index, leaf }]);
      else known.push({ shard, index, leaf });
    }
  }
  const sizes = new ProofSizes();
  const findings: LogFinding[] = [];
  const open = entered.entries();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const [id, entries] of open) {
      for (const finding of await checkOne(id, entries, looking, sizes)) findings.push(finding);
      done += 1;
      if (done % 64 === 0) progress?.("holding the documents against their entries", done / entered.size);
    }
  };
  await Promise.all(Array.from({ length: place.remote ? AT_ONCE : 1 }, work));
  return [...findings, ...sizes.findings()];
}

async function checkOne(
  id: string,
  entries: readonly Entered[],
  looking: Looking,
  sizes: ProofSizes,
): Promise<LogFinding[]> {
  const { place, shards, engine } = looking;
  const findings: LogFinding[] = [];
  const where = ({ shard, index }: Entered): string => entryName(index, shards.length, shard.number);
  const find = (code: Code, detail: string, at?: Entered): void =>
    void findings.push({ code, detail, id, ...(at && { log: at.shard.named.origin, entry: at.index }) });
  const bytes = await place.read(attestationPath(id));
  if (bytes === undefined) {
    for (const one of entries)
      find("log-account", `${where(one)} is for ${wording(one.leaf)}, whose file is missing`, one);
    return findings;
  }
  const document = signedIn(bytes, engine);
  if (typeof document === "string") {
    for (const one of entries)
      find("log-account", `${where(one)} is for ${id}.json, which cannot be read: ${document}`, one);
    return findings;
  }
  const { payload, leaves, digest } = document;
  for (const keyid of document.unfit(looking.keys))
    find("log-account", `the signature of ${id} by ${keyid} is not by that key`);
  for (const one of entries) {
    const said = contradiction(one.leaf, digest, leaves);
    if (said !== undefined) find("log-account", `${where(one)} ${said}`, one);
  }
  const named = logNamed(payload);
  const home = shards.find((shard) => shard.named.key === named?.key);
  if (home === undefined && named?.origin.startsWith(`${place.origin}/${ATTESTATIONS}/log`) === true) {
    find("log-missing", `${id} names the log ${named.origin}, which is not listed here under that key`);
    return findings;
  }
  if (home === undefined && entries.length === 0) return findings; // it belongs to another registry's log, or to none
  const had = new Set(entries.map(({ leaf }) => leaf.signature));
  if (entries.length === 0) find("log-missing", `${id} names the log ${named?.origin ?? ""}, and is not in it`);
  else if (home !== undefined && entries.every(({ shard }) => shard !== home))
    find("log-missing", `${id} names the log ${home.named.origin}, and is not in it, but in another one`);
  else
    for (const { signature, keyid } of leaves)
      if (!had.has(signature)) find("log-missing", `a signature of ${id} by ${keyid} is not in the log`);
  if (entries.length > 0) {
    const proof = await place.read(proofPath(id));
    const fault = proof === undefined ? "there is no proof beside it" : checkProof(id, proof, entries, looking, sizes);
    if (fault !== undefined) find("log-unproven", `${id}: ${fault}`);
  }
  const result = entries.flatMap(({ leaf }) => (leaf.kind === "result" ? leaf : []))[0];
  for (const departed of result === undefined ? [] : await departuresOf(result, (path) => place.read(path), engine))
    find("plan-departed", `${id}: ${departed}`);
  return findings;
}

/** What readers must know about a withheld document. */
const wording = (leaf: SignedEntry): string => {
  switch (leaf.kind) {
    case "result":
      return `a ${leaf.verdict} result`;
    case "plan":
      return "a plan";
    case "notice":
      return `a notice, ${leaf.action},`;
  }
};

interface Document {
  readonly payload: JsonObject;
  readonly digest: string;
  readonly leaves: readonly SignedEntry[];
  /** Keyids that are named for invalid signatures. */
  readonly unfit: (keys: readonly TrustedKey[]) => string[];
}

/** Returns a text that explains why it is not a document. */
function signedIn(bytes: Bytes, engine: Engine): Document | string {
  try {
    const { payload, payloadBytes, payloadType, signatures } = parseEnvelope(bytes);
    const digest = hex(engine.sha256(payloadBytes));
    const leaves = signatures.flatMap(({ keyid = "", sig }) => entryOf({ payload, digest, keyid, sig }, engine) ?? []);
    const unfit = (keys: readonly TrustedKey[]): string[] => {
      const signed = message(payloadType, payloadBytes);
      return signatures.flatMap(({ keyid, sig }) => {
        const key = keys.find((known) => known.key.keyid === keyid)?.key;
        return key === undefined || engine.verify(key.bytes, signed, sig) ? [] : key.keyid;
      });
    };
    return leaves.length === 0 ? "it is not a statement of this version" : { payload, digest, leaves, unfit };
  } catch (error) {
    if (error instanceof AttestError) return error.message;
    throw error;
  }
}

function contradiction(leaf: SignedEntry, digest: string, leaves: readonly SignedEntry[]): string | undefined {
  if (leaf.payload !== digest) return `names the payload ${leaf.payload}, and the file there has ${digest}`;
  const own = leaves.find(({ signature }) => signature === leaf.signature);
  if (own === undefined) return `names the signature ${leaf.signature}, which its document does not have`;
  const said = leaf as Readonly<Record<string, unknown>>;
  const says = own as Readonly<Record<string, unknown>>;
  const members = [...new Set([...Object.keys(leaf), ...Object.keys(own)])].filter((name) => said[name] !== says[name]);
  const shown = (value: unknown): string => (typeof value === "string" ? value : "nothing");
  return members.length === 0
    ? undefined
    : `differs from its document: ${members.map((name) => `${name} ${shown(said[name])}, not ${shown(says[name])}`).join("; ")}`;
}

/**
 * Checks that the proof shows an entry of this document under a signed checkpoint. Whether the log still contains that state is checked at
 * the end.
 */
function checkProof(
  id: string,
  bytes: Bytes,
  entries: readonly Entered[],
  { shards, place, engine }: Looking,
  sizes: ProofSizes,
): string | undefined {
  try {
    const { index, hashes, checkpoint } = parseProof(bytes);
    const { origin } = parseCheckpoint(parseNote(checkpoint).text);
    const shard = shards.find(({ named }) => named.origin === origin);
    if (shard === undefined) return `the proof beside it belongs to the log ${origin}, which is not listed`;
    const witnesses = place.keyring.witnesses.map(({ key }) => key);
    const head = openCheckpoint(checkpoint, shard.listed.key, witnesses, engine).checkpoint;
    const shows = entries.some(({ leaf }) =>
      checkInclusion(index, head, leafHash(formatEntry(leaf), engine.sha256), hashes, engine.sha256),
    );
    if (!shows) return `the proof beside it does not show an entry for it`;
    sizes.add({ shard, id, index, size: head.size, root: head.root });
    return undefined;
  } catch (error) {
    if (error instanceof AttestError) return `the proof beside it: ${error.message}`;
    throw error;
  }
}

interface Proven {
  readonly shard: Shard;
  readonly id: string;
  readonly index: number;
  readonly size: number;
  readonly root: Bytes;
}

/** Collects the heads in all proofs and compares them with the log at once: each then costs only a few hashes. */
class ProofSizes {
  readonly #all: Proven[] = [];

  add(proven: Proven): void {
    this.#all.push(proven);
  }

  findings(): LogFinding[] {
    return [...new Set(this.#all.map(({ shard }) => shard))].flatMap((shard) => {
      const own = this.#all.filter((one) => one.shard === shard);
      const now = shard.opened?.checkpoint;
      if (now === undefined) return [];
      const roots = shard.whole ? shard.regrown.rootsAt(own.map(({ size }) => size)) : undefined;
      return own.flatMap(({ id, index, size, root }): LogFinding[] => {
        const at = { log: shard.named.origin, entry: index, id };
        if (size > now.size)
          return [
            {
              ...at,
              code: "log-backwards",
              detail: `the log has ${now.size} entries, and the proof beside ${id} was made at ${size}`,
            },
          ];
        // If the entries do not match the root, they say nothing about earlier states.
        const expected = roots?.get(size) ?? (size === now.size ? now.root : undefined);
        if (expected === undefined || equal(expected, root)) return [];
        return [{ ...at, code: "log-rewritten", detail: `the log does not contain what the proof beside ${id} shows` }];
      });
    });
  }
}
