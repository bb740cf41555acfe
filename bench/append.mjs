// npm run bench: appending to a log, beside a durable file for each entry; and that an append costs the same in a log of a thousand and a million.
//
// Many calls at once share one checkpoint and its syncs. What they are held to is the least that keeps one entry over a power cut: a file,
// synced, renamed, and its folder synced. In turns, the median of each. The proofs are files of their own, so with them it is a sync each.
//
//     node bench/append.mjs [entries] [rounds]
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { sealCheckpoint } from "../dist/core/log/checkpoint.js";
import { append } from "../dist/core/log/append.js";
import { checkInclusion, leafHash } from "../dist/core/log/merkle.js";
import { parseProof } from "../dist/core/log/proof.js";
import { LogKeys } from "../dist/keystore/log-keys.js";
import { nodeEngine } from "../dist/node/engine.js";

const ORIGIN = "example.org/bench/attestations/log";
const SIZES = [1_000, 100_000, 1_000_000];
const APPENDS = 20;
const FILES = 200;

const counts = { read: 0, written: 0, bytes: 0 };
counting();
const { replace } = await import("../dist/node/files.js");
const { LogReader } = await import("../dist/store/log-reader.js");
const { LogWriter } = await import("../dist/store/log-writer.js");

/** @typedef {import("../dist/core/log/log-signer.js").LogSigner} LogSigner */
/** @typedef {import("../dist/core/log/entry.js").LogEntry} LogEntry */

const [entries = 5_000, rounds = 3] = process.argv.slice(2).map(Number);
fs.mkdirSync(join(process.cwd(), ".cache"), { recursive: true });
const root = fs.mkdtempSync(join(process.cwd(), ".cache", "attest-bench-"));
// The cache lies in a work tree, where no key may be: the keys of this bench lie beside.
const home = fs.mkdtempSync(join(tmpdir(), "attest-bench-"));
try {
  say(`appending to a log; node ${process.version}, ${cpus().length} processors`);
  say("");
  await rates();
  say("");
  await latencies();
} finally {
  for (const folder of [root, home]) fs.rmSync(folder, { recursive: true, force: true });
}

async function rates() {
  /** @type {Record<string, () => Promise<number>>} entries a second */
  const works = {
    "a durable file for each": () => Promise.resolve(files(FILES)),
    "many appends at once": () => appended(entries, false),
    "with a proof's file for each": () => appended(Math.min(entries, 1_000), true),
  };
  const all = Object.entries(works).map(([name, work]) => ({ name, work, seen: /** @type {number[]} */ ([]) }));
  await appended(500, false); // until it is compiled
  for (let round = 0; round < rounds; round += 1) for (const { work, seen } of all) seen.push(await work());
  const [durable = NaN] = all.map(({ seen }) => median(seen));
  say("entries                        a second  is");
  for (const { name, seen } of all)
    say(`${name.padEnd(28)} ${median(seen).toFixed(0).padStart(10)}  ${(median(seen) / durable).toFixed(1)} ×`);
}

/** @type {(count: number) => number} */
function files(count) {
  const folder = fs.mkdtempSync(join(root, "files-"));
  const bytes = new Uint8Array(300);
  const before = performance.now();
  for (let at = 0; at < count; at += 1) replace(join(folder, String(at)), bytes);
  return (count * 1000) / (performance.now() - before);
}

/** @type {(count: number, proofs: boolean) => Promise<number>} */
async function appended(count, proofs) {
  const folder = fs.mkdtempSync(join(root, "log-"));
  const writer = writerIn(folder, signer(), proofs);
  await writer.settle();
  const all = Array.from({ length: count }, (_, at) => leaf(at));
  const before = performance.now();
  await Promise.all(all.map((one) => writer.append(one)));
  return (count * 1000) / (performance.now() - before);
}

async function latencies() {
  say("a log of   an append  reads  writes      bytes   one proof reads");
  for (const size of SIZES) {
    const folder = join(root, String(size));
    const key = signer();
    build(folder, key, size);
    /** @type {number[]} */
    const times = [];
    for (let at = -1; at < APPENDS; at += 1) {
      if (at === 0) Object.assign(counts, { read: 0, written: 0, bytes: 0 });
      const before = performance.now();
      await writerIn(folder, key, true).append(leaf(at)); // a process of its own would know no more
      if (at >= 0) times.push(performance.now() - before);
    }
    const { read, written, bytes } = counts;
    const tiles = await proof(folder, Math.floor(size / 3));
    const columns = [
      String(size).padEnd(9),
      `${median(times).toFixed(1)} ms`.padStart(10),
      (read / APPENDS).toFixed(1).padStart(6),
      (written / APPENDS).toFixed(1).padStart(7),
      (bytes / APPENDS).toFixed(0).padStart(10),
      `${tiles} tiles`.padStart(17),
    ];
    say(columns.join(" "));
  }
}

/** Reads what a proof needs and verifies it. @type {(folder: string, index: number) => Promise<number>} */
async function proof(folder, index) {
  let tiles = 0;
  const reader = await LogReader.open((path) => {
    if (path.startsWith("tile/")) tiles += 1;
    const place = join(folder, "log", path);
    return Promise.resolve(fs.existsSync(place) ? new Uint8Array(fs.readFileSync(place)) : undefined);
  }, nodeEngine);
  if (reader === undefined) throw new Error("there is no log");
  const { hashes } = parseProof(await reader.prove(index));
  const ours = leafHash(entry(index), nodeEngine.sha256);
  if (!checkInclusion(index, reader.checkpoint, ours, hashes, nodeEngine.sha256)) throw new Error("no proof");
  return tiles;
}

/** Nothing of it need outlive a power cut. @type {(folder: string, key: LogSigner, size: number) => void} */
function build(folder, key, size) {
  const all = Array.from({ length: size }, (_, at) => entry(at));
  const { files: tiles, head } = append(0, all, () => undefined, nodeEngine.sha256);
  const checkpoint = sealCheckpoint({ origin: ORIGIN, ...head }, key.key, key.sign);
  for (const { path, bytes } of [...tiles, { path: "checkpoint", bytes: checkpoint }]) {
    const place = join(folder, "log", path);
    fs.mkdirSync(dirname(place), { recursive: true });
    fs.writeFileSync(place, bytes);
  }
  key.remember(checkpoint);
}

/** @type {(at: number) => Uint8Array} */
function entry(at) {
  return new TextEncoder().encode(`an entry of a log, number ${at}`);
}

/** @type {(at: number) => LogEntry} */
function leaf(at) {
  const digest = (at + 1).toString(16).padStart(16, "0").padEnd(64, "0");
  return {
    kind: "result",
    payload: digest,
    signature: digest,
    keyid: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
    at: "2026-03-01T10:00:00.000Z",
    verdict: "VALIDATED",
  };
}

function signer() {
  return new LogKeys(home, nodeEngine, {}).create(ORIGIN);
}

/** @type {(folder: string, key: LogSigner, proofs: boolean) => InstanceType<typeof LogWriter>} */
function writerIn(folder, key, proofs) {
  return new LogWriter(join(folder, "log"), key, nodeEngine, (one) =>
    proofs && "payload" in one ? join(folder, `${one.payload.slice(0, 16)}.tlog-proof`) : undefined,
  );
}

/** Files that are read, and bytes that are written, by whatever is imported after this. */
function counting() {
  const { openSync, writeSync, readFileSync } = fs;
  fs.openSync = (path, flags, mode) => {
    if (flags === "wx") counts.written += 1;
    return openSync(path, flags, mode);
  };
  fs.readFileSync = /** @type {typeof readFileSync} */ (
    (/** @type {Parameters<typeof readFileSync>} */ ...args) => {
      counts.read += 1;
      return readFileSync(...args);
    }
  );
  fs.writeSync = /** @type {typeof writeSync} */ (
    (/** @type {[number, Uint8Array, number]} */ ...args) => {
      const bytes = writeSync(...args);
      counts.bytes += bytes;
      return bytes;
    }
  );
  syncBuiltinESMExports();
}

/** @type {(numbers: readonly number[]) => number} */
function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** @type {(line: string) => unknown} */
function say(line) {
  return process.stdout.write(`${line}\n`);
}
