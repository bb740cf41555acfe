/** Turns a draft into an attestation: adds the time, checks, canonicalizes, signs, and verifies it before anyone sees it. */
import type { Bytes } from "../../core/bytes.js";
import { equal } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { canonical, isObject, type Json, type JsonObject } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import { repetition } from "../../core/statement/once.js";
import { failures } from "../../core/verify/report.js";
import type { LogName } from "../../core/keys/keyring.js";
import {
  identify,
  MAX_PAYLOAD,
  readStatement,
  type Draft,
  type ResultStatement,
} from "../../core/statement/statement.js";
import { derive } from "../../core/statement/verdict.js";
import { verify } from "../../core/verify/verify.js";

export interface Attestation {
  readonly id: string;
  readonly digest: string;
  /** The file `<id>.json` in the readable format. */
  readonly bytes: Bytes;
  readonly statement: ResultStatement;
}

/**
 * @param draft a statement without `signedAt`, from our own run or from an untrusted file
 * @param log the log that should hold it
 * @throws AttestError `scenario-statement` if the draft is incomplete, has unknown members, or a verdict that
 *   its checks do not give; `payload-too-large`
 */
export async function sign(
  draft: Json | Draft,
  signer: Signer,
  engine: Engine,
  now: Date,
  log?: LogName,
): Promise<Attestation> {
  const stamped = stamp(draft as Json, now, log);
  const payload = canonical(stamped);
  const read = readStatement(stamped);
  if ("fault" in read) throw refused(`expected a complete statement; ${read.fault}`);
  const twice = repetition(read.statement);
  if (twice !== undefined) throw refused(`expected each thing once; ${twice}`);
  if (!equal(canonical(read.statement as Json), payload))
    throw refused("expected only the members that a verifier reads, found others beside them");
  const { result, f3 } = read.statement.predicate;
  const derived = derive(f3.checks);
  // Verifiers accept PASSED beside warnings in older statements, but new ones are not signed so.
  if (result !== derived.result) throw refused(`the checks give ${derived.result}, the statement says ${result}`);
  if (payload.length > MAX_PAYLOAD) {
    throw new AttestError(
      "payload-too-large",
      `expected at most ${MAX_PAYLOAD} bytes of payload, found ${payload.length}`,
      "move long lists and texts into evidence, and name them by digest",
    );
  }
  const signature = await signer.sign(message(PAYLOAD_TYPE, payload));
  const bytes = formatEnvelope({
    payload: stamped,
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: signer.key.keyid, sig: signature }],
  });
  const report = verify(bytes, { engine, keys: [{ key: signer.key, by: "you", source: "the signer" }], now });
  const fault = failures(report)[0];
  if (fault !== undefined) throw refused(`${fault.name}: ${fault.detail}`);
  return { ...identify(payload, engine), bytes, statement: read.statement };
}

function stamp(draft: Json, now: Date, log: LogName | undefined): JsonObject {
  const predicate = isObject(draft) ? draft["predicate"] : undefined;
  const f3 = isObject(predicate) ? predicate["f3"] : undefined;
  if (!isObject(draft) || !isObject(predicate) || !isObject(f3))
    throw refused("expected a statement with predicate.f3, found none");
  if ("signedAt" in f3) throw refused("expected a statement without signedAt, which signing adds, found one");
  if ("log" in f3) throw refused("expected a statement without log, which signing adds, found one");
  const added = { signedAt: now.toISOString(), ...(log && { log: { ...log } }) };
  return { ...draft, predicate: { ...predicate, f3: { ...f3, ...added } } };
}

const refused = (message: string): AttestError =>
  new AttestError(
    "scenario-statement",
    message,
    "attest run SCENARIO --unsigned prints a statement that can be signed",
  );
