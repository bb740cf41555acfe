/** The steps for documents that are not results: notices and plans. They have no verdict, so no policy about results can be met. */
import { CLOCK_SLACK_MS } from "./check-result.js";
import type { Envelope } from "../statement/envelope.js";
import { NOTICE_TYPE, NOTICE_VERSION, readNotice, successorOf, type Notice } from "../statement/notice.js";
import { Owners } from "../keys/owner.js";
import { predicateOf } from "../statement/payload.js";
import { PLAN_TYPE, PLAN_VERSION, readPlan, type PlanStatement } from "../statement/plan.js";
import { refusePolicy } from "./policy.js";
import type { CheckList, SignerReport } from "./report.js";
import { STATEMENT_TYPE } from "../statement/statement.js";
import type { VerifyOptions } from "./options.js";

export function checkNotice(
  { payload }: Envelope,
  signers: readonly SignerReport[],
  options: VerifyOptions,
  ladder: CheckList,
): Notice | undefined {
  if (!checkType({ payload, what: "notice", predicateType: NOTICE_TYPE, version: NOTICE_VERSION }, ladder))
    return undefined;
  const read = readNotice(payload, options.engine);
  if ("fault" in read) return void ladder.failed("schema", "schema", `expected a complete notice; ${read.fault}`);
  const lacking = missingParty(read.notice, signers, options);
  if (lacking !== undefined)
    return void ladder.failed(
      "schema",
      "notice-idle",
      `expected a signature by ${lacking}: without it the notice has no effect`,
    );
  ladder.passed("schema", "every required part is there, and every required signer has signed");
  rest("notice", read.notice.signedAt, options, ladder);
  return read.notice;
}

export function checkPlan({ payload }: Envelope, options: VerifyOptions, ladder: CheckList): PlanStatement | undefined {
  if (!checkType({ payload, what: "plan", predicateType: PLAN_TYPE, version: PLAN_VERSION }, ladder)) return undefined;
  const read = readPlan(payload);
  if ("fault" in read) return void ladder.failed("schema", "schema", `expected a complete plan; ${read.fault}`);
  ladder.passed("schema", "every part that a plan must have is there");
  rest("plan", read.plan.predicate.signedAt, options, ladder);
  return read.plan;
}

interface Typed extends Pick<Envelope, "payload"> {
  readonly what: "notice" | "plan";
  readonly predicateType: string;
  readonly version: number;
}

function checkType({ payload, what, predicateType, version: known }: Typed, ladder: CheckList): boolean {
  const type = payload["_type"];
  if (type !== STATEMENT_TYPE) {
    ladder.failed("type", "statement-type", `expected _type ${STATEMENT_TYPE}, found ${JSON.stringify(type)}`);
    return false;
  }
  const version = predicateOf(payload)["version"];
  if (typeof version === "number" && Number.isInteger(version) && version > known) {
    ladder.notChecked(
      "type",
      "version-newer",
      `the ${what} has version ${version}, and this verifier knows ${known}: use a newer one`,
    );
    return false;
  }
  ladder.passed(
    "type",
    what === "plan" ? "an announcement of a test" : "a notice about a key, a signature or a statement",
    { predicateType },
  );
  return true;
}

function rest(what: "notice" | "plan", signedAt: string, { now, policy }: VerifyOptions, ladder: CheckList): void {
  for (const name of ["verdict", "evidence", "recompute"] as const)
    ladder.notChecked(name, "no-verdict", `a ${what} has neither outcomes nor evidence`);
  const values = { "signed (claimed)": signedAt };
  if (Date.parse(signedAt) > now.getTime() + CLOCK_SLACK_MS)
    ladder.failed(
      "time",
      "time-future",
      `signed at ${signedAt}, which is in the future of this machine's clock`,
      values,
    );
  else ladder.passed("time", "not in the future; the date is the signer's own claim", values);
  ladder.notChecked("plan", "no-plan", `a ${what} answers no plan`);
  refusePolicy(policy, what, ladder);
}

/** A rotation needs both keys, a revocation the key or a successor, anything else any key. Whether it is effective is decided elsewhere. */
function missingParty(
  notice: Notice,
  signers: readonly SignerReport[],
  { engine, owners = new Owners() }: VerifyOptions,
): string | undefined {
  const good = signers.flatMap(({ keyid, signature }) => (signature === "ok" ? keyid : []));
  if (notice.action === "rotate")
    return [notice.from, successorOf(notice, engine).keyid].find((keyid) => !good.includes(keyid));
  if (notice.action !== "revoke" || good.includes(notice.key)) return undefined;
  const line = owners.line([notice.key]);
  return good.some((keyid) => line.has(keyid)) ? undefined : `${notice.key} itself or its successor`;
}
