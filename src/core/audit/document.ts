/** Turns the report of a verification, including the known notices, into audit findings. */
import { outcomeOf, type Code } from "../codes.js";
import type { Check, Report } from "../verify/report.js";
import type { Finding, RuleId } from "../statement/audit-rules.js";

const DERIVED: readonly Code[] = ["verdict-mismatch", "result-mismatch", "tests-mismatch", "outcome-mismatch"];
const ENDED: readonly Code[] = ["key-revoked", "key-revoked-unproven", "key-revoked-late", "key-retired"];
/** Undecidable codes: they yield no finding, and the document counts as not checked. */
const OPEN: readonly Code[] = [
  "key-unknown",
  "engines-disagree",
  "predicate-type",
  "version-newer",
  "retraction-undecided",
  "entries-missing",
];
/** Trust in the key is a matter of `verify`. The evidence does not depend on it. */
const OF_TRUST: readonly Code[] = ["key-registry-only"];
/** Other rules report these more precisely. */
const ELSEWHERE: readonly Code[] = ["time-order", "evidence-changed", "evidence-converted", "retracted"];

export function documentFindings(report: Report): Finding[] {
  const about = report.digest ?? "";
  const made = report.checks.flatMap((check): Finding[] => {
    const rule = ruleFor(check);
    return rule === undefined
      ? []
      : [{ rule, about, pointer: POINTER[rule] ?? "", detail: `${check.detail} [${check.code}]` }];
  });
  return [...made, ...standingFindings(report)];
}

/** The steps that could not be made, in words. */
export function openSteps({ checks, statement }: Report): string[] {
  // Without a criterion there is nothing to recompute.
  const computed = statement?.predicate.f3.checks.some(({ criterion }) => criterion !== undefined) === true;
  return checks.flatMap(({ code, name, detail }) =>
    OPEN.includes(code) || (computed && code === "recompute-impossible") ? [`${name}: ${detail}`] : [],
  );
}

const POINTER: Readonly<Partial<Record<RuleId, string>>> = {
  "verdict-not-derived": "/predicate/f3/verdict",
  "date-order": "/predicate/f3/signedAt",
  "plan-departed": "/predicate/f3/relations",
  log: "/predicate/f3/log",
};

function ruleFor({ code }: Check): RuleId | undefined {
  const outcome = outcomeOf(code);
  if (
    outcome === "accepted" ||
    outcome === "unchecked" ||
    OPEN.includes(code) ||
    OF_TRUST.includes(code) ||
    ELSEWHERE.includes(code)
  )
    return undefined;
  if (DERIVED.includes(code)) return "verdict-not-derived";
  if (ENDED.includes(code)) return "key-ended";
  if (code === "time-future") return "date-order";
  if (code === "recompute-mismatch" || code === "plan-departed") return code;
  return code.startsWith("log-") ? "log" : "unverified";
}

function standingFindings({ digest = "", standing }: Report): Finding[] {
  if (standing === undefined) return [];
  const { word, remarks, contradictions } = standing;
  const [last] = remarks;
  const said = last === undefined ? "by the log's entries; the notice is not available" : `${last.at}: ${last.reason}`;
  const found = (rule: RuleId, detail: string): Finding => ({ rule, about: digest, pointer: "", detail });
  return [
    ...(word === "retracted" ? [found("retracted", said)] : []),
    ...(word === "superseded" ? [found("superseded", said)] : []),
    ...contradictions.map(({ by, at, action, reason }) =>
      found("contradicted", `${by} says ${action}, ${at}: ${reason}`),
    ),
  ];
}
