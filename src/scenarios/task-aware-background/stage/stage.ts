/** The place of a test: its home, its task lists, and all processes that it starts. None outlives it. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { setMaxListeners } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Probe } from "../../../harness/scenario/scenario.js";
import { errno } from "../../../node/faults.js";
import { formatTask, type Task } from "../../../tasks/document.js";
import { carries } from "../../../node/processes.js";
import type { Part, ActorReport } from "./actor.js";

/** The list's id, which is its folder's name. */
export const listOf = (folder: string): string => basename(folder);

const ACTOR = fileURLToPath(new URL("./actor.js", import.meta.url));

/** A process that plays a part and waits for its start. */
export interface Actor {
  readonly child: ChildProcess;
  readonly pid: number;
  begin(message?: number): void;
  /** Its final report. @throws Error if it ends without one */
  done<T>(): Promise<T>;
  onReport(listener: (report: ActorReport) => void): void;
}

export interface ActorOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Makes it the leader of its own process group. */
  readonly detached?: boolean;
  /** Limit per written file, in blocks of 512 bytes. */
  readonly fileBlocks?: number;
}

export class Stage {
  readonly probe: Probe;
  readonly #children = new Set<ChildProcess>();
  #count = 0;

  constructor(probe: Probe) {
    this.probe = probe;
    setMaxListeners(0, probe.signal); // a case may wait in many places at once
    // A waiter learns of the abort by the process's end; a round of many updates is not awaited.
    probe.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** The environment of every process on this stage; HOME identifies them. */
  get env(): Readonly<Record<string, string>> {
    return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: this.probe.home };
  }

  path(name: string): string {
    return join(this.probe.home, name);
  }

  /** A new path below the home. */
  fresh(name: string): string {
    return this.path(`${name}-${(this.#count += 1)}`);
  }

  /** Creates a task list and returns its folder. */
  list(name: string): string {
    const folder = join(this.probe.home, ".claude", "tasks", `${name}-${(this.#count += 1)}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Puts a task into a list as if it were old. */
  task(folder: string, members: Partial<Task> = {}): Task {
    const task: Task = {
      id: "1",
      subject: "BACKGROUND: Long-running process",
      description: "as created",
      activeForm: "Running in the background",
      status: "pending",
      blocks: [],
      blockedBy: [],
      ...members,
    };
    writeFileSync(join(folder, `${task.id}.json`), formatTask(task));
    return task;
  }

  /** The same in another folder of lists. */
  listIn(tasks: string, list: string): string {
    const folder = join(tasks, list);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  exists(path: string): boolean {
    return existsSync(path);
  }

  size(path: string): number {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  read(path: string): Buffer | undefined {
    return existsSync(path) ? readFileSync(path) : undefined;
  }

  names(folder: string, having: string): string[] {
    return readdirSync(folder).filter((name) => name.includes(having));
  }

  /** Creates a file that another process waits for. */
  mark(path: string): void {
    writeFileSync(path, "");
  }

  /** The status in the file; undefined if it is torn or missing. */
  status(folder: string, id: string): string | undefined {
    return this.document(folder, id)?.status;
  }

  document(folder: string, id: string): Task | undefined {
    try {
      return JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8")) as Task;
    } catch {
      return undefined;
    }
  }

  async actor(part: Part, { env = {}, detached = false, fileBlocks }: ActorOptions = {}): Promise<Actor> {
    this.#check();
    const told = this.fresh("part");
    writeFileSync(told, JSON.stringify(part));
    // A shell sets the limit and then becomes the actor, which keeps the message channel.
    const [program, args] =
      fileBlocks === undefined
        ? [process.execPath, [ACTOR, told]]
        : ["/bin/sh", ["-c", `ulimit -f ${fileBlocks}; exec "$0" "$@"`, process.execPath, ACTOR, told]];
    const child = this.#own(
      spawn(program, args, { env: { ...this.env, ...env }, detached, stdio: ["ignore", "ignore", "pipe", "ipc"] }),
    );
    let fault = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (fault += text));
    const ended = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        const how = signal ?? `exit ${String(code)}`;
        const said = /^.*error.*$/im.exec(fault)?.[0] ?? "";
        reject(new Error(`the process that was to ${part.act} ended: ${how} ${said}`.trim()));
      });
    });
    ended.catch(() => undefined); // reported to the caller that awaits it
    const message = <T>(pick: (report: ActorReport) => T | undefined): Promise<T> =>
      new Promise((resolve) => {
        child.on("message", (report: ActorReport) => {
          const picked = pick(report);
          if (picked !== undefined) resolve(picked);
        });
      });
    const done = message((report) => ("done" in report ? { value: report.done } : undefined));
    await Promise.race([message((report) => ("ready" in report ? true : undefined)), ended]);
    return {
      child,
      pid: child.pid ?? 0,
      begin: (value = 0) => void child.send(value),
      done: <T>() => {
        const told = Promise.race([done, ended]).then(({ value }) => value as T);
        told.catch(() => undefined); // likewise: the case may break off before it asks
        return told;
      },
      onReport: (listener) => void child.on("message", listener),
    };
  }

  /** Starts all, lets them begin together, and awaits each report. */
  async together<T>(parts: readonly Part[]): Promise<T[]> {
    const actors = await Promise.all(parts.map((part) => this.actor(part)));
    for (const actor of actors) actor.begin();
    const told = await Promise.all(actors.map((actor) => actor.done<T>()));
    for (const actor of actors) this.end(actor.child);
    return told;
  }

  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    this.#check();
    const child = this.#own(
      spawn(command, args, { stdio: "ignore", ...options, env: { ...this.env, ...options.env } }),
    );
    child.once("error", () => undefined); // reported to the caller that awaits its exit
    return child;
  }

  /** Whether a command exits with 0. */
  async succeeds(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> {
    const child = this.spawn(command, args, { env });
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => resolve(code === 0));
    });
  }

  /** Waits for a file. @throws Error if it is late or the run is interrupted */
  async appears(path: string, what: string, patienceMs = 20_000): Promise<void> {
    await this.until(() => existsSync(path), what, patienceMs);
  }

  async until(holds: () => boolean, what: string, patienceMs = 20_000): Promise<void> {
    if (!(await this.within(holds, patienceMs))) throw new Error(`expected ${what} within ${patienceMs} ms`);
  }

  /** Whether the condition became true in time. */
  async within(holds: () => boolean, patienceMs: number): Promise<boolean> {
    for (const from = performance.now(); performance.now() - from < patienceMs;) {
      this.#check();
      if (holds()) return true;
      await sleep(5);
    }
    return holds();
  }

  async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.probe.signal });
  }

  end(child: ChildProcess): void {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  }

  /** Ends it and waits for its end. */
  async killed(child: ChildProcess): Promise<void> {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    this.end(child);
    await ended;
  }

  /** Signals a process, or a group by its negative number; an ended one is ignored. */
  kill(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errno(error) !== "ESRCH") throw error;
    }
  }

  /** Lets an actor that led a group end by itself, as a finished session does. */
  leave(pid: number): void {
    for (const child of this.#children) if (child.pid === pid && child.connected) child.disconnect();
  }

  /**
   * Ends everything that was started here, including processes that left the group and session: they still have this home in their
   * environment.
   */
  close(): void {
    for (const child of this.#children) this.end(child);
    if (process.platform !== "linux") return;
    const ours = (pid: number): boolean => pid !== process.pid && carries(pid, `HOME=${this.probe.home}`);
    const left = (): number[] => readdirSync("/proc").map(Number).filter(ours);
    // Repeats for processes that were started meanwhile. Does not wait for what cannot be ended.
    for (let round = 0, found = left(); round < 5 && found.length > 0; round += 1, found = left())
      for (const pid of found) this.kill(pid, "SIGKILL");
  }

  #own(child: ChildProcess): ChildProcess {
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  #check(): void {
    if (this.probe.signal.aborted) throw new Error("interrupted");
  }
}
