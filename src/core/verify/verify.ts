/**
 * Verification: one document in, one `Report` out, in one order for all callers. It never throws on bad input.
 *
 *     encoding → envelope → canonical → signature → trust → type → schema → verdict → file-name → time → evidence → recompute → plan → log
 *     → retraction → policy
 */
import type { Bytes } from "../bytes.js";
import { checkAgainstPlan, checkLog, checkRetraction, logPresence } from "./check-log.js";
import { checkNotice, checkPlan } from "./check-notice.js";
import { checkEvidence, checkStatement, checkTime } from "./check-result.js";
import { outcomeOf } from "../codes.js";
import { parseEnvelope, PAYLOAD_TYPE, type Envelope } from "../statement/envelope.js";
import { AttestError } from "../errors.js";
import { claimedTime, kindOf } from "../statement/payload.js";
import { checkPolicy } from "./policy.js";
import { recompute } from "./recompute.js";
import { outcomeOfAll, CheckList, type AuditWord, type Report } from "./report.js";
import { checkSignatures, checkTrust, type SeenAt } from "./signatures.js";
import { identify } from "../statement/statement.js";
import type { VerifyOptions } from "./options.js";

export type { VerifyOptions } from "./options.js";

const ID_NAME = /^(?:test|plan|note)_[0-9a-f]{16}\.json$/;

/**
 * @example
 * const report = verify(bytes, { engine: nobleEngine, keys: [{ key, by: "you", source: "--key" }], now: new Date() });
 * report.outcome === "accepted" && report.verdict === "VALIDATED"
 */
export function verify(bytes: Bytes, options: VerifyOptions): Report {
  const ladder = new CheckList();
  const envelope = open(bytes, ladder, options.parse);
  if (envelope === undefined) return finish(ladder, options, {});
  const identity = identify(envelope.payloadBytes, options.engine, kindOf(envelope.payload));
  ladder.passed("canonical", "the payload has one canonical form (RFC 8785)", {
    "canonical bytes": String(envelope.payloadBytes.length),
    "SHA-256": identity.digest,
    id: identity.id,
  });
  const placed = logPresence(envelope, identity.digest, options);
  const seen = (signature: Bytes, signer: string): SeenAt | undefined =>
    earlier(options.seen?.(signature, signer), placed.seen(signature, signer));
  const { word, signers } = checkSignatures(envelope, { ...options, seen }, claimedTime(envelope.payload), ladder);
  if (word !== "ok") {
    const trust =
      signers.length > 0 && signers.every((signer) => signer.trust === "unknown") ? "unknown" : "not-checked";
    return finish(ladder, options, { ...identity, signature: word, trust, signers });
  }
  const trust = checkTrust(signers, ladder);
  const found = { ...identity, signature: word, signers, trust };
  const content = contentOf(envelope, found, options, ladder);
  if (Object.keys(content).length === 0) return finish(ladder, options, found);
  checkName(identity.id, options, ladder);
  const logged = checkLog(envelope, identity.digest, signers, placed, options, ladder);
  const standing = checkRetraction(envelope, identity.digest, signers, placed.view, options, ladder);
  const { statement } = content;
  if (statement !== undefined) {
    const { now, policy } = options;
    checkPolicy(policy, { statement, signers, checks: ladder.checks, logged, standing, now }, ladder);
  }
  return finish(ladder, options, { ...found, ...content, ...(logged && { logged }), ...(standing && { standing }) });
}

type Content = Pick<Report, "statement" | "notice" | "plan">;

/** The content of the signed bytes, of any kind; undefined if it is inconsistent. */
function contentOf(
  envelope: Envelope,
  { signers }: Pick<Report, "signers">,
  options: VerifyOptions,
  ladder: CheckList,
): Content {
  const kind = envelope.payloadType === PAYLOAD_TYPE ? kindOf(envelope.payload) : "test";
  if (kind === "note") {
    const notice = checkNotice(envelope, signers, options, ladder);
    return { ...(notice && { notice }) };
  }
  if (kind === "plan") {
    const plan = checkPlan(envelope, options, ladder);
    return { ...(plan && { plan }) };
  }
  const statement = checkStatement(envelope, ladder);
  if (statement === undefined) return {};
  checkTime(statement, options.now, ladder);
  checkEvidence(statement, options, ladder);
  recompute(statement, options, ladder);
  checkAgainstPlan(statement, signers, options, ladder);
  return { statement };
}

const earlier = (one: SeenAt | undefined, other: SeenAt | undefined): SeenAt | undefined =>
  one === undefined || (other !== undefined && Date.parse(other.at) < Date.parse(one.at)) ? other : one;

function finish(ladder: CheckList, { engine }: VerifyOptions, found: Partial<Report>): Report {
  const checks = ladder.checks;
  const audit: AuditWord = checks.some((check) => outcomeOf(check.code) === "findings") ? "findings" : "not-checked";
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
    outcome: outcomeOfAll(checks),
  };
}

function open(bytes: Bytes, ladder: CheckList, parse = parseEnvelope): Envelope | undefined {
  const size = { "bytes read": String(bytes.length) };
  const readable = (): void => ladder.passed("encoding", "UTF-8 text that can be read in one way only", size);
  try {
    const envelope = parse(bytes);
    readable();
    ladder.passed("envelope", `one envelope, in the ${envelope.format} form`, {
      signatures: String(envelope.signatures.length),
    });
    return envelope;
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    const step =
      error.code === "not-canonical"
        ? "canonical"
        : /^(?:envelope|signature|base64)/.test(error.code)
          ? "envelope"
          : "encoding";
    if (step !== "encoding") readable();
    if (step === "canonical") ladder.passed("envelope", "one envelope", {});
    ladder.failed(step, error.code, error.message, size);
    return undefined;
  }
}

function checkName(id: string, { fileName, named }: VerifyOptions, ladder: CheckList): void {
  if (fileName === undefined) return ladder.notChecked("file-name", "no-name", "the document came without a file name");
  if (fileName === `${id}.json`)
    return ladder.passed("file-name", "the file's name is the id of what it holds", { id });
  if (named === true || ID_NAME.test(fileName))
    return ladder.failed("file-name", "name-mismatch", `expected the file name ${id}.json, found ${fileName}`, { id });
  ladder.notChecked("file-name", "no-name", "the file's name claims no id", { id });
}
