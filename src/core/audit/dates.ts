/**
 * The order of four dates: source ≤ work ≤ signed ≤ logged. The first three are claims of the signer, so a wrong order is a claim against a
 * claim.
 */
import type { EvidenceRef, ResultStatement } from "../statement/statement.js";
import { isCapture } from "./reference.js";
import type { Finding } from "../statement/audit-rules.js";

/** Tolerance between two clocks that nobody compared. */
const CLOCKS_MS = 5 * 60_000;

interface Dated {
  readonly about: string;
  readonly statement: ResultStatement;
  /** When trusted witnesses saw it. */
  readonly witnessed?: string | undefined;
}

export function dateFindings({ about, statement, witnessed }: Dated): Finding[] {
  const { run, signedAt, evidence } = statement.predicate.f3;
  const findings: Finding[] = [];
  const find = (rule: Finding["rule"], pointer: string, detail: string): void =>
    void findings.push({ rule, about, pointer, detail });
  const after = (one: string, other: string, slack = 0): boolean => Date.parse(one) > Date.parse(other) + slack;

  if (after(run.startedAt, run.finishedAt))
    find("date-order", "/predicate/f3/run", `finished at ${run.finishedAt}, before it started at ${run.startedAt}`);
  if (after(run.finishedAt, signedAt))
    find("date-order", "/predicate/f3/signedAt", `signed at ${signedAt}, before the work ended at ${run.finishedAt}`);
  if (witnessed !== undefined && after(signedAt, witnessed, CLOCKS_MS))
    find("date-order", "/predicate/f3/signedAt", `signed at ${signedAt}, and witnesses had seen it at ${witnessed}`);
  for (const [at, piece] of evidence.entries()) {
    const { name, sourceDate, sourceDateKind } = piece;
    const pointer = `/predicate/f3/evidence/${at}`;
    if (sourceDate === undefined) continue;
    if (after(sourceDate, signedAt))
      find("evidence-late", pointer, `${name} is dated ${sourceDate}, and the signature ${signedAt}`);
    // A capture made after the run states when it was captured. Output of the run states when it was made.
    else if (after(sourceDate, run.finishedAt) && !capturedBetween(piece, sourceDate, signedAt))
      find(
        "source-after-work",
        pointer,
        `${name} is dated ${sourceDate} (${sourceDateKind}), and the work ended at ${run.finishedAt}`,
      );
  }
  return findings;
}

/** Valid only between the source date and the signature; any other capture date excuses nothing. */
function capturedBetween(piece: EvidenceRef, sourceDate: string, signedAt: string): boolean {
  const at = piece.annotations?.["capturedAt"];
  const captured = typeof at === "string" && isCapture(piece) ? Date.parse(at) : NaN;
  return captured >= Date.parse(sourceDate) && captured <= Date.parse(signedAt);
}
