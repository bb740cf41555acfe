/** A stored attestation, from its bytes to the report, beside the least that anyone does with one. */
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import canonicalize from "canonicalize";
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { fromUtf8 } from "../../dist/core/bytes.js";
import { message, PAYLOAD_TYPE, parseEnvelope } from "../../dist/core/statement/envelope.js";
import { verify } from "../../dist/core/verify/verify.js";
import { formatPem } from "../../dist/formats/raw.js";
import { formatBundle } from "../../dist/formats/sigstore.js";
import { nodeEngine } from "../../dist/node/engine.js";
import { attestation, secretOf } from "../attestations.mjs";
import { manyCalls, parsed, timesAsFast } from "../measure.mjs";

const [SMALL, LARGE] = [2048, 200 * 1024];
const NONE = { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };

/** @type {import("../subject.mjs").Subject} */
export default {
  name: "document",
  rows: () => [
    {
      id: "document-signature",
      what: "stored attestation of 2 KiB, bytes to report",
      against: "the bare signature check",
      holds: "at least",
      target: 0.6,
      stretch: 0.85,
    },
    {
      id: "document-parts",
      what: "stored attestation of 2 KiB",
      against: "JSON.parse + canonicalize + node:crypto",
      holds: "at least",
      target: 1.2,
      stretch: 1.6,
    },
    {
      id: "document-large",
      what: "stored attestation of 200 KiB",
      against: "JSON.parse + canonicalize + node:crypto",
      holds: "at least",
      target: 2,
      stretch: 4,
    },
    {
      id: "document-sigstore",
      what: "stored attestation of 2 KiB",
      against: "@sigstore/verify of its bundle",
      holds: "at least",
      target: 2,
    },
  ],
  async *run(bench) {
    const secret = secretOf();
    const key = createPublicKey(Buffer.from(formatPem(secret.key)));
    const turns = manyCalls(bench);
    const [small, large] = [attestation(secret, { size: SMALL }), attestation(secret, { size: LARGE })];
    const now = new Date();
    const keys = [{ key: secret.key, by: /** @type {const} */ ("you"), source: "the bench" }];
    /** @type {(bytes: Uint8Array) => () => unknown} */
    const ours = (bytes) => () => {
      if (verify(bytes, { engine: nodeEngine, keys, now }).outcome !== "accepted") throw new Error("not accepted");
    };
    /** @type {(bytes: Uint8Array) => () => unknown} */
    const parts = (bytes) => () => {
      const { payload, signatures } = /** @type {{ payload: unknown, signatures: readonly { sig: string }[] }} */ (
        parsed(fromUtf8(bytes))
      );
      const canonical = new TextEncoder().encode(canonicalize(payload));
      const sig = Buffer.from(signatures[0]?.sig ?? "", "base64");
      if (!verifySignature(null, message(PAYLOAD_TYPE, canonical), key, sig)) throw new Error("not verified");
    };
    const signed = message(PAYLOAD_TYPE, small.payloadBytes);
    const bare = () => verifySignature(null, signed, key, small.sig);
    /** @type {(size: number) => import("../subject.mjs").Measured["facts"]} */
    const facts = (size) => ({ "file bytes": size });

    yield [
      "document-signature",
      { ratios: timesAsFast(ours(small.bytes), bare, turns), facts: facts(small.bytes.length) },
    ];
    yield ["document-parts", { ratios: timesAsFast(ours(small.bytes), parts(small.bytes), turns) }];
    yield [
      "document-large",
      { ratios: timesAsFast(ours(large.bytes), parts(large.bytes), turns), facts: facts(large.bytes.length) },
    ];
    const bundle = fromUtf8(formatBundle(parseEnvelope(small.bytes)));
    const theirs = new Verifier(
      toTrustMaterial(NONE, () => ({ publicKey: key, validFor: () => true })),
      { tlogThreshold: 0, tsaThreshold: 0 },
    );
    const sigstore = () => theirs.verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle))));
    yield ["document-sigstore", { ratios: timesAsFast(ours(small.bytes), sigstore, turns) }];
  },
};
