/** Finds bubblewrap, defines its restrictions, and checks from inside what a program really can do. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { AttestError } from "../../core/errors.js";
import { closeInherited } from "../../node/descriptors.js";
import { isWithin, programOutside, projectsAround } from "../../node/programs.js";

const run = promisify(execFile);
const DEADLINE_MS = 20_000;

/**
 * A new user namespace without capabilities: with one, root inside could unmount what hides files. A nested namespace cannot unmount
 * inherited mounts (user_namespaces(7), mount_namespaces(7)).
 */
export const STRICT = ["--unshare-all", "--unshare-user", "--cap-drop", "ALL", "--die-with-parent"];

export interface Bubblewrap {
  /** Its path outside of the project. */
  readonly program: string;
  readonly version: string;
}

type Missing = (found: string) => AttestError;

/** @throws the error that `missing` makes */
export async function bubblewrap(project: string, missing: Missing): Promise<Bubblewrap> {
  const program = programOutside("bwrap", process.env, projectsAround(project));
  if (program === undefined) throw missing("no bwrap");
  try {
    return { program, version: (await run(program, ["--version"], { timeout: DEADLINE_MS })).stdout.trim() };
  } catch {
    throw missing("no bwrap that says its version");
  }
}

/** What a program inside sees. */
export interface Inside {
  readonly status: string;
  readonly mounts: string;
  readonly network: string;
  readonly descriptors: readonly number[];
}

const MARK = "== ";
const LOOK = `for f in status mountinfo net/dev; do echo "${MARK}"; cat /proc/self/$f; done; echo "${MARK}"
for f in /proc/$$/fd/*; do if [ -e "$f" ] || [ -L "$f" ]; then echo "\${f##*/}"; fi; done`;

/** @param prefix up to the `--` @throws the error that `missing` makes */
export async function look(prefix: readonly string[], missing: Missing): Promise<Inside> {
  const [program = "", ...args] = prefix;
  closeInherited();
  try {
    const { stdout } = await run(program, [...args, "--", "/bin/sh", "-c", LOOK], {
      timeout: DEADLINE_MS,
      maxBuffer: 2 ** 26,
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    });
    const [, status = "", mounts = "", network = "", numbers = ""] = stdout.split(`${MARK}\n`);
    return { status, mounts, network, descriptors: numbers.split("\n").filter(Boolean).map(Number) };
  } catch (error) {
    const [said = ""] = String((error as { stderr?: unknown }).stderr ?? error).split("\n");
    throw missing(`which does not work here: ${said}`);
  }
}

export interface WantedSandbox {
  readonly hidden: readonly string[];
  readonly readOnly: readonly string[];
  /** Every other writable mount is a fault. */
  readonly writable: readonly string[];
}

/** Differences from what is required, a phrase each. */
export function shortcomings(inside: Inside, { hidden, readOnly, writable }: WantedSandbox): string[] {
  const mounts = mountsIn(inside.mounts);
  const capabilities = [...inside.status.matchAll(/^Cap\w+:\s*([0-9a-f]+)$/gm)].map(([, bits = ""]) => bits);
  const at = (path: string): Mount | undefined => mounts.get(path);
  const isWritable = ({ path, readOnly: ro }: Mount): boolean =>
    !ro && !writable.some((folder) => isWithin(path, folder));
  return [
    ...(capabilities.length < 5 || capabilities.some((bits) => /[^0]/.test(bits)) ? ["capabilities are left"] : []),
    ...(/^NoNewPrivs:\s*1$/m.test(inside.status) ? [] : ["programs can gain privileges"]),
    ...[...mounts.values()].filter(isWritable).map(({ path }) => `${path} can be written to`),
    ...hidden.filter((path) => at(path)?.isOurs !== true).map((path) => `${path} is in sight`),
    ...readOnly.filter((path) => at(path)?.readOnly !== true).map((path) => `${path} can be written to`),
    ...(/^\s*(?!lo:)\S+:/m.test(inside.network) ? ["there is a network"] : []),
    ...inside.descriptors.filter((number) => number > 2).map((number) => `descriptor ${number} is open`),
  ];
}

interface Mount {
  readonly path: string;
  readonly readOnly: boolean;
  /** One of our covers: an empty folder or an empty file. */
  readonly isOurs: boolean;
}

/** proc_pid_mountinfo(5): the last mount at a place counts. */
function mountsIn(text: string): ReadonlyMap<string, Mount> {
  const plain = (path: string): string =>
    path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
  return new Map(
    text.split("\n").flatMap((line): [string, Mount][] => {
      const [, , , from = "", at, options = "", ...more] = line.split(" ");
      if (at === undefined) return [];
      const path = plain(at);
      const type = more[more.indexOf("-") + 1];
      const isOurs = (type === "tmpfs" && from === "/") || from.endsWith("/empty");
      return [[path, { path, readOnly: options.split(",").includes("ro"), isOurs }]];
    }),
  );
}
