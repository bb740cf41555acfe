/** What is tested, named by digest: real repositories, and that a stranger's git gives the same digests. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { markOf } from "../../src/harness/changes.js";
import { fileSubjects, publicRemote, subjectsOf, workTreeOf } from "../../src/harness/subject.js";
import { temporary } from "../cli/attest.js";

const ENV = {
  ...process.env,
  ...{
    GIT_AUTHOR_NAME: "a",
    GIT_AUTHOR_EMAIL: "a@example.org",
    GIT_COMMITTER_NAME: "a",
    GIT_COMMITTER_EMAIL: "a@example.org",
  },
};
let folder: string;
const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: folder, env: ENV, encoding: "utf8" });
const put = (name: string, text: string): void => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
};

beforeEach(() => {
  folder = temporary();
  git("init", "-q");
  put("a.txt", "one\n");
  put(".gitignore", "ignored\n");
  git("add", "-A");
  git("commit", "-qm", "first");
});

test("commit and tree of a clean work tree, from any folder of it", async () => {
  put("ignored/x", "x");
  mkdirSync(join(folder, "sub"));
  const found = await workTreeOf(join(folder, "sub"));
  expect(found).toMatchObject({
    commit: git("rev-parse", "HEAD").trim(),
    tree: git("rev-parse", "HEAD^{tree}").trim(),
  });
  expect(found.changes).toBeUndefined();
  expect(subjectsOf("x", found)).toEqual([{ name: "x", digest: { gitCommit: found.commit, gitTree: found.tree } }]);
});

test("changes, staged or not, and new files: the digest is the one that git itself gives", async () => {
  put("a.txt", "two\n");
  put('new file "q".bin', "\0\u0001");
  put("staged", "s");
  git("add", "staged");
  const before = git("status", "--porcelain");
  const { changes } = await workTreeOf(folder);
  const { known } = await markOf(folder, []);
  expect(git("status", "--porcelain")).toBe(before); // the user's index is as it was
  expect(readdirSync(join(folder, ".git")).filter((name) => name.includes("lock"))).toEqual([]);
  const tracked = createHash("sha256")
    .update(git("diff", "--binary", "--full-index", "--no-renames", "HEAD"))
    .digest("hex");
  expect(known).toBe(tracked);
  git("add", "--all");
  const sha256 = createHash("sha256")
    .update(git("diff", "--cached", "--binary", "--full-index", "--no-renames", "HEAD"))
    .digest("hex");
  expect(changes).toEqual({ sha256, files: 3 });
  const [, dirty] = subjectsOf("x", await workTreeOf(folder));
  expect(dirty).toEqual({ name: "changes to x that are not committed", digest: { sha256 }, annotations: { files: 3 } });
});

test("what the tool writes itself is no change", async () => {
  put("attestations/test_1.json", "{}");
  expect((await workTreeOf(folder)).changes?.files).toBe(1);
  expect((await workTreeOf(folder, { ours: [join(folder, "attestations"), "/elsewhere"] })).changes).toBeUndefined();
});

test("a file that git was told not to look at is looked at", async () => {
  for (const bit of ["assume-unchanged", "skip-worktree"]) {
    git("update-index", `--${bit}`, "a.txt");
    expect((await workTreeOf(folder)).changes, bit).toBeUndefined();
    put("a.txt", "hidden\n");
    expect((await workTreeOf(folder)).changes, bit).toMatchObject({ files: 1 });
    git("update-index", `--no-${bit}`, "a.txt");
    git("checkout", "-q", "--", "a.txt");
  }
});

test("a hook's variables name no other repository", async () => {
  const other = temporary();
  execFileSync("git", ["init", "-q", other]);
  process.env["GIT_DIR"] = join(other, ".git");
  try {
    expect((await workTreeOf(folder)).commit).toMatch(/^[0-9a-f]{40}$/);
  } finally {
    delete process.env["GIT_DIR"];
  }
});

test("no program that the repository's settings name is run, and a commit has its own tree", async () => {
  put("monitor", "#!/bin/sh\ntouch ran\nprintf '/\\0'\n");
  execFileSync("chmod", ["+x", join(folder, "monitor")]);
  git("add", "-A");
  git("commit", "-qm", "second");
  git("config", "core.fsmonitor", join(folder, "monitor"));
  put("a.txt", "ten\n");
  expect((await workTreeOf(folder)).changes?.files).toBe(1);
  await markOf(folder, []);
  expect(existsSync(join(folder, "ran"))).toBe(false);
  git("config", "--unset", "core.fsmonitor");
  git("checkout", "-q", "--", "a.txt");
  const [first = "", second = ""] = git("rev-list", "--reverse", "HEAD").trim().split("\n");
  git("replace", second, first);
  const tree = execFileSync("git", ["--no-replace-objects", "rev-parse", `${second}^{tree}`], {
    cwd: folder,
    encoding: "utf8",
  });
  expect((await workTreeOf(folder)).tree).toBe(tree.trim());
});

test("changes inside a submodule, which staging does not see, are told", async () => {
  const inner = temporary();
  for (const args of [
    ["init", "-q"],
    ["commit", "-qm", "inner", "--allow-empty"],
  ])
    execFileSync("git", args, { cwd: inner, env: ENV });
  writeFileSync(join(inner, "x"), "1");
  for (const args of [
    ["add", "x"],
    ["commit", "-qm", "x"],
  ])
    execFileSync("git", args, { cwd: inner, env: ENV });
  git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub");
  git("commit", "-qm", "with a submodule");
  expect((await workTreeOf(folder)).changes).toBeUndefined();
  put("sub/x", "2");
  await expect(workTreeOf(folder)).rejects.toMatchObject({ message: expect.stringMatching(/changes inside "sub"/) });
});

test("what git cannot read is told", async () => {
  execFileSync("git", ["init", "-q", join(folder, "inner")]);
  await expect(workTreeOf(folder)).rejects.toMatchObject({
    code: "subject-missing",
    message: expect.stringMatching(/found error: 'inner\/' does not have a commit checked out/),
  });
});

test("what a run writes is no change, unless git knows it", async () => {
  put("junit.xml", "<a/>");
  const written = [join(folder, "junit.xml"), join(folder, "a.txt")];
  expect((await workTreeOf(folder, { written })).changes).toBeUndefined();
  put("a.txt", "two\n");
  expect((await workTreeOf(folder, { written })).changes?.files).toBe(1);
});

test("a change of the same size, made at once after a commit", async () => {
  for (let at = 0; at < 20; at += 1) {
    put("a.txt", `${at % 2 === 0 ? "six" : "two"}\n`);
    git("commit", "-qam", "again");
    put("a.txt", `${at % 2 === 0 ? "ten" : "one"}\n`);
    expect((await workTreeOf(folder)).changes, String(at)).toMatchObject({ files: 1 });
  }
});

test("a user's settings change no digest", async () => {
  put("a.txt", "two\n");
  const before = (await workTreeOf(folder)).changes;
  git("config", "diff.noprefix", "true");
  git("config", "color.ui", "always");
  git("config", "diff.algorithm", "patience");
  git("config", "diff.external", "false");
  git("config", "diff.context", "1");
  git("config", "diff.mnemonicPrefix", "true");
  git("config", "diff.indentHeuristic", "false");
  git("config", "core.quotePath", "false");
  expect((await workTreeOf(folder)).changes).toEqual(before);
});

describe("where there is nothing to name", () => {
  test.each([
    ["no work tree", () => rmSync(join(folder, ".git"), { recursive: true }), /found none$/],
    ["no commit", () => (rmSync(join(folder, ".git"), { recursive: true }), git("init", "-q")), /without a commit/],
  ])("%s", async (_, spoil, message) => {
    spoil();
    await expect(workTreeOf(folder)).rejects.toMatchObject({
      code: "subject-missing",
      message: expect.stringMatching(message),
    });
  });
});

test("files by digest", async () => {
  put("b.txt", "b");
  const sha256 = createHash("sha256").update("b").digest("hex");
  expect(await fileSubjects([join(folder, "b.txt")])).toEqual([{ name: "b.txt", digest: { sha256 } }]);
  await expect(fileSubjects([join(folder, "none")])).rejects.toMatchObject({ code: "subject-missing" });
  await expect(fileSubjects([folder])).rejects.toMatchObject({ code: "subject-missing" });
});

test.each([
  ["https://user:pass@example.org:8443/a/b.git", "https://example.org/a/b"],
  ["git@example.org:a/b.git", "https://example.org/a/b"],
  ["ssh://git@example.org:22/a/b", "https://example.org/a/b"],
  ["https://example.org/a/b.git?token=abc", "https://example.org/a/b"],
  ["someone@box.example.org:/home/someone/b.git", undefined],
  ["/srv/git/b.git", undefined],
  ["file:///srv/git/b.git", undefined],
  ["../b", undefined],
  ["C:\\b", undefined],
])("the remote %s is published as %s", (remote, shown) => {
  expect(publicRemote(remote)).toBe(shown);
});

test("a remote's address is part of the subject, its password is not", async () => {
  git("remote", "add", "origin", "https://someone:hunter2hunter2@example.org/a/b.git");
  const [subject] = subjectsOf("b", await workTreeOf(folder));
  expect(subject?.uri).toBe("git+https://example.org/a/b");
});
