/** Whose a repository is. Git reads none that belongs to somebody else, unless its user has said so (git-config(1), `safe.directory`). */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../core/errors.js";
import type { Setting } from "./git-settings.js";
import { isWithin, real } from "./programs.js";

const NAME = "safe.directory";

interface Folders {
  readonly root: string | undefined;
  readonly gitDir: string;
}

/** @throws AttestError `io` for one of another user, where neither the settings nor a variable name its folder as safe */
export function refuseForeign({ root, gitDir }: Folders, settings: readonly Setting[]): void {
  const own = [root, root === undefined ? undefined : join(root, ".git"), gitDir].every(
    (path) => path === undefined || isOwn(path),
  );
  const folder = root ?? gitDir;
  if (own || isSafe(folder, [...settings.flatMap(([name, value]) => (name === NAME ? [value] : [])), ...byVariable()]))
    return;
  throw new AttestError(
    "io",
    `the repository at ${folder} belongs to another user`,
    `if you trust it: git config --global --add safe.directory ${folder}`,
  );
}

/** Root counts as the user who called sudo, too. */
function isOwn(path: string): boolean {
  const user = process.geteuid?.();
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  if (user === undefined || owner === undefined || owner === user) return true;
  return user === 0 && String(owner) === process.env["SUDO_UID"];
}

/** Of all variables by which git takes settings, this one setting is let in. */
function byVariable({ GIT_CONFIG_COUNT: count = "0", ...env }: NodeJS.ProcessEnv = process.env): string[] {
  const numbers = Array.from({ length: /^\d{1,4}$/.test(count) ? Number(count) : 0 }, (_, at) => at);
  return numbers.flatMap((at) =>
    env[`GIT_CONFIG_KEY_${at}`]?.toLowerCase() === NAME ? [env[`GIT_CONFIG_VALUE_${at}`] ?? ""] : [],
  );
}

/** An empty value takes back what was said before it; a folder is meant alone, or with all below it by `/*`. */
function isSafe(folder: string, values: readonly string[]): boolean {
  return values.slice(values.lastIndexOf("") + 1).some((value) => {
    const path = value.replace(/^~(?=\/)/, process.env["HOME"] ?? "~");
    if (path === "*") return true;
    if (!path.startsWith("/")) return false;
    return path.endsWith("/*") ? isWithin(folder, path.slice(0, -2)) : real(path) === real(folder);
  });
}
