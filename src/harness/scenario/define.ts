/** A user-defined scenario: declared checks, and a function that observes. See docs/scenarios.md. */
import { inspect } from "node:util";
import * as z from "zod/mini";
import { criterion, wording, type Criterion, type Observation } from "../../core/statement/criterion.js";
import { AttestError } from "../../core/errors.js";
import { atLeast, digestSet } from "../../core/schema.js";
import type { Subject } from "../../core/statement/statement.js";
import type { Outcome } from "../../core/statement/verdict.js";
import { BROKEN_OFF } from "./recorder.js";
import type { PlannedCheckOf } from "./scenario.js";

/** A check, declared before the run. */
export type ScenarioCheck<Id extends string = string> = {
  /** Lowercase letters, digits and `. _ / -`. */
  readonly id: Id;
  /** A sentence that can be true or false. */
  readonly claim: string;
  /** Whether the verdict depends on it; true by default. */
  readonly required?: boolean;
} & (
  | {
      /** What must be seen for the claim to hold, in words. `probe.check` reports it. */
      readonly expected: string;
      readonly criterion?: never;
    }
  | {
      /** The criterion as data: the outcome is computed from the arguments of `probe.observe`. */
      readonly criterion: Criterion;
      readonly expected?: never;
    }
);

export interface ScenarioDefinition<Id extends string = string> {
  readonly title: string;
  /** What all checks together should show. */
  readonly hypothesis: string;
  readonly checks: readonly ScenarioCheck<Id>[];
  /** What the run does not examine, in words. */
  readonly notChecked?: readonly string[];
  /** What is tested: files by path in the working directory, or descriptors. By default the git commit and tree of that directory. */
  readonly subject?: readonly (string | Subject)[];
  /** Observes and reports. If it throws, the result is INCONCLUSIVE. */
  run(probe: ScenarioProbe<Id>): unknown;
}

export interface AttachOptions {
  /** By default `text/plain` for text and `application/octet-stream` for bytes. */
  readonly mediaType?: string;
  /** Role of the evidence; `artifact` by default. */
  readonly role?: string;
}

export interface SpawnOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Name of its evidence; the program's name by default. */
  readonly name?: string;
  /** False: the output is returned but not kept as evidence. */
  readonly evidence?: boolean;
  /** Aborting ends the process and everything it started. */
  readonly signal?: AbortSignal;
}

/** How a process ended, with its unredacted output; above 8 MiB only start and end. */
export interface Spawned {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
}

/** The interface of a running scenario. It reports observations; the verdict is derived. */
export interface ScenarioProbe<Id extends string = string> {
  /** A temporary folder, removed after the run. */
  readonly home: string;
  /** Aborted when the run is interrupted or out of time. */
  readonly signal: AbortSignal;
  /** Reports a check once: its outcome, and what was seen. Unreported checks are `errored`. */
  check(id: Id, outcome: boolean | Outcome, observed: string): void;
  /** Adds a number to a check, before or after its report. Names must differ within a check. */
  measure(id: Id, name: string, value: number, unit?: string): void;
  /** Instead of a report: why the check was not tried. */
  skip(id: Id, reason: string): void;
  /** A flat record of raw observations. Criteria are computed from them, and all are evidence. */
  observe(observation: Observation): void;
  attach(name: string, content: string | Uint8Array | { readonly file: string }, options?: AttachOptions): void;
  /** Runs a program without a shell and waits for its end. It never outlives the run. Its output is evidence. */
  spawn(command: readonly string[], options?: SpawnOptions): Promise<Spawned>;
  /** Adds a line to the timeline, which is evidence. */
  note(event: string, facts?: Readonly<Record<string, string | number | boolean | null>>): void;
  /** For the waiting user; not recorded. `share` is the finished part, 0 to 1. */
  progress(text: string, share?: number): void;
}

/** The parts of a definition that are known without running it. */
export interface Described {
  readonly title: string;
  readonly hypothesis: string;
  readonly checks: readonly PlannedCheckOf[];
  readonly notChecked: readonly string[];
  readonly subject: readonly (string | Subject)[];
}

/**
 * Checks the definition and returns it unchanged, with the ids of its checks known to the compiler.
 * @throws AttestError `scenario-format`
 */
export function defineScenario<const Id extends string>(definition: ScenarioDefinition<Id>): ScenarioDefinition<Id> {
  describe(definition);
  return definition;
}

const filled = z
  .string("a text")
  .check(z.regex(/[^\s\p{Default_Ignorable_Code_Point}\u2800]/u, "a text that is not empty"));
const check = z
  .strictObject(
    {
      id: z
        .string("a text")
        .check(
          z.regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/, "at most 128 lowercase letters, digits and . _ / -, no sign first"),
        ),
      claim: filled,
      required: z.optional(z.boolean("true or false")),
      expected: z.optional(filled),
      criterion: z.optional(
        z.custom<Criterion>((value) => criterion.safeParse(value).success, "a criterion: measures, holds, needs"),
      ),
    },
    "a check: id, claim, expected",
  )
  .check(
    z.refine(
      (one) => (one.expected === undefined) !== (one.criterion === undefined),
      "either what is expected, in words, or a criterion",
    ),
  );
const subject = z.union(
  [filled, z.looseObject({ name: z.optional(z.string()), digest: digestSet })],
  "the path of a file, or a descriptor with a digest",
);
const scenario = z.strictObject(
  {
    title: filled,
    hypothesis: filled,
    checks: z.array(check, "a list of checks").check(atLeast(1, "at least one check")),
    notChecked: z.optional(z.array(filled, "a list of texts")),
    subject: z.optional(z.array(subject, "a list").check(atLeast(1, "at least one file or descriptor"))),
    run: z.custom<ScenarioDefinition["run"]>((value) => typeof value === "function", "a function"),
  },
  "a scenario: title, hypothesis, checks, run",
);

/** The hint for any malformed scenario. */
export const WHOLE =
  "a whole one: export default defineScenario({ title, hypothesis, checks: [{ id, claim, expected }], run(probe) { … } })";

/** @throws AttestError `scenario-format` naming the first fault */
export function describe(definition: unknown): Described {
  const parsed = scenario.safeParse(definition);
  if (!parsed.success) throw refused(definition, parsed.error.issues[0]);
  const { title, hypothesis, checks, notChecked = [], subject: tested = [] } = parsed.data;
  const twice = checks.find(({ id }, at) => checks.findIndex((other) => other.id === id) < at);
  if (twice !== undefined) throw format("ids of checks that differ", `${shown(twice.id)} twice`);
  if (checks.some(({ id }) => id === BROKEN_OFF))
    throw format("another id of a check", `${shown(BROKEN_OFF)}, which this tool adds to a run that breaks off`);
  return {
    title,
    hypothesis,
    checks: checks.map(({ id, claim, required = true, expected, criterion: data }) =>
      data === undefined
        ? { id, claim, required, expected: expected ?? "" }
        : { id, claim, required, expected: wording(data), criterion: data },
    ),
    notChecked,
    subject: tested,
  };
}

function refused(definition: unknown, issue: z.core.$ZodIssue | undefined): AttestError {
  const path = issue?.path ?? [];
  const place = path.length === 0 ? "" : ` as ${path.join(".")}`;
  if (issue?.code === "unrecognized_keys")
    return format(`no member ${issue.keys.map(shown).join(", ")}${place && ` in ${path.join(".")}`}`, "one");
  let found = definition;
  for (const step of path) found = (found as Readonly<Record<PropertyKey, unknown>>)[step];
  return format(`${issue?.message ?? "a scenario"}${place}`, shown(found));
}

const format = (expected: string, found: string): AttestError =>
  new AttestError("scenario-format", `expected ${expected}, found ${found}`, WHOLE);

/** For error messages: short, and on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  const text = inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
