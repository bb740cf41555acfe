/**
 * The process of one run: takes the task, runs the command, stores its output, and records the end in the task.
 *
 * `startRun` starts it with a channel for its orders, and it answers once, when it holds the task. After that it reports only through the
 * task and the log.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../core/errors.js";
import { closeInherited } from "../node/descriptors.js";
import { errno, ioError } from "../node/faults.js";
import type { Change, Task } from "./document.js";
import { carries, isAlive, signalGroup, thisProcess } from "../node/processes.js";
import { ProgressReader, type ProgressState } from "./progress.js";
import { runOf, type SupervisorAnswer, type Orders, type RunRecord } from "./run.js";
import { TaskList } from "./task-list.js";

/** Minimum time between writes of progress: each rewrites the document under its lock. */
const THROTTLE_MS = 250;
/** How long output is read after the command ended, if a descendant holds the pipe. */
const DRAIN_MS = 1000;
/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;
/** Number of attempts, one per second, to record the end despite a full disk or a locked list. */
const LAST_TRIES = 60;

process.once("message", (orders) => void new Supervision(orders as Orders).run());

class Supervision {
  readonly #orders: Orders;
  readonly #list: TaskList;
  #log: number | undefined;
  #logFault: string | undefined;
  #child: ChildProcess | undefined;
  #progress: ProgressState | undefined;
  #written: ProgressState | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Another run has the task, or it is gone: write nothing more. */
  #dispossessed = false;
  #stopped: NodeJS.Signals | undefined;
  #ending = false;
  #killer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;
  #outcome: Change | undefined;

  constructor(orders: Orders) {
    this.#orders = orders;
    this.#list = new TaskList(orders.folder);
  }

  async run(): Promise<void> {
    process.on("SIGHUP", () => undefined);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => this.#stop(signal));
    try {
      this.#log = openLog(this.#orders.log);
      const former = await this.#claim();
      if (former !== undefined) await endOrphan(former);
      const pid = await this.#begin();
      await this.#write({ metadata: { pid } });
      answer({ pid });
    } catch (error) {
      const { code, message, hint } =
        error instanceof AttestError
          ? error
          : new AttestError("internal", `a fault of the supervisor: ${String(error)}`);
      this.#say(message);
      this.#end(); // the task was taken away between its first two writes
      answer({ code, message, hint });
    }
    await this.#ended;
    clearTimeout(this.#timer);
    await this.#writing;
    if (this.#outcome !== undefined) await this.#settle(this.#outcome);
    if (this.#log !== undefined) closeSync(this.#log);
    if (!signalGroup(this.#child?.pid ?? 0, 0)) clearTimeout(this.#killer); // nobody is left to kill
  }

  /** Takes the task, unless a living run has it. Returns the lost run before it. */
  async #claim(): Promise<RunRecord | undefined> {
    const { id, runId, command, log } = this.#orders;
    let former: RunRecord | undefined;
    await this.#list.update(id, (task) => {
      former = lostRun(task);
      return {
        status: "in_progress",
        metadata: {
          pid: null,
          progress: null,
          finishedAt: null,
          exitCode: null,
          signal: null,
          failure: null,
          logFault: null,
          runId,
          command,
          log,
          startedAt: new Date().toISOString(),
          supervisor: thisProcess(),
        },
      };
    });
    return former;
  }

  /** Runs the command in its own process group, so that the whole group can be ended. */
  async #begin(): Promise<number> {
    const child = await this.#spawned();
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      const reader = new ProgressReader();
      stream.on("data", (chunk: Buffer) => {
        this.#keep(chunk);
        this.#report(reader.feed(chunk));
      });
      stream.on("end", () => this.#report(reader.end()));
      stream.on("error", () => undefined); // `close` reports the end
    }
    child.once("exit", () => {
      const drain = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, DRAIN_MS);
      child.once("close", () => clearTimeout(drain));
    });
    this.#ended = new Promise((done) => {
      child.once("close", (code, signal) => {
        this.#outcome = this.#judged(code, signal);
        done();
      });
    });
    return child.pid ?? 0;
  }

  async #spawned(): Promise<ChildProcessByStdio<null, Readable, Readable>> {
    const { command, cwd } = this.#orders;
    const [program = "", ...args] = command;
    try {
      closeInherited();
      const child = spawn(program, args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      await new Promise((done, failed) => child.once("spawn", done).once("error", failed));
      return child;
    } catch (error) {
      const failure = `could not start ${program}: ${errno(error) ?? told(error)}`;
      await this.#settle({ status: "pending", metadata: { failure } });
      throw new AttestError(
        "command-failed",
        failure,
        errno(error) === "ENOENT"
          ? `the program or the folder ${cwd} does not exist; for shell syntax and built-ins: -- sh -c '…'`
          : "check that it is an executable program",
      );
    }
  }

  /** Only exit code 0, without a request to stop, completes a task. */
  #judged(exitCode: number | null, signal: NodeJS.Signals | null): Change {
    const ending = { ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) };
    if (exitCode === 0 && this.#stopped === undefined) return { status: "completed", metadata: ending };
    const how = signal === null ? `exited with ${String(exitCode)}` : `ended by ${signal}`;
    const failure = this.#stopped === undefined ? how : `${how}, after the run was told to end by ${this.#stopped}`;
    this.#say(failure);
    return { status: "pending", metadata: { ...ending, failure } };
  }

  #report(progress: ProgressState | undefined): void {
    if (progress === undefined) return;
    this.#progress = progress;
    this.#timer ??= setTimeout(() => {
      this.#writing = this.#writeProgress().finally(() => {
        this.#timer = undefined;
        if (this.#progress !== this.#written && this.#outcome === undefined) this.#report(this.#progress);
      });
    }, THROTTLE_MS);
  }

  async #writeProgress(): Promise<void> {
    const progress = this.#progress;
    try {
      await this.#write({ metadata: { progress } });
    } catch (error) {
      if (!isGone(error)) this.#say(`progress was not written: ${told(error)}`); // the next write may succeed
    }
    this.#written = progress;
  }

  /** Records the end and the last progress, retrying while the disk is full. */
  async #settle({ status, metadata }: Change): Promise<void> {
    const last: Change = {
      ...(status && { status }),
      metadata: {
        ...metadata,
        finishedAt: new Date().toISOString(),
        supervisor: null,
        ...(this.#progress && { progress: this.#progress }),
        ...(this.#logFault !== undefined && { logFault: this.#logFault }),
      },
    };
    for (let left = LAST_TRIES; !this.#dispossessed; left -= 1) {
      try {
        await this.#write(last);
        return;
      } catch (error) {
        if (isGone(error)) return;
        this.#say(`the end was not written: ${told(error)}`);
        if (left <= 1) return;
      }
      await sleep(1000);
    }
  }

  /** Writes under the fence. If another run has the task, the command is ended. */
  async #write(change: Change): Promise<void> {
    try {
      await this.#list.update(this.#orders.id, change, { fence: this.#orders.runId });
    } catch (error) {
      if (error instanceof AttestError && (error.code === "task-fenced" || error.code === "task-missing")) {
        if (!this.#dispossessed)
          this.#say(`${error.message}; the command is ended, and nothing more is written to the task`);
        this.#dispossessed = true;
        this.#end();
      }
      throw error;
    }
  }

  #stop(signal: NodeJS.Signals): void {
    this.#stopped ??= signal;
    this.#end();
  }

  #end(): void {
    const { pid } = this.#child ?? {};
    if (pid === undefined || this.#outcome !== undefined || this.#ending) return;
    this.#ending = true;
    signalGroup(pid, "SIGTERM");
    this.#killer = setTimeout(() => signalGroup(pid, "SIGKILL"), GRACE_MS); // including processes that outlive the group's leader
  }

  #keep(bytes: Uint8Array): void {
    if (this.#log === undefined || this.#logFault !== undefined) return;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#log, bytes, at);
    } catch (error) {
      this.#logFault = ioError("write", this.#orders.log, error).message; // the command goes on
    }
  }

  #say(text: string): void {
    this.#keep(Buffer.from(`attest: ${text}\n`));
  }
}

/** @throws AttestError `task-busy` unless the task has no run or its run is lost */
function lostRun(task: Task): RunRecord | undefined {
  const run = runOf(task);
  if (task.status !== "in_progress" || run?.supervisor === undefined) return undefined;
  if (isAlive(run.supervisor) === false) return run;
  throw new AttestError(
    "task-busy",
    `task ${task.id} is taken by the run ${run.runId}, whose supervisor is process ${run.supervisor.pid}`,
    `follow it with: attest task watch ${task.id}`,
  );
}

/**
 * Ends the processes of a lost run, identified by the variable and not only by pid: two runs of one build would damage each other's files.
 */
async function endOrphan({ pid, runId }: RunRecord): Promise<void> {
  const mark = `ATTEST_TASK_RUN=${runId}`;
  if (pid === undefined || !carries(pid, mark)) return;
  signalGroup(pid, "SIGTERM");
  for (const until = performance.now() + GRACE_MS; carries(pid, mark) && performance.now() < until;) await sleep(20);
  if (carries(pid, mark)) signalGroup(pid, "SIGKILL");
}

/** Appends and never truncates, because it may be the user's own log. Only the user may read it: a program may print anything. */
function openLog(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (error) {
    throw ioError("write", path, error);
  }
}

function answer(message: SupervisorAnswer): void {
  process.send?.(message, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
}

/** The task has another run, or is gone. */
const isGone = (error: unknown): boolean =>
  error instanceof AttestError && (error.code === "task-fenced" || error.code === "task-missing");

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));
