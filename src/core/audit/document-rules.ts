/** Every rule that needs one result only and no other attestation. */
import type { Report } from "../verify/report.js";
import { backingFindings } from "./evidence-rules.js";
import { citedFindings, type Cited } from "./cited.js";
import { currentFindings, type NewerVersion } from "./staleness.js";
import { dateFindings } from "./dates.js";
import { documentFindings } from "./document.js";
import { driftFindings } from "./drift.js";
import { numberFindings } from "./prose-numbers.js";
import { referencesOf, type Look } from "./reference.js";
import type { Finding } from "../statement/audit-rules.js";

export interface Examined {
  readonly report: Report;
  readonly looks: readonly Look[];
  readonly cited: readonly Cited[];
  readonly current: readonly NewerVersion[];
}

/** In rule order. A document that does not verify gets that finding only. */
export function examine({ report, looks, cited, current }: Examined): Finding[] {
  const { statement, digest: about = "" } = report;
  if (statement === undefined) return documentFindings(report);
  return [
    ...documentFindings(report),
    ...driftFindings(about, looks, referencesOf(statement)),
    ...backingFindings(about, statement),
    ...citedFindings(about, statement, cited),
    ...numberFindings(about, statement),
    ...dateFindings({ about, statement, witnessed: report.logged?.witnessed?.at }),
    ...currentFindings(about, current),
  ];
}
