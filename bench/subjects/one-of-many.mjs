/** One document of a large registry, beside one of a small: what a stranger waits for must not grow with what the publisher has. */
import { join } from "node:path";
import { formatKey } from "../../dist/core/keys/key.js";
import { median, rounds } from "../measure.mjs";
import { MAIN, withNode } from "../processes.mjs";
import { registryOf } from "../registry.mjs";
import { counted } from "../subject.mjs";

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(10_000, 30, 100_000);
const SMALL = 100;

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "one-of-many",
  rows: (sizes) => [
    {
      id: "one-of-many",
      what: `verify one of ${counted(sizeOf(sizes))}`,
      against: `verify one of ${SMALL}`,
      holds: "at most",
      target: 1.2,
    },
  ],
  async *run(bench) {
    const large = await registryOf({ count: sizeOf(bench) });
    const small = await registryOf({ count: SMALL });
    /** @type {import("../processes.mjs").Pairs} */
    const pairs = withNode((start) => {
      /** @type {(made: typeof large) => () => import("../processes.mjs").Ran} */
      const verified = ({ folder, secret, names }) => {
        const file = join(folder, "attestations", names[Math.floor(names.length / 3)] ?? "");
        return () => {
          const ran = start([MAIN, "verify", file, "--key", formatKey(secret.key, "bench")]);
          if (ran.status !== 0) throw new Error(`attest verify ended with ${String(ran.status)}`);
          return ran;
        };
      };
      const [one, other] = [verified(large), verified(small)];
      rounds(1, one, other);
      return rounds(bench.pick(11, 2), one, other);
    });
    const facts = {
      "by the clock": Number(median(pairs.map(([one, other]) => one.wall / other.wall)).toFixed(2)),
      "ms of the processors": median(pairs.map(([one]) => one.cpu)).toFixed(0),
    };
    yield ["one-of-many", { ratios: pairs.map(([one, other]) => one.cpu / other.cpu), facts }];
  },
};
