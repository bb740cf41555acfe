/**
 * Hashing evidence, kept within its folder, beside node:crypto, which reads each file whole, and beside sha256sum. On a machine whose sha256sum
 * uses the processor's own instructions, beside it there is little to gain.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, realFolder } from "../../dist/node/reading.js";
import { median } from "../measure.mjs";
import { isInstalled } from "../processes.mjs";
import { counted } from "../subject.mjs";

/** @type {(sizes: import("../subject.mjs").Sizes) => readonly { name: string, what: string, count: number, size: number }[]} */
function kinds({ pick }) {
  const [count, mebibytes] = [pick(20_000, 20), pick(512, 1)];
  return [
    { name: "small", what: `hashing ${counted(count)} files of 4 KiB`, count, size: 4096 },
    { name: "large", what: `hashing one file of ${mebibytes} MiB`, count: 1, size: mebibytes * 1024 * 1024 },
  ];
}

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "hashing",
  rows: (sizes) =>
    kinds(sizes).flatMap(({ name, what }) => [
      { id: `hashing-${name}`, what, against: "createHash, one call each" },
      { id: `hashing-${name}-sum`, what, against: "sha256sum" },
    ]),
  async *run(bench) {
    for (const { name, count, size } of kinds(bench)) {
      const folder = join(bench.place, name);
      mkdirSync(folder);
      for (let at = 0; at < count; at += 1) writeFileSync(join(folder, String(at)), new Uint8Array(size).fill(at));
      const files = readdirSync(folder).map((file) => join(folder, file));
      const real = realFolder(folder);
      const works = {
        ours: () => files.forEach((file) => digestOf(file, real)),
        whole: () => files.forEach((file) => createHash("sha256").update(readFileSync(file)).digest("hex")),
        sum: () => execFileSync("sh", ["-c", 'cd "$1" && ls | xargs sha256sum > /dev/null', "sh", folder]),
      };
      works.ours(); // the files are in memory from here on
      const hasSum = isInstalled("sha256sum");
      const turns = Array.from({ length: bench.pick(5, 1) }, () => ({
        ours: milliseconds(works.ours),
        whole: milliseconds(works.whole),
        sum: hasSum ? milliseconds(works.sum) : NaN,
      }));
      const facts = {
        "MiB a second": Math.round((count * size * 1000) / 2 ** 20 / median(turns.map(({ ours }) => ours))),
      };
      yield [`hashing-${name}`, { ratios: turns.map(({ ours, whole }) => whole / ours), facts }];
      yield [
        `hashing-${name}-sum`,
        hasSum ? { ratios: turns.map(({ ours, sum }) => sum / ours) } : { skipped: "sha256sum is not installed" },
      ];
    }
  },
};

/** @type {(work: () => unknown) => number} */
function milliseconds(work) {
  const began = performance.now();
  work();
  return performance.now() - began;
}
