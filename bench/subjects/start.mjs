/**
 * The start of the command line: one file that is verified, in a process of its own, beside node with an empty file. Compared is the time of the
 * processors, which other programs disturb least; the clock's time is told too.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatKey } from "../../dist/core/keys/key.js";
import { attestation, secretOf } from "../attestations.mjs";
import { median, rounds } from "../measure.mjs";
import { MAIN, withNode } from "../processes.mjs";

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "start",
  rows: () => [
    {
      id: "start-verify",
      what: "attest verify FILE of 2 KiB, cold",
      against: "node on an empty file",
      holds: "at most",
      target: 1.8,
      stretch: 1.4,
    },
    {
      id: "start-version",
      what: "attest version, cold",
      against: "node on an empty file",
      holds: "at most",
      target: 1.8,
    },
  ],
  async *run({ pick }) {
    const secret = secretOf();
    /** @type {(readonly [string, import("../processes.mjs").Pairs])[]} */
    const measured = withNode((start, folder) => {
      const [file, empty] = [join(folder, "document.json"), join(folder, "empty.mjs")];
      writeFileSync(file, attestation(secret).bytes);
      writeFileSync(empty, "");
      const words = {
        "start-verify": ["verify", file, "--key", formatKey(secret.key, "bench")],
        "start-version": ["version"],
      };
      return Object.entries(words).map(([id, args]) => {
        const attest = () => {
          const ran = start([MAIN, ...args]);
          if (ran.status !== 0) throw new Error(`attest ${args.join(" ")} ended with ${String(ran.status)}`);
          return ran;
        };
        const node = () => start([empty]);
        rounds(1, attest, node); // the files are in memory from here on
        return /** @type {const} */ ([id, rounds(pick(21, 2), attest, node)]);
      });
    });
    for (const [id, pairs] of measured) {
      const wall = median(pairs.map(([one, other]) => one.wall / other.wall));
      /** @type {(at: 0 | 1) => string} */
      const ms = (at) => median(pairs.map((pair) => pair[at].cpu)).toFixed(1);
      const facts = { "by the clock": Number(wall.toFixed(2)), "ms of the processors": `${ms(0)} and ${ms(1)}` };
      yield [id, { ratios: pairs.map(([one, other]) => one.cpu / other.cpu), facts }];
    }
  },
};
