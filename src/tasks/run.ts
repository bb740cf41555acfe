/** A run: a command that works on a task in the background. Its record in the task's metadata, and how it is started. */
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
 * The `metadata` of a task with a run. It never contains the command's environment, but does contain its arguments as `command`, so secrets
 * do not belong there.
 */
export interface RunRecord {
  /** The fence: writers for another run are refused. */
  readonly runId: string;
  readonly command: readonly string[];
  readonly log: string;
  readonly startedAt: string;
  /** Present only during the run. */
  readonly supervisor?: ProcessId;
  /** The command's pid; it leads its own process group. */
  readonly pid?: number;
  readonly progress?: ProgressState;
  readonly finishedAt?: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why the task was not completed, in words. */
  readonly failure?: string;
}

/** Undefined for a task without a run. Other tools write metadata too, so each member is checked. */
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

/** The run has not reported its end, and its supervisor is gone. */
export function isLost(task: Task): boolean {
  const run = runOf(task);
  return run?.supervisor !== undefined && run.finishedAt === undefined && isAlive(run.supervisor) === false;
}

/** The task's status, extended by a failed or lost last run. */
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
  /** Program and arguments, without a shell. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** The command's environment before `commandEnvironment` filters it. */
  readonly env?: Environment;
  /** A file to append the command's output to; by default one per run below `$XDG_STATE_HOME/f3-attest/runs`. */
  readonly log?: string;
}

export interface StartedRun {
  readonly runId: string;
  readonly log: string;
  readonly pid: number;
}

/** The supervisor's orders and answer. */
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
 * Starts a command that outlives its caller, and assigns it the task: pending → in_progress → completed, or pending again with the failure
 * in its metadata. Returns once the supervisor, a process in its own session, holds the task and the command runs.
 * @throws AttestError `task-busy`, `task-missing`, `task-format`, `locked`, `io`; `command-failed` if the command could not be
 *   started; the task records that too
 */
export async function startRun(list: TaskList, id: string, options: TaskRunOptions): Promise<StartedRun> {
  const { command, cwd = process.cwd(), env = process.env } = options;
  list.get(id); // report immediate faults here
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
 * The command inherits everything except this tool's settings, which may hold a passphrase, and the user's ssh-agent, which signs for
 * anyone who asks. It gets its task's id, so that it can update it. By the same variable a later run finds the processes of a lost run.
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

/** In the user's own folder: a program may print anything. */
function logs(env: Environment): string {
  const folder = join(stateHome(env), "runs");
  makeFolder(folder, 0o700);
  return folder;
}
