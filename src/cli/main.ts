#!/usr/bin/env node
/** The process: what is its own and not a call's. Its streams that break, its terminal that goes away, its exit status. */
import { isatty } from "node:tty";
import { ioError } from "../node/faults.js";
import { main } from "./program.js";
import { outliveHangUps } from "./signals.js";
import { tellFault } from "./ui.js";

/**
 * What only talks ends nothing: a stderr that is full, closed or gone. An answer that cannot be written is a fault, told when all else is
 * done; a reader that has seen enough, `attest verify … | head`, is none, and what the status says is what was found.
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
  for (const stream of [process.stdin, process.stdout, process.stderr]) if (stream.isTTY) endWithTerminal(stream.fd);
}

/** Node gives a terminal its settings back when it ends, and aborts where the terminal is gone: a signal ends it as a shell would. */
function endWithTerminal(fd: number): void {
  process.once("exit", () => {
    if (isatty(fd)) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}

guardStreams();
outliveHangUps();
process.exitCode = await main(process.argv.slice(2), process);
