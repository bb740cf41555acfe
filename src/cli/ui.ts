/** Answers on stdout, talk on stderr; and the only form in which a fault is printed. */
import type { Writable } from "node:stream";
import { exitOf, type ExitStatus } from "./exit-status.js";
import { fromUtf8 } from "../core/bytes.js";
import { fit, readable, type Json } from "../core/json.js";
import { asFault } from "../node/faults.js";
import { printable } from "../view/printable.js";
import { io } from "./io.js";

/** Tabs separate our columns. */
const shown = (line: string): string => line.split("\t").map(printable).join("\t");

/** An answer, for scripts. One argument is one line, whatever a document put into it. */
export function answer(...lines: readonly (string | readonly string[])[]): void {
  io().stdout.write(shownLines(lines.flat()));
}

/** Lines for people. */
export const shownLines = (lines: readonly string[]): string => lines.map((line) => `${shown(line)}\n`).join("");

/** A line of JSON, with the members in their order. */
export const jsonLine = (value: unknown): string => `${inert(JSON.stringify(value))}\n`;

const HELD_BYTES = 16 * 1024;
const HELD_S = 0.1;

/** Many texts made by `shownLines` or `jsonLine`, in few writes, at the reader's pace. Each is held for a tenth of a second at most. */
export class Answers {
  #held = "";
  #since = 0;
  #late: NodeJS.Timeout | undefined;

  async add(text: string): Promise<void> {
    if (this.#held === "") {
      this.#since = process.uptime();
      this.#late = setTimeout(() => void this.flush(), HELD_S * 1000);
    }
    this.#held += text;
    if (this.#held.length >= HELD_BYTES || process.uptime() - this.#since >= HELD_S) await this.flush();
  }

  /** A vanished reader is waited for no longer. */
  flush(): Promise<void> {
    clearTimeout(this.#late);
    const text = this.#held;
    this.#held = "";
    return text === "" ? Promise.resolve() : new Promise((resolve) => void io().stdout.write(text, () => resolve()));
  }
}

/** Talk, for people. */
export function talk(...lines: readonly string[]): void {
  io().stderr.write(shownLines(lines));
}

/** A document verbatim, for a pipe. */
export function answerBytes(bytes: Uint8Array): void {
  io().stdout.write(bytes);
}

/** One object, for success and failure; undefined members are omitted. */
export function answerJson(value: unknown): void {
  io().stdout.write(inert(fromUtf8(readable(fit(JSON.parse(JSON.stringify(value)) as Json)))));
}

/** JSON of another program: accepts anything, and keeps the order of members. One line each in a stream. */
export function answerForeign(value: unknown, layout: "lines" | "line" = "lines"): void {
  io().stdout.write(`${inert(JSON.stringify(value, null, layout === "line" ? 0 : 2))}\n`);
}

/** The same JSON, with terminal controls and invisible characters escaped. */
const inert = (json: string): string =>
  json.replace(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );

/** Another program's output, at the reader's pace. A vanished reader is no fault. */
export function passOn(stream: "stdout" | "stderr", chunk: Uint8Array): Promise<void> {
  const target = io()[stream];
  if (!outliving.has(target)) {
    outliving.add(target);
    target.removeAllListeners("error");
    target.on("error", () => undefined);
  }
  return new Promise((resolve) => {
    target.write(chunk, () => resolve());
  });
}
const outliving = new WeakSet<Writable>();

/** `error: <fault>` and `hint: <what to do next>`, or one JSON object; returns the exit status. */
export function tellFault(error: unknown, json: boolean): ExitStatus {
  const fault = asFault(error);
  if (fault !== error && io().env["F3_ATTEST_TRACE"] && error instanceof Error)
    io().stderr.write(`${error.stack ?? ""}\n`);
  const exit = exitOf(fault.code);
  if (json) answerJson({ error: { code: fault.code, message: fault.message, hint: fault.hint }, exit });
  io().stderr.write(`error: ${printable(fault.message)}\n`);
  if (fault.hint !== undefined) io().stderr.write(`hint: ${printable(fault.hint)}\n`);
  return exit;
}

/** On a terminal a single rewritten line; elsewhere one line per new text. */
export class Progress {
  readonly #terminal = io().stderr.isTTY === true;
  readonly #started = process.uptime();
  #last = "";

  /** `share` is the finished part, 0 to 1. */
  say(text: string, share?: number): void {
    const shown = `${printable(text)}${share === undefined ? "" : this.#remaining(share)}`;
    if (this.#terminal) {
      const bar = share === undefined ? "" : `${"█".repeat(Math.round(share * 20)).padEnd(20, "░")} `;
      io().stderr.write(
        `\r\u001b[2K${bar}${shown.slice(0, Math.max(20, (io().stderr.columns ?? 80) - bar.length - 1))}`,
      );
    } else {
      const step = text.replace(/\d+/g, "#"); // a new estimate alone is not printed
      if (step !== this.#last) io().stderr.write(`${shown}\n`);
      this.#last = step;
    }
  }

  /** Proportional to the finished part; nothing at the beginning and near the end. */
  #remaining(share: number): string {
    const elapsed = process.uptime() - this.#started;
    const left = (elapsed * (1 - share)) / share;
    return elapsed < 3 || left < 5 || !Number.isFinite(left) ? "" : ` (about ${Math.ceil(left / 5) * 5} s more)`;
  }

  end(): void {
    if (this.#terminal) io().stderr.write("\r\u001b[2K");
  }
}

/** Shows nothing in the first second. Estimates the rest of each phase separately; short phases get no estimate. */
export class LateProgress {
  readonly #started = process.uptime();
  #progress: Progress | undefined;
  #phase = "";

  say(text: string, share?: number): void {
    const phase = text.replace(/\d+/g, "");
    if (phase !== this.#phase) this.end();
    this.#phase = phase;
    if (process.uptime() - this.#started > 1) (this.#progress ??= new Progress()).say(text, share);
  }

  end(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }
}
