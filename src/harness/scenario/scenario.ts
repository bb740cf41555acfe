/** A runtime test: declared checks, and a function that observes. */
import { wording, type Criterion, type Measurement, type Observation } from "../../core/statement/criterion.js";
import type { CheckRecord, Descriptor, Figure, Relation, Subject } from "../../core/statement/statement.js";
import type { Outcome } from "../../core/statement/verdict.js";
import type { Piece } from "../attachments.js";
import type { Stream } from "../command/command.js";

/**
 * A planned check: the expectation is fixed before anything is observed. With a criterion its outcome is computed from the observations,
 * otherwise the scenario reports it.
 */
export type PlannedCheckOf = Pick<CheckRecord, "id" | "claim" | "required" | "expected" | "criterion">;
export type { Measurement, Observation } from "../../core/statement/criterion.js";

/** A check computed from observations. Its expectation is the criterion in words. */
export const computed = (
  check: Omit<PlannedCheckOf, "expected"> & { readonly criterion: Criterion },
): PlannedCheckOf => ({ ...check, expected: wording(check.criterion) });

export interface Profile {
  readonly describe: string;
  readonly checks: readonly PlannedCheckOf[];
  readonly figures?: readonly Figure[];
  /** What this profile does not examine, in words. */
  readonly notChecked: readonly string[];
  /** What this profile tests, if it differs from the other profiles. */
  readonly subject?: readonly Subject[];
  /** Relations that only this profile has. */
  readonly relations?: readonly Relation[];
  /** What the shorter run omits, in words. Absent if there is none. */
  readonly quick?: readonly string[];
}

/** The implementation under test, if there are several; `path` names a program. */
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
  /** The first one is the default. */
  readonly drivers: readonly string[];
  /** The code named in the statement's configuration: the folder of `import.meta.url`, or one file by digest. */
  readonly source: string | { readonly sha256: string };
  /** Checks before the announcement whether it can run here. @throws AttestError `driver-missing`, `scenario-unknown` */
  ready?(driver: DriverChoice): Promise<unknown>;
  run(probe: Probe): Promise<void>;
  /** Prose from the observations; it cannot say anything that the checks do not. */
  tell(
    checks: readonly CheckRecord[],
    profile: string,
  ): {
    /** The profile's own title, if any. */
    readonly title?: string;
    readonly summary: string;
    readonly sections: readonly { readonly heading: string; readonly body: string }[];
  };
}

/** The interface of a running scenario. It reports observations; verdicts are derived. */
export interface Probe {
  readonly profile: string;
  readonly driver: DriverChoice;
  /** A shorter run was requested. */
  readonly quick: boolean;
  /** A temporary folder, removed after the run: the only place to write to. */
  readonly home: string;
  /** Aborted when the user interrupts: end every started process, then return or throw. */
  readonly signal: AbortSignal;
  /** Adds a discovered part of the configuration: a driver with version and digest. */
  configure(descriptor: Descriptor): void;
  /** Adds something that this run did not examine. */
  leaveOpen(line: string): void;
  /** A raw observation, which is evidence. Criteria are computed from these. */
  observe(observation: Observation): void;
  /** For a check with a criterion: why it was not tried here. */
  skip(id: string, reason: string): void;
  /** For a check with a criterion: what prevented it. It is `errored`, unless the observations fail it. */
  fault(id: string, reason: string): void;
  /** Once per planned check without a criterion; unreported ones are `errored`. */
  check(id: string, outcome: Outcome, observed: string, measurements?: readonly Measurement[]): void;
  /** A further number of a planned check without a criterion, before or after its report; names must differ. */
  measure(id: string, measurement: Measurement): void;
  attach(piece: Piece): void;
  /** A line of the timeline, which is evidence; adds the milliseconds since the start. */
  note(event: string, facts?: Readonly<Record<string, string | number | boolean | null>>): void;
  /** For the waiting user; not recorded. `share` is the finished part, 0 to 1. */
  progress(text: string, share: number): void;
  /** Live output of the scenario's processes, for the waiting user; not recorded. */
  output(stream: Stream, chunk: Uint8Array): Promise<void> | void;
}
