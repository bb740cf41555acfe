/** Runs a user-defined scenario in its own process (`host.ts`): asks for its description, and plays it. */
import { basename, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { built } from "../../node/package.js";
import { AttestError } from "../../core/errors.js";
import { runCommand, type CommandProcessOptions } from "../command/command.js";
import { WHOLE, type Described } from "./define.js";
import { withoutKeys } from "../command/environment.js";
import type { Fault, Message, Reply } from "./host.js";
import type { Probe } from "./scenario.js";
import { cleanText, Spawner } from "./spawner.js";

const HOST = built("harness/scenario/host.js");
/** Suppresses a warning that users cannot act on: a file without a package.json is parsed twice. */
const OPTIONS = ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"];

interface Hosting extends Pick<CommandProcessOptions, "signal" | "output"> {
  readonly home: string;
  /** Returns true after the last message. An error ends the process. */
  readonly take: (message: Message, reply: (reply: Reply) => void) => boolean;
}

/** @throws AttestError `scenario-format` */
export async function describeFile(url: string, signal: AbortSignal): Promise<Described> {
  let told: Message | undefined;
  const ended = await host("describe", url, {
    signal,
    home: "",
    output: () => undefined,
    take: (message) => {
      told = message;
      return true;
    },
  });
  if (signal.aborted) throw new AttestError("interrupted", "the run was interrupted", "nothing was run");
  if (told !== undefined && "described" in told) return told.described;
  throw notRead(nameOf(url), told !== undefined && "fault" in told ? told.fault : ended);
}

/** @throws Error describing how the run broke off */
export async function play(url: string, probe: Probe): Promise<void> {
  const spawner = new Spawner(probe);
  let [done, fault] = [false, undefined as Fault | undefined];
  const ended = await host("run", url, {
    signal: probe.signal,
    home: probe.home,
    output: (stream, chunk) => probe.output(stream, chunk),
    take: (message, reply) => {
      if ("call" in message) (probe[message.call] as (...given: readonly unknown[]) => void)(...message.given);
      else if ("spawn" in message) spawner.start(message.spawn, reply);
      else if ("stop" in message) spawner.stop(message.stop);
      else if ("fault" in message) ({ fault } = message);
      else if ("done" in message) done = true;
      return done || fault !== undefined;
    },
  }).finally(() => spawner.end());
  const { message, line } = fault ?? ended;
  if (!done) throw new Error(cleanText(line === undefined ? message : `${message} (${nameOf(url)}:${line})`));
}

/** The path relative to here, if it is below; otherwise the file name alone, because the folders above are private. */
export function nameOf(url: string): string {
  const path = fileURLToPath(url);
  const here = relative(process.cwd(), path);
  return here.startsWith("..") || resolve(here) === here ? basename(path) : here.replaceAll(sep, "/");
}

function notRead(name: string, { code, message, hint, line, syntax }: Fault): AttestError {
  const where = line === undefined ? name : `line ${line} of ${name}`;
  const [first = ""] = message.split("\n");
  const refused = (found: string, what: string): AttestError =>
    new AttestError("scenario-format", `expected a scenario in ${where}, found ${found}`, what);
  switch (true) {
    case code === "scenario-format":
      return new AttestError(code, `${name}: ${message}`, hint);
    case code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[cm]?ts$/.test(name):
      return refused(
        `TypeScript, which Node ${process.versions.node} does not read`,
        "use Node 22.18 or later, or write it as .js: editors know the types there too",
      );
    case code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return refused(
        `TypeScript that is more than types: ${first}`,
        "leave out what must be compiled: enum, namespace, parameter properties",
      );
    case syntax || code === "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return refused(`a syntax error: ${first}`, `node ${name} shows the place`);
    default:
      return refused(`that it cannot be loaded: ${first}`, WHOLE);
  }
}

/** Runs until it ends by itself, has sent its last message, or is aborted. Returns how it ended. */
async function host(part: "describe" | "run", url: string, { signal, home, output, take }: Hosting): Promise<Fault> {
  const over = new AbortController();
  const abort = (): void => over.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const thrown: unknown[] = [];
  try {
    const { exitCode, signal: by } = await runCommand(
      [process.execPath, ...process.execArgv, ...OPTIONS, HOST, part, url, home],
      {
        cwd: process.cwd(),
        env: withoutKeys(process.env),
        signal: over.signal,
        output,
        channel: (child) =>
          void child.on("message", (message: Message) => {
            if (over.signal.aborted && !signal.aborted) return;
            try {
              if (take(message, (reply) => void (child.connected && child.send(reply)))) over.abort();
            } catch (error) {
              thrown.push(error);
              over.abort();
              if (child.connected) child.disconnect(); // which ends it immediately
            }
          }),
      },
    );
    if (thrown.length > 0) throw thrown[0];
    const how = exitCode === null ? `was ended by ${String(by)}` : `exited with ${exitCode}`;
    return { message: `its process ${how} before it had come to its end` };
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
