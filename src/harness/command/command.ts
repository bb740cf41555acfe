/**
 * Runs a command and makes sure that none of its processes survives: it gets its own process group, which is ended as a whole. Processes
 * that left the group are found by a variable in their environment, ended, and named.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestError } from "../../core/errors.js";
import { closeInherited } from "../../node/descriptors.js";
import { errno } from "../../node/faults.js";
import { carries, childrenCpuMs, processes, signalGroup, treeOf, type Process } from "../../node/processes.js";
import { newRunMark } from "./orphans.js";

export type Stream = "stdout" | "stderr";

export interface CommandProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number | undefined;
  /** Aborting ends the command as a timeout does, but starts with the signal given as the reason. */
  readonly signal: AbortSignal;
  /** The stream is not read further until this has settled. */
  readonly output: (stream: Stream, chunk: Uint8Array) => Promise<void> | void;
  /** For our own programs: opens a message channel and passes the child process. */
  readonly channel?: (child: ChildProcess) => void;
}

export interface CommandResult {
  /** Null if a signal ended the command. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it was ended early. */
  readonly ended?: "timeout" | "interrupt";
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly wallMs: number;
  /** Processor time of the command and the children it waited for; absent if the system does not provide it. */
  readonly cpuMs?: number;
  /** Peak memory of all its processes together, sampled a few times per second; absent as above. */
  readonly peakBytes?: number;
  /** Names of programs that outlived the command and were then ended; undefined if that cannot be observed. */
  readonly survivors?: readonly string[];
}

/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;
/** How long output is read after the end if a descendant holds the pipe. */
const DRAIN_MS = 1000;
const LOOK_MS = 100;
/** Sampling takes less than 1/LOOK_SHARE of the time. */
const LOOK_SHARE = 200;

/** The exit code that a shell would report: 128 plus the signal's number if there is no code. */
export const shellCode = ({ exitCode, signal }: Pick<CommandResult, "exitCode" | "signal">): number =>
  exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]);

/** Commands that run now, in this process. */
const running = new Set<{ alone: boolean }>();

/** @throws AttestError `command-failed` if the program cannot be started */
export async function runCommand(command: readonly string[], options: CommandProcessOptions): Promise<CommandResult> {
  const own = { alone: running.size === 0 };
  for (const other of running) other.alone = false;
  running.add(own);
  try {
    const { cpuMs, ...result } = await runOne(command, options);
    // The system counts all children of this process together.
    return { ...result, ...(own.alone && cpuMs !== undefined && { cpuMs }) };
  } finally {
    running.delete(own);
  }
}

async function runOne(
  [program = "", ...args]: readonly string[],
  { cwd, env, timeoutMs, signal, output, channel }: CommandProcessOptions,
): Promise<CommandResult> {
  const mark = newRunMark();
  const [startedAt, started, cpuBefore] = [new Date(), performance.now(), childrenCpuMs()];
  closeInherited();
  const child = spawned(program, cwd, () =>
    spawn(program, args, {
      cwd,
      env: { ...env, [mark.name]: mark.value },
      detached: true,
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", ...(channel ? (["ipc"] as const) : [])],
    }),
  ) as ChildProcessByStdio<null, Readable, Readable>;
  channel?.(child);
  const exited = new Promise<Pick<CommandResult, "exitCode" | "signal">>((resolve) =>
    child.once("exit", (exitCode, by) => resolve({ exitCode, signal: by })),
  );
  await new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(notStarted(program, cwd, error)));
  });
  const group = child.pid ?? 0;
  const read = Promise.all([
    readAll(child.stdout, (chunk) => output("stdout", chunk)),
    readAll(child.stderr, (chunk) => output("stderr", chunk)),
  ]);

  const watch = new Watch(group);
  const over = new AbortController();
  let ended: "timeout" | "interrupt" | undefined;
  const end = (why: "timeout" | "interrupt", politely: NodeJS.Signals): void => {
    if (ended !== undefined) return;
    ended = why;
    signalGroup(group, politely);
    sleep(GRACE_MS, undefined, { signal: over.signal }).then(
      () => signalGroup(group, "SIGKILL"),
      () => undefined, // it ended by itself
    );
  };
  const interrupted = (): void => end("interrupt", signal.reason === "SIGINT" ? "SIGINT" : "SIGTERM");
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end("timeout", "SIGTERM"), timeoutMs);
  const atExit = (): void => void signalGroup(group, "SIGKILL"); // this process exits, so nobody else would end the group
  process.once("exit", atExit);
  signal.addEventListener("abort", interrupted, { once: true });
  if (signal.aborted) interrupted();
  try {
    const how = await exited;
    const wallMs = Math.round(performance.now() - started);
    const peakBytes = watch.end();
    const cpu = childrenCpuMs();
    await Promise.race([read, sleep(DRAIN_MS, undefined, { ref: false })]);
    const survivors = await endSurvivors(`${mark.name}=${mark.value}`, group);
    child.stdout.destroy();
    child.stderr.destroy();
    await read;
    // Surviving processes may have written until now.
    const finishedAt = new Date(startedAt.getTime() + Math.ceil(performance.now() - started));
    return {
      ...how,
      ...(ended !== undefined && { ended }),
      startedAt,
      finishedAt,
      wallMs,
      ...(cpu !== undefined && cpuBefore !== undefined && { cpuMs: cpu - cpuBefore }),
      ...(peakBytes !== undefined && { peakBytes }),
      ...(survivors && { survivors }),
    };
  } finally {
    over.abort();
    watch.end();
    clearTimeout(timer);
    process.removeListener("exit", atExit);
    signal.removeEventListener("abort", interrupted);
  }
}

/** Samples the memory of a process and its descendants until told to stop. */
class Watch {
  readonly #root: number;
  #peak: number | undefined;
  #timer: NodeJS.Timeout;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setTimeout(() => this.#look(), LOOK_MS / 4); // the program needs time to start
  }

  end(): number | undefined {
    clearTimeout(this.#timer);
    return this.#peak;
  }

  #look(): void {
    const started = performance.now();
    const bytes = treeOf(this.#root).reduce((sum, process) => sum + process.bytes, 0);
    if (bytes > 0) this.#peak = Math.max(this.#peak ?? 0, bytes);
    const cost = performance.now() - started;
    this.#timer = setTimeout(() => this.#look(), Math.max(LOOK_MS, cost * LOOK_SHARE));
  }
}

/** One chunk at a time: a slow reader slows the command down and needs no more memory. */
async function readAll(stream: Readable, take: (chunk: Uint8Array) => Promise<void> | void): Promise<void> {
  try {
    for await (const chunk of stream) await take(chunk as Buffer);
  } catch (error) {
    // Destroyed before its end, because a surviving process held the pipe.
    if (errno(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

/** Repeats until none is left, because a process may fork faster than it is found. */
async function endSurvivors(mark: string, group: number): Promise<readonly string[] | undefined> {
  const found = new Map<number, string>();
  for (let [round, empty] = [0, 0]; round < 50 && empty < 2; round += 1) {
    const left = processes().filter(({ pid }: Process) => carries(pid, mark));
    empty = left.length === 0 ? empty + 1 : 0; // a process that forks constantly may be missed between two looks
    for (const { pid, name } of left) {
      found.set(pid, name);
      kill(pid);
    }
    if (empty < 2) await sleep(10);
  }
  signalGroup(group, "SIGKILL"); // if processes cannot be listed, only the group is known
  return process.platform === "linux" ? [...found.values()] : undefined;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errno(error) !== "ESRCH" && errno(error) !== "EPERM") throw error;
  }
}

/** Node reports some failures as an event and throws others (E2BIG, ENOMEM). */
function spawned(program: string, cwd: string, spawn: () => ChildProcess): ChildProcess {
  try {
    return spawn();
  } catch (error) {
    throw notStarted(program, cwd, error);
  }
}

/** The error for a program that cannot be started. */
export function notStarted(program: string, cwd: string, error: unknown): AttestError {
  const code = errno(error) ?? String(error);
  return new AttestError(
    "command-failed",
    `could not start ${JSON.stringify(program)}: ${code}`,
    code === "ENOENT"
      ? `the program or the folder ${cwd} does not exist; for shell syntax and built-ins: -- sh -c '…'`
      : code === "E2BIG"
        ? "its arguments and the environment are too long together: shorten them"
        : "check that it is an executable program",
  );
}
