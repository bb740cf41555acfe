/** An audit without the network: what retractions add to it, and that its memory does not grow with the registry. */
import { median, rounds } from "../measure.mjs";
import { MAIN, withNode } from "../processes.mjs";
import { registryOf } from "../registry.mjs";
import { counted } from "../subject.mjs";

/** @type {(sizes: import("../subject.mjs").Sizes) => number} */
const sizeOf = ({ pick }) => pick(1_000, 20);

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "audit",
  rows: (sizes) => {
    const count = sizeOf(sizes);
    return [
      {
        id: "audit-retractions",
        what: `audit of ${counted(count)} with ${counted(count / 10)} retractions`,
        against: `of ${counted(count)} without`,
        holds: "at most",
        target: 1.2,
      },
      {
        id: "audit-memory",
        what: `peak memory auditing ${counted(count)}`,
        against: `auditing ${counted(count / 10)}`,
      },
    ];
  },
  async *run(bench) {
    const count = sizeOf(bench);
    const [plain, retracted, small] = [
      await registryOf({ count }),
      await registryOf({ count, retracted: count / 10 }),
      await registryOf({ count: count / 10 }),
    ];
    /** @type {{ readonly pairs: import("../processes.mjs").Pairs, readonly few: import("../processes.mjs").Ran }} */
    const { pairs, few } = withNode((start) => {
      /** @type {(made: typeof plain) => () => import("../processes.mjs").Ran} */
      const audited = (made) => () => {
        const ran = start([MAIN, "audit", made.folder, "--offline", "--json"]);
        // Keys that nobody confirmed, and retractions, are findings.
        if (ran.status === null || !ran.stdout.startsWith("{"))
          throw new Error(`attest audit ended with ${String(ran.status)}`);
        return ran;
      };
      return { pairs: rounds(bench.pick(5, 1), audited(retracted), audited(plain)), few: audited(small)() };
    });
    yield [
      "audit-retractions",
      {
        ratios: pairs.map(([one, other]) => one.wall / other.wall),
        facts: { "documents a second": Math.round((count * 1000) / median(pairs.map(([, other]) => other.wall))) },
      },
    ];
    yield [
      "audit-memory",
      {
        ratios: pairs.map(([, { rss }]) => rss / few.rss),
        facts: { MiB: Math.round(median(pairs.map(([, { rss }]) => rss)) / 2 ** 20) },
      },
    ];
  },
};
