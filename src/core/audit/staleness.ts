/** Is the tested version still the current one? */
import type { Finding } from "../statement/audit-rules.js";

/** The current version of what was tested. */
export interface NewerVersion {
  /** Pointer to the subject or the configuration entry. */
  readonly pointer: string;
  readonly tested: string;
  readonly current: string;
  /** The source of this information: a package registry, a clone, a folder. */
  readonly source: string;
}

export const currentFindings = (about: string, all: readonly NewerVersion[]): Finding[] =>
  all.map(({ pointer, tested, current, source }) => ({
    rule: "subject-newer" as const,
    about,
    pointer,
    detail: `tested was ${tested}, current is ${current}, by ${source}`,
  }));
