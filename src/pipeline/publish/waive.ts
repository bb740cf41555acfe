/** Makes waivers: accepts an audit finding, with a reason and an expiry. */
import { isRule, RULE_IDS, UNWAIVABLE, type RuleId } from "../../core/statement/audit-rules.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { Signer } from "../../core/keys/key.js";
import { MAX_WAIVER_DAYS, NOTICE_VERSION } from "../../core/statement/notice.js";
import { pointer, timestamp } from "../../core/schema.js";
import type { Registry } from "../../store/registry.js";
import { signNotice, type SignedNotice } from "./notice.js";
import type { Target } from "./retract.js";
import { keyEntryOf } from "./signers.js";

/** The finding that the waiver is for. */
export interface Scope {
  readonly rule: RuleId;
  readonly pointer?: string;
  readonly until: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const usage = (message: string, hint: string): AttestError => new AttestError("usage", message, hint);

/** @throws AttestError `usage` */
export function scopeOf(
  asked: { readonly rule: string; readonly pointer?: string; readonly until: string },
  now: Date,
): Scope {
  const { rule } = asked;
  if (!isRule(rule))
    throw usage(
      `--rule takes the id of a rule, not ${JSON.stringify(rule)}`,
      `the rules are ${RULE_IDS.filter((id) => !UNWAIVABLE.has(id)).join(", ")}`,
    );
  if (UNWAIVABLE.has(rule))
    throw usage(`the rule ${rule} cannot be waived`, `auditors ignore a waiver of ${[...UNWAIVABLE].join(", ")}`);
  if (asked.pointer !== undefined && !pointer.safeParse(asked.pointer).success)
    throw usage(
      `--pointer takes a JSON pointer like /predicate/f3/evidence/0, not ${JSON.stringify(asked.pointer)}`,
      "attest audit names the place of each finding; without --pointer the waiver covers the rule everywhere",
    );
  return { rule, until: endOf(asked.until, now), ...(asked.pointer !== undefined && { pointer: asked.pointer }) };
}

/** A day counts to its end. */
function endOf(text: string, now: Date): string {
  const until = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T23:59:59Z` : text;
  if (!timestamp.safeParse(until).success)
    throw usage(
      `--until takes a day like 2027-01-31 or a time like 2027-01-31T12:00:00Z, not ${JSON.stringify(text)}`,
      "a day counts to its end, in UTC",
    );
  const ms = Date.parse(until) - now.getTime();
  if (ms <= 0) throw usage(`--until takes a time in the future, not ${text}`, "pick a later --until");
  if (ms > MAX_WAIVER_DAYS * DAY_MS)
    throw usage(
      `waivers end within a year; ${text} is later`,
      "waivers are limited to one year: pick an earlier --until",
    );
  return until;
}

export interface WaiveRequest extends Scope {
  readonly target: Target;
  readonly reason: string;
  readonly signer: Signer;
  readonly engine: Engine;
  readonly now: Date;
}

/** Publishes and logs it if a registry is given. @throws AttestError `usage` if no audit can have such a finding */
export async function waive(request: WaiveRequest, registry?: Registry): Promise<SignedNotice> {
  const { target, rule, pointer: place, until, reason, signer, engine, now } = request;
  if (target.kind === "note")
    throw usage(`${target.id} is neither a test result nor a plan`, "findings about a notice cannot be waived");
  const signed = await signNotice(
    {
      version: NOTICE_VERSION,
      action: "waive",
      about: target.digest,
      rule,
      reason,
      until,
      ...(place !== undefined && { pointer: place }),
      signedAt: now.toISOString(),
    },
    [signer],
    engine,
    await registry?.log.current(),
  );
  if (registry !== undefined) {
    await registry.listSigner(keyEntryOf(signer, now));
    await registry.publish({ ...signed, evidence: new Map() });
  }
  return signed;
}
