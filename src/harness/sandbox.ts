/** Where a tested command can be shut in: bubblewrap, with no network, a system that is read-only, and places of its own to write to. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AttestError } from "../core/errors.js";

const run = promisify(execFile);
const DEADLINE_MS = 20_000;

export interface Sandbox {
  /** What stands before the command. Kill it, and every process inside ends. */
  readonly prefix: readonly string[];
  /** For the statement. */
  readonly about: string;
}

export interface SandboxOptions {
  /** The one folder that stays writable. */
  readonly root: string;
  readonly cwd: string;
  /** Where our keys lie. */
  readonly secrets: string;
}

/** @throws AttestError `sandbox-missing` when there is none, or it does not work here; there is no fallback */
export async function sandbox({ root, cwd, secrets }: SandboxOptions): Promise<Sandbox> {
  // Sockets of other programs lie in /run and /tmp, and a read-only mount would not keep anyone from them.
  const home = homedir();
  const hidden = ["/tmp", "/run", secrets, join(home, ".ssh"), join(home, ".gnupg"), join(home, ".aws")];
  const prefix = [
    "bwrap",
    ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ...hidden.filter((folder) => existsSync(folder)).flatMap((folder) => ["--tmpfs", folder]),
    ...["--bind", root, root],
    ...["--unshare-all", "--die-with-parent", "--new-session"],
    ...["--setenv", "TMPDIR", "/tmp", "--setenv", "XDG_CACHE_HOME", "/tmp/.cache"],
    ...["--chdir", cwd, "--"],
  ];
  const missing = (found: string): AttestError =>
    new AttestError(
      "sandbox-missing",
      `expected bubblewrap to shut the command in, found ${found}`,
      "install bubblewrap and allow user namespaces, or leave --sandbox out",
    );
  let version: string;
  try {
    version = (await run("bwrap", ["--version"], { timeout: DEADLINE_MS })).stdout.trim();
  } catch {
    throw missing("no bwrap");
  }
  try {
    await run("bwrap", [...prefix.slice(1), "true"], { timeout: DEADLINE_MS });
  } catch (error) {
    const [said] = String((error as { stderr?: unknown }).stderr ?? error).split("\n");
    throw missing(`${version}, which does not work here: ${said ?? "no word from it"}`);
  }
  return {
    prefix,
    about: `${version}: no network, the system read-only, /tmp its own, keys and sockets out of sight, the project's folder to write to`,
  };
}
