/** Process identity (pid plus start time on Linux, because pids are reused) and process listing. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since the machine's start: field 22 of /proc/<pid>/stat (proc(5)). */
  readonly start?: string;
  /** Boot id of the machine, and the pid namespace. */
  readonly machine?: string;
}

export function thisProcess(): ProcessId {
  const start = statOf("self")?.start;
  const machine = here();
  return { pid: process.pid, ...(start !== undefined && { start }), ...(machine !== undefined && { machine }) };
}

/** Undefined if unknown: the process runs in another container or on another kind of machine. */
export function isAlive({ pid, start, machine }: ProcessId): boolean | undefined {
  if (machine !== undefined) {
    const [boot, namespace] = machine.split(" ");
    const [ourBoot, ourNamespace] = here()?.split(" ") ?? [];
    if (ourBoot === undefined) return undefined;
    if (boot !== ourBoot) return false;
    if (namespace !== ourNamespace) return undefined;
  }
  if (start !== undefined) {
    const stat = statOf(String(pid));
    // A zombie has ended. In a container whose first process does not reap, it stays forever.
    return stat !== undefined && stat.start === start && !"ZX".includes(stat.state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Checks the form, because another program may have written the value. */
export function asProcessId(value: unknown): ProcessId | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, start, machine } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return { pid, ...(typeof start === "string" && { start }), ...(typeof machine === "string" && { machine }) };
}

/** Whether a process has `NAME=value` in its environment; false if that cannot be read. */
export const carries = (pid: number, variable: string): boolean => environmentOf(pid).includes(variable);

/** The value of a variable at process start; undefined if unset or unreadable. */
export const variableOf = (pid: number, name: string): string | undefined =>
  environmentOf(pid)
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Signals the whole process group that a process leads. Returns whether there was one. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (pid <= 1) return false; // 0 would signal our own group, and -1 every process
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
    return true;
  } catch {
    return false;
  }
}

function statOf(pid: string): { state: string; start: string } | undefined {
  const fields = fieldsOf(pid)?.fields;
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

/** proc_pid_stat(5), from the third field on: the name before it is in parentheses and can contain anything. */
function fieldsOf(pid: string): { name: string; fields: string[] } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [open, close] = [text.indexOf("("), text.lastIndexOf(")")];
    return { name: text.slice(open + 1, close), fields: text.slice(close + 2).split(" ") };
  } catch {
    return undefined; // it has ended, or this is not Linux
  }
}

function here(): string | undefined {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined; // not Linux
  }
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Resident memory; shared pages are counted for each process. */
  readonly bytes: number;
}

/** Correct except for some arm64 and ppc64 kernels. */
const PAGE = 4096;
/** USER_HZ is 100 on all architectures that Node supports. */
const TICK_MS = 10;

/** All processes from this pid on; empty except on Linux. */
export function processes(from = 1): Process[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((entry) => {
    const stat = Number(entry) >= from ? fieldsOf(entry) : undefined;
    if (stat === undefined) return [];
    const [state = "", parent] = stat.fields;
    if ("ZX".includes(state)) return [];
    return [{ pid: Number(entry), parent: Number(parent), name: stat.name, bytes: Number(stat.fields[21]) * PAGE }];
  });
}

/** The process and its descendants, as long as the parents live and no pid was reused. */
export function treeOf(root: number): Process[] {
  const all = processes(root);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** Processor time of all ended children and their descendants; undefined if the system does not provide it. */
export function childrenCpuMs(): number | undefined {
  const fields = fieldsOf("self")?.fields;
  return fields && (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
