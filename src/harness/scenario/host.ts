/**
 * The process of a user-defined scenario, so that an exit, hang or crash stays isolated and is reported by the parent. Called as `host.js
 * describe|run <URL of the file> <home>`; it answers with messages.
 */
import { readFileSync, statSync } from "node:fs";
import { register } from "node:module";
import { basename, resolve } from "node:path";
import { utf8 } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { OUTCOMES } from "../../core/statement/verdict.js";
import type { Piece } from "../attachments.js";
import {
  describe,
  shown,
  WHOLE,
  type Described,
  type ScenarioDefinition,
  type ScenarioProbe,
  type Spawned,
  type SpawnOptions,
} from "./define.js";
import type { Probe } from "./scenario.js";

export interface Spawn extends Omit<SpawnOptions, "signal"> {
  readonly id: number;
  readonly command: readonly string[];
  readonly cwd: string;
}

/** Calls that are passed on to the parent's probe unchanged. */
type Reported = "check" | "measure" | "skip" | "observe" | "attach" | "note" | "progress";
export type HostCall = {
  [Name in Reported]: { readonly call: Name; readonly given: Parameters<Probe[Name]> };
}[Reported];

/** Messages to the parent. */
export type Message =
  | { readonly described: Described }
  | HostCall
  | { readonly spawn: Spawn }
  | { readonly stop: number }
  | { readonly done: true }
  | { readonly fault: Fault };

/** The parent's answers: how a requested process ended, or why it did not start. */
export type Reply = { readonly id: number } & ({ readonly spawned: Spawned } | { readonly fault: string });

export interface Fault {
  readonly message: string;
  /** The code of an `AttestError` or of Node's errors. */
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  readonly syntax?: boolean;
  /** Line in the scenario's file, if known. */
  readonly line?: number | undefined;
}

const [, , part, url = "", home = ""] = process.argv;

const say = (message: Message): void => void process.send?.(message);
const fail = (error: unknown): void => end({ fault: faultOf(error) });

/** While the scenario runs a signal aborts it; before and after, it ends this process. */
const interruption = new AbortController();
const interrupt = (): void => interruption.abort();

function end(message: Message): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, interrupt);
  process.removeListener("beforeExit", unsettled);
  say(message);
}

const unsettled = (): void => fail(new Error("it had nothing left to wait for, and had not finished"));

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, message, hint, stack } = error as Error & Partial<Fault>;
  const [, after = ""] = stack?.split(url) ?? [];
  const [, line] = /^:(\d+)/.exec(after) ?? [];
  return {
    message,
    syntax: error instanceof SyntaxError,
    ...(typeof code === "string" && { code }),
    ...(typeof hint === "string" && { hint }),
    ...(line !== undefined && { line: Number(line) }),
  };
}

/** Types do not protect JavaScript callers: arguments are checked here, so that the fault is reported at the call. */
function probeOf(declared: readonly string[]): ScenarioProbe {
  const known = (id: string): string => {
    if (declared.includes(id)) return id;
    throw new Error(`expected one of the declared checks (${declared.join(", ")}), found ${shown(id)}`);
  };
  return {
    home,
    signal: interruption.signal,
    check(id, outcome, observed) {
      const given = typeof outcome === "boolean" ? (outcome ? "passed" : "failed") : outcome;
      if (!(OUTCOMES as readonly unknown[]).includes(given))
        throw new TypeError(`expected true, false or an outcome of ${id}, found ${shown(given)}`);
      say({ call: "check", given: [known(id), given, text(`what was observed of ${id}`, observed)] });
    },
    measure(id, name, value, unit) {
      if (!Number.isFinite(value)) throw new TypeError(`expected a number as ${name} of ${id}, found ${shown(value)}`);
      const measurement = { name: text("the name of a measurement", name), value, ...(unit !== undefined && { unit }) };
      say({ call: "measure", given: [known(id), measurement] });
    },
    skip: (id, reason) => say({ call: "skip", given: [known(id), text(`the reason to skip ${id}`, reason)] }),
    observe(observation) {
      for (const [name, value] of Object.entries<unknown>(observation))
        if (!["string", "boolean"].includes(typeof value) && !Number.isFinite(value))
          throw new TypeError(
            `expected a text, a number, true or false as ${name} of an observation, found ${shown(value)}`,
          );
      say({ call: "observe", given: [observation] });
    },
    attach(name, content, { mediaType, role = "artifact" } = {}) {
      if (role === "observations")
        throw new Error(`expected another role of ${name}: observations are given to probe.observe`);
      const piece = pieceOf(content);
      const about = { name: text("the name of an attachment", name), role, mediaType: mediaType ?? piece.mediaType };
      say({ call: "attach", given: [{ ...piece, ...about }] });
    },
    spawn,
    note: (event, facts = {}) => say({ call: "note", given: [text("an event", event), facts] }),
    progress: (line, share = 0) =>
      say({ call: "progress", given: [text("what is said of the progress", line), share] }),
  };
}

function text(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`expected a text as ${what}, found ${shown(value)}`);
}

function pieceOf(content: Parameters<ScenarioProbe["attach"]>[1]): Pick<Piece, "bytes" | "mediaType" | "source"> {
  if (typeof content === "object" && "file" in content) {
    const file = text("the path of an attachment", content.file);
    const source = { date: statSync(file).mtime, kind: "file-mtime" } as const;
    return { bytes: new Uint8Array(readFileSync(file)), mediaType: "application/octet-stream", source };
  }
  const source = { date: new Date(), kind: "observed" } as const;
  if (typeof content === "string") return { bytes: utf8(content), mediaType: "text/plain", source };
  if (!(content instanceof Uint8Array))
    throw new TypeError(`expected a text, bytes or { file } as an attachment, found ${shown(content)}`);
  return { bytes: new Uint8Array(content), mediaType: "application/octet-stream", source };
}

const waiting = new Map<number, (reply: Reply) => void>();
let spawns = 0;

async function spawn(...[command, options = {}]: Parameters<ScenarioProbe["spawn"]>): Promise<Spawned> {
  if (!Array.isArray(command) || command.length === 0 || !command.every((word) => typeof word === "string"))
    throw new TypeError(`expected a program and its arguments, each a text in a list, found ${shown(command)}`);
  const { signal, name = basename(command[0] ?? ""), cwd = ".", ...rest } = options;
  const id = (spawns += 1);
  const stop = (): void => say({ stop: id });
  const replied = new Promise<Reply>((take) => waiting.set(id, take));
  say({ spawn: { ...rest, id, command: [...command], name, cwd: resolve(cwd) } });
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  process.channel?.ref();
  const reply = await replied;
  signal?.removeEventListener("abort", stop);
  if ("fault" in reply) throw new Error(reply.fault);
  return reply.spawned;
}

process.on("message", (reply: Reply) => {
  waiting.get(reply.id)?.(reply);
  waiting.delete(reply.id);
  if (waiting.size === 0) process.channel?.unref();
});
process.channel?.unref(); // otherwise a run that waits for nothing would wait forever
process.once("disconnect", () => process.kill(process.pid, "SIGKILL")); // the parent is gone
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
register("./resolve.js", import.meta.url);

async function work(): Promise<Message> {
  const { default: definition } = (await import(url)) as { readonly default?: unknown };
  if (definition === undefined)
    throw new AttestError("scenario-format", "expected a scenario as its default export, found none", WHOLE);
  const described = describe(definition);
  if (part === "describe") return { described };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  await (definition as ScenarioDefinition).run(probeOf(described.checks.map(({ id }) => id)));
  return { done: true };
}

process.once("beforeExit", unsettled);
void work().then(end, fail);
