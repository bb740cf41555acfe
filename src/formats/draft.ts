/** What a report of a test run comes down to: the normal form of all formats, and the draft of it that a reader of one format makes. */
import { AttestError } from "../core/errors.js";
import type { Outcome } from "../core/statement/verdict.js";

export interface TestCase {
  /** Unique in the report: file or suite first, where the report has them, then the test, joined by ` > `. */
  readonly name: string;
  /** What stands before the test's own name. */
  readonly suite?: string;
  readonly outcome: Outcome;
  /** It passed, but only when it was tried again. */
  readonly retried?: true;
  readonly message?: string;
  readonly durationMs?: number;
  /** As the report has it; absolute paths without what all of them have in common, which is somebody's machine. */
  readonly file?: string;
}

export type ReportFormat = "ctrf" | "junit" | "tap" | "vitest-json" | "jest-json" | "go-test-json";
export type Counters = Partial<Record<"total" | "passed" | "failed" | "errored" | "skipped", number>>;

export interface Results {
  readonly format: ReportFormat;
  readonly tool?: string;
  /** As the report has them; none is possible, and is no success. */
  readonly cases: readonly TestCase[];
  /** What the report itself counts, where it does; held against the cases. */
  readonly counters: Counters;
  /** Where the report disagrees with itself or is not whole, a sentence each. Whoever finds one here knows less than the cases say. */
  readonly discrepancies: readonly string[];
  /** Where its counters count more than the cases, and all failures that it counts are listed, a sentence each. */
  readonly overcounts?: readonly string[];
  /** How many more passed only when they were tried again than the cases tell. */
  readonly retriedToo?: number;
  /** ISO time that the report says it began, where it does, and in a time zone that it names. */
  readonly startedAt?: string;
  /** The same without a zone, as if it were UTC: a day off at most. */
  readonly startedLocally?: string;
}

/** A case as a reader finds it: its texts are the report's own, not yet cleaned. */
export interface DraftCase {
  /** From the outside in; the last is the test's own name. */
  readonly path: readonly (string | undefined)[];
  readonly outcome: Outcome;
  /** An attempt at it failed before the one that counts. */
  readonly retried?: boolean;
  readonly message?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly file?: string | undefined;
  /** What tells it from others of the same name, where the report has that. */
  readonly identity?: string | undefined;
  /** Stands for something that the report does not count as a test, a file that did not load for example. */
  readonly uncounted?: boolean;
}

export interface ReportDraft {
  readonly format: ReportFormat;
  readonly tool?: string | undefined;
  readonly cases: readonly DraftCase[];
  readonly counters: Counters;
  /** The reader compared the counters itself, because the format counts in its own way. */
  readonly compared?: boolean;
  readonly doubts: Doubts;
  readonly startedAt?: string | undefined;
  readonly startedLocally?: string | undefined;
}

/** The discrepancies on their way: each sentence once, and of a flood of them the beginning. */
export class Doubts {
  readonly #said = new Sentences();
  readonly #overcounts = new Sentences();
  #flaky = 0;

  say(sentence: string): void {
    this.#said.add(sentence);
  }

  /** Of a counter that may count something else than cases. */
  overcount(sentence: string): void {
    this.#overcounts.add(sentence);
  }

  /** A report may tell how many were flaky, and not which. */
  holdFlaky(counted: number, listed: number): void {
    if (Number.isNaN(counted)) this.say("the report does not count how many passed only when tried again in a number");
    else this.#flaky = Math.max(this.#flaky, counted - listed);
  }

  /** Retried tests that the report counts and does not name. */
  get flaky(): number {
    return this.#flaky;
  }

  get sentences(): readonly string[] {
    return this.#said.all;
  }

  get overcounts(): readonly string[] {
    return this.#overcounts.all;
  }
}

class Sentences {
  static readonly #max = 100;
  readonly #sentences = new Set<string>();
  #more = 0;

  add(sentence: string): void {
    if (this.#sentences.has(sentence)) return;
    if (this.#sentences.size < Sentences.#max) this.#sentences.add(sentence);
    else this.#more += 1;
  }

  get all(): readonly string[] {
    return this.#more > 0 ? [...this.#sentences, `and ${this.#more} more`] : [...this.#sentences];
  }
}

const MAX_CASES = 500_000;

/** @throws AttestError `too-large`, before a report that is small as bytes fills the memory as objects */
export function mustBeAtMost(count: number, what: string, max = MAX_CASES): void {
  if (count > max) throw new AttestError("too-large", `expected at most ${max} ${what}, found more`);
}

export const bad = (outcome: Outcome): boolean => outcome === "failed" || outcome === "errored";
