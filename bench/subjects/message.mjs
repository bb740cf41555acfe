/** One signature: ours refuses what implementations judge differently, and keeps imported keys. */
import { createPublicKey, verify } from "node:crypto";
import { message, PAYLOAD_TYPE } from "../../dist/core/statement/envelope.js";
import { formatPem } from "../../dist/formats/raw.js";
import { nodeEngine } from "../../dist/node/engine.js";
import { attestation, secretOf } from "../attestations.mjs";
import { manyCalls, timesAsFast } from "../measure.mjs";

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "message",
  rows: () => [
    {
      id: "message",
      what: "strict verify of a message, per core",
      against: "raw node:crypto, key reused",
      holds: "at least",
      target: 0.95,
      stretch: 1.8,
    },
  ],
  async *run(bench) {
    const secret = secretOf();
    const { payloadBytes, sig } = attestation(secret);
    const signed = message(PAYLOAD_TYPE, payloadBytes);
    const key = createPublicKey(Buffer.from(formatPem(secret.key)));
    const ratios = timesAsFast(
      () => nodeEngine.verify(secret.key.bytes, signed, sig),
      () => verify(null, signed, key, sig),
      manyCalls(bench),
    );
    yield ["message", { ratios, facts: { "signed bytes": signed.length } }];
  },
};
