/** The steps for results only: type, schema, derivations from the checks, dates, evidence. */
import { judge, permits } from "../statement/criterion.js";
import { PAYLOAD_TYPE, type Envelope } from "../statement/envelope.js";
import type { Json } from "../json.js";
import { extensionOf } from "../statement/payload.js";
import type { CheckList } from "./report.js";
import { readStatement, RESULT_TYPE, STATEMENT_TYPE, VERSION, type ResultStatement } from "../statement/statement.js";
import { admits, derive } from "../statement/verdict.js";
import type { VerifyOptions } from "./options.js";

/** How far a signer's clock may be ahead of the verifier's. */
export const CLOCK_SLACK_MS = 5 * 60_000;

/** The statement, if it is consistent with itself. */
export function checkStatement({ payloadType, payload }: Envelope, ladder: CheckList): ResultStatement | undefined {
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
      `the statement has version ${version}, and this verifier knows ${VERSION}: use a newer one`,
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
      "verdict",
      "verdict-mismatch",
      `the checks give ${derived.verdict}, the statement says ${predicate.f3.verdict}`,
      values,
    );
  }
  if (!admits(derived, predicate.result)) {
    return void ladder.failed(
      "verdict",
      "result-mismatch",
      `the checks give ${derived.result}, the statement says ${predicate.result}`,
      values,
    );
  }
  for (const list of ["passedTests", "warnedTests", "failedTests"] as const) {
    if (JSON.stringify(predicate[list]) !== JSON.stringify(derived[list])) {
      return void ladder.failed(
        "verdict",
        "tests-mismatch",
        `the checks give ${derived[list].length} ${list}, the statement lists others`,
        values,
      );
    }
  }
  for (const { id, outcome, criterion, measurements = [] } of predicate.f3.checks) {
    if (criterion === undefined || permits(outcome, criterion, measurements)) continue;
    return void ladder.failed(
      "verdict",
      "outcome-mismatch",
      `the measurements of ${id} give ${judge(criterion, measurements)}, the statement says ${outcome}`,
      values,
    );
  }
  ladder.passed("verdict", `the recorded checks give ${derived.verdict}, as stated`, values);
  return read.statement;
}

export function checkTime({ predicate: { f3 } }: ResultStatement, now: Date, ladder: CheckList): void {
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

export function checkEvidence(
  { predicate: { f3 } }: ResultStatement,
  { archived, packed }: VerifyOptions,
  ladder: CheckList,
): void {
  if (archived === undefined)
    return ladder.notChecked(
      "evidence",
      "no-archive",
      "no evidence archive is available: the digests are stated, but no bytes were checked",
    );
  const states = f3.evidence.map((item) => ({
    name: item.name,
    state: item.digest.sha256 === undefined ? "missing" : archived(item.digest.sha256, item.size),
  }));
  const named = (state: string): string[] => states.filter((item) => item.state === state).map(({ name }) => name);
  const values = {
    same: String(named("same").length),
    changed: String(named("changed").length + named("converted").length),
    missing: String(named("missing").length),
  };
  const [converted, changed, missing] = [named("converted"), named("changed"), named("missing")];
  if (states.length === 0) ladder.notChecked("evidence", "no-evidence", "the statement names no evidence");
  else if (changed.length > 0)
    ladder.failed(
      "evidence",
      "evidence-changed",
      `archived bytes differ from what was signed: ${changed.join(", ")}`,
      values,
    );
  else if (converted.length > 0)
    ladder.failed(
      "evidence",
      "evidence-converted",
      `line ends were converted, as git does where .gitattributes does not say -text: ${converted.join(", ")}`,
      values,
    );
  else if (missing.length > 0)
    ladder.notChecked(
      "evidence",
      "evidence-missing",
      `not in ${packed === true ? "this pack" : "the archive"}: ${missing.join(", ")}`,
      values,
    );
  else ladder.passed("evidence", `${states.length} archived pieces hash to the signed digests`, values);
}
