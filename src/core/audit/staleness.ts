/** Whether what was tested is still what one gets today. */
import type { Finding } from "../statement/audit-rules.js";

/** What stands now where the tested thing stood. */
export interface NewerVersion {
  /** Of the subject or the part of the configuration. */
  readonly pointer: string;
  readonly tested: string;
  readonly current: string;
  /** Who says so: a package registry, a clone, a folder. */
  readonly source: string;
}

export const currentFindings = (about: string, all: readonly NewerVersion[]): Finding[] =>
  all.map(({ pointer, tested, current, source }) => ({
    ...{ rule: "subject-newer" as const, about, pointer },
    detail: `tested was ${tested}, current is ${current}, by ${source}`,
  }));
