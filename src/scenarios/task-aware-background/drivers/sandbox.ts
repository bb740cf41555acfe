/** Where a program runs that is not ours: bubblewrap, without a network, the user's home out of sight, one folder to write to. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { promisify } from "node:util";
import { AttestError } from "../../../core/errors.js";
import { bubblewrap } from "../../../harness/sandbox.js";

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
export function sandboxed({ program, args, home, env = {} }: Sandboxed): readonly [string, ...string[]] {
  // Sockets of other programs lie in /run and /tmp, and a read-only mount would not keep anyone from them.
  const hidden = ["/tmp", "/run", homedir()].filter((folder) => folder !== "/" && existsSync(folder));
  const variables = Object.entries({ HOME: home, PATH: "/usr/bin:/bin", ...env });
  return [
    "bwrap",
    ...["--ro-bind", "/", "/"],
    ...hidden.flatMap((folder) => ["--tmpfs", folder]),
    ...["--ro-bind", program, program],
    ...["--bind", home, home],
    ...["--dev", "/dev", "--proc", "/proc"],
    ...["--unshare-all", "--die-with-parent", "--clearenv"],
    ...variables.flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--chdir", home, "--", program, ...args],
  ];
}

/** Runs it to its end; what it wrote to stdout. @throws Error */
export async function outputOf(what: Sandboxed): Promise<string> {
  const [bwrap, ...args] = sandboxed(what);
  return (await run(bwrap, args, { timeout: DEADLINE_MS, killSignal: "SIGKILL" })).stdout;
}

/** What the statement says of it. @throws AttestError `driver-missing` when there is none, or it does not work here */
export async function sandboxAbout(home: string): Promise<string> {
  const hint = "install bubblewrap and allow user namespaces, or take another driver: --driver fs";
  const version = await bubblewrap(
    sandboxed({ program: "/bin/sh", args: ["-c", ":"], home }),
    (found) =>
      new AttestError("driver-missing", `expected bubblewrap to keep the program offline, found ${found}`, hint),
  );
  return `${version}: no network, an environment of its own, the user's home hidden, only the run's temporary home to write to`;
}
