/** Processes: which one is meant (its number and, on Linux, when it began, because numbers are given again), and which there are. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since the machine's start: field 22 of /proc/<pid>/stat (proc(5)). */
  readonly start?: string;
  /** The start of the machine, and the namespace in which the number counts. */
  readonly machine?: string;
}

export function thisProcess(): ProcessId {
  const start = statOf("self")?.start;
  const machine = here();
  return { pid: process.pid, ...(start !== undefined && { start }), ...(machine !== undefined && { machine }) };
}

/** Undefined when that cannot be known from here: it runs in another container, or on another kind of machine. */
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
    // A zombie has ended; in a container whose first process reaps nobody it stays for ever.
    return stat !== undefined && stat.start === start && !"ZX".includes(stat.state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What another program wrote is no process of ours unless it has the form. */
export function asProcessId(value: unknown): ProcessId | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, start, machine } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return {
    pid,
    ...(typeof start === "string" && { start }),
    ...(typeof machine === "string" && { machine }),
  };
}

/** Whether a process has this in its environment, `NAME=value`; false where that cannot be seen. */
export const carries = (pid: number, variable: string): boolean => environmentOf(pid).includes(variable);

/** What a variable had when the process began; undefined where it had none, or that cannot be seen. */
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

/** The whole group that a process leads, as far as there is one; true when there was something to end. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (pid <= 1) return false; // 0 would be our own group, and -1 every process
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

/** proc_pid_stat(5), from its third field on: the name before stands in parentheses and may hold anything. */
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
  /** Resident memory; pages that several processes share are counted in each. */
  readonly bytes: number;
}

/** Everywhere but on some kernels for arm64 and ppc64. */
const PAGE = 4096;
/** USER_HZ: 100 on every architecture that Node runs on. */
const TICK_MS = 10;

/** What Linux shows of all processes, or of those with this number and higher ones; elsewhere none. */
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

/** The process and its descendants, as long as their parents live, and unless their numbers have begun anew. */
export function treeOf(root: number): Process[] {
  const all = processes(root);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** The time on a processor of all our children that have ended, with theirs; undefined where the system does not show it. */
export function childrenCpuMs(): number | undefined {
  const fields = fieldsOf("self")?.fields;
  return fields && (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
