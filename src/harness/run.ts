/** One run of a scenario: its observations become checks and evidence, and those a draft, whose verdict follows from them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { canonical, readable } from "../core/json.js";
import { draft, type CheckRecord, type Draft, type EvidenceRef } from "../core/statement.js";
import type { Outcome } from "../core/verdict.js";
import { environment } from "./environment.js";
import type { Attachment, Measurement, Probe, Profile, Scenario } from "./scenario.js";
import { folderDigest } from "./source.js";

export interface Run {
  readonly draft: Draft;
  /** By lowercase SHA-256; every digest among the draft's evidence that has bytes here. */
  readonly evidence: ReadonlyMap<string, Bytes>;
}

export interface RunOptions {
  readonly profile: string | undefined;
  readonly engine: Engine;
  /** Name and version of this tool. */
  readonly tool: string;
  readonly command: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: (text: string, share: number) => void;
  readonly now: () => Date;
}

/** @throws AttestError `scenario-unknown` for the profile, `interrupted`; what the scenario throws becomes an errored check */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Run> {
  const name = options.profile ?? scenario.defaultProfile;
  const profile = Object.hasOwn(scenario.profiles, name) ? scenario.profiles[name] : undefined;
  if (profile === undefined) {
    throw new AttestError(
      "scenario-unknown",
      `expected a profile of ${scenario.name}, found ${JSON.stringify(name)}`,
      `its profiles: ${Object.keys(scenario.profiles).join(", ")}`,
    );
  }
  const recorder = new Recorder(profile, options);
  const home = mkdtempSync(join(tmpdir(), "f3-attest-run-"));
  try {
    await scenario.run(recorder.probe(name, home, options));
  } catch (error) {
    recorder.broken = error instanceof Error ? error.message : String(error);
    recorder.note("error", { message: recorder.broken });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  if (options.signal.aborted)
    throw new AttestError(
      "interrupted",
      "the run was interrupted",
      "nothing was signed or published; run the same command again",
    );
  return recorder.finish(scenario, name, options);
}

/** Collects what the probe is told. */
class Recorder {
  readonly #profile: Profile;
  readonly #engine: Engine;
  readonly #now: () => Date;
  readonly #startedAt: Date;
  readonly #checks = new Map<string, CheckRecord>();
  readonly #evidence: EvidenceRef[] = [];
  readonly #bytes = new Map<string, Bytes>();
  readonly #timeline: string[] = [];
  broken: string | undefined;

  constructor(profile: Profile, { engine, now }: RunOptions) {
    this.#profile = profile;
    this.#engine = engine;
    this.#now = now;
    this.#startedAt = now();
  }

  probe(profile: string, home: string, { signal, progress }: RunOptions): Probe {
    return {
      profile,
      home,
      signal,
      progress,
      check: (id, outcome, observed, measurements) => this.#check(id, outcome, observed, measurements),
      attach: (attachment) => this.#attach(attachment),
      note: (event, facts) => this.note(event, facts),
    };
  }

  #check(id: string, outcome: Outcome, observed: string, measurements?: readonly Measurement[]): void {
    const planned = this.#profile.checks.find((check) => check.id === id);
    if (planned === undefined) throw new Error(`the check ${id} was not planned`);
    if (this.#checks.has(id)) throw new Error(`the check ${id} was reported before`);
    this.#checks.set(id, { ...planned, outcome, observed, ...(measurements && { measurements: [...measurements] }) });
    this.note("check", { id, outcome });
  }

  #attach({ name, role, mediaType, bytes, source }: Attachment): void {
    const sha256 = hex(this.#engine.sha256(bytes));
    this.#bytes.set(sha256, bytes);
    this.#evidence.push({
      name,
      role,
      mediaType,
      digest: { sha256 },
      size: bytes.length,
      ...(source === undefined
        ? { sourceDateKind: "unknown" as const }
        : { sourceDate: source.date.toISOString(), sourceDateKind: source.kind }),
    });
  }

  note(event: string, facts: Readonly<Record<string, string | number | boolean | null>> = {}): void {
    const ms = this.#now().getTime() - this.#startedAt.getTime();
    this.#timeline.push(new TextDecoder().decode(canonical({ ...facts, ms, event })));
  }

  finish(scenario: Scenario, profile: string, { tool, command, engine }: RunOptions): Run {
    const finishedAt = this.#now();
    const machine = environment(tool);
    const observed = { date: finishedAt, kind: "observed" } as const;
    this.#attach({
      name: "timeline.ndjson",
      role: "timeline",
      mediaType: "application/x-ndjson",
      bytes: utf8(`${this.#timeline.join("\n")}\n`),
      source: observed,
    });
    this.#attach({
      name: "environment.json",
      role: "environment",
      mediaType: "application/json",
      bytes: readable(machine),
      source: observed,
    });
    const checks = this.#profile.checks.map(
      (planned): CheckRecord =>
        this.#checks.get(planned.id) ?? {
          ...planned,
          outcome: "errored",
          observed:
            this.broken === undefined ? "the run ended without reporting it" : `the run broke off: ${this.broken}`,
        },
    );
    if (this.broken !== undefined) checks.push(brokeOff(this.broken));
    const told = scenario.tell(checks);
    return {
      evidence: this.#bytes,
      draft: draft({
        subject: scenario.subject,
        configuration: [
          {
            name: `scenario ${scenario.name}`,
            digest: { sha256: folderDigest(dirname(fileURLToPath(scenario.source)), engine) },
            annotations: { profile },
          },
          ...scenario.configuration,
        ],
        f3: {
          title: scenario.title,
          hypothesis: scenario.hypothesis,
          summary: told.summary,
          sections: [...told.sections],
          checks,
          notChecked: [...this.#profile.notChecked],
          evidence: this.#evidence,
          relations: [...scenario.relations],
          run: {
            startedAt: this.#startedAt.toISOString(),
            finishedAt: finishedAt.toISOString(),
            command: [...command],
            environment: machine,
          },
        },
      }),
    };
  }
}

/** Whatever had been reported by then, a run that broke off shows nothing: what it would still have said is not known. */
const brokeOff = (fault: string): CheckRecord => ({
  id: "run-completed",
  required: true,
  claim: "The run came to its end.",
  expected: "no fault",
  outcome: "errored",
  observed: `it broke off: ${fault}`,
});
