/**
 * Registries of any size, as `attest` itself would have left them: attestations, their proofs, one log, the index. Publishing a hundred
 * thousand durably would take an hour, so the files are written at once, by the same functions of core. They are kept below .cache for the
 * next run; whoever writes to one takes a copy.
 */
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { append } from "../dist/core/log/append.js";
import { sealCheckpoint } from "../dist/core/log/checkpoint.js";
import { entryOf, formatEntry } from "../dist/core/log/entry.js";
import { formatProof } from "../dist/core/log/proof.js";
import { prover } from "../dist/core/log/prove.js";
import { formatNoteKey, noteKey } from "../dist/core/keys/note.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../dist/core/statement/envelope.js";
import { NOTICE_VERSION, noticeStatement } from "../dist/core/statement/notice.js";
import { canonical } from "../dist/core/json.js";
import { identify } from "../dist/core/statement/statement.js";
import { nodeEngine } from "../dist/node/engine.js";
import { Directory } from "../dist/store/directory.js";
import { Registry } from "../dist/store/registry.js";
import { attestation, AT, secretOf } from "./attestations.mjs";
import { parsed } from "./measure.mjs";

/** Changes when what is made changes. */
const EDITION = 3;
const CACHE = fileURLToPath(new URL("../.cache/bench", import.meta.url));

/** @typedef {import("./attestations.mjs").Secret} Secret */
/** @typedef {{ readonly id: string, readonly digest: string, readonly payload: import("./attestations.mjs").JsonObject, readonly sig: Uint8Array, readonly bytes: Uint8Array }} Signed */
/** @typedef {{ readonly folder: string, readonly secret: Secret, readonly open: () => Promise<Registry>, readonly names: readonly string[] }} Made */

/** @type {(options: { count: number, retracted?: number }) => Promise<Made>} */
export async function registryOf({ count, retracted = 0 }) {
  const folder = join(CACHE, `registry-${EDITION}-${count}-${retracted}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const unfinished = mkdtempSync(join(CACHE, "making-"));
    try {
      await make(unfinished, { origin: `example.org/bench-${count}-${retracted}`, count, retracted });
      if (!existsSync(folder)) renameSync(unfinished, folder); // else another run was first
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  return opened(folder);
}

/** Of its own, on the same disk: its files are shared until they are replaced, as every write here does. @type {(made: Made, to: string) => Made} */
export function copyOf({ folder }, to) {
  execFileSync("cp", ["-al", dirname(folder), to]);
  return opened(join(to, "registry"));
}

/** @type {(folder: string) => Made} */
function opened(folder) {
  const at = existsSync(join(folder, "registry")) ? folder : dirname(folder);
  const { origin, signer, log, names } =
    /** @type {{ origin: string, signer: string, log: string, names: string[] }} */ (
      parsed(readFileSync(join(at, "made.json"), "utf8"))
    );
  const registry = join(at, "registry");
  const logSigner = signing(origin, log, at);
  return {
    folder: registry,
    secret: secretOf(signer),
    names,
    open: () => Registry.open(new Directory(registry), nodeEngine, () => logSigner),
  };
}

/**
 * A log's key whose last checkpoint is remembered for this process. Each registry has another origin: a verifier knows a log by it.
 * @type {(origin: string, pem: string, place: string) => import("../dist/core/log/log-signer.js").LogSigner}
 */
function signing(origin, pem, place) {
  const { key, sign } = secretOf(pem);
  /** @type {Uint8Array | undefined} */
  let last;
  return {
    key: noteKey(`${origin}/attestations/log`, key.bytes, "ed25519", nodeEngine),
    sign,
    lock: join(place, ".checkpoint"),
    last: () => last,
    remember: (checkpoint) => (last = checkpoint),
  };
}

/** @type {(place: string, wanted: { origin: string, count: number, retracted: number }) => Promise<void>} */
async function make(place, { origin, count, retracted }) {
  const folder = join(place, "registry");
  const secret = secretOf();
  const logPem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const signer = signing(origin, logPem, place);
  const registry = await Registry.create(
    new Directory(folder),
    { origin, title: "Bench" },
    nodeEngine,
    { find: () => signer, create: () => signer },
    () => ({ name: "bench", key: secret.key, validFrom: AT }),
  );
  const log = { origin: signer.key.name, key: formatNoteKey(signer.key) };
  /** @type {Uint8Array[]} */
  const entries = [];
  /** @type {{ readonly id: string, readonly digest: string }[]} */
  const all = [];
  /** @type {(signed: Signed) => void} */
  const keep = ({ id, digest, payload, sig, bytes }) => {
    const entry = entryOf({ payload, digest, keyid: secret.key.keyid, sig }, nodeEngine);
    if (entry === undefined) throw new Error("a statement without an entry");
    entries.push(formatEntry(entry));
    all.push({ id, digest });
    write(join(folder, `attestations/${id}.json`), bytes);
  };
  for (let at = 0; at < count; at += 1) keep(attestation(secret, { at, log, evidence: [evidenceOf(folder, at)] }));
  const names = all.map(({ id }) => `${id}.json`);
  for (let at = 0; at < retracted; at += 1)
    keep(retraction(secret, all[Math.floor((at * count) / retracted)]?.digest ?? "", log));
  const { files, head } = append(0, entries, () => undefined, nodeEngine.sha256);
  const checkpoint = sealCheckpoint({ origin: signer.key.name, ...head }, signer.key, signer.sign);
  const tiles = new Map(files.map(({ path, bytes }) => [path, bytes]));
  for (const [path, bytes] of [...tiles, /** @type {const} */ (["checkpoint", checkpoint])])
    write(join(folder, "attestations/log", path), bytes);
  const prove = prover(head.size, (path) => tiles.get(path), nodeEngine.sha256);
  for (const [index, { id }] of all.entries())
    write(join(folder, `attestations/${id}.tlog-proof`), formatProof({ index, hashes: prove(index), checkpoint }));
  await registry.complete([]);
  write(join(place, "made.json"), Buffer.from(JSON.stringify({ origin, signer: secret.pem, log: logPem, names })));
}

/** Written too. @type {(folder: string, at: number) => unknown} */
function evidenceOf(folder, at) {
  const bytes = Buffer.from(`output of run ${at}\n`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  write(join(folder, "attestations/evidence/sha256", sha256.slice(0, 2), sha256), bytes);
  return { name: "output.txt", role: "stdout", digest: { sha256 }, size: bytes.length, sourceDateKind: "unknown" };
}

/** @type {(secret: Secret, about: string, log: import("../dist/core/keys/keyring.js").LogName) => Signed} */
function retraction({ key, sign }, about, log) {
  const said = /** @type {const} */ ({
    version: NOTICE_VERSION,
    action: "retract",
    about,
    reason: "A bench.",
    signedAt: AT,
  });
  const statement = noticeStatement({ ...said, log: { ...log } }, nodeEngine);
  const payload = /** @type {import("./attestations.mjs").JsonObject} */ (/** @type {unknown} */ (statement));
  const payloadBytes = canonical(payload);
  const sig = sign(message(PAYLOAD_TYPE, payloadBytes));
  const bytes = formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures: [{ keyid: key.keyid, sig }] });
  return { ...identify(payloadBytes, nodeEngine, "note"), payload, sig, bytes };
}

/** @type {(path: string, bytes: Uint8Array) => void} */
function write(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
