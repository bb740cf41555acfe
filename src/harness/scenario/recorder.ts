/** Collects the reports of a running scenario, and builds checks, evidence and timeline from them. */
import { utf8, type Bytes } from "../../core/bytes.js";
import { judge, measured, missing, type Measurement, type Observation } from "../../core/statement/criterion.js";
import type { Engine } from "../../core/engine.js";
import { canonical, fit } from "../../core/json.js";
import type { CheckRecord, Descriptor, EvidenceRef } from "../../core/statement/statement.js";
import type { Outcome } from "../../core/statement/verdict.js";
import { Attachments, type Piece } from "../attachments.js";
import type { PlannedCheckOf, Probe, Profile } from "./scenario.js";

export interface RecordedRun {
  readonly checks: readonly CheckRecord[];
  readonly evidence: readonly EvidenceRef[];
  readonly configuration: readonly Descriptor[];
  readonly notChecked: readonly string[];
  /** Key: lowercase SHA-256. */
  readonly bytes: ReadonlyMap<string, Bytes>;
}

export class Recorder {
  readonly startedAt: Date;
  readonly #planned: readonly PlannedCheckOf[];
  readonly #now: () => Date;
  readonly #reported = new Map<string, CheckRecord>();
  readonly #measured = new Map<string, readonly Measurement[]>();
  readonly #excused = new Map<string, { readonly outcome: "skipped" | "errored"; readonly reason: string }>();
  readonly #evidence: Attachments;
  readonly #configuration: Descriptor[] = [];
  readonly #open: string[] = [];
  readonly #timeline: string[] = [];
  readonly #observations: Observation[] = [];
  #broken: string | undefined;
  #home = "";

  constructor({ checks }: Profile, engine: Engine, now: () => Date) {
    this.#planned = checks;
    this.#evidence = new Attachments(engine);
    this.#now = now;
    this.startedAt = now();
  }

  probe(rest: Pick<Probe, "profile" | "driver" | "quick" | "home" | "signal" | "progress" | "output">): Probe {
    this.#home = rest.home;
    return {
      ...rest,
      check: (id, outcome, observed, measurements) => this.#check(id, outcome, fit(observed), fit(measurements)),
      skip: (id, reason) => this.#excuse(id, "skipped", fit(reason)),
      fault: (id, reason) => this.#excuse(id, "errored", fit(reason)),
      observe: (observation) => void this.#observations.push(this.#placeless(fit(observation))),
      leaveOpen: (line) => void this.#open.push(line),
      configure: (descriptor) => void this.#configuration.push(descriptor),
      measure: (id, measurement) => this.#measure(id, measurement),
      attach: (piece) => this.attach(piece),
      note: (event, facts) => this.#note(fit(event), fit(facts)),
    };
  }

  breakOff(fault: string): void {
    this.#broken = this.#placeless({ fault: fit(fault) }).fault;
    this.#note("error", { message: fit(fault) });
  }

  attach(piece: Piece): void {
    this.#evidence.add(piece);
  }

  finish(finishedAt: Date): RecordedRun {
    const checks = this.#planned.map((planned) => this.#outcome(planned));
    if (this.#broken !== undefined) checks.push(brokeOff(this.#broken));
    const source = { date: finishedAt, kind: "observed" } as const;
    const lines = { mediaType: "application/x-ndjson", source };
    if (this.#observations.length > 0)
      this.attach({ name: "observations.ndjson", role: "observations", bytes: ndjson(this.#observations), ...lines });
    this.attach({ name: "timeline.ndjson", role: "timeline", bytes: utf8(`${this.#timeline.join("\n")}\n`), ...lines });
    return {
      checks,
      evidence: this.#evidence.refs,
      configuration: this.#configuration,
      notChecked: this.#open,
      bytes: this.#evidence.bytes,
    };
  }

  #plan(id: string): PlannedCheckOf {
    const planned = this.#planned.find((check) => check.id === id);
    if (planned === undefined) throw new Error(`the check ${id} was not planned`);
    return planned;
  }

  #once(id: string): PlannedCheckOf {
    const planned = this.#plan(id);
    if (this.#reported.has(id) || this.#excused.has(id)) throw new Error(`the check ${id} was reported before`);
    return planned;
  }

  #check(id: string, outcome: Outcome, observed: string, measurements: readonly Measurement[] = []): void {
    const planned = this.#once(id);
    if (planned.criterion !== undefined) throw new Error(`the outcome of ${id} is computed, not reported`);
    this.#reported.set(id, { ...planned, outcome, observed });
    this.#note("check", { id, outcome });
    for (const measurement of measurements) this.#measure(id, measurement);
  }

  #measure(id: string, measurement: Measurement): void {
    if (this.#plan(id).criterion !== undefined) throw new Error(`the numbers of ${id} are computed, not reported`);
    const before = this.#measured.get(id) ?? [];
    if (before.some(({ name }) => name === measurement.name))
      throw new Error(`the check ${id} has a measurement ${measurement.name} already`);
    this.#measured.set(id, [...before, measurement]);
  }

  #excuse(id: string, outcome: "skipped" | "errored", reason: string): void {
    if (this.#once(id).criterion === undefined) return this.#check(id, outcome, reason);
    this.#excused.set(id, { outcome, ...this.#placeless({ reason }) });
    this.#note(outcome, { id, reason });
  }

  #note(event: string, facts: Readonly<Record<string, string | number | boolean | null>> = {}): void {
    const ms = this.#now().getTime() - this.startedAt.getTime();
    this.#timeline.push(new TextDecoder().decode(canonical({ ...this.#placeless(facts), ms, event })));
  }

  /** System messages contain paths. The temporary home is private, and may contain a user name. */
  #placeless<T extends Readonly<Record<string, unknown>>>(facts: T): T {
    const entries = Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === "string" && this.#home !== "" ? value.replaceAll(this.#home, "~") : value,
    ]);
    return Object.fromEntries(entries) as T;
  }

  #outcome(planned: PlannedCheckOf): CheckRecord {
    const { criterion, id } = planned;
    if (criterion !== undefined) return this.#computed({ ...planned, criterion });
    const unreported = this.#broken === undefined ? "the run ended without reporting it" : brokenBy(this.#broken);
    const measurements = this.#measured.get(id);
    return {
      ...(this.#reported.get(id) ?? { ...planned, outcome: "errored", observed: unreported }),
      ...(measurements && { measurements: [...measurements] }),
    };
  }

  /** An observed failure stands even if the check was skipped or broken; any other outcome does not. */
  #computed(planned: PlannedCheckOf & { readonly criterion: NonNullable<PlannedCheckOf["criterion"]> }): CheckRecord {
    const excuse =
      this.#excused.get(planned.id) ??
      (this.#broken === undefined ? undefined : { outcome: "errored" as const, reason: brokenBy(this.#broken) });
    const measurements = measured(planned.criterion, this.#observations);
    const outcome = judge(planned.criterion, measurements);
    if (excuse?.outcome === "skipped" && outcome !== "failed")
      return { ...planned, outcome: "skipped", observed: excuse.reason };
    const said = [
      ...(excuse === undefined || outcome === "failed" ? [] : [excuse.reason]),
      ...(outcome === "passed" ? [] : missing(planned.criterion, measurements)),
    ];
    const observed = said.length === 0 ? numbers(planned.criterion, measurements) : said.join("; ");
    return {
      ...planned,
      outcome: excuse === undefined || outcome === "failed" ? outcome : "errored",
      observed,
      ...(measurements.length > 0 && { measurements }),
    };
  }
}

const ndjson = (lines: readonly Observation[]): Bytes =>
  utf8(lines.map((line) => `${new TextDecoder().decode(canonical(line))}\n`).join(""));

/** The measurements that the claim uses; the others are listed separately. */
const numbers = ({ holds }: NonNullable<PlannedCheckOf["criterion"]>, measurements: readonly Measurement[]): string =>
  holds
    .map(({ measure }) => measurements.find(({ name }) => name === measure))
    .map((found) => `${found?.name ?? ""}: ${found?.value ?? ""}${found?.unit === undefined ? "" : ` ${found.unit}`}`)
    .join(", ");

const brokenBy = (fault: string): string => `the run broke off: ${fault}`;

/** Id of the check for a run that broke off. */
export const BROKEN_OFF = "run-completed";

/** A run that broke off shows nothing, whatever it had reported: its further reports are unknown. */
const brokeOff = (fault: string): CheckRecord => ({
  id: BROKEN_OFF,
  required: true,
  claim: "The run came to its end.",
  expected: "no fault",
  outcome: "errored",
  observed: `it broke off: ${fault}`,
});
