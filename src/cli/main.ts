#!/usr/bin/env node
/** The program: its verbs, and the one place where a fault becomes a message and an exit status. */
import { Command, CommanderError } from "commander";
import { AttestError } from "../core/errors.js";
import { demo } from "./demo.js";
import { init } from "./init.js";
import { key } from "./key.js";
import { run } from "./run.js";
import { show } from "./show.js";
import { sign } from "./sign.js";
import { site } from "./site.js";
import { task } from "./task.js";
import { tellFault } from "./ui.js";
import { VERSION } from "../node/version.js";
import { verify } from "./verify.js";
import { version } from "./version.js";

const HELP = `
Start here:
  attest demo                                        the whole way once, in ./demo
  attest verify demo/attestations/test_*.json        what a stranger does

Exit status:
  0  verified, and the policy is met          3  no accepted key, or the policy is not met
  1  does not verify                          4  a requested check could not be made
  2  usage, malformed input, files            5  audit findings
  Of several, the first of 2, 1, 3, 4, 5. attest run gives 0 for VALIDATED and 1 for less.`;

export function program(): Command {
  const attest = new Command("attest")
    .description(
      "Run a test against something real, sign what happened, and publish it so that a stranger can check it.",
    )
    .addHelpText("after", HELP)
    .version(VERSION, "-V, --version", "print the version number alone")
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined }); // faults are told once, by `tellFault`
  attest
    .command("help [verb]")
    .description("show the help of a verb")
    .action(async (verb: string | undefined) => {
      const found = attest.commands.find((command) => command.name() === verb);
      if (found !== undefined || verb === undefined) (found ?? attest).outputHelp();
      else await program().parseAsync([verb], { from: "user" }); // which says that there is none, and what was meant
    });
  for (const verb of [demo, init, key, run, sign, verify, show, site, task, version]) verb(attest);
  return attest;
}

/** Commander's own exit status for a usage error is 1, which here means "does not verify". */
function usageFault(error: CommanderError, verb: string | undefined): AttestError {
  if (error.code === "commander.help")
    return new AttestError(
      "usage",
      "expected a verb, found none",
      verb === undefined ? "attest --help lists the verbs" : `attest ${verb} --help lists its verbs`,
    );
  const message = error.message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)/, ", did you mean $1?");
  return new AttestError(
    "usage",
    message,
    verb === undefined ? "attest --help lists the verbs" : `attest ${verb} --help shows how it is called`,
  );
}

// A reader that has seen enough, `attest show … | head`, is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  if (process.argv.length > 2) await program().parseAsync();
  else program().outputHelp();
} catch (error) {
  const shown = error instanceof CommanderError && error.exitCode === 0;
  if (!shown) {
    const verb = process.argv.slice(2).find((word) => !word.startsWith("-"));
    const known = program().commands.some((command) => command.name() === verb);
    const fault =
      error instanceof CommanderError ? usageFault(error, known && verb !== "help" ? verb : undefined) : error;
    const others = process.argv.indexOf("--"); // what follows is for another program
    const ours = process.argv.slice(0, others < 0 ? undefined : others);
    process.exitCode = tellFault(fault, ours.includes("--json"));
  }
}
