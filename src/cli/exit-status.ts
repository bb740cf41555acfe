/** The exit status of the process for each outcome: stable, as scripts branch on it. */
import { outcomeOf, type Code, type ReportOutcome } from "../core/codes.js";

export const EXIT = {
  accepted: 0,
  invalid: 1,
  error: 2,
  untrusted: 3,
  unchecked: 4,
  findings: 5,
} as const satisfies Record<ReportOutcome, number>;
export type ExitStatus = (typeof EXIT)[ReportOutcome];

export const exitOf = (code: Code): ExitStatus => EXIT[outcomeOf(code)];

/** As JSON tells it: the word, and the number that scripts know. */
export const withExit = <T extends { readonly outcome: ReportOutcome }>(
  told: T,
): T & { readonly exit: ExitStatus } => ({ ...told, exit: EXIT[told.outcome] });
