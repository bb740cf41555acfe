/** Where a tested command can be shut in: bubblewrap, with no network, a system that is read-only, and places of its own to write to. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
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

/** Its name and version, when this command works with it. @throws what `missing` makes of what was found */
export async function bubblewrap(
  [program = "", ...args]: readonly string[],
  missing: (found: string) => AttestError,
): Promise<string> {
  let version: string;
  try {
    version = (await run("bwrap", ["--version"], { timeout: DEADLINE_MS })).stdout.trim();
  } catch {
    throw missing("no bwrap");
  }
  try {
    await run(program, args, { timeout: DEADLINE_MS });
  } catch (error) {
    const [said = ""] = String((error as { stderr?: unknown }).stderr ?? error).split("\n");
    throw missing(`${version}, which does not work here: ${said}`);
  }
  return version;
}

const over = (files: readonly string[], empty: string): string[] => files.flatMap((file) => ["--ro-bind", empty, file]);

/** An empty file to lay over another: programs that read their settings find none. A device would be refused there. */
function nothing(): string {
  const folder = mkdtempSync(join(tmpdir(), "f3-attest-empty-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "empty"), "");
  return join(folder, "empty");
}

/** @throws AttestError `sandbox-missing` when there is none, or it does not work here; there is no fallback */
export async function sandbox({ root, cwd, secrets }: SandboxOptions): Promise<Sandbox> {
  // Sockets of other programs lie in /run and /tmp, and a read-only mount would not keep anyone from them.
  const home = homedir();
  const there = (paths: readonly string[]): string[] => paths.filter((path) => existsSync(path));
  const inHome = (names: readonly string[]): string[] => there(names.map((name) => join(home, name)));
  const folders = [
    ...there([secrets]),
    ...inHome([".ssh", ".gnupg", ".aws", ".kube", ".docker", ".azure", ".config/gh", ".config/gcloud"]),
  ];
  const files = inHome([".netrc", ".npmrc", ".pypirc", ".git-credentials", ".cargo/credentials.toml"]);
  const prefix = [
    "bwrap",
    ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ...there(["/tmp", "/run"]).flatMap((folder) => ["--tmpfs", folder]),
    ...["--bind", root, root],
    // After the project, which may hold them: a home under git. What git is told there is not the command's to change.
    ...there([join(root, ".git")]).flatMap((path) => ["--ro-bind", path, path]),
    ...folders.flatMap((folder) => ["--tmpfs", folder]),
    ...(files.length === 0 ? [] : over(files, nothing())),
    ...["--unshare-all", "--die-with-parent", "--new-session"],
    ...["--setenv", "TMPDIR", "/tmp", "--setenv", "XDG_CACHE_HOME", "/tmp/.cache"],
    ...["--chdir", cwd, "--"],
  ];
  const version = await bubblewrap([...prefix, "true"], (found) => {
    const hint = "install bubblewrap and allow user namespaces, or leave --sandbox out";
    return new AttestError("sandbox-missing", `expected bubblewrap to shut the command in, found ${found}`, hint);
  });
  return {
    prefix,
    about: `${version}: no network, the system read-only, /tmp its own, keys and credentials in their usual places out of sight, as is what lies in /run; the project's folder to write to, but for .git`,
  };
}
