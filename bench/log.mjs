// npm run bench: what the tree of a log costs, beside as many plain SHA-256 of node:crypto.
//
// Entries → root: a hash for each leaf, and one for each node above. What it is held to are the same hashes, of as many bytes, by
// `createHash` alone, without any tree; in turns. Of each the fastest round counts: whatever else the machine does makes a round
// slower, never faster.
//
//     node bench/log.mjs [entries] [rounds]
import { createHash } from "node:crypto";
import { cpus } from "node:os";
import process from "node:process";
import { leafHash, treeHead } from "../dist/core/log/merkle.js";
import { nodeEngine } from "../dist/node/engine.js";

/** About as long as the record of one signature. */
const ENTRY_BYTES = 300;
const NODE_BYTES = 65;

/** @typedef {(count: number) => unknown} Work on so many entries */

/** @type {(data: Uint8Array) => Uint8Array} */
const sha256 = (data) => nodeEngine.sha256(data);

/** The entries lie in one buffer, one after the other, so that making them is no part of the cost. @type {(count: number) => Iterable<Uint8Array>} */
function* leaves(count) {
  const entry = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(entry.buffer);
  for (let at = 0; at < count; at += 1) {
    view.setUint32(0, at);
    yield leafHash(entry, sha256);
  }
}

/** @type {Record<string, Work>} */
const TREE_HEAD = {
  "attest, entries to root": (count) => treeHead(leaves(count), sha256),
  "createHash, as many hashes": (count) => {
    const [leaf, node] = [new Uint8Array(1 + ENTRY_BYTES), new Uint8Array(NODE_BYTES)];
    for (let at = 0; at < count; at += 1) createHash("sha256").update(leaf).digest();
    for (let at = 1; at < count; at += 1) createHash("sha256").update(node).digest();
  },
};

const [entries = 1_000_000, rounds = 5] = process.argv.slice(2).map(Number);
say(
  `the tree head of ${entries} entries of ${ENTRY_BYTES} bytes; node ${process.version}, ${cpus().length} processors`,
);
say("");
const [ours = NaN, plain = NaN] = inTurns(TREE_HEAD, entries, rounds);
row("attest, entries to root", ours, `${(plain / ours).toFixed(1)} × as fast`);
row("createHash, as many hashes", plain, "");

/** The fastest round of each, in milliseconds. @type {(works: Record<string, Work>, count: number, rounds: number) => number[]} */
function inTurns(works, count, rounds) {
  const each = Object.values(works).map((work) => ({ work, times: /** @type {number[]} */ ([]) }));
  for (const { work } of each) work(Math.min(count, 20_000)); // until it is compiled
  for (let round = 0; round < rounds; round += 1) {
    for (const { work, times } of each) {
      const before = performance.now();
      work(count);
      times.push(performance.now() - before);
    }
  }
  return each.map(({ times }) => Math.min(...times));
}

/** @type {(name: string, ms: number, ratio: string) => void} */
function row(name, ms, ratio) {
  const perEntry = `${((ms * 1000) / entries).toFixed(2)} µs an entry`;
  say(
    [name.padEnd(28), `${(ms / 1000).toFixed(2)} s`.padStart(8), perEntry.padStart(18), `  ${ratio}`]
      .join(" ")
      .trimEnd(),
  );
}

/** @type {(line: string) => unknown} */
function say(line) {
  return process.stdout.write(`${line}\n`);
}
