/** What becomes of a run that writes or prints these bytes and ends so: its reports, all cases, and the verdict with every leniency that there is. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../../src/core/bytes.js";
import { derive, type Verdict } from "../../src/core/statement/verdict.js";
import { checksOf, combine, type Listed } from "../../src/harness/command/checks-from-reports.js";
import { conditionsOf } from "../../src/harness/command/run-checks.js";
import { Reports, type RunnerReport } from "../../src/harness/command/reports.js";

const NOTHING = { bytes: new Uint8Array(), truncated: false };

export interface Judged {
  readonly reports: readonly RunnerReport[];
  readonly cases: readonly Listed[];
  readonly verdict: Verdict;
}

export function judged(reports: readonly RunnerReport[], exitCode = 0): Judged {
  const at = new Date();
  const combined = combine(reports);
  const result = { exitCode, signal: null, startedAt: at, finishedAt: at, wallMs: 0, survivors: [] };
  const conditions = conditionsOf({
    result,
    timeoutMs: undefined,
    reports,
    combined,
    allowRetries: true,
    allowCounts: true,
    subject: "kept",
  });
  const listing = reports.some(({ results }) => results !== undefined);
  const layout = { groups: "cases", named: Infinity } as const;
  const checks = listing ? checksOf(combined.cases, { layout, noSkips: false }) : [];
  return { reports, cases: combined.cases, verdict: derive([...conditions, ...checks]).verdict };
}

/** Before any time that a report of a test says. */
const LONG_AGO = new Date(0);

export const printed = (bytes: Bytes, named: readonly string[] = [], truncated = false): RunnerReport[] =>
  new Reports(".", named).collect(LONG_AGO, { bytes, truncated, unredacted: { bytes, truncated } }, (same) => same);

export function filed(bytes: Bytes, name = "results.out"): RunnerReport[] {
  const cwd = mkdtempSync(join(tmpdir(), "attest-filed-"));
  try {
    const reports = new Reports(cwd, [name]);
    writeFileSync(join(cwd, name), bytes);
    return reports.collect(LONG_AGO, { ...NOTHING, unredacted: NOTHING }, (same) => same);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
