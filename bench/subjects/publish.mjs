/**
 * Publishing durably: one more in a large registry beside one more in a small; and many at once, beside the least that keeps a file over a
 * power cut: a temporary file, synced, renamed, and its folder synced.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { replace } from "../../dist/node/files.js";
import { publishAll } from "../../dist/pipeline/publish/publish.js";
import { AT, attestation } from "../attestations.mjs";
import { median, milliseconds, waitingRounds } from "../measure.mjs";
import { copyOf, registryOf } from "../registry.mjs";
import { counted } from "../subject.mjs";

/** @typedef {import("../registry.mjs").Made} Made */

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(10_000, 30, 100_000);
/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const atOnce = ({ pick }) => pick(200, 10, 1_000);
const SMALL = 100;

let next = 10_000_000;

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "publish",
  rows: (sizes) => [
    {
      id: "publish-next",
      what: `publish one more beside ${counted(sizeOf(sizes))}`,
      against: `beside ${SMALL}`,
      holds: "at most",
      target: 1.3,
    },
    {
      id: "publish-many",
      what: `durable publish of ${counted(atOnce(sizes))}`,
      against: "temp + fsync + rename + fsync of the folder for each",
      holds: "at least",
      target: 2,
    },
  ],
  async *run(bench) {
    const large = copyOf(await registryOf({ count: sizeOf(bench) }), join(bench.place, "large"));
    const small = copyOf(await registryOf({ count: SMALL }), join(bench.place, "small"));
    /** @type {(made: Made) => () => Promise<number>} */
    const one = (made) => () => published(made, 1);
    const pairs = await waitingRounds(bench.pick(11, 2), one(large), one(small));
    const ms = median(pairs.map(([ours]) => ours)).toFixed(1);
    yield ["publish-next", { ratios: pairs.map(([ours, theirs]) => ours / theirs), facts: { ms } }];

    const count = atOnce(bench);
    const empty = await registryOf({ count: 1 });
    let round = 0;
    const rates = await waitingRounds(
      bench.pick(3, 1),
      async () => {
        const made = copyOf(empty, join(bench.place, `at-once-${(round += 1)}`));
        return await published(made, count);
      },
      async () => {
        const folder = join(bench.place, `files-${(round += 1)}`);
        mkdirSync(folder);
        const { bytes } = attestation(empty.secret);
        return await milliseconds(() => {
          for (let at = 0; at < count; at += 1) replace(join(folder, String(at)), bytes);
        });
      },
    );
    yield [
      "publish-many",
      {
        ratios: rates.map(([ours, theirs]) => theirs / ours),
        facts: { "attestations a second": Math.round((count * 1000) / median(rates.map(([ours]) => ours))) },
      },
    ];
  },
};

/** Milliseconds in a registry that is opened anew, as a process would. They are signed before. @type {(made: Made, count: number) => Promise<number>} */
async function published({ secret, open }, count) {
  const log = await (await open()).log.current();
  const signer = { name: "bench", key: secret.key };
  const all = Array.from({ length: count }, () => {
    const { id, bytes } = attestation(secret, { at: (next += 1), log });
    return { id, bytes, evidence: new Map(), signedAt: AT };
  });
  return await milliseconds(async () => {
    for (const { fault } of await publishAll(all, signer, await open())) if (fault !== undefined) throw fault;
  });
}
