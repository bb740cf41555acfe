/** The command line as a person has it: the built program, in a folder and with a home of its own; a call of it, or a process. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  closeSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import { called } from "./called.js";

export const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one object that stdout holds. */
  json(): JsonObject;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** A file that the program finds open as number 3. */
  readonly fd3?: string;
  /** Files that it finds open by these numbers, although nobody meant them for it. */
  readonly inherited?: Readonly<Record<number, string>>;
  /** Another user, where these tests are root. */
  readonly uid?: number | undefined;
  /** Options of node itself. */
  readonly node?: readonly string[];
  /** The program, if it is a copy. */
  readonly main?: string;
}

/** Of this machine, and not of the program that is called here. */
const TEMPORARY = tmpdir();
const living = new Set<ChildProcess>();
const folders: string[] = [];
afterAll(() => {
  for (const child of living) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The program, started; its output is collected by `ended`. */
export function start(
  args: readonly string[],
  { cwd, env, input = "", fd3, inherited = {}, uid, node = [], main = MAIN }: Surroundings,
): ChildProcess {
  const files = new Map(Object.entries(inherited).map(([number, path]) => [Number(number), openSync(path, "r")]));
  if (fd3 !== undefined) files.set(3, openSync(fd3, "r"));
  const more = Array.from({ length: Math.max(2, ...files.keys()) - 2 }, (_, at) => files.get(at + 3) ?? "ignore");
  const child = spawn(process.execPath, [...node, main, ...args], {
    cwd,
    env,
    ...(uid !== undefined && { uid, gid: uid }),
    stdio: ["pipe", "pipe", "pipe", ...more],
  });
  for (const file of files.values()) closeSync(file);
  living.add(child);
  child.once("close", () => living.delete(child));
  child.stdin?.on("error", () => undefined); // it may end without having read
  child.stdin?.end(input);
  return child;
}

export function ended(child: ChildProcess): Promise<Ran> {
  const texts = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => (texts[stream] += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal, ...texts, json: () => JSON.parse(texts.stdout) as JsonObject });
    });
  });
}

/** What a program that goes on running says first; empty when it ends without a word. */
export const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.stdout?.once("data", (text: Buffer | string) => resolve(String(text).trim())).once("end", () => resolve(""));
  });

/** Whatever it was, no user is ever shown a stack trace or a fault of the tool itself. */
function faultless(ran: Ran, args: readonly string[]): Ran {
  expect(ran.stderr, args.join(" ")).not.toMatch(/^\s+at .*:\d+:\d+|internal error/m);
  return ran;
}

/** Runs a command to its end, in a process of its own. */
export const attestProcess = async (args: readonly string[], surroundings: Surroundings): Promise<Ran> =>
  faultless(await ended(start(args, surroundings)), args);

/** The same as a call in this process, which takes a tenth of the time; in a process of its own where it is given what only that has. */
export async function attest(args: readonly string[], surroundings: Surroundings): Promise<Ran> {
  const { env, fd3, inherited, uid, node } = surroundings;
  const ofNode = Object.keys(env).some((name) => name.startsWith("NODE_")); // what Node reads when it begins
  if (ofNode || (fd3 ?? inherited ?? uid ?? node) !== undefined) return await attestProcess(args, surroundings);
  return faultless(await called(args, surroundings), args);
}

export interface Fault {
  readonly error: string;
  readonly hint: string | undefined;
}

/** What a command that failed said: `error: …`, perhaps `hint: …`, and nothing else on either stream. */
export function fault({ stdout, stderr, code }: Ran): Fault {
  const said = /^error: (.+)\n(?:hint: (.+)\n)?$/.exec(stderr);
  expect({ stdout, said: said !== null, code }, stderr).toEqual({
    stdout: "",
    said: true,
    code: expect.toSatisfy((exit) => exit !== 0),
  });
  return { error: said?.[1] ?? "", hint: said?.[2] };
}

export interface Workspace {
  readonly root: string;
  /** The working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The home of keys; they are in its folder `keys`. */
  readonly home: string;
  readonly path: (...parts: readonly string[]) => string;
  /** Writes a file below the working directory, and says where. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly attest: (...args: readonly string[]) => Promise<Ran>;
  readonly attestProcess: (...args: readonly string[]) => Promise<Ran>;
}

const inside = (root: string): Workspace => {
  const cwd = join(root, "work");
  const home = join(root, "secrets");
  for (const folder of ["work", "user", "tmp"]) mkdirSync(join(root, folder), { recursive: true });
  const user = join(root, "user");
  // Nothing is inherited but the way to programs: no test may depend on, or touch, what the user of this machine has.
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: user,
    XDG_CONFIG_HOME: join(user, "config"),
    XDG_STATE_HOME: join(user, "state"),
    F3_ATTEST_HOME: home,
    TMPDIR: join(root, "tmp"),
  };
  const path = (...parts: readonly string[]): string => resolve(cwd, ...parts);
  const write = (name: string, content: string | Uint8Array): string => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
    return path(name);
  };
  const given = { cwd, env };
  return {
    root,
    cwd,
    env,
    home,
    path,
    write,
    attest: (...args) => attest(args, given),
    attestProcess: (...args) => attestProcess(args, given),
  };
};

/** A folder that is removed when the file's tests are done. */
export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(TEMPORARY, "attest-test-")));
  folders.push(folder);
  return folder;
}

export const workspace = (): Workspace => inside(temporary());

/** The same files and keys in another place, to be spoilt. */
export function copyOf({ root }: Workspace): Workspace {
  const copy = temporary();
  copyFolder(root, copy);
  return inside(copy);
}

/** With what keeps others out: Node 24 gives the folders of a copy the mode of new ones. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const name of ["", ...readdirSync(from, { recursive: true, encoding: "utf8" })]) {
    const { mode } = lstatSync(join(from, name));
    if ((mode & 0o077) === 0) chmodSync(join(to, name), mode & 0o777);
  }
}

/** Somebody who has no key at all, in the same folder. */
export const stranger = ({ cwd, env, root }: Workspace): Surroundings => ({
  cwd,
  env: { ...env, F3_ATTEST_HOME: join(root, "nobody") },
});

/** Somebody else who keeps the registry too: another home, with the key of its log and none that signs. */
export function colleague(work: Workspace, name = "colleague"): Surroundings {
  const home = join(work.root, name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  copyFolder(join(work.home, "logs"), join(home, "logs"));
  return { cwd: work.cwd, env: { ...work.env, F3_ATTEST_HOME: home } };
}

/** Every file and folder below, files with size and time: equal before and after, nothing was written or removed. */
export function tree(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const found = statSync(join(folder, name));
      const mode = found.mode.toString(8);
      // A folder is also touched by what came and went, a lock for example.
      return [name, found.isDirectory() ? mode : `${mode} ${found.size} ${found.mtimeMs}`];
    }),
  );
}
