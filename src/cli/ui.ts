/** Answers on stdout, talk on stderr; and the one form in which a fault is told. */
import type { Writable } from "node:stream";
import { exitOf, type ExitStatus } from "../core/codes.js";
import { fromUtf8 } from "../core/bytes.js";
import { fit, readable, type Json } from "../core/json.js";
import { asFault } from "../node/faults.js";
import { printable } from "../view/printable.js";
import { io } from "./io.js";

/** Tabs between the columns of a line are ours. */
const shown = (line: string): string => line.split("\t").map(printable).join("\t");

/** An answer: what a script would read. One argument is one line, whatever a document put into it. */
export function answer(...lines: readonly (string | readonly string[])[]): void {
  io().stdout.write(
    lines
      .flat()
      .map((line) => `${shown(line)}\n`)
      .join(""),
  );
}

/** Talk: what only a person would read. */
export function talk(...lines: readonly string[]): void {
  io().stderr.write(lines.map((line) => `${shown(line)}\n`).join(""));
}

/** A document as it is, for a pipe. */
export function answerBytes(bytes: Uint8Array): void {
  io().stdout.write(bytes);
}

/** One object, on success and on failure alike; undefined members are left out. */
export function answerJson(value: unknown): void {
  io().stdout.write(inert(fromUtf8(readable(fit(JSON.parse(JSON.stringify(value)) as Json)))));
}

/** A document of another program's: nothing in it is refused, and its members keep their order. On one line for a stream of them. */
export function answerForeign(value: unknown, layout: "lines" | "line" = "lines"): void {
  io().stdout.write(`${inert(JSON.stringify(value, null, layout === "line" ? 0 : 2))}\n`);
}

/** The same JSON with every character that a terminal could obey, or that could hide, as an escape. */
const inert = (json: string): string =>
  json.replace(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );

/** What another program prints, at the pace at which it is read; a reader that has gone is no fault, and ends nothing. */
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

/** On a terminal one line that is rewritten; elsewhere a line for each new text. */
export class Progress {
  readonly #terminal = io().stderr.isTTY === true;
  readonly #started = performance.now();
  #last = "";

  /** `share` is the part that is done, 0 to 1. */
  say(text: string, share?: number): void {
    const shown = `${printable(text)}${share === undefined ? "" : this.#remaining(share)}`;
    if (this.#terminal) {
      const bar = share === undefined ? "" : `${"█".repeat(Math.round(share * 20)).padEnd(20, "░")} `;
      io().stderr.write(
        `\r\u001b[2K${bar}${shown.slice(0, Math.max(20, (io().stderr.columns ?? 80) - bar.length - 1))}`,
      );
    } else {
      const step = text.replace(/\d+/g, "#"); // a new estimate alone is no news
      if (step !== this.#last) io().stderr.write(`${shown}\n`);
      this.#last = step;
    }
  }

  /** As long as what is done took, in proportion; not said before there is something to go by, nor of what is soon over. */
  #remaining(share: number): string {
    const elapsed = (performance.now() - this.#started) / 1000;
    const left = (elapsed * (1 - share)) / share;
    return elapsed < 3 || left < 5 || !Number.isFinite(left) ? "" : ` (about ${Math.ceil(left / 5) * 5} s more)`;
  }

  end(): void {
    if (this.#terminal) io().stderr.write("\r\u001b[2K");
  }
}
