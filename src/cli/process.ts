/** The process around a call: broken streams, a vanished terminal, the exit status. */
import { isatty } from "node:tty";
import { ioError } from "../node/faults.js";
import type { Program } from "./calls.js";
import { outliveHangUps } from "./signals.js";
import { tellFault } from "./ui.js";

/**
 * A full, closed or vanished stderr ends nothing. An answer that cannot be written is a fault, reported after everything else is done. A
 * reader that closes early (`attest verify … | head`) is no fault, and does not change the exit status.
 */
function guardStreams(): void {
  let unanswered: Error | undefined;
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || unanswered !== undefined) return;
    unanswered = error;
    process.once("exit", () => {
      process.exitCode = tellFault(ioError("write", "the answer to stdout", error), false);
    });
  });
  for (const fd of [0, 1, 2]) if (isatty(fd)) endWithTerminal(fd); // asked of the number: `process.stdin` would be opened
}

/** Node restores a terminal's settings at exit, and aborts if the terminal is gone. A signal ends the process as a shell would. */
function endWithTerminal(fd: number): void {
  process.once("exit", () => {
    if (isatty(fd)) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}

/** Node's own status for a program whose end is never reached; without it that would count as success. */
const UNFINISHED = 13;

export function runProcess(main: Program): void {
  guardStreams();
  outliveHangUps();
  process.exitCode = UNFINISHED;
  void main(process.argv.slice(2), process).then((status) => (process.exitCode = status));
}
