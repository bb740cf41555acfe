/** The tree of a log, entries to root, beside as many plain SHA-256 of as many bytes: a hash for each leaf, and one for each node above. */
import { createHash } from "node:crypto";
import { leafHash, treeHead } from "../../dist/core/log/merkle.js";
import { nodeEngine } from "../../dist/node/engine.js";
import { median, rounds } from "../measure.mjs";
import { counted } from "../subject.mjs";

/** About as long as the record of one signature. */
const ENTRY_BYTES = 300;
const NODE_BYTES = 65;

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(300_000, 1_000, 1_000_000);

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "tree",
  rows: (sizes) => [
    { id: "tree", what: `tree head of ${counted(sizeOf(sizes))} entries`, against: "createHash, as many hashes" },
  ],
  async *run(bench) {
    const count = sizeOf(bench);
    /** @type {(data: Uint8Array) => Uint8Array} */
    const sha256 = (data) => nodeEngine.sha256(data);
    const ours = () => milliseconds(() => treeHead(leaves(count, sha256), sha256));
    const plain = () =>
      milliseconds(() => {
        const [leaf, node] = [new Uint8Array(1 + ENTRY_BYTES), new Uint8Array(NODE_BYTES)];
        for (let at = 0; at < count; at += 1) createHash("sha256").update(leaf).digest();
        for (let at = 1; at < count; at += 1) createHash("sha256").update(node).digest();
      });
    rounds(1, ours, plain); // until it is compiled
    const pairs = rounds(bench.pick(5, 1), ours, plain);
    const each = (median(pairs.map(([ms]) => ms)) * 1000) / count;
    yield [
      "tree",
      { ratios: pairs.map(([our, their]) => their / our), facts: { "µs an entry": Number(each.toFixed(2)) } },
    ];
  },
};

/** In one buffer, one after the other, so that making them is no part of the cost. @type {(count: number, sha256: (data: Uint8Array) => Uint8Array) => Iterable<Uint8Array>} */
function* leaves(count, sha256) {
  const entry = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(entry.buffer);
  for (let at = 0; at < count; at += 1) {
    view.setUint32(0, at);
    yield leafHash(entry, sha256);
  }
}

/** @type {(work: () => unknown) => number} */
function milliseconds(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}
