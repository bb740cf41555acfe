/**
 * Settings that tested code can write: whatever a repository, one below it or a variable names, no program of it is run by attest's own git,
 * which runs outside of every sandbox.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { attest, fault, workspace, type Ran, type Workspace } from "./attest.js";
import { repository, type Git } from "./git.js";

let here: Workspace;
let git: Git;
let ran: string;
let evil: string;

beforeEach(async () => {
  here = workspace();
  ran = join(here.root, "ran");
  const library = repository(here, "../library");
  here.write("../library/f.txt", "1\n");
  library("add", "-A");
  library("commit", "-qm", "l");
  git = repository(here);
  here.write("package.json", `{ "name": "app" }\n`);
  here.write(".gitattributes", "* filter=x diff=x merge=x\n");
  git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", join(here.root, "library"), "sub");
  git("add", "-A");
  git("commit", "-qm", "first");
  await here.attest("init", "--origin", "example.org/lab"); // which adds to the attributes
  git("commit", "-qam", "attributes");
  evil = join(here.root, "evil.sh");
  writeFileSync(evil, `#!/bin/sh\ntouch ${ran}\ncat\n`);
  chmodSync(evil, 0o755);
});

/** Every way that we know by which settings name a program. */
const NAMING = [
  ...["core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"],
  ...["core.alternateRefsCommand", "diff.external", "diff.x.textconv", "diff.x.command", "merge.x.driver"],
  ...["filter.x.clean", "filter.x.smudge", "filter.x.process", "credential.helper", "uploadpack.packObjectsHook"],
  ...["gpg.program", "pager.status", "pager.diff", "pager.config", "interactive.diffFilter", "trailer.x.command"],
];
const ALIASES = ["status", "diff", "add", "rev-parse", "config", "ls-files"];
const HOOKS = ["post-checkout", "post-index-change", "reference-transaction", "pre-commit", "fsmonitor-watchman"];

/** All of them, in one git folder; and in a file that it includes. */
function armed(gitDir: string): void {
  const config = (file: string, name: string, value: string): unknown => git("config", "--file", file, name, value);
  const file = join(gitDir, "config");
  for (const at of [file, join(gitDir, "included")]) {
    for (const name of NAMING) config(at, name, evil);
    for (const name of ALIASES) config(at, `alias.${name}`, `!${evil}`);
    config(at, "core.hooksPath", join(gitDir, "hooks"));
    config(at, "filter.x.required", "true");
  }
  config(file, "include.path", join(gitDir, "included"));
  config(file, "core.attributesFile", join(gitDir, "attributes"));
  for (const name of ["attributes", "info/attributes"])
    here.write(join(gitDir, name).slice(here.cwd.length + 1), "* filter=x diff=x\n");
  for (const name of HOOKS) {
    here.write(join(gitDir, "hooks", name).slice(here.cwd.length + 1), `#!/bin/sh\ntouch ${ran}\n`);
    chmodSync(join(gitDir, "hooks", name), 0o755);
  }
}

/** So that git looks at their content again. */
const older = (...names: readonly string[]): void => names.forEach((name) => utimesSync(here.path(name), 1e9, 1e9));
const run = (...words: readonly string[]): Promise<Ran> =>
  attest(words, { cwd: here.cwd, env: { ...here.env, GIT_CONFIG_NOSYSTEM: "1" } });
const untouched = (): void => expect(existsSync(ran), "a program that settings name was run").toBe(false);
const published = (): string =>
  here.path("attestations", readdirSync(here.path("attestations")).find((name) => /^test_.*\.json$/.test(name)) ?? "");

describe("no program is run that is named", () => {
  test("in the repository's own settings, while git itself would", async () => {
    armed(here.path(".git"));
    older("package.json", "sub/f.txt");
    expect((await run("run", "--", "true")).code).toBe(0);
    here.write("package.json", `{ "name": "changed" }\n`);
    await run("run", "--dry-run", "--", "true");
    await run("log", "check", ".");
    untouched();
    git("status");
    expect(existsSync(ran)).toBe(true);
  });

  test("in a submodule's settings", async () => {
    armed(here.path(".git/modules/sub"));
    older("sub/f.txt");
    expect((await run("run", "--dry-run", "--", "true")).code).toBe(0);
    here.write("sub/f.txt", "2\n");
    const changed = await run("run", "--dry-run", "--json", "--", "true");
    expect(subjectOf(changed)).toMatchObject([{ name: "app" }, { annotations: { changed: 1 } }]);
    untouched();
  });

  test("in a git folder to which a submodule's .git was turned; and that folder is not believed", async () => {
    git("-C", ".git/modules", "clone", "--quiet", "--bare", join(here.root, "library"), here.path(".evilgit"));
    armed(here.path(".evilgit"));
    here.write("sub/.git", "gitdir: ../.evilgit\n");
    older("sub/f.txt");
    expect(fault(await run("run", "--dry-run", "--", "true"))).toMatchObject({
      error: expect.stringContaining("not kept in this one's git folder"),
    });
    untouched();
  });

  test("in a repository that appeared in the work tree", async () => {
    const nested = repository(here, "nested");
    here.write("nested/a", "1\n");
    nested("add", "-A");
    nested("commit", "-qm", "n");
    armed(here.path("nested/.git"));
    older("nested/a");
    expect((await run("run", "--dry-run", "--", "true")).code).toBe(0);
    untouched();
    rmSync(here.path("nested/.git/objects"), { recursive: true });
    await run("run", "--dry-run", "--", "true");
    untouched();
  });

  test("by core.worktree, which leads git elsewhere", async () => {
    git("config", "core.worktree", join(here.root, "library"));
    const ran = await run("run", "--dry-run", "--json", "--", "true");
    expect(ran.json()).toMatchObject({ statement: { subject: [{ name: "app" }] } });
  });

  test("by a user's settings that lie in the project, or start what lies there", async () => {
    here.write("home/.gitconfig", `[core]\n\tfsmonitor = ${evil}\n[filter "x"]\n\tclean = ${evil}\n`);
    here.write("tool.sh", `#!/bin/sh\ntouch ${ran}\ncat\n`);
    chmodSync(here.path("tool.sh"), 0o755);
    older("package.json", "sub/f.txt");
    const settings = join(here.root, "global");
    writeFileSync(
      settings,
      `[include]\n\tpath = ${here.path("home/.gitconfig")}\n[filter "x"]\n\tclean = sh tool.sh\n`,
    );
    for (const env of [{ HOME: here.path("home") }, { GIT_CONFIG_GLOBAL: settings }])
      await attest(["run", "--dry-run", "--", "true"], { cwd: here.cwd, env: { ...here.env, ...env } });
    untouched();
  });

  test("by variables", async () => {
    const named = [
      "GIT_EXTERNAL_DIFF",
      "GIT_SSH_COMMAND",
      "GIT_ASKPASS",
      "GIT_PAGER",
      "GIT_EDITOR",
      "GIT_PROXY_COMMAND",
    ];
    const env = {
      ...here.env,
      ...Object.fromEntries(named.map((name) => [name, evil])),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.fsmonitor",
      GIT_CONFIG_VALUE_0: evil,
      GIT_CONFIG_PARAMETERS: `'core.fsmonitor=${evil}'`,
      GIT_DIR: join(here.root, "library/.git"),
      GIT_EXEC_PATH: here.path("sub"),
      GIT_TRACE: join(here.root, "trace"),
    };
    older("package.json");
    const ran = await attest(["run", "--dry-run", "--json", "--", "true"], { cwd: here.cwd, env });
    expect(ran.code, ran.stderr).toBe(0);
    untouched();
    expect(existsSync(join(here.root, "trace"))).toBe(false);
  });

  test("git, or bwrap: a program of that name in the project, which npm puts into PATH, is another one", async () => {
    for (const name of ["git", "bwrap"]) {
      here.write(`node_modules/.bin/${name}`, `#!/bin/sh\ntouch ${ran}\n`);
      chmodSync(here.path("node_modules/.bin", name), 0o755);
    }
    here.write(".gitignore", "node_modules\n");
    const PATH = `${here.path("node_modules/.bin")}:node_modules/.bin:${process.env["PATH"] ?? ""}`;
    for (const more of [[], ["--sandbox"]])
      await attest(["run", "--dry-run", ...more, "--", "true"], { cwd: here.cwd, env: { ...here.env, PATH } });
    untouched();
  });

  test("npm: to ask for the user's registry, neither is one in the project", async () => {
    await run("run", "--unsigned", "--output", join(here.root, "s.json"), "--", "true");
    const statement = JSON.parse(readFileSync(join(here.root, "s.json"), "utf8")) as { subject: object[] };
    statement.subject = [{ name: "a", uri: "pkg:npm/a@1.0.0", digest: { sha256: "0".repeat(64) } }];
    writeFileSync(join(here.root, "t.json"), JSON.stringify(statement));
    const signed = await run("sign", join(here.root, "t.json"), "--evidence", join(here.root, "s.evidence"));
    expect(signed.code, signed.stderr).toBe(0);
    here.write("node_modules/.bin/npm", `#!/bin/sh\ntouch ${ran}\n`);
    chmodSync(here.path("node_modules/.bin/npm"), 0o755);
    writeFileSync(join(here.env["HOME"] ?? "", ".npmrc"), "registry=http://127.0.0.1:1/\n");
    const PATH = `${here.path("node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
    await attest(["audit", "."], { cwd: here.cwd, env: { ...here.env, PATH } });
    untouched();
  });

  test("to whoever reproduces, or audits with a clone", async () => {
    await run("run", "--", "true");
    armed(here.path(".git"));
    armed(here.path(".git/modules/sub"));
    expect((await run("reproduce", published(), "--dry-run")).code).toBe(0);
    const audited = await run("audit", ".", "--git", ".", "--offline", "--json");
    expect(audited.json()["error"]).toBeUndefined();
    untouched();
  });
});

test("no filter has a say in what is content, whoever set it", async () => {
  const settings = join(here.root, "global");
  writeFileSync(settings, `[filter "x"]\n\tclean = tr a-z A-Z\n`);
  const env = { ...here.env, GIT_CONFIG_GLOBAL: settings };
  git("config", "filter.x.clean", "tr a-z A-Z");
  here.write(".gitattributes", "upper.txt filter=x\n");
  here.write("upper.txt", "abc\n");
  git("add", "-A");
  git("commit", "-qm", "upper");
  const subject = async (more: Readonly<Record<string, string>>): Promise<unknown> =>
    subjectOf(await attest(["run", "--dry-run", "--json", "--", "true"], { cwd: here.cwd, env: more }));
  const kept = await subject(here.env);
  expect(kept).toMatchObject([{ name: "app" }, { annotations: { changed: 1 } }]); // "ABC" was committed
  expect(await subject(env)).toEqual(kept);
  here.write("upper.txt", "aBc\n"); // for the filter, the same
  expect(await subject(env)).not.toEqual(kept);
  here.write("upper.txt", "ABC\n");
  expect(await subject(env)).toMatchObject([{ name: "app" }]);
  expect(await subject(env)).toHaveLength(1);
});

const subjectOf = (ran: Ran): unknown => (ran.json() as { statement: { subject: unknown } }).statement.subject;

test("a linked work tree, a split index and a git folder elsewhere are read as git reads them", async () => {
  const commit = git("rev-parse", "HEAD").out.trim();
  git("worktree", "add", "--quiet", "--detach", join(here.root, "tree"));
  const there = { cwd: join(here.root, "tree"), env: here.env };
  const dry = ["run", "--dry-run", "--json", "--", "true"];
  const submodules = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"];
  const own = (await attest(dry, there)).json(); // its submodule is not there yet
  expect(own).toMatchObject({
    statement: { subject: [{ digest: { gitCommit: commit } }, { annotations: { changed: 1 } }] },
  });
  git("-C", join(here.root, "tree"), ...submodules);
  expect(subjectOf(await attest(dry, there))).toMatchObject([{ digest: { gitCommit: commit } }]);
  git("update-index", "--split-index");
  renameSync(here.path(".git"), join(here.root, "apart"));
  here.write(".git", `gitdir: ${join(here.root, "apart")}\n`);
  rmSync(here.path("sub"), { recursive: true });
  expect(subjectOf(await attest(dry, here))).toMatchObject([
    { digest: { gitCommit: commit } },
    { annotations: { changed: 1 } },
  ]);
});
