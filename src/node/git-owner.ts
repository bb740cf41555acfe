/** Git refuses a repository of another user unless this user allowed it (git-config(1), `safe.directory`). This tool does the same. */
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

/** @throws AttestError `io` for a repository of another user, unless `safe.directory` lists it */
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

/** For root, the user who called sudo counts as well. */
function isOwn(path: string): boolean {
  const user = process.geteuid?.();
  const owner = lstatSync(path, { throwIfNoEntry: false })?.uid;
  if (user === undefined || owner === undefined || owner === user) return true;
  return user === 0 && String(owner) === process.env["SUDO_UID"];
}

/** This is the only setting accepted from git's environment variables. */
function byVariable({ GIT_CONFIG_COUNT: count = "0", ...env }: NodeJS.ProcessEnv = process.env): string[] {
  const numbers = Array.from({ length: /^\d{1,4}$/.test(count) ? Number(count) : 0 }, (_, at) => at);
  return numbers.flatMap((at) =>
    env[`GIT_CONFIG_KEY_${at}`]?.toLowerCase() === NAME ? [env[`GIT_CONFIG_VALUE_${at}`] ?? ""] : [],
  );
}

/** An empty value resets the list. A value covers one folder, or with `/*` everything below it. */
function isSafe(folder: string, values: readonly string[]): boolean {
  return values.slice(values.lastIndexOf("") + 1).some((value) => {
    const path = value.replace(/^~(?=\/)/, process.env["HOME"] ?? "~");
    if (path === "*") return true;
    if (!path.startsWith("/")) return false;
    return path.endsWith("/*") ? isWithin(folder, path.slice(0, -2)) : real(path) === real(folder);
  });
}
