/** `attest task watch` and `attest task run`: background runs, and waiting for their end. */
import { constants } from "node:os";
import { AttestError } from "../core/errors.js";
import type { Task } from "../tasks/document.js";
import { isLost, runOf, startRun, taskState, type RunRecord, type StartedRun } from "../tasks/run.js";
import { watchTask } from "../tasks/watch.js";
import { exitWith } from "./io.js";
import { interruptible } from "./signals.js";
import { findList, taskLine, type FoundList, type ListOptions } from "./task-context.js";
import { answer, answerForeign, answerJson, Progress, talk } from "./ui.js";

/** The shell's status for an interrupted program. */
const INTERRUPTED = 130;

export async function follow(number: string, options: ListOptions & { timeout?: number }): Promise<void> {
  const { list } = await findList(options);
  let last: Task | undefined;
  const waiting = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  await interruptible(async (signal) => {
    const states = watchTask(list, number, {
      until: (task) => ["completed", "failed"].includes(taskState(task)),
      lost: (task) => taskState(task) === "lost",
      signal: waiting === undefined ? signal : AbortSignal.any([signal, waiting]),
    });
    for await (const task of states) {
      last = task;
      if (options.json) answerForeign({ state: taskState(task), task }, "line");
      else answer(taskLine(task));
    }
  });
  const state = last && taskState(last);
  if (state === "completed" || state === "failed") exitWith(state === "completed" ? 0 : 1);
  else if (waiting?.aborted)
    throw new AttestError(
      "timeout",
      `task ${number} did not end within ${String((options.timeout ?? 0) / 1000)} s: it is ${state ?? "unreadable"}`,
      "it goes on; watch it again, or for longer",
    );
  else exitWith(INTERRUPTED);
}

interface RunOptions extends ListOptions {
  readonly task: string;
  readonly wait?: true;
  readonly log?: string;
}

export async function runInBackground(command: readonly string[], options: RunOptions): Promise<void> {
  const found = await findList(options);
  const { task, json, log } = options;
  const started = await startRun(found.list, task, { command, ...(log !== undefined && { log }) });
  const told = { list: found.id, task, ...started };
  const again = `attest task watch ${task} --list ${found.id}`;
  if (!options.wait) {
    if (json) return void answerJson(told);
    answer(`${started.runId}\t${started.log}`);
    return void talk(`task ${task} is in progress; follow it with: ${again}`);
  }
  if (!json) answer(`${started.runId}\t${started.log}`);
  const ended = await waited(found, task, started);
  const exit = ended === undefined ? INTERRUPTED : statusOf(ended);
  if (json) answerJson({ ...told, ...outcomeOf(ended), exit });
  else talk(ended === undefined ? `the run goes on; follow it with: ${again}` : (ended.failure ?? "completed"));
  exitWith(exit);
}

const outcomeOf = (ended: RunRecord | undefined): Partial<RunRecord> => {
  if (ended === undefined) return {};
  const { finishedAt, exitCode, signal, failure } = ended;
  return {
    ...(finishedAt !== undefined && { finishedAt }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    ...(failure !== undefined && { failure }),
  };
};

/** The ended run; undefined if only the waiting ended. */
async function waited({ list }: FoundList, number: string, { runId }: StartedRun): Promise<RunRecord | undefined> {
  const progress = new Progress();
  try {
    return await interruptible(async (signal) => {
      const ofRun = (task: Task): RunRecord | undefined => {
        const run = runOf(task);
        return run?.runId === runId ? run : undefined;
      };
      const states = watchTask(list, number, {
        until: (task) => ofRun(task)?.finishedAt !== undefined,
        lost: isLost,
        signal,
      });
      for await (const task of states) {
        const run = ofRun(task);
        if (run === undefined) {
          throw new AttestError(
            "task-fenced",
            `task ${number} belongs to the run ${JSON.stringify(runOf(task)?.runId ?? null)}, not to ${runId}`,
            "the task was given to another run; the command of this one is ended",
          );
        }
        if (run.finishedAt !== undefined) return run;
        if (run.progress === undefined) progress.say(`task ${number}: ${task.activeForm ?? task.subject}`);
        else {
          const { done, total, text } = run.progress;
          progress.say(`task ${number}: ${done}/${total} ${text}`.trim(), done / total);
        }
      }
      return undefined;
    });
  } finally {
    progress.end();
  }
}

/** As a shell reports it: the command's own, or 128 plus the signal's number. */
function statusOf({ exitCode, signal, failure }: RunRecord): number {
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  if (signal !== undefined) return 128 + (numbers[signal] ?? 0);
  return exitCode === 0 && failure !== undefined ? 1 : (exitCode ?? 1);
}
