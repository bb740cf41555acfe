/**
 * Verification: one document in, one `Report` out, in the one order that every path shares. It never throws on bad input.
 *
 *     bytes → skin → canonical → signature → trust → type → schema → derivation → name → time → evidence → recompute → log → policy
 */
import type { Bytes } from "./bytes.js";
import { exitOf } from "./codes.js";
import { parseEnvelope, PAYLOAD_TYPE, type Envelope } from "./envelope.js";
import { judge, permits } from "./criterion.js";
import { AttestError } from "./errors.js";
import { isObject, type Json, type JsonObject } from "./json.js";
import { NOTICE_TYPE, NOTICE_VERSION, readNotice, successorOf, type Notice } from "./notice.js";
import { checkPolicy, refusePolicy, type Policy } from "./policy.js";
import { recompute } from "./recompute.js";
import { exitStatus, Ladder, type AuditWord, type Report, type SignerReport } from "./report.js";
import { checkSignatures, checkTrust, type Judges } from "./signatures.js";
import { identify, readStatement, RESULT_TYPE, STATEMENT_TYPE, VERSION, type ResultStatement } from "./statement.js";
import { derive } from "./verdict.js";

export interface VerifyOptions extends Judges {
  /** How the document's skin is read, where it may be another than the readable one or DSSE: `parseSkin` of `src/formats`. */
  readonly parse?: (bytes: Bytes) => Envelope;
  /** The verifier's clock, for dates that lie in the future. */
  readonly now: Date;
  /** The file's base name: checked against the id where it claims one. */
  readonly fileName?: string | undefined;
  /** Whether `fileName` must be the id, as it must inside a registry. */
  readonly named?: boolean;
  /** How archived bytes compare with the digest and the size that were signed. Without it evidence is not checked. */
  readonly archived?: (sha256: string, size: number) => "same" | "changed" | "missing";
  /** The bytes of archived observations: given, every outcome with a criterion is computed from them again. */
  readonly observations?: (sha256: string) => Bytes | undefined;
  /** What is asked beyond a good signature by a key that is trusted. */
  readonly policy?: Policy;
}

const CLOCK_SLACK_MS = 5 * 60_000;
const ID_NAME = /^(?:test|plan|note)_[0-9a-f]{16}\.json$/;

/**
 * @example
 * const report = verify(bytes, { engine: nobleEngine, keys: [{ key, by: "you", source: "--key" }], now: new Date() });
 * report.exit === 0 && report.verdict === "VALIDATED"
 */
export function verify(bytes: Bytes, options: VerifyOptions): Report {
  const ladder = new Ladder();
  const envelope = open(bytes, ladder, options.parse);
  if (envelope === undefined) return finish(ladder, options, {});
  const identity = identify(envelope.payloadBytes, options.engine, kindOf(envelope.payload));
  ladder.passed("canonical", "the payload has one canonical form (RFC 8785)", {
    "canonical bytes": String(envelope.payloadBytes.length),
    "SHA-256": identity.digest,
    id: identity.id,
  });
  const { word, signers } = checkSignatures(envelope, options, claimedTime(envelope.payload), ladder);
  if (word !== "ok") {
    const trust =
      signers.length > 0 && signers.every((signer) => signer.trust === "unknown") ? "unknown" : "not-checked";
    return finish(ladder, options, { ...identity, signature: word, trust, signers });
  }
  const trust = checkTrust(signers, ladder);
  if (envelope.payloadType === PAYLOAD_TYPE && envelope.payload["predicateType"] === NOTICE_TYPE) {
    const notice = checkNotice(identity.id, envelope, signers, options, ladder);
    return finish(ladder, options, { ...identity, signature: word, signers, trust, ...(notice && { notice }) });
  }
  const statement = checkStatement(envelope, ladder);
  if (statement !== undefined) {
    checkName(identity.id, options, ladder);
    checkTime(statement, options.now, ladder);
    checkEvidence(statement, options, ladder);
    recompute(statement, options, ladder);
    ladder.notChecked(
      "log",
      "no-log",
      statement.predicate.f3.log === undefined
        ? "the statement names no log"
        : "log proofs are not read by this version",
    );
    checkPolicy(options.policy, { statement, signers, checks: ladder.checks, now: options.now }, ladder);
  }
  return finish(ladder, options, { ...identity, signature: word, signers, trust, ...(statement && { statement }) });
}

function finish(ladder: Ladder, { engine }: VerifyOptions, found: Partial<Report>): Report {
  const checks = ladder.checks;
  const audit: AuditWord = checks.some((check) => exitOf(check.code) === 5) ? "findings" : "not-checked";
  return {
    schema: "urn:f3-attest:report:v1",
    signature: "not-checked",
    trust: "not-checked",
    signers: [],
    ...(found.statement && { verdict: found.statement.predicate.f3.verdict }),
    ...found,
    audit,
    checks,
    engine: engine.name,
    exit: exitStatus(checks),
  };
}

function open(bytes: Bytes, ladder: Ladder, parse = parseEnvelope): Envelope | undefined {
  const size = { "bytes read": String(bytes.length) };
  const readable = (): void => ladder.passed("bytes", "UTF-8 text that can be read in one way only", size);
  try {
    const envelope = parse(bytes);
    readable();
    ladder.passed("skin", `one envelope, in the ${envelope.skin} form`, {
      signatures: String(envelope.signatures.length),
    });
    return envelope;
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const step =
      error.code === "not-canonical" ? "canonical" : /^(?:skin|signature|base64)/.test(error.code) ? "skin" : "bytes";
    if (step !== "bytes") readable();
    if (step === "canonical") ladder.passed("skin", "one envelope", {});
    ladder.failed(step, error.code, error.message, size);
    return undefined;
  }
}

const predicateOf = (payload: JsonObject): JsonObject => (isObject(payload["predicate"]) ? payload["predicate"] : {});
const extensionOf = (payload: JsonObject): JsonObject => {
  const f3: Json | undefined = predicateOf(payload)["f3"];
  return isObject(f3) ? f3 : {};
};
const claimedTime = (payload: JsonObject): string | undefined => {
  const at = extensionOf(payload)["signedAt"] ?? predicateOf(payload)["signedAt"]; // of a notice
  return typeof at === "string" ? at : undefined;
};
const KINDS: ReadonlyMap<Json | undefined, "plan" | "note"> = new Map([
  ["urn:f3-attest:plan:v1", "plan"],
  [NOTICE_TYPE, "note"],
]);
const kindOf = (payload: JsonObject): "test" | "plan" | "note" => KINDS.get(payload["predicateType"]) ?? "test";

function checkStatement({ payloadType, payload }: Envelope, ladder: Ladder): ResultStatement | undefined {
  const quoted = (value: Json | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value));
  if (payloadType !== PAYLOAD_TYPE)
    return void ladder.failed(
      "type",
      "payload-type",
      `expected payloadType ${PAYLOAD_TYPE}, found ${quoted(payloadType)}`,
    );
  if (payload["_type"] !== STATEMENT_TYPE)
    return void ladder.failed(
      "type",
      "statement-type",
      `expected _type ${STATEMENT_TYPE}, found ${quoted(payload["_type"])}`,
    );
  if (payload["predicateType"] !== RESULT_TYPE) {
    return void ladder.notChecked(
      "type",
      "predicate-type",
      `expected predicateType ${RESULT_TYPE}, found ${quoted(payload["predicateType"])}: another kind of statement, or a newer one`,
    );
  }
  const version = extensionOf(payload)["version"];
  if (typeof version === "number" && Number.isInteger(version) && version > VERSION) {
    return void ladder.notChecked(
      "type",
      "version-newer",
      `the statement is of version ${version}, this verifier knows ${VERSION}: take a newer one`,
    );
  }
  ladder.passed("type", "an in-toto statement about a test result", { predicateType: RESULT_TYPE });

  const read = readStatement(payload);
  if ("fault" in read) return void ladder.failed("schema", "schema", `expected a complete statement; ${read.fault}`);
  ladder.passed("schema", "every part that a result must have is there");

  const { predicate } = read.statement;
  const derived = derive(predicate.f3.checks);
  const values = { "derived verdict": derived.verdict, "derived result": derived.result };
  if (predicate.f3.verdict !== derived.verdict) {
    return void ladder.failed(
      "derivation",
      "verdict-mismatch",
      `the checks give ${derived.verdict}, the statement says ${predicate.f3.verdict}`,
      values,
    );
  }
  if (predicate.result !== derived.result) {
    return void ladder.failed(
      "derivation",
      "result-mismatch",
      `the checks give ${derived.result}, the statement says ${predicate.result}`,
      values,
    );
  }
  for (const list of ["passedTests", "warnedTests", "failedTests"] as const) {
    if (JSON.stringify(predicate[list]) !== JSON.stringify(derived[list])) {
      return void ladder.failed(
        "derivation",
        "tests-mismatch",
        `the checks give ${derived[list].length} ${list}, the statement lists others`,
        values,
      );
    }
  }
  for (const { id, outcome, criterion, measurements = [] } of predicate.f3.checks) {
    if (criterion === undefined || permits(outcome, criterion, measurements)) continue;
    return void ladder.failed(
      "derivation",
      "outcome-mismatch",
      `the measurements of ${id} give ${judge(criterion, measurements)}, the statement says ${outcome}`,
      values,
    );
  }
  ladder.passed("derivation", `the recorded checks give ${derived.verdict}, as stated`, values);
  return read.statement;
}

/** As a result, but for what only a result has. */
function checkNotice(
  id: string,
  { payload }: Envelope,
  signers: readonly SignerReport[],
  options: VerifyOptions,
  ladder: Ladder,
): Notice | undefined {
  const type = payload["_type"];
  if (type !== STATEMENT_TYPE)
    return void ladder.failed(
      "type",
      "statement-type",
      `expected _type ${STATEMENT_TYPE}, found ${JSON.stringify(type)}`,
    );
  const version = predicateOf(payload)["version"];
  if (typeof version === "number" && Number.isInteger(version) && version > NOTICE_VERSION)
    return void ladder.notChecked(
      "type",
      "version-newer",
      `the notice is of version ${version}, this verifier knows ${NOTICE_VERSION}: take a newer one`,
    );
  ladder.passed("type", "a notice about a key or a signature", { predicateType: NOTICE_TYPE });
  const read = readNotice(payload, options.engine);
  if ("fault" in read) return void ladder.failed("schema", "schema", `expected a complete notice; ${read.fault}`);
  const lacking = missingParty(read.notice, signers, options);
  if (lacking !== undefined)
    return void ladder.failed(
      "schema",
      "notice-idle",
      `expected a signature by ${lacking}: without it nobody heeds it`,
    );
  ladder.passed("schema", "every part that a notice must have is there, and whoever has to sign it has signed it");
  for (const name of ["derivation", "evidence", "recompute"] as const)
    ladder.notChecked(name, "no-verdict", "a notice has neither checks nor evidence");
  checkName(id, options, ladder);
  const { signedAt } = read.notice;
  const values = { "signed (claimed)": signedAt };
  if (Date.parse(signedAt) > options.now.getTime() + CLOCK_SLACK_MS)
    ladder.failed(
      "time",
      "time-future",
      `signed at ${signedAt}, which is in the future of this machine's clock`,
      values,
    );
  else ladder.passed("time", "not in the future; the date is the signer's own claim", values);
  ladder.notChecked("log", "no-log", "the notice names no log");
  refusePolicy(options.policy, ladder);
  return read.notice;
}

/** A hand-over is by both keys, a revocation by the key or one that it led to, a receipt by anyone. */
function missingParty(
  notice: Notice,
  signers: readonly SignerReport[],
  { engine, keys }: VerifyOptions,
): string | undefined {
  const good = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  if (notice.action === "rotate")
    return [notice.from, successorOf(notice, engine).keyid].find((keyid) => !good.includes(keyid));
  if (notice.action === "receipt" || good.includes(notice.key)) return undefined;
  const led = keys.some(({ key, after = [] }) => good.includes(key.keyid) && after.includes(notice.key));
  return led ? undefined : `${notice.key} itself or its successor`;
}

function checkName(id: string, { fileName, named }: VerifyOptions, ladder: Ladder): void {
  if (fileName === undefined) return ladder.notChecked("name", "no-name", "the document came without a file name");
  if (fileName === `${id}.json`) return ladder.passed("name", "the file's name is the id of what it holds", { id });
  if (named === true || ID_NAME.test(fileName))
    return ladder.failed("name", "name-mismatch", `expected the file name ${id}.json, found ${fileName}`, { id });
  ladder.notChecked("name", "no-name", "the file's name claims no id", { id });
}

function checkTime({ predicate: { f3 } }: ResultStatement, now: Date, ladder: Ladder): void {
  const { startedAt, finishedAt } = f3.run;
  const values = { "started (claimed)": startedAt, "finished (claimed)": finishedAt, "signed (claimed)": f3.signedAt };
  const order = [startedAt, finishedAt, f3.signedAt].map((at) => Date.parse(at));
  if (order.some((at, place) => at < (order[place - 1] ?? at))) {
    ladder.failed("time", "time-order", "expected started ≤ finished ≤ signed, found another order", values);
  } else if (f3.evidence.some(({ sourceDate }) => Date.parse(sourceDate ?? f3.signedAt) > Date.parse(f3.signedAt))) {
    ladder.failed(
      "time",
      "time-order",
      "expected evidence from before the signature, found some from after it",
      values,
    );
  } else if (Date.parse(f3.signedAt) > now.getTime() + CLOCK_SLACK_MS) {
    ladder.failed(
      "time",
      "time-future",
      `signed at ${f3.signedAt}, which is in the future of this machine's clock`,
      values,
    );
  } else ladder.passed("time", "the dates are in a possible order; all of them are the signer's own claims", values);
}

function checkEvidence({ predicate: { f3 } }: ResultStatement, { archived }: VerifyOptions, ladder: Ladder): void {
  if (archived === undefined)
    return ladder.notChecked(
      "evidence",
      "no-archive",
      "no evidence archive is at hand: digests are stated, their bytes were not looked at",
    );
  const states = f3.evidence.map((item) => ({
    name: item.name,
    state: item.digest.sha256 === undefined ? "missing" : archived(item.digest.sha256, item.size),
  }));
  const named = (state: string): string[] => states.filter((item) => item.state === state).map(({ name }) => name);
  const values = {
    same: String(named("same").length),
    changed: String(named("changed").length),
    missing: String(named("missing").length),
  };
  const [changed, missing] = [named("changed"), named("missing")];
  if (states.length === 0) ladder.notChecked("evidence", "no-evidence", "the statement names no evidence");
  else if (changed.length > 0)
    ladder.failed(
      "evidence",
      "evidence-changed",
      `archived bytes differ from what was signed: ${changed.join(", ")}`,
      values,
    );
  else if (missing.length > 0)
    ladder.notChecked("evidence", "evidence-missing", `not in the archive at hand: ${missing.join(", ")}`, values);
  else ladder.passed("evidence", `${states.length} archived pieces hash to the signed digests`, values);
}
