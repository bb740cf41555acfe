/** What a runtime test is: what it will look at, said beforehand, and a function that goes and looks. */
import type { Bytes } from "../core/bytes.js";
import type { CheckRecord, Descriptor, EvidenceRef, Relation, Subject } from "../core/statement.js";
import type { Outcome } from "../core/verdict.js";

/** A check as it is planned: its criterion is fixed before anything is observed. */
export type Planned = Pick<CheckRecord, "id" | "claim" | "required" | "expected">;
export type Measurement = NonNullable<CheckRecord["measurements"]>[number];

export interface Profile {
  readonly describe: string;
  readonly checks: readonly Planned[];
  /** What this profile does not look at, in words. */
  readonly notChecked: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly hypothesis: string;
  readonly subject: readonly Subject[];
  readonly configuration: readonly Descriptor[];
  readonly relations: readonly Relation[];
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly defaultProfile: string;
  /** The folder whose code is digested into the statement's configuration: `import.meta.url` of a file in it. */
  readonly source: string;
  run(probe: Probe): Promise<void>;
  /** Prose made from what was observed; it can say nothing that the checks do not. */
  tell(checks: readonly CheckRecord[]): {
    readonly summary: string;
    readonly sections: readonly { readonly heading: string; readonly body: string }[];
  };
}

export interface Attachment {
  readonly name: string;
  readonly role: string;
  readonly mediaType: string;
  readonly bytes: Bytes;
  /** Bytes without a date are of unknown date, and the statement says so. */
  readonly source?: { readonly date: Date; readonly kind: Exclude<EvidenceRef["sourceDateKind"], "unknown"> };
}

/** What a running scenario is given. It reports what it sees; verdicts are not its business. */
export interface Probe {
  readonly profile: string;
  /** A temporary folder, removed after the run: the only place to write to. */
  readonly home: string;
  /** Aborted when the user interrupts: end every process that was started, then return or throw. */
  readonly signal: AbortSignal;
  /** Once for each planned check; those that are never reported are `errored`. */
  check(id: string, outcome: Outcome, observed: string, measurements?: readonly Measurement[]): void;
  attach(attachment: Attachment): void;
  /** A line of the timeline, which is evidence: milliseconds since the start are added. */
  note(event: string, facts?: Readonly<Record<string, string | number | boolean | null>>): void;
  /** For the person who waits; not recorded. `share` is the part that is done, 0 to 1. */
  progress(text: string, share: number): void;
}
