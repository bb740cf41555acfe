/** Reading JSON strictly: each name once, exact numbers, UTF-8, with the place of a fault. The peer reads the same bytes. */
import { parseJson } from "../../dist/core/json.js";
import { attestation, secretOf } from "../attestations.mjs";
import { manyCalls, timesAsFast } from "../measure.mjs";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "json",
  rows: () => [
    { id: "json", what: "strict parse of 2 KiB", against: "JSON.parse", holds: "at least", target: 0.5, stretch: 0.65 },
    {
      id: "json-large",
      what: "strict parse of 200 KiB",
      against: "JSON.parse",
      holds: "at least",
      target: 0.5,
      stretch: 0.65,
    },
  ],
  async *run(bench) {
    const secret = secretOf();
    for (const [id, size] of /** @type {const} */ ([
      ["json", 2048],
      ["json-large", 200 * 1024],
    ])) {
      const { bytes } = attestation(secret, { size });
      const theirs = () => /** @type {unknown} */ (JSON.parse(decoder.decode(bytes)));
      yield [
        id,
        {
          ratios: timesAsFast(() => parseJson(bytes), theirs, manyCalls(bench)),
          facts: { "file bytes": bytes.length },
        },
      ];
    }
  },
};
