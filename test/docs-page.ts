/** A page of the documentation whose commands run one after the other in an empty folder. */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import { MAIN, workspace, type Workspace } from "./cli/attest.js";

export const pageText = (name: string): string => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), "utf8");

/** What each block of commands says; each must end well. */
export function saidOf(page: string, work: Workspace = workspace()): string[] {
  work.write("bin/attest", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(work.path("bin/attest"), 0o755);
  const env = { ...work.env, PATH: `${work.path("bin")}:${dirname(process.execPath)}:${work.env["PATH"] ?? ""}` };
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => {
    const ran = spawnSync("bash", ["-euo", "pipefail", "-c", block], { cwd: work.cwd, env, encoding: "utf8" });
    expect(ran.status, `${block}\n${ran.stdout}${ran.stderr}`).toBe(0);
    return ran.stdout + ran.stderr;
  });
}
