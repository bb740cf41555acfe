/** Which file execvp(3) would start for a name, by the rules of glibc and the kernel. Starts nothing. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { basename, delimiter, resolve } from "node:path";
import { errno } from "./faults.js";

/** `PATH` (undefined if unset) and working directory of the starting process. */
export interface SearchPath {
  readonly path: string | undefined;
  readonly cwd: string;
  /** Whether something hides the file there: a sandbox mounts over some places. */
  readonly hides?: ((path: string) => boolean) | undefined;
  /** The environment, for programs that read from it what to start. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A file, and the name it was requested by. */
export interface FoundProgram {
  readonly name: string;
  readonly path: string;
}

export interface StartedProgram extends FoundProgram {
  /** For a script, its interpreters in starting order: `env`, then `node`. */
  readonly interpreters: readonly FoundProgram[];
}

/** confstr(_CS_PATH), which execvp searches without a `PATH`. */
const DEFAULT = process.platform === "linux" ? "/bin:/usr/bin" : "/usr/bin:/bin";
/** Bytes that the kernel reads to recognize a file (BINPRM_BUF_SIZE), and how deep scripts may be nested. */
const [HEAD, DEEPEST] = [256, 5];
/** Runs a file that is neither a program nor names an interpreter (ENOEXEC). */
const SHELL: FoundProgram = { name: "sh", path: "/bin/sh" };

/** Undefined if nothing can be started by that name. */
export function startedBy(name: string, around: SearchPath, depth = 0): StartedProgram | undefined {
  if (name === "") return undefined;
  let stopped = false as boolean;
  for (const path of candidates(name, around)) {
    const interpreters = runnable(path, around, () => (stopped = true))
      ? interpretersOf(path, around, depth)
      : undefined;
    if (interpreters !== undefined) return { name: basename(name), path, interpreters };
    if (stopped) return undefined;
  }
  return undefined;
}

/** An empty entry of `PATH` is the working directory. */
const candidates = (name: string, { path = DEFAULT, cwd }: SearchPath): string[] =>
  name.includes("/") ? [resolve(cwd, name)] : path.split(delimiter).map((folder) => resolve(cwd, folder, name));

/** Errors on which the search continues: a folder, a file without x bit, and other causes of these codes. */
const PASSED_OVER: readonly (string | undefined)[] = ["EACCES", "ENOENT", "ENOTDIR", "ESTALE", "ENODEV", "ETIMEDOUT"];

function runnable(path: string, { hides }: SearchPath, stop?: () => void): boolean {
  if (hides?.(path) === true) return false;
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (!PASSED_OVER.includes(errno(error))) stop?.(); // on ELOOP for example, execvp stops
    return false;
  }
}

/** Undefined if it cannot be started: for a script without its interpreter the kernel returns ENOENT, and execvp continues. */
function interpretersOf(path: string, around: SearchPath, depth: number): readonly FoundProgram[] | undefined {
  const head = start(path, 0, HEAD);
  if (head === undefined) return []; // it may be executable and unreadable
  if (head.startsWith("\x7fELF")) return loaderThere(path, head, around) ? [] : undefined;
  const [, interpreter, argument] = /^#![ \t]*([^ \t\n\0]+)[ \t]*([^\n\0]*)/.exec(head) ?? [];
  if (interpreter === undefined) return head.includes("\0") ? [] : [SHELL];
  if (depth >= DEEPEST) return undefined;
  const file = resolve(around.cwd, interpreter);
  const its = runnable(file, around) ? interpretersOf(file, around, depth + 1) : undefined;
  if (its === undefined) return undefined;
  const named = { name: basename(interpreter), path: file };
  const target = named.name === "env" && argument !== undefined ? throughEnv(splitOf(argument), around) : undefined;
  const started = target && startedBy(target.words[0] ?? "", target.around, depth + 1);
  return [...its, named, ...(started === undefined ? [] : [...started.interpreters, started].map(plain))];
}

const plain = ({ name, path }: FoundProgram): FoundProgram => ({ name, path });

/** The kernel passes the rest of the line as one argument; `env -S` splits it. */
function splitOf(argument: string): string[] {
  const [, rest] = /^(?:-S|--split-string[= ]|-vS)\s*(.*)$/.exec(argument.trim()) ?? [];
  return rest === undefined ? [argument.trim()] : rest.split(/[ \t]+/).filter(Boolean);
}

/** What env(1) starts; undefined for arguments other than names and values. */
export function throughEnv(
  words: readonly string[],
  around: SearchPath,
): { readonly words: readonly string[]; readonly around: SearchPath } | undefined {
  let { path, env } = around;
  for (const [at, word] of words.entries()) {
    const [, name, value] = /^([^=-][^=]*)=(.*)$/s.exec(word) ?? [];
    if (word === "-i" || word === "-" || word === "--ignore-environment") [path, env] = [undefined, {}];
    else if (name !== undefined) [path, env] = [name === "PATH" ? value : path, { ...env, [name]: value }];
    else if (word.startsWith("-") && word !== "--") return undefined;
    else if (word !== "--") return { words: words.slice(at), around: { ...around, path, ...(env && { env }) } };
  }
  return undefined;
}

/** Whether the program's loader exists. A program for another C library fails with ENOENT although its file is there. */
function loaderThere(path: string, head: string, around: SearchPath): boolean {
  const bytes = Buffer.from(head, "latin1");
  const is64 = bytes[4] === 2;
  if (bytes.length < 64 || bytes[5] !== 1) return true; // another byte order: not for this machine
  const at = is64 ? Number(bytes.readBigUInt64LE(32)) : bytes.readUInt32LE(28);
  const [size, count] = is64
    ? [bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
    : [bytes.readUInt16LE(42), bytes.readUInt16LE(44)];
  const table = Buffer.from(start(path, at, Math.min(size * count, 65536)) ?? "", "latin1");
  for (let row = 0; row + (is64 ? 40 : 20) <= table.length && size > 0; row += size) {
    if (table.readUInt32LE(row) !== 3) continue; // PT_INTERP
    const [offset, length] = is64
      ? [Number(table.readBigUInt64LE(row + 8)), Number(table.readBigUInt64LE(row + 32))]
      : [table.readUInt32LE(row + 4), table.readUInt32LE(row + 16)];
    return runnable((start(path, offset, Math.min(length, 4096)) ?? "").replace(/\0.*$/s, ""), around);
  }
  return true;
}

/** One character per byte; undefined if it cannot be read. */
function start(path: string, at: number, length: number): string | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, at)).toString("latin1");
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
