/** What a runtime test is: what it will look at, said beforehand, and a function that goes and looks. */
import { wording, type Criterion, type Measurement, type Observation } from "../../core/statement/criterion.js";
import type { CheckRecord, Descriptor, Figure, Relation, Subject } from "../../core/statement/statement.js";
import type { Outcome } from "../../core/statement/verdict.js";
import type { Piece } from "../attachments.js";
import type { Stream } from "../command/command.js";

/**
 * A check as it is planned: what is expected is fixed before anything is observed. With a criterion its outcome is computed from the
 * observations; without one the scenario reports it.
 */
export type PlannedCheckOf = Pick<CheckRecord, "id" | "claim" | "required" | "expected" | "criterion">;
export type { Measurement, Observation } from "../../core/statement/criterion.js";

/** A check whose outcome follows from observations: what is expected of it is its criterion, in words. */
export const computed = (
  check: Omit<PlannedCheckOf, "expected"> & { readonly criterion: Criterion },
): PlannedCheckOf => ({
  ...check,
  expected: wording(check.criterion),
});

export interface Profile {
  readonly describe: string;
  readonly checks: readonly PlannedCheckOf[];
  readonly figures?: readonly Figure[];
  /** What this profile does not look at, in words. */
  readonly notChecked: readonly string[];
  /** What this profile tests, where that is not what the scenario's other profiles do. */
  readonly subject?: readonly Subject[];
  /** What is answered beside the published test: relations that only this profile has. */
  readonly relations?: readonly Relation[];
  /** Where there is a shorter run: what it leaves out, in words. */
  readonly quick?: readonly string[];
}

/** Which implementation of the thing under test answers, where there are several; `path` names a program. */
export interface DriverChoice {
  readonly name: string;
  readonly path?: string;
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
  /** The first is taken unless another is asked for. */
  readonly drivers: readonly string[];
  /** What the statement's configuration names as its code: the folder of `import.meta.url`, or one file by its digest. */
  readonly source: string | { readonly sha256: string };
  /** Looks whether it can run here, before it is announced. @throws AttestError `driver-missing`, `scenario-unknown` */
  ready?(driver: DriverChoice): Promise<unknown>;
  run(probe: Probe): Promise<void>;
  /** Prose made from what was observed; it can say nothing that the checks do not. */
  tell(
    checks: readonly CheckRecord[],
    profile: string,
  ): {
    /** Where a profile has one of its own. */
    readonly title?: string;
    readonly summary: string;
    readonly sections: readonly { readonly heading: string; readonly body: string }[];
  };
}

/** What a running scenario is given. It reports what it sees; verdicts are not its business. */
export interface Probe {
  readonly profile: string;
  readonly driver: DriverChoice;
  /** A shorter run was asked for. */
  readonly quick: boolean;
  /** A temporary folder, removed after the run: the only place to write to. */
  readonly home: string;
  /** Aborted when the user interrupts: end every process that was started, then return or throw. */
  readonly signal: AbortSignal;
  /** Adds what was found to be under test: a driver with its version and digest. */
  configure(descriptor: Descriptor): void;
  /** Adds a line to what the run did not look at, where that depends on how it was run. */
  leaveOpen(line: string): void;
  /** A line of the observations, which are evidence: what criteria are computed from, as raw as it was seen. */
  observe(observation: Observation): void;
  /** Of a check with a criterion: why it was not tried here. */
  skip(id: string, reason: string): void;
  /** Of a check with a criterion: what kept it from being tried. It is `errored`, unless what was observed fails it. */
  fault(id: string, reason: string): void;
  /** Once for each planned check without a criterion; those that are never reported are `errored`. */
  check(id: string, outcome: Outcome, observed: string, measurements?: readonly Measurement[]): void;
  /** One more number of a planned check without a criterion, before or after it is reported; names differ. */
  measure(id: string, measurement: Measurement): void;
  attach(piece: Piece): void;
  /** A line of the timeline, which is evidence: milliseconds since the start are added. */
  note(event: string, facts?: Readonly<Record<string, string | number | boolean | null>>): void;
  /** For the person who waits; not recorded. `share` is the part that is done, 0 to 1. */
  progress(text: string, share: number): void;
  /** What a process of the scenario's own prints, for the person who waits; not recorded. */
  output(stream: Stream, chunk: Uint8Array): Promise<void> | void;
}
