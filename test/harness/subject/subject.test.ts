/** What is tested, named by digest: real repositories and folders, and that strangers' programs give the same digests. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Subject } from "../../../src/core/statement/statement.js";
import { publicRemote } from "../../../src/harness/subject/remote.js";
import { pathsTested, testedIn, type NoPart } from "../../../src/harness/subject/subject.js";
import { temporary } from "../../cli/attest.js";

const ENV = {
  ...process.env,
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.org",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.org",
};
let folder: string;
const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: folder, env: ENV, encoding: "utf8" });
const put = (name: string, text: string): void => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const changed = async (noPart: NoPart = {}): Promise<number | undefined> => (await testedIn(folder, noPart)).changed;
const subjects = async (noPart: NoPart = {}): Promise<Subject[]> => (await testedIn(folder, noPart)).subjects("x");

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
  const found = await testedIn(join(folder, "sub"));
  const [gitCommit, gitTree] = git("rev-parse", "HEAD", "HEAD^{tree}").split("\n");
  expect(found).toMatchObject({ root: folder, changed: 0, closed: [] });
  expect(found.subjects("x")).toEqual([{ name: "x", digest: { gitCommit, gitTree } }]);
});

test("changes, staged or not, and new files: the content is the tree that git would commit", async () => {
  put("a.txt", "two\n");
  put('dir/new file "q".bin', "\0\u0001");
  put("dir.a/x", "x");
  put("staged", "s");
  git("add", "staged");
  const before = git("status", "--porcelain");
  const [, content] = await subjects();
  expect(git("status", "--porcelain")).toBe(before); // the user's index is as it was
  expect(readdirSync(join(folder, ".git")).filter((name) => name.includes("lock"))).toEqual([]);
  git("add", "--all");
  const gitTree = git("write-tree").trim();
  const dirHash = execFileSync(
    "sh",
    [
      "-c",
      "find . -name .git -prune -o -type f -print | cut -c3- | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0r sha256sum | sha256sum | cut -f1 -d' '",
    ],
    { cwd: folder, encoding: "utf8" },
  ).trim();
  expect(content).toEqual({
    name: "x with changes that are not committed",
    digest: { dirHash, gitTree },
    annotations: { files: 5, changed: 4 },
  });
});

test("what the tool writes itself is no change", async () => {
  put("attestations/test_1.json", "{}");
  expect(await changed()).toBe(1);
  expect(await changed({ ours: [join(folder, "attestations"), "/elsewhere"] })).toBe(0);
});

test("a file that git was told not to look at is looked at", async () => {
  for (const bit of ["assume-unchanged", "skip-worktree"]) {
    git("update-index", `--${bit}`, "a.txt");
    expect(await changed(), bit).toBe(0);
    put("a.txt", "hidden\n");
    expect(await changed(), bit).toBe(1);
    git("update-index", `--no-${bit}`, "a.txt");
    git("checkout", "-q", "--", "a.txt");
  }
});

test("a hook's variables name no other repository", async () => {
  const other = temporary();
  execFileSync("git", ["init", "-q", other]);
  process.env["GIT_DIR"] = join(other, ".git");
  try {
    expect(await subjects()).toMatchObject([{ digest: { gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/) } }]);
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
  const found = await testedIn(folder);
  expect(found.changed).toBe(1);
  await found.after();
  expect(existsSync(join(folder, "ran"))).toBe(false);
  git("config", "--unset", "core.fsmonitor");
  git("checkout", "-q", "--", "a.txt");
  const [first = "", second = ""] = git("rev-list", "--reverse", "HEAD").trim().split("\n");
  git("replace", second, first);
  const tree = execFileSync("git", ["--no-replace-objects", "rev-parse", `${second}^{tree}`], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(await subjects()).toMatchObject([{ digest: { gitTree: tree.trim() } }]);
});

test("what a run writes is no change, unless git knows it", async () => {
  put("junit.xml", "<a/>");
  const written = [join(folder, "junit.xml"), join(folder, "a.txt")];
  expect(await changed({ written })).toBe(0);
  put("a.txt", "two\n");
  expect(await changed({ written })).toBe(1);
});

test("a change of the same size, made at once after a commit", async () => {
  for (let at = 0; at < 5; at += 1) {
    put("a.txt", `${at % 2 === 0 ? "six" : "two"}\n`);
    git("commit", "-qam", "again");
    put("a.txt", `${at % 2 === 0 ? "ten" : "one"}\n`);
    expect(await changed(), String(at)).toBe(1);
  }
});

describe("afterwards", () => {
  test.each([
    ["nothing was done", () => undefined, "kept"],
    ["a file came", () => put("b.txt", "b"), "kept"],
    ["a file that git knows is another", () => put("a.txt", "two\n"), "changed"],
    ["a new file that is named is another", () => put("new.txt", "two\n"), "changed"],
    ["a file is gone", () => rmSync(join(folder, "a.txt")), "changed"],
    ["another commit is there", () => git("commit", "-q", "--allow-empty", "-m", "x"), "another"],
    ["the repository is gone", () => rmSync(join(folder, ".git"), { recursive: true }), "gone"],
  ])("%s", async (_, happens, said) => {
    put("new.txt", "new\n");
    const found = await testedIn(folder);
    happens();
    expect(await found.after()).toBe(said);
  });
});

describe("a folder outside of git", () => {
  beforeEach(() => rmSync(join(folder, ".git"), { recursive: true }));

  test("all its files, those that git would ignore too", async () => {
    put("ignored/x", "x");
    const found = await testedIn(folder);
    expect(found).toMatchObject({ root: folder, changed: undefined });
    const [{ digest, annotations } = {}] = found.subjects("x");
    const lines = [".gitignore", "a.txt", "ignored/x"].map((name) => {
      const text = { ".gitignore": "ignored\n", "a.txt": "one\n", "ignored/x": "x" }[name] ?? "";
      return `${createHash("sha256").update(text).digest("hex")}  ${name}\n`;
    });
    expect(digest).toMatchObject({ dirHash: createHash("sha256").update(lines.join("")).digest("hex") });
    expect(annotations).toEqual({ files: 3 });
  });

  test("what this tool and its runs write has no part in it, nor a clone's own git folder", async () => {
    const before = await subjects();
    put("attestations/test_1.json", "{}");
    put("junit.xml", "<testsuite/>");
    put("out/report.tap", "1..0");
    execFileSync("git", ["init", "-q", join(folder, "clone")]);
    const noPart = { ours: [join(folder, "attestations")], written: [join(folder, "out/report.tap")] };
    expect(await subjects(noPart)).toEqual(before);
  });

  test("no files at all have a digest too", async () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    const [{ digest } = {}] = await subjects();
    expect(digest).toEqual({
      dirHash: createHash("sha256").digest("hex"),
      gitTree: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    });
  });

  test("the whole system is none", async () => {
    await expect(testedIn("/")).rejects.toMatchObject({ code: "subject-missing" });
  });
});

test("a repository without a commit names nothing", async () => {
  rmSync(join(folder, ".git"), { recursive: true });
  git("init", "-q");
  await expect(testedIn(folder)).rejects.toMatchObject({
    code: "subject-missing",
    message: expect.stringMatching(/without a commit/),
  });
});

test("files and folders by digest", async () => {
  put("b.txt", "b");
  const sha256 = createHash("sha256").update("b").digest("hex");
  const found = await pathsTested([join(folder, "b.txt"), join(folder, "b.txt")], folder);
  expect(found.subjects("")).toEqual([{ name: "b.txt", digest: { sha256 } }]);
  await expect(pathsTested([join(folder, "none")], folder)).rejects.toMatchObject({ code: "subject-missing" });
  put("dist/ignored", "x");
  const dist = await pathsTested([join(folder, "dist")], folder);
  expect(dist.subjects("")).toMatchObject([{ name: "dist", annotations: { files: 1 } }]);
  expect(await dist.after()).toBe("kept");
  put("dist/ignored", "y");
  expect(await dist.after()).toBe("another");
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
  const [subject] = await subjects();
  expect(subject?.uri).toBe("git+https://example.org/a/b");
});
