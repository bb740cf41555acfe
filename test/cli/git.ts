/** Real git in folders of its own: no configuration of this machine's has a say. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./attest.js";

export interface Told {
  readonly code: number | null;
  readonly out: string;
}

export type Git = (...args: readonly string[]) => Told;

const IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];

/** A repository in the workspace's working directory, or in a folder below it. */
export function repository({ env, path }: Workspace, folder = "."): Git {
  mkdirSync(path(folder), { recursive: true });
  const git: Git = (...args) => {
    const ran = spawnSync("git", [...IDENTITY, ...args], {
      cwd: path(folder),
      encoding: "utf8",
      env: { ...env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: join(env["HOME"] ?? "", "none"), LC_ALL: "C" },
    });
    return { code: ran.status, out: ran.stdout + ran.stderr };
  };
  git("init", "--quiet", "--initial-branch=main");
  return git;
}
