/** docs/ci.md: its commands, in the order in which they stand, on two machines; and what it says of the action. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAIN, stranger, workspace } from "../cli/attest.js";
import { logKeyOf, secretOf } from "../cli/drafts.js";
import { repository } from "../cli/git.js";
import { readYaml, ROOT } from "./runner.js";
import { parseYaml } from "./yaml.js";

const page = readFileSync(join(ROOT, "docs/ci.md"), "utf8");
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);

test("each command runs as it stands there", () => {
  const work = workspace();
  const git = repository(work);
  git("remote", "add", "origin", "git@example.org:owner/calculator.git");
  git("config", "user.name", "A");
  git("config", "user.email", "a@example.org");
  work.write("package.json", JSON.stringify({ name: "calculator", scripts: { test: "node --test" } }));
  work.write("add.test.mjs", 'import { test } from "node:test";\ntest("adds", () => {});\n');
  work.write(".gitignore", "node_modules/\nresult/\n");
  work.write("node_modules/.bin/attest", `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  chmodSync(work.path("node_modules/.bin/attest"), 0o755);
  cpSync(join(ROOT, "hooks"), work.path("node_modules/@f3/attest/hooks"), { recursive: true });
  git("add", "--all");
  git("commit", "--quiet", "--message", "a calculator");

  const PATH = `${work.path("node_modules/.bin")}:${work.env["PATH"] ?? ""}`;
  const shell = (script: string, env: Readonly<Record<string, string>>): string => {
    const ran = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      cwd: work.cwd,
      env: { ...env, PATH, GIT_CONFIG_NOSYSTEM: "1" },
      encoding: "utf8",
    });
    expect(ran.status, `${script}\n${ran.stdout}${ran.stderr}`).toBe(0);
    return ran.stdout + ran.stderr;
  };
  const [setUp = "", run = "", sign = "", add = "", gate = "", hook = "", ...more] = blocks("sh");
  expect(more).toEqual([]);
  shell(setUp, work.env);
  expect(git("status", "--porcelain").out).toBe("");
  const nobody = stranger(work).env; // as on a machine of CI
  expect(shell(run, nobody)).toContain("not signed yet; sign it with: attest sign result/statement.json");
  const signed = shell(sign, { ...nobody, F3_ATTEST_KEY: secretOf(work, "ci"), F3_ATTEST_LOG_KEY: logKeyOf(work) });
  expect(signed).toContain("signing with the key from F3_ATTEST_KEY");
  expect(signed).toMatch(/signature {2}ok|1 of 1 verified/);
  expect(git("log", "-1", "--format=%s").out).toBe("Publish a test result\n");
  expect(shell(add, work.env)).toMatch(/added, signed with SHA256:/);
  const commit = git("rev-parse", "HEAD~1").out.trim(); // on which the tests ran
  expect(shell(gate, { ...nobody, COMMIT: commit })).toMatch(/2 of 2 verified with a key that you confirmed/);
  shell(hook, work.env);
  work.write("id.pem", secretOf(work, "ci"));
  git("add", "id.pem");
  expect(git("commit", "--message", "a").out).toContain("a private key would be committed:\n  id.pem\n");
});

test("each input and output of the action is described, and no other", () => {
  const { inputs, outputs } = readYaml("action.yml") as Record<string, Record<string, unknown>>;
  const table = page.slice(page.indexOf("| input |"), page.indexOf("\n\nIt passes"));
  const named = [...table.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)[^`]*`/g)]);
  expect(named.map(([, name]) => name).sort()).toEqual(Object.keys(inputs ?? {}).sort());
  for (const name of Object.keys(outputs ?? {})) expect(page).toContain(`\`${name}\``);
});

test("its YAML is the workflow's, and the hook's framework finds what it names", () => {
  const [step = "", framework = ""] = blocks("yaml");
  const workflow = readFileSync(join(ROOT, "docs/examples/attest.yml"), "utf8");
  expect(workflow).toContain(step.replace(/^/gm, "      ").trimEnd());
  const [hook] = parseYaml(readFileSync(join(ROOT, ".pre-commit-hooks.yaml"), "utf8")) as Record<string, string>[];
  expect(framework).toContain(`- id: ${hook?.["id"] ?? "none"}\n`);
  const work = workspace();
  repository(work);
  expect(spawnSync(join(ROOT, hook?.["entry"] ?? "none"), { cwd: work.cwd, env: work.env }).status).toBe(0);
});
