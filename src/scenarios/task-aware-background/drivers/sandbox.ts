/** Runs a foreign program in bubblewrap: no network, no access to the user's home, one writable folder. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { userHome } from "../../../node/paths.js";
import { AttestError } from "../../../core/errors.js";
import { bubblewrap, look, shortcomings, STRICT } from "../../../harness/sandbox/bubblewrap.js";
import { emptyFile, outOfSight } from "../../../harness/sandbox/sandbox.js";
import { programOutside, projectsAround } from "../../../node/programs.js";

const run = promisify(execFile);
const DEADLINE_MS = 20_000;

export interface Sandboxed {
  readonly program: string;
  readonly args: readonly string[];
  /** The only writable folder. */
  readonly home: string;
  /** Its whole environment except HOME and PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line for the sandbox. Killing it ends every process inside. */
export function sandboxed(what: Sandboxed): readonly [string, ...string[]] {
  return [...prefixOf(what), "--", what.program, ...what.args];
}

/** The words before the command, up to `--`. */
function prefixOf({ program, home, env = {} }: Sandboxed): readonly [string, ...string[]] {
  const variables = Object.entries({ HOME: home, PATH: "/usr/bin:/bin", ...env });
  const { folders, files } = hiddenBut(home);
  return [
    programOutside("bwrap", process.env, projectsAround(".")) ?? "bwrap",
    ...["--ro-bind", "/", "/"],
    ...folders.flatMap((folder) => ["--tmpfs", folder]),
    ...files.flatMap((file) => ["--ro-bind", emptyFile(), file]),
    ...["--ro-bind", program, program],
    ...["--bind", home, home],
    ...["--dev", "/dev", "--proc", "/proc"],
    ...[...STRICT, "--clearenv"],
    ...variables.flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--chdir", home],
  ];
}

/** Sockets of other programs are in /run and /tmp, and read-only mounts would not block them. */
function hiddenBut(home: string): { readonly folders: readonly string[]; readonly files: readonly string[] } {
  const usual = ["/tmp", "/run", userHome()].filter((folder) => folder !== "/" && existsSync(folder));
  const { folders, files } = outOfSight(home);
  return { folders: [...new Set([...usual, ...folders])], files };
}

/** Runs it to its end and returns its stdout. @throws Error */
export async function outputOf(what: Sandboxed): Promise<string> {
  const [bwrap, ...args] = sandboxed(what);
  return (await run(bwrap, args, { timeout: DEADLINE_MS, killSignal: "SIGKILL" })).stdout;
}

/** Description for the statement. @throws AttestError `driver-missing` if there is none, or it does not work here */
export async function sandboxAbout(home: string): Promise<string> {
  const hint = "install bubblewrap and allow user namespaces, or take another driver: --driver fs";
  const missing = (found: string): AttestError =>
    new AttestError("driver-missing", `expected bubblewrap to keep the program offline, found ${found}`, hint);
  const { version } = await bubblewrap(".", missing);
  const { folders, files } = hiddenBut(home);
  const prefix = prefixOf({ program: "/bin/sh", args: [], home });
  const [fault] = shortcomings(await look(prefix, (found) => missing(`${version}, ${found}`)), {
    hidden: [...folders, ...files],
    readOnly: [],
    writable: [home, ...folders, "/dev", "/proc"],
  });
  if (fault !== undefined) throw missing(`${version}, and in it ${fault}`);
  return `${version}: no network, no capabilities, an environment of its own, the user's home hidden, only the run's temporary home to write to`;
}
