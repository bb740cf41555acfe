/** The normal form of a test report, and the draft that a format's reader makes. */
import { AttestError } from "../core/errors.js";
import type { Outcome } from "../core/statement/verdict.js";

export interface TestCase {
  /** Unique in the report: file or suite (if given), then the test, joined by ` > `. */
  readonly name: string;
  /** The part before the test's own name. */
  readonly suite?: string;
  readonly outcome: Outcome;
  /** It passed only after a retry. */
  readonly retried?: true;
  readonly message?: string;
  readonly durationMs?: number;
  /** As in the report. Absolute paths lose their common prefix, which is someone's machine. */
  readonly file?: string;
}

export type ReportFormat = "ctrf" | "junit" | "tap" | "vitest-json" | "jest-json" | "go-test-json";
export type Counters = Partial<Record<"total" | "passed" | "failed" | "errored" | "skipped", number>>;

export interface Results {
  readonly format: ReportFormat;
  readonly tool?: string;
  /** As in the report. An empty list is possible, and is no success. */
  readonly cases: readonly TestCase[];
  /** The report's own counters, if any; compared with the cases. */
  readonly counters: Counters;
  /** Contradictions and gaps in the report, a sentence each. With one of them, the cases cannot be fully trusted. */
  readonly discrepancies: readonly string[];
  /** Counters above the number of cases, while every counted failure is listed; a sentence each. */
  readonly overcounts?: readonly string[];
  /** Retried tests that the report counts but does not name. */
  readonly retriedToo?: number;
  /** ISO start time, if the report gives one with a time zone. */
  readonly startedAt?: string;
  /** The start time without a zone, read as UTC: off by a day at most. */
  readonly startedLocally?: string;
}

/** A case as a reader finds it, with uncleaned texts. */
export interface DraftCase {
  /** From the outside in; the last part is the test's own name. */
  readonly path: readonly (string | undefined)[];
  readonly outcome: Outcome;
  /** An earlier attempt failed. */
  readonly retried?: boolean;
  readonly message?: string | undefined;
  readonly durationMs?: number | undefined;
  readonly file?: string | undefined;
  /** Distinguishes cases with equal names, if the report can. */
  readonly identity?: string | undefined;
  /** Not counted as a test by the report, for example a file that did not load. */
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

/** Collects discrepancies: each sentence once, and only the first of a flood. */
export class Doubts {
  readonly #said = new Sentences();
  readonly #overcounts = new Sentences();
  #flaky = 0;

  say(sentence: string): void {
    this.#said.add(sentence);
  }

  /** For a counter that may count other things than cases. */
  overcount(sentence: string): void {
    this.#overcounts.add(sentence);
  }

  /** A report may give the number of flaky tests without naming them. */
  holdFlaky(counted: number, listed: number): void {
    if (Number.isNaN(counted)) this.say("the report does not count how many passed only when tried again in a number");
    else this.#flaky = Math.max(this.#flaky, counted - listed);
  }

  /** Retried tests that the report counts but does not name. */
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

/** @throws AttestError `too-large`, before a small report expands into too many objects */
export function mustBeAtMost(count: number, what: string, max = MAX_CASES): void {
  if (count > max) throw new AttestError("too-large", `expected at most ${max} ${what}, found more`);
}

export const bad = (outcome: Outcome): boolean => outcome === "failed" || outcome === "errored";
