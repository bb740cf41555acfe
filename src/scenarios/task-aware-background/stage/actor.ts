/**
 * A process that acts in a test: `Stage.actor` starts it with its part on the command line, and a message starts the action, so that its
 * start-up time is not measured. It sends back what it saw.
 */
import { existsSync, readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { AttestError } from "../../../core/errors.js";
import { listId } from "../../../tasks/list-id.js";
import { startRun } from "../../../tasks/run.js";
import { TaskList } from "../../../tasks/task-list.js";
import { watchTask } from "../../../tasks/watch.js";
import { pause, strategy, type StrategyName } from "./strategies.js";

interface On {
  readonly strategy: StrategyName;
  readonly folder: string;
}

/** The parts of an actor. */
export type Part =
  /** Sets its own metadata member repeatedly; reports each duration, and whether the update was accepted. */
  | ({ readonly act: "update"; readonly id: string; readonly worker: number; readonly times: number } & On)
  /** Writes the description `seq 0`, `seq 1`…, one on each request. */
  | ({ readonly act: "announce"; readonly id: string } & On)
  /** Rewrites a task of the given size until it is killed. */
  | ({ readonly act: "rewrite"; readonly id: string; readonly size: number } & On)
  | ({ readonly act: "create"; readonly worker: number; readonly times: number } & On)
  /**
   * One update that creates the file `holding` between its read and its write, then waits for the file `release`, if given. `skewMs` is how
   * fast its clock is.
   */
  | ({
      readonly act: "hold";
      readonly id: string;
      readonly key: string;
      readonly holding: string;
      readonly release?: string;
      readonly skewMs?: number;
      readonly fence?: string;
    } & On)
  /** Starts a run of ours, and reports when it would continue with other work. */
  | { readonly act: "launch"; readonly folder: string; readonly id: string; readonly command: readonly string[] }
  /** Reports each description that it sees. */
  | {
      readonly act: "follow";
      readonly how: "watch" | "poll" | "watch-file";
      readonly folder: string;
      readonly id: string;
    }
  /** Finds the list from its environment or `hook`, and reports it or the reason for failing. */
  | { readonly act: "discover"; readonly tasks: string; readonly hook?: string };

export interface Updated {
  readonly i: number;
  readonly ms: number;
  readonly accepted: boolean;
}
export interface ActorSeen {
  readonly description: string;
  readonly at: number;
}
export type ActorReport =
  { readonly ready: true } | { readonly done: unknown } | { readonly seen: ActorSeen } | { readonly wrote: number };

const say = (report: ActorReport): void => void process.send?.(report);

/** Its report at the end; endless parts report nothing. */
async function play(part: Part): Promise<void> {
  switch (part.act) {
    case "announce":
      announce(part);
      break;
    case "rewrite":
      await rewrite(part);
      break;
    case "follow":
      await follow(part);
      break;
    default:
      say({ done: await report(part) });
  }
}

async function report(part: Exclude<Part, { act: "announce" | "rewrite" | "follow" }>): Promise<unknown> {
  switch (part.act) {
    case "update":
      return await updates(part);
    case "create":
      return await creates(part);
    case "hold":
      return await hold(part);
    case "launch":
      return await startRun(new TaskList(part.folder), part.id, { command: part.command });
    case "discover":
      return discover(part);
  }
}

async function updates({ strategy: name, folder, id, worker, times }: Part & { act: "update" }): Promise<Updated[]> {
  const made: Updated[] = [];
  for (let i = 0; i < times; i += 1) {
    const started = performance.now();
    let accepted = true;
    try {
      await strategy(name).update(folder, id, { metadata: { [`w${worker}-${i}`]: i } });
    } catch {
      accepted = false;
    }
    made.push({ i, ms: round(performance.now() - started), accepted });
  }
  return made;
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;

async function creates({ strategy: name, folder, worker, times }: Part & { act: "create" }): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < times; i += 1)
    ids.push(await strategy(name).create(folder, { subject: `w${worker}-${i}`, description: "made under load" }));
  return ids;
}

function announce({ strategy: name, folder, id }: Part & { act: "announce" }): void {
  process.on("message", (seq: number) => {
    void strategy(name)
      .update(folder, id, { description: `seq ${seq} ${Date.now()}` })
      .then(() => say({ wrote: seq }));
  });
}

async function rewrite({ strategy: name, folder, id, size }: Part & { act: "rewrite" }): Promise<never> {
  for (let i = 0; ; i += 1) {
    await strategy(name).update(folder, id, { metadata: { round: i, filling: String(i % 10).repeat(size) } });
    await turn(); // otherwise it would not notice that its parent is gone
  }
}

async function hold(part: Part & { act: "hold" }): Promise<{ outcome: string }> {
  const { strategy: name, folder, id, key, holding, release, skewMs = 0, fence } = part;
  const now = Date.now;
  Date.now = () => now() + skewMs;
  const between = (): void => {
    writeFileSync(holding, "");
    while (release !== undefined && !existsSync(release)) pause(5);
  };
  try {
    const change = { status: "completed", metadata: { [key]: true } } as const;
    await strategy(name).update(folder, id, change, { between, ...(fence !== undefined && { fence }) });
    return { outcome: "written" };
  } catch (error) {
    return {
      outcome: error instanceof AttestError ? error.code : error instanceof Error ? error.message : String(error),
    };
  }
}

async function follow({ how, folder, id }: Part & { act: "follow" }): Promise<void> {
  const list = new TaskList(folder);
  let last = "";
  const look = (): void => {
    try {
      const { description } = list.get(id);
      if (description !== last) say({ seen: { description, at: Date.now() } });
      last = description;
    } catch {
      // temporarily torn
    }
  };
  if (how === "poll") setInterval(look, 250);
  if (how === "watch-file") watch(list.path(id), look);
  if (how === "watch")
    for await (const { description } of watchTask(list, id, { until: () => false }))
      say({ seen: { description, at: Date.now() } });
}

function discover({ tasks, hook }: Part & { act: "discover" }): { list: string; source: string; status: string } {
  try {
    const { id, source } = listId({ env: process.env, tasks, hook });
    const [task] = new TaskList(join(tasks, id)).list();
    return { list: id, source, status: task?.status ?? "no task" };
  } catch (error) {
    return { list: "", source: "", status: error instanceof Error ? error.message : String(error) };
  }
}

// The parent is gone, or has seen enough.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
const part = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Part;
process.once("message", () => void play(part)); // a rejection ends the process, and its error is the last output
say({ ready: true });
