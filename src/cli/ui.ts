/** Answers on stdout, talk on stderr; and the one form in which a fault is told. */
import { isatty } from "node:tty";
import { exitOf, type ExitStatus } from "../core/codes.js";
import { fromUtf8 } from "../core/bytes.js";
import { fit, readable, type Json } from "../core/json.js";
import { asFault, ioError } from "../node/faults.js";
import { printable } from "../view/printable.js";

/**
 * What only talks ends nothing: a stderr that is full, closed or gone. An answer that cannot be written is a fault, told when all else is
 * done; a reader that has seen enough, `attest verify … | head`, is none, and what the status says is what was found.
 */
export function guardStreams(): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || unanswered !== undefined) return;
    unanswered = error;
    process.once("exit", () => {
      process.exitCode = tellFault(ioError("write", "the answer to stdout", error), false);
    });
  });
  for (const stream of [process.stdin, process.stdout, process.stderr]) if (stream.isTTY) endWithTerminal(stream.fd);
}
let unanswered: Error | undefined;

/** Node gives a terminal its settings back when it ends, and aborts where the terminal is gone: a signal ends it as a shell would. */
function endWithTerminal(fd: number): void {
  process.once("exit", () => {
    if (isatty(fd)) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}

/** Tabs between the columns of a line are ours. */
const shown = (line: string): string => line.split("\t").map(printable).join("\t");

/** An answer: what a script would read. One argument is one line, whatever a document put into it. */
export function answer(...lines: readonly (string | readonly string[])[]): void {
  process.stdout.write(
    lines
      .flat()
      .map((line) => `${shown(line)}\n`)
      .join(""),
  );
}

/** Talk: what only a person would read. */
export function talk(...lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${shown(line)}\n`).join(""));
}

/** A document as it is, for a pipe. */
export function answerBytes(bytes: Uint8Array): void {
  process.stdout.write(bytes);
}

/** One object, on success and on failure alike; undefined members are left out. */
export function answerJson(value: unknown): void {
  process.stdout.write(inert(fromUtf8(readable(fit(JSON.parse(JSON.stringify(value)) as Json)))));
}

/** A document of another program's: nothing in it is refused, and its members keep their order. On one line for a stream of them. */
export function answerForeign(value: unknown, layout: "lines" | "line" = "lines"): void {
  process.stdout.write(`${inert(JSON.stringify(value, null, layout === "line" ? 0 : 2))}\n`);
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
  const target = process[stream];
  if (!outliving.has(target)) {
    outliving.add(target);
    target.removeAllListeners("error");
    target.on("error", () => undefined);
  }
  return new Promise((resolve) => {
    target.write(chunk, () => resolve());
  });
}
const outliving = new Set<NodeJS.WriteStream>();

/** `error: <fault>` and `hint: <what to do next>`, or one JSON object; returns the exit status. */
export function tellFault(error: unknown, json: boolean): ExitStatus {
  const fault = asFault(error);
  if (fault !== error && process.env["F3_ATTEST_TRACE"] && error instanceof Error)
    process.stderr.write(`${error.stack ?? ""}\n`);
  const exit = exitOf(fault.code);
  if (json) answerJson({ error: { code: fault.code, message: fault.message, hint: fault.hint }, exit });
  process.stderr.write(`error: ${printable(fault.message)}\n`);
  if (fault.hint !== undefined) process.stderr.write(`hint: ${printable(fault.hint)}\n`);
  return exit;
}

/** On a terminal one line that is rewritten; elsewhere a line for each new text. */
export class Progress {
  readonly #terminal = process.stderr.isTTY;
  readonly #started = performance.now();
  #last = "";

  /** `share` is the part that is done, 0 to 1. */
  say(text: string, share?: number): void {
    const shown = `${printable(text)}${share === undefined ? "" : this.#remaining(share)}`;
    if (this.#terminal) {
      const bar = share === undefined ? "" : `${"█".repeat(Math.round(share * 20)).padEnd(20, "░")} `;
      process.stderr.write(`\r\u001b[2K${bar}${shown.slice(0, Math.max(20, process.stderr.columns - bar.length - 1))}`);
    } else {
      const step = text.replace(/\d+/g, "#"); // a new estimate alone is no news
      if (step !== this.#last) process.stderr.write(`${shown}\n`);
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
    if (this.#terminal) process.stderr.write("\r\u001b[2K");
  }
}
