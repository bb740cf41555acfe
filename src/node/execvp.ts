/** Which file execvp(3) starts for a name, as glibc and the kernel decide it, without starting anything. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { basename, delimiter, resolve } from "node:path";
import { errno } from "./faults.js";

/** Of the process that starts it: its environment's `PATH`, undefined where it has none, and its working directory. */
export interface SearchPath {
  readonly path: string | undefined;
  readonly cwd: string;
  /** Whether something lies over a file there, so that it is none: a sandbox has places of its own. */
  readonly hides?: ((path: string) => boolean) | undefined;
  /** For programs that are told by it what to start. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A file by the name under which it was asked for. */
export interface FoundProgram {
  readonly name: string;
  readonly path: string;
}

export interface StartedProgram extends FoundProgram {
  /** What runs it where it is a script, in the order in which they start each other: `env`, then `node`. */
  readonly interpreters: readonly FoundProgram[];
}

/** confstr(_CS_PATH), which execvp searches where there is no `PATH`. */
const DEFAULT = process.platform === "linux" ? "/bin:/usr/bin" : "/usr/bin:/bin";
/** What the kernel reads of a file to see how it is run (BINPRM_BUF_SIZE), and how often one script may be run by another. */
const [HEAD, DEEPEST] = [256, 5];
/** What execvp runs a file with that is neither a program nor says what runs it (ENOEXEC). */
const SHELL: FoundProgram = { name: "sh", path: "/bin/sh" };

/** Undefined where nothing can be started by that name. */
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

/** An entry of `PATH` that is empty is the working directory. */
const candidates = (name: string, { path = DEFAULT, cwd }: SearchPath): string[] =>
  name.includes("/") ? [resolve(cwd, name)] : path.split(delimiter).map((folder) => resolve(cwd, folder, name));

/** A folder and a file without x bit are passed over, and whatever the kernel says these of. */
const PASSED_OVER: readonly (string | undefined)[] = ["EACCES", "ENOENT", "ENOTDIR", "ESTALE", "ENODEV", "ETIMEDOUT"];

function runnable(path: string, { hides }: SearchPath, stop?: () => void): boolean {
  if (hides?.(path) === true) return false;
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (!PASSED_OVER.includes(errno(error))) stop?.(); // ELOOP for example: execvp looks no further
    return false;
  }
}

/** Undefined where it cannot be started after all: the kernel says ENOENT of a script whose interpreter is missing, and execvp goes on. */
function interpretersOf(path: string, around: SearchPath, depth: number): readonly FoundProgram[] | undefined {
  const head = start(path, 0, HEAD);
  if (head === undefined) return []; // it may be run and not be read
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

/** The kernel hands on the rest of the line as one argument; `env -S` splits it. */
function splitOf(argument: string): string[] {
  const [, rest] = /^(?:-S|--split-string[= ]|-vS)\s*(.*)$/.exec(argument.trim()) ?? [];
  return rest === undefined ? [argument.trim()] : rest.split(/[ \t]+/).filter(Boolean);
}

/** What env(1) starts; undefined where its arguments say more than names and values. */
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

/** A program for another C library is there, and the kernel says ENOENT all the same: its loader is missing. */
function loaderThere(path: string, head: string, around: SearchPath): boolean {
  const bytes = Buffer.from(head, "latin1");
  const is64 = bytes[4] === 2;
  if (bytes.length < 64 || bytes[5] !== 1) return true; // another byte order: not of this machine
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

/** As a character for each byte; undefined for what may not be read. */
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
