/** A run: a command that works on a task in the background. What the task's metadata says of it, and how one is started. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { basename, join, resolve } from "node:path";
import type { Code } from "../core/codes.js";
import { AttestError } from "../core/errors.js";
import { makeFolder } from "../node/files.js";
import { ioError } from "../node/faults.js";
import { built } from "../node/package.js";
import { stateHome } from "../node/paths.js";
import type { Task } from "./document.js";
import { asProcessId, isAlive, type ProcessId } from "../node/processes.js";
import type { ProgressState } from "./progress.js";
import type { TaskList } from "./task-list.js";

/**
 * What stands in `metadata` of a task that was given to a run. Nothing of the command's environment ever does; its arguments do, as
 * `command`, so a secret does not belong there.
 */
export interface RunRecord {
  /** The fence: whoever writes for another run than this is refused. */
  readonly runId: string;
  readonly command: readonly string[];
  readonly log: string;
  readonly startedAt: string;
  /** Only while the run goes on. */
  readonly supervisor?: ProcessId;
  /** The command's, which leads a process group of its own. */
  readonly pid?: number;
  readonly progress?: ProgressState;
  readonly finishedAt?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why the task is not completed, in words. */
  readonly failure?: string;
}

/** Undefined for a task that no run was ever given. Other tools write metadata too: each member is looked at. */
export function runOf(task: Task): RunRecord | undefined {
  const { runId, command, log, startedAt, supervisor, pid, finishedAt, exitCode, signal, failure, progress } =
    task.metadata ?? {};
  if (typeof runId !== "string") return undefined;
  const supervisedBy = asProcessId(supervisor);
  const progressed = asProgress(progress);
  return {
    runId,
    command: Array.isArray(command) ? command.filter((word) => typeof word === "string") : [],
    log: typeof log === "string" ? log : "",
    startedAt: typeof startedAt === "string" ? startedAt : "",
    ...(supervisedBy !== undefined && { supervisor: supervisedBy }),
    ...(typeof pid === "number" && Number.isSafeInteger(pid) && pid > 1 && { pid }),
    ...(progressed !== undefined && { progress: progressed }),
    ...(typeof finishedAt === "string" && { finishedAt }),
    ...(typeof exitCode === "number" && { exitCode }),
    ...(typeof signal === "string" && { signal }),
    ...(typeof failure === "string" && { failure }),
  };
}

function asProgress(value: unknown): ProgressState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { done, total, text } = value as Record<string, unknown>;
  if (typeof done !== "number" || typeof total !== "number") return undefined;
  return { done, total, text: typeof text === "string" ? text : "" };
}

/** The run has not said that it ended, and nobody is left to say it. */
export function isLost(task: Task): boolean {
  const run = runOf(task);
  return run?.supervisor !== undefined && run.finishedAt === undefined && isAlive(run.supervisor) === false;
}

/** A task's status, and what three words cannot say: that the last run failed, or was lost. */
export type TaskState = Task["status"] | "failed" | "lost";

export function taskState(task: Task): TaskState {
  if (task.status === "in_progress" && isLost(task)) return "lost";
  const run = runOf(task);
  return task.status === "pending" && run?.finishedAt !== undefined && run.failure !== undefined
    ? "failed"
    : task.status;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface TaskRunOptions {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** The command's, without what `commandEnvironment` takes out. */
  readonly env?: Environment;
  /** A file to which the command's output is appended; else one of its own for each run, below `$XDG_STATE_HOME/f3-attest/runs`. */
  readonly log?: string;
}

export interface StartedRun {
  readonly runId: string;
  readonly log: string;
  readonly pid: number;
}

/** What the supervisor is told, and what it answers. */
export interface Orders {
  readonly folder: string;
  readonly id: string;
  readonly runId: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly log: string;
}
export type SupervisorAnswer =
  { readonly pid: number } | { readonly code: Code; readonly message: string; readonly hint?: string | undefined };

const SUPERVISOR = built("tasks/supervisor.js");

/**
 * Starts a command that goes on when its caller has ended, and gives it the task: pending → in_progress → completed, or pending again
 * with the failure in its metadata. It returns when the supervisor, a process in a session of its own, holds the task and the command
 * runs.
 * @throws AttestError `task-busy`, `task-missing`, `task-format`, `locked`, `io`; `command-failed` when the command could not be
 *   started, which then stands in the task
 */
export async function startRun(list: TaskList, id: string, options: TaskRunOptions): Promise<StartedRun> {
  const { command, cwd = process.cwd(), env = process.env } = options;
  list.get(id); // what can be told at once is
  const runId = `run_${randomBytes(8).toString("hex")}`;
  const log = options.log === undefined ? join(logs(env), `${runId}.log`) : resolve(cwd, options.log);
  const orders: Orders = { folder: resolve(list.folder), id, runId, command, cwd: resolve(cwd), log };
  const child = spawn(process.execPath, [SUPERVISOR], {
    detached: true, // setsid(2): no signal to the caller's group or terminal reaches it
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: commandEnvironment(env, orders),
  });
  try {
    const answer = await new Promise<SupervisorAnswer>((done, failed) => {
      const gone = (): void => failed(new AttestError("task-lost", "the supervisor ended before it took the task"));
      child.once("error", (error) => failed(ioError("start", process.execPath, error)));
      child.once("message", (message) => done(message as SupervisorAnswer));
      child.once("disconnect", gone); // after its last message, unlike `exit`
      child.send(orders, () => undefined);
    });
    if ("code" in answer) throw new AttestError(answer.code, answer.message, answer.hint);
    return { runId, log, pid: answer.pid };
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/**
 * What the command inherits: everything but this tool's own settings, which may hold a passphrase, and the way to the user's ssh agent,
 * which signs for whoever asks. It is told which task it works on, so that it can write to it; by the same mark the run that takes over
 * from a lost one knows what that left running.
 */
function commandEnvironment(env: Environment, { id, runId, folder }: Orders): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(
    ([name]) => !name.startsWith("F3_") && !/^SSH_A(?:UTH_SOCK|GENT_PID)$/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    ATTEST_TASK_ID: id,
    ATTEST_TASK_LIST: basename(folder),
    ATTEST_TASK_RUN: runId,
  };
}

/** The user's own: what a program prints may be anything. */
function logs(env: Environment): string {
  const folder = join(stateHome(env), "runs");
  makeFolder(folder, 0o700);
  return folder;
}
