/** Turns a draft into an attestation: adds the time, checks, canonicalizes, signs, and verifies it before anyone sees it. */
import type { Bytes } from "../../core/bytes.js";
import { equal } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { canonical, isObject, type Json, type JsonObject } from "../../core/json.js";
import type { Signer } from "../../core/keys/key.js";
import { repetition } from "../../core/statement/once.js";
import type { LogName } from "../../core/keys/keyring.js";
import { identify, readStatement, type Draft, type ResultStatement } from "../../core/statement/statement.js";
import { derive } from "../../core/statement/verdict.js";
import { seal } from "./seal.js";

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
  const { bytes, fault } = await seal(stamped, {
    signers: [signer],
    engine,
    now,
    shorter: "move long lists and texts into evidence, and name them by digest",
  });
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
