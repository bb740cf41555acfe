/** Rules: is there evidence where it is required, and does it come from more than one place? */
import type { EvidenceRef, ResultStatement } from "../statement/statement.js";
import { hostOf } from "../origin.js";
import type { Finding } from "../statement/audit-rules.js";

/** Roles that describe where and with what something ran, but not its outcome. */
const SETTING: ReadonlySet<string> = new Set(["environment", "script", "record", "configuration", "source"]);

export function backingFindings(about: string, { predicate: { f3 } }: ResultStatement): Finding[] {
  const { checks, evidence } = f3;
  const observations = evidence.some(({ role }) => role === "observations");
  const recorded = evidence.some(({ role, size }) => !SETTING.has(role) && size > 0);
  const bare = checks.flatMap(({ id, required, outcome, criterion }, at): Finding[] => {
    if (!required || (outcome !== "passed" && outcome !== "failed")) return [];
    if (criterion === undefined ? recorded : observations) return [];
    const lacking = criterion === undefined ? "anything that the run recorded" : "the observations of its criterion";
    const detail = `${id} ${outcome}, and ${lacking} is not among the evidence`;
    return [{ rule: "evidence-none", about, pointer: `/predicate/f3/checks/${at}`, detail }];
  });
  return [...bare, ...oneOrigin(about, evidence)];
}

function oneOrigin(about: string, evidence: readonly EvidenceRef[]): Finding[] {
  const hosts = evidence.flatMap(({ uri }) =>
    /^https?:/i.test(uri ?? "") ? (hostOf(uri ?? "")?.replace(/^www\./, "") ?? []) : [],
  );
  const own = evidence.some(({ uri, role }) => uri === undefined && !SETTING.has(role));
  if (own || hosts.length < 2 || new Set(hosts).size > 1) return [];
  const detail = `all ${hosts.length} cited pieces are from ${hosts[0] ?? ""}`;
  return [{ rule: "evidence-one-origin", about, pointer: "/predicate/f3/evidence", detail }];
}
