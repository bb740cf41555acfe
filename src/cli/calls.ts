/** A call of the program: the only place where a fault becomes a message and an exit status. */
import { Command, CommanderError } from "commander";
import { AttestError } from "../core/errors.js";
import { TOOL_VERSION } from "../node/package.js";
import { calling, exitWith, io, type Io } from "./io.js";
import { tellFault } from "./ui.js";

const HELP = `
Start here:
  attest demo                                        create and verify a sample registry in ./demo
  attest verify demo/attestations/test_*.json        what a stranger does

Exit status:
  0  verified, and the policy is met          3  no accepted key, or the policy is not met
  1  does not verify                          4  a requested check could not be made
  2  usage, malformed input, files            5  audit findings
  If several apply, the first of 2, 1, 3, 4, 5. attest run: 0 for VALIDATED, 1 otherwise.`;

/** By name. Only the called one is loaded, since loading takes most of a short command's time. */
export type Commands = Readonly<Record<string, () => Promise<(attest: Command) => void>>>;

/** Returns the exit status. */
export type Program = (words: readonly string[], io: Io) => Promise<number>;

/** Used if the output is no terminal. */
const HELP_WIDTH = 80;

/** With the named command, or with all. */
async function parser(commands: Commands, verb?: string): Promise<Command> {
  const attest = new Command("attest")
    .description(
      "Run a test against something real, sign what happened, and publish it so that a stranger can check it.",
    )
    .addHelpText("after", HELP)
    .version(TOOL_VERSION, "-V, --version", "print the version number alone")
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io().stdout.write(text),
      getOutHelpWidth: () => (io().stdout.isTTY === true ? io().stdout.columns : undefined) ?? HELP_WIDTH,
      writeErr: () => undefined, // `tellFault` reports faults, once
    });
  attest.hook("preAction", (_, command) => refuseDashes(command));
  attest
    .command("help [command]")
    .description("show the help of a command")
    .action(async (verb: string | undefined) => {
      const found = attest.commands.find((command) => command.name() === verb);
      if (found !== undefined || verb === undefined) (found ?? attest).outputHelp();
      else await attest.parseAsync([verb], { from: "user" }); // reports the unknown command and a suggestion
    });
  const wanted = verb !== undefined && Object.hasOwn(commands, verb) ? [commands[verb]] : Object.values(commands);
  for (const load of wanted) (await load?.())?.(attest);
  return attest;
}

/** Commander takes any word as an option's value, also the `--` of `attest run --report -- npm test`, where the value was forgotten. */
function refuseDashes(command: Command): void {
  const bare = command.options.find((option) => [command.getOptionValue(option.attributeName())].flat().includes("--"));
  if (bare !== undefined)
    throw new AttestError("usage", `option '${bare.flags}' argument missing`, "give its value before the --");
}

/** Commander's exit status for usage errors is 1, which means "does not verify" here. */
function usageFault(error: CommanderError, verb: string | undefined): AttestError {
  if (error.code === "commander.help")
    return new AttestError(
      "usage",
      "no command given",
      verb === undefined ? "attest --help lists the commands" : `attest ${verb} --help lists its commands`,
    );
  const message = error.message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)/, ", did you mean $1?");
  return new AttestError(
    "usage",
    message,
    verb === undefined ? "attest --help lists the commands" : `attest ${verb} --help shows how it is called`,
  );
}

/** May be called repeatedly in one process, one call at a time. */
export const programOf =
  (commands: Commands): Program =>
  (words, io) =>
    calling(words, io, async () => {
      try {
        if (words.length > 0) await (await parser(commands, words[0])).parseAsync(words, { from: "user" });
        else (await parser(commands)).outputHelp();
      } catch (error) {
        if (error instanceof CommanderError && error.exitCode === 0) return; // requested help
        const verb = words.find((word) => !word.startsWith("-"));
        const known = verb !== undefined && Object.hasOwn(commands, verb);
        const fault = error instanceof CommanderError ? usageFault(error, known ? verb : undefined) : error;
        const others = words.indexOf("--"); // the rest is for another program
        const ours = words.slice(0, others < 0 ? undefined : others);
        exitWith(tellFault(fault, ours.includes("--json")));
      }
    });
