/** Where a program runs that is not ours: bubblewrap, without a network, the user's home out of sight, one folder to write to. */
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
  /** The one folder that it can write to. */
  readonly home: string;
  /** Its whole environment, beside HOME and PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command that runs the program in the sandbox. Kill it, and every process inside ends. */
export function sandboxed(what: Sandboxed): readonly [string, ...string[]] {
  return [...prefixOf(what), "--", what.program, ...what.args];
}

/** What stands before the command, up to the `--`. */
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

/** Sockets of other programs lie in /run and /tmp, and a read-only mount would not keep anyone from them. */
function hiddenBut(home: string): { readonly folders: readonly string[]; readonly files: readonly string[] } {
  const usual = ["/tmp", "/run", userHome()].filter((folder) => folder !== "/" && existsSync(folder));
  const { folders, files } = outOfSight(home);
  return { folders: [...new Set([...usual, ...folders])], files };
}

/** Runs it to its end; what it wrote to stdout. @throws Error */
export async function outputOf(what: Sandboxed): Promise<string> {
  const [bwrap, ...args] = sandboxed(what);
  return (await run(bwrap, args, { timeout: DEADLINE_MS, killSignal: "SIGKILL" })).stdout;
}

/** What the statement says of it. @throws AttestError `driver-missing` when there is none, or it does not work here */
export async function sandboxAbout(home: string): Promise<string> {
  const hint = "install bubblewrap and allow user namespaces, or take another driver: --driver fs";
  const missing = (found: string): AttestError =>
    new AttestError("driver-missing", `expected bubblewrap to keep the program offline, found ${found}`, hint);
  const { version } = await bubblewrap(".", missing);
  const { folders, files } = hiddenBut(home);
  const prefix = prefixOf({ program: "/bin/sh", args: [], home });
  const [fault] = shortcomings(await look(prefix, (found) => missing(`${version}, ${found}`)), {
    ...{ hidden: [...folders, ...files], readOnly: [], writable: [home, ...folders, "/dev", "/proc"] },
  });
  if (fault !== undefined) throw missing(`${version}, and in it ${fault}`);
  return `${version}: no network, no capabilities, an environment of its own, the user's home hidden, only the run's temporary home to write to`;
}
