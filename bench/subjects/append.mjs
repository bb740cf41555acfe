/**
 * Appending to a log. Many calls at once share one checkpoint and its syncs; what they are held to is the least that keeps one entry over a power
 * cut: a file, synced, renamed, and its folder synced. The proofs are files of their own, so with them it is a sync each. And an append
 * costs the same in a log of a thousand and of a million.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { append } from "../../dist/core/log/append.js";
import { sealCheckpoint } from "../../dist/core/log/checkpoint.js";
import { checkInclusion, leafHash } from "../../dist/core/log/merkle.js";
import { parseProof } from "../../dist/core/log/proof.js";
import { LogKeys } from "../../dist/keystore/log-keys.js";
import { nodeEngine } from "../../dist/node/engine.js";
import { replace } from "../../dist/node/files.js";
import { LogReader } from "../../dist/store/log-reader.js";
import { Directory } from "../../dist/store/directory.js";
import { LogWriter } from "../../dist/store/log-writer.js";
import { median, milliseconds, waitingRounds } from "../measure.mjs";
import { counted } from "../subject.mjs";

const ORIGIN = "example.org/bench/attestations/log";
const SMALL = 1_000;

/** @typedef {import("../../dist/core/log/log-signer.js").LogSigner} LogSigner */
/** @typedef {import("../../dist/core/log/entry.js").LogEntry} LogEntry */

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(1_000_000, 2_000);
/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const atOnce = ({ pick }) => pick(5_000, 20);

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "append",
  rows: (sizes) => [
    { id: "append-many", what: `append ${counted(atOnce(sizes))} entries at once`, against: "a durable file for each" },
    {
      id: "append-proofs",
      what: "append entries at once, a proof's file for each",
      against: "a durable file for each",
    },
    {
      id: "append-next",
      what: `append to a log of ${counted(sizeOf(sizes))}`,
      against: `to a log of ${counted(SMALL)}`,
    },
  ],
  async *run(bench) {
    // The bench's folder lies in a work tree, where no key may be.
    const home = fs.mkdtempSync(join(tmpdir(), "attest-bench-"));
    const signer = () => new LogKeys(home, nodeEngine, {}).create(ORIGIN);
    let made = 0;
    const place = () => join(bench.place, `log-${(made += 1)}`);
    /** Entries a second. @type {(count: number, proofs: boolean) => Promise<number>} */
    const appended = async (count, proofs) => {
      const writer = writerIn(place(), signer(), proofs);
      await writer.settle();
      const all = Array.from({ length: count }, (_, at) => leaf(at));
      return (count * 1000) / (await milliseconds(() => Promise.all(all.map((one) => writer.append(one)))));
    };
    /** @type {(count: number) => Promise<number>} */
    const files = async (count) => {
      const folder = place();
      fs.mkdirSync(folder);
      const bytes = new Uint8Array(300);
      const write = () => {
        for (let at = 0; at < count; at += 1) replace(join(folder, String(at)), bytes);
      };
      return (count * 1000) / (await milliseconds(write));
    };
    try {
      const [count, few, turns] = [atOnce(bench), bench.pick(200, 5), bench.pick(3, 1)];
      await appended(few, false); // until it is compiled
      for (const [id, proofs] of /** @type {const} */ ([
        ["append-many", false],
        ["append-proofs", true],
      ])) {
        const pairs = await waitingRounds(
          turns,
          () => appended(proofs ? Math.min(count, 1_000) : count, proofs),
          () => files(few),
        );
        const facts = { "entries a second": Math.round(median(pairs.map(([ours]) => ours))) };
        yield [id, { ratios: pairs.map(([ours, theirs]) => ours / theirs), facts }];
      }
      const size = sizeOf(bench);
      const [large, small] = [built(place(), signer(), size), built(place(), signer(), SMALL)];
      const counts = counting();
      let at = size;
      /** In a log that a process sees for the first time. @type {(log: typeof large) => Promise<number>} */
      const next = (log) => milliseconds(() => writerIn(log.folder, log.key, true).append(leaf((at += 1))));
      await waitingRounds(
        1,
        () => next(large),
        () => next(small),
      );
      const before = { ...counts };
      const pairs = await waitingRounds(
        bench.pick(20, 2),
        () => next(large),
        () => next(small),
      );
      counts.restore();
      const both = 2 * pairs.length;
      const facts = {
        ms: median(pairs.map(([ours]) => ours)).toFixed(1),
        reads: (counts.read - before.read) / both,
        writes: (counts.written - before.written) / both,
        "bytes written": Math.round((counts.bytes - before.bytes) / both),
        "tiles of one proof": await proof(large.folder, Math.floor(size / 3)),
      };
      yield ["append-next", { ratios: pairs.map(([ours, theirs]) => ours / theirs), facts }];
    } finally {
      fs.rmSync(home, { recursive: true, force: true });
    }
  },
};

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

/** Nothing of it need outlive a power cut. @type {(folder: string, key: LogSigner, size: number) => { folder: string, key: LogSigner }} */
function built(folder, key, size) {
  const all = Array.from({ length: size }, (_, at) => entry(at));
  const { files: tiles, head } = append(0, all, () => undefined, nodeEngine.sha256);
  const checkpoint = sealCheckpoint({ origin: ORIGIN, ...head }, key.key, key.sign);
  for (const { path, bytes } of [...tiles, { path: "checkpoint", bytes: checkpoint }]) {
    const place = join(folder, "log", path);
    fs.mkdirSync(dirname(place), { recursive: true });
    fs.writeFileSync(place, bytes);
  }
  key.remember(checkpoint);
  return { folder, key };
}

/** @type {(at: number) => Uint8Array} */
const entry = (at) => new TextEncoder().encode(`an entry of a log, number ${at}`);

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

/** @type {(folder: string, key: LogSigner, proofs: boolean) => LogWriter} */
const writerIn = (folder, key, proofs) =>
  new LogWriter(new Directory(folder), "log", key, nodeEngine, (one) =>
    proofs && "payload" in one ? `${one.payload.slice(0, 16)}.tlog-proof` : undefined,
  );

/** Files that are read, and bytes that are written, by everything here, until `restore`. */
function counting() {
  const { openSync, writeSync, readFileSync } = fs;
  const counts = {
    read: 0,
    written: 0,
    bytes: 0,
    restore: () => {
      Object.assign(fs, { openSync, writeSync, readFileSync });
      syncBuiltinESMExports();
    },
  };
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
  return counts;
}
