/** Where the user's files are, and where secrets must not be. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { AttestError } from "../core/errors.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Like login(1): a user without an entry (for example in a container) has `/` as home. */
export function userHome(): string {
  try {
    return homedir();
  } catch {
    return "/";
  }
}

/** `$F3_ATTEST_HOME`, else `$XDG_CONFIG_HOME/f3-attest`, else `%APPDATA%\f3-attest` or `~/.config/f3-attest`. */
export function secretsHome(env: Environment = process.env): string {
  if (env["F3_ATTEST_HOME"]) return resolve(env["F3_ATTEST_HOME"]);
  if (env["XDG_CONFIG_HOME"]) return join(env["XDG_CONFIG_HOME"], "f3-attest");
  if (process.platform === "win32" && env["APPDATA"]) return join(env["APPDATA"], "f3-attest");
  return join(env["HOME"] || userHome(), ".config", "f3-attest");
}

/** `$XDG_STATE_HOME/f3-attest`, else `%LOCALAPPDATA%\f3-attest` or `~/.local/state/f3-attest`. */
export function stateHome(env: Environment = process.env): string {
  if (env["XDG_STATE_HOME"]) return join(env["XDG_STATE_HOME"], "f3-attest");
  if (process.platform === "win32" && env["LOCALAPPDATA"]) return join(env["LOCALAPPDATA"], "f3-attest");
  return join(env["HOME"] || userHome(), ".local", "state", "f3-attest");
}

/** The nearest folder among `path` and its parents that has an entry of this name. */
export function nearest(path: string, entry: string): string | undefined {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, entry))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Checks the real target: links are followed, missing parents skipped. */
export function refuseInsideGit(path: string): void {
  let real = resolve(path);
  while (!existsSync(real)) real = dirname(real);
  const tree = nearest(realpathSync(real), ".git");
  if (tree !== undefined) {
    throw new AttestError(
      "home-unsafe",
      `secrets must not lie in a git work tree: ${path} is inside ${tree}`,
      "set F3_ATTEST_HOME to a folder outside of every repository",
    );
  }
}

/** Only the owner may have access: anyone else with access could have changed it. */
export function ownersAlone(path: string, expected: number): void {
  const mode = statSync(path).mode & 0o777;
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const wanted = expected.toString(8);
  throw new AttestError(
    "home-unsafe",
    `${path} has mode ${mode.toString(8)}, and must have ${wanted}`,
    `others may have read or changed it; if you are sure that they did not: chmod ${wanted} ${path}`,
  );
}
