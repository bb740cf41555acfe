/** docs/tasks.md under test: its commands work as they are printed, one after the other. */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MAIN, workspace } from "../cli/attest.js";

test("the commands of docs/tasks.md", () => {
  const page = readFileSync(new URL("../../docs/tasks.md", import.meta.url), "utf8");
  const [use = "", inside = "", ...more] = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
    ([, block = ""]) => block,
  );
  expect(more).toEqual([]);
  const work = workspace();
  work.write("bin/attest", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(work.path("bin/attest"), 0o755);
  const env = { ...work.env, PATH: `${work.path("bin")}:${work.env["PATH"] ?? ""}` };
  const shell = (script: string): string => {
    const { status, stdout, stderr } = spawnSync("sh", ["-eu", "-c", script], { cwd: work.cwd, env, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return stdout;
  };
  const said = shell(use);
  expect(said).toMatch(/^1\nrun_\w+\t\S+\.log\n/);
  expect(said).toContain('metadata.progress\t{"done":2,"total":2,"text":"linking"}\n');
  work.write("inside.sh", inside);
  shell("attest task run --task 1 --list demo --wait -- sh -eu inside.sh");
  const got = shell("attest task get 1 --list demo");
  expect(got).toContain("status\tcompleted\n");
  expect(got).toContain("metadata.reviewed\ttrue\n");
  expect(got).toContain("metadata.artifact\tbuild/site.tar\n");
}, 120_000);
