/** Attestations of a wanted size, signed without a keystore, and a key that is the same for a whole run. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { canonical } from "../dist/core/json.js";
import { publicKey } from "../dist/core/keys/key.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../dist/core/statement/envelope.js";
import { draft, identify } from "../dist/core/statement/statement.js";
import { nodeEngine } from "../dist/node/engine.js";

/** @typedef {import("../dist/core/keys/key.js").PublicKey} PublicKey */
/** @typedef {import("../dist/core/json.js").JsonObject} JsonObject */
/** @typedef {{ readonly pem: string, readonly key: PublicKey, readonly sign: (message: Uint8Array) => Uint8Array }} Secret */

export const AT = "2026-03-01T10:00:00.000Z";

/** @type {(pem?: string) => Secret} */
export function secretOf(
  pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
) {
  const secret = createPrivateKey(pem);
  const raw = createPublicKey(secret).export({ format: "jwk" }).x ?? "";
  const key = publicKey(new Uint8Array(Buffer.from(raw, "base64url")), nodeEngine);
  return { pem, key, sign: (signed) => new Uint8Array(sign(null, signed, secret)) };
}

/** @typedef {{ readonly id: string, readonly digest: string, readonly payload: JsonObject, readonly payloadBytes: Uint8Array, readonly sig: Uint8Array, readonly bytes: Uint8Array }} Attestation */

/**
 * As a file of about so many bytes: one check, and as many more as fit.
 * @type {(secret: Secret, options?: { at?: number, size?: number, log?: unknown, evidence?: readonly unknown[] }) => Attestation}
 */
export function attestation(secret, { at = 0, size = 2048, log, evidence = [] } = {}) {
  const empty = signed(secret, at, 1, log, evidence);
  const each = signed(secret, at, 2, log, evidence).bytes.length - empty.bytes.length;
  const more = Math.max(0, Math.round((size - empty.bytes.length) / each));
  return more === 0 ? empty : signed(secret, at, 1 + more, log, evidence);
}

/** @type {(secret: Secret, at: number, checks: number, log: unknown, evidence: readonly unknown[]) => Attestation} */
function signed({ key, sign: signing }, at, checks, log, evidence) {
  const made = draft(/** @type {never} */ (found(at, checks, evidence)));
  const f3 = { ...made.predicate.f3, signedAt: AT, ...(log !== undefined && { log }) };
  const payload = /** @type {JsonObject} */ (
    /** @type {unknown} */ ({ ...made, predicate: { ...made.predicate, f3 } })
  );
  const payloadBytes = canonical(payload);
  const sig = signing(message(PAYLOAD_TYPE, payloadBytes));
  const bytes = formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures: [{ keyid: key.keyid, sig }] });
  return { ...identify(payloadBytes, nodeEngine), payload, payloadBytes, sig, bytes };
}

/** @type {(at: number, checks: number, evidence: readonly unknown[]) => unknown} */
const found = (at, checks, evidence) => ({
  subject: [{ name: "thing", digest: { sha256: createHash("sha256").update(String(at)).digest("hex") } }],
  configuration: [],
  f3: {
    title: `Run ${at}`,
    hypothesis: `Run ${at} succeeds.`,
    summary: "It did.",
    sections: [],
    notChecked: [],
    checks: Array.from({ length: checks }, (_, check) => ({
      id: `case-${check}`,
      claim: `Case ${check} of the suite behaves as its document says.`,
      required: true,
      outcome: "passed",
      expected: "as documented",
      observed: "as documented",
    })),
    evidence,
    relations: [],
    run: { startedAt: AT, finishedAt: AT, environment: {} },
  },
});
