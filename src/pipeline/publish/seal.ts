/** A statement under its signatures, and what our own verifier says of it before anyone sees it. */
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, type JsonObject } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import type { Owners } from "../../core/keys/owner.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../../core/statement/envelope.js";
import { MAX_PAYLOAD } from "../../core/statement/statement.js";
import { failures, type Check } from "../../core/verify/report.js";
import { verify } from "../../core/verify/verify.js";

export interface Sealed {
  readonly payloadBytes: Bytes;
  /** The file: the readable format. */
  readonly bytes: Bytes;
  /** What our own verifier would refuse. */
  readonly fault: Check | undefined;
}

export interface Sealing {
  readonly signers: readonly Signer[];
  readonly engine: Engine;
  readonly now: Date;
  readonly owners?: Owners | undefined;
  /** What to do about a statement that is too large. */
  readonly shorter?: string | undefined;
}

/** @throws AttestError `payload-too-large` */
export async function seal(statement: unknown, { signers, engine, now, owners, shorter }: Sealing): Promise<Sealed> {
  const payload = statement as JsonObject;
  const payloadBytes = canonical(payload);
  if (payloadBytes.length > MAX_PAYLOAD)
    throw new AttestError(
      "payload-too-large",
      `expected at most ${MAX_PAYLOAD} bytes of payload, found ${payloadBytes.length}`,
      shorter,
    );
  const signatures = [];
  for (const signer of signers)
    signatures.push({ keyid: signer.key.keyid, sig: await signer.sign(message(PAYLOAD_TYPE, payloadBytes)) });
  const bytes = formatEnvelope({ payload, payloadType: PAYLOAD_TYPE, signatures });
  const keys = signers.map(({ key }) => ({ key, by: "you" as const, source: "the signer" }));
  const report = verify(bytes, { engine, keys, now, ...(owners && { owners }) });
  return { payloadBytes, bytes, fault: failures(report)[0] };
}
