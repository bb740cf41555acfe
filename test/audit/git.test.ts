// Objects of real clones: whole, damaged, swapped, gone; and clones whose own settings would run something.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { beforeEach, describe, expect, test } from "vitest";
import { GitClone } from "../../src/audit/git.js";
import { workspace, type Workspace } from "../cli/attest.js";
import { repository, type Git } from "../cli/git.js";

let work: Workspace;
let git: Git;
const told = (...args: string[]): string => git(...args).out.trim();
const objectFile = (id: string): string => work.path("clone/.git/objects", id.slice(0, 2), id.slice(2));

function commit(text: string): string {
  work.write("clone/file.txt", text);
  git("add", "file.txt");
  git("commit", "-qm", text.slice(0, 20));
  return told("rev-parse", "HEAD");
}

function spoil(id: string, bytes: Uint8Array): void {
  chmodSync(objectFile(id), 0o644);
  writeFileSync(objectFile(id), bytes);
}

beforeEach(() => {
  work = workspace();
  git = repository(work, "clone");
});

const clone = (): GitClone => new GitClone(work.path("clone"));

describe("an object", () => {
  test("is the same, or there is none of that kind by that id", async () => {
    const id = commit("one\n");
    const [tree, blob] = [told("rev-parse", "HEAD^{tree}"), told("rev-parse", "HEAD:file.txt")];
    for (const [kind, one] of [
      ["commit", id],
      ["tree", tree],
      ["blob", blob],
    ] as const) {
      expect(await clone().has(kind, one)).toBe("same");
      for (const other of ["commit", "tree", "blob"] as const)
        if (other !== kind) expect(await clone().has(other, one), `${kind} as ${other}`).toBe("gone");
    }
    for (const none of ["0".repeat(40), "0".repeat(64), "HEAD", "--help", "", `${blob}\n${blob}`, blob.slice(0, 39)])
      expect(await clone().has("blob", none), none).toBe("gone");
  });

  test("of SHA-256 too, and a short id is none", async () => {
    rmSync(work.path("clone"), { recursive: true });
    git = repository(work, "other");
    const made = git("init", "-q", "--object-format=sha256", work.path("clone"));
    expect(made.code, made.out).toBe(0);
    git = (...args) => repository(work, "clone")(...args);
    const id = commit("one\n");
    expect(id).toHaveLength(64);
    expect(await clone().has("commit", id)).toBe("same");
    expect(await clone().has("commit", id.slice(0, 40))).toBe("gone");
  });

  test("is the same in a pack, and however large it is", async () => {
    const big = "0123456789abcdef\n".repeat(200_000);
    commit(big);
    const blob = told("rev-parse", "HEAD:file.txt");
    git("gc", "-q");
    expect(existsSync(objectFile(blob))).toBe(false);
    expect(blob).toBe(createHash("sha1").update(`blob ${big.length}\0${big}`).digest("hex"));
    expect(await clone().has("blob", blob)).toBe("same");
  });

  test("is gone when its file is", async () => {
    commit("one\n");
    const blob = told("rev-parse", "HEAD:file.txt");
    rmSync(objectFile(blob));
    expect(await clone().has("blob", blob)).toBe("gone");
  });

  test.each<[string, (whole: Buffer) => Uint8Array]>([
    ["other content", () => deflateSync("blob 4\0two\n")],
    ["content of another length than it says", () => deflateSync("blob 9\0two\n")],
    ["half of its file", (whole) => whole.subarray(0, whole.length / 2)],
    ["no object at all", () => Buffer.from("nonsense")],
    ["an empty file", () => new Uint8Array()],
  ])("is changed when it has %s", async (_, spoilt) => {
    commit("one\n");
    const blob = told("rev-parse", "HEAD:file.txt");
    spoil(blob, spoilt(readFileSync(objectFile(blob))));
    expect(await clone().has("blob", blob)).toBe("changed");
  });

  test("is not another one that the clone puts in its place", async () => {
    const [first, second] = [commit("one\n"), commit("two\n")];
    git("replace", first, second);
    expect(told("cat-file", "-p", first)).toBe(told("cat-file", "-p", second));
    expect(await clone().has("commit", first)).toBe("same");
    expect(await clone().newerThan(first)).toMatchObject({ commit: second });
  });

  test("that a clone lacks which does not have everything is not gone", async () => {
    commit("one\n");
    const last = commit("two\n");
    repository(work)("clone", "-q", "--depth=1", `file://${work.path("clone")}`, "shallow");
    const shallow = new GitClone(work.path("shallow"));
    expect(await shallow.has("commit", last)).toBe("same");
    expect(await shallow.has("commit", "0".repeat(40))).toBe("not-checked");
    expect(await clone().has("commit", "0".repeat(40))).toBe("gone");
  });
});

test("nothing that the settings of a clone name is started, and nothing is fetched", async () => {
  const id = commit("one\n");
  const blob = told("rev-parse", "HEAD:file.txt");
  rmSync(objectFile(blob));
  const touch = `sh -c 'touch ${work.path("ran")}'`;
  work.write("clone/.git/hooks/post-index-change", `#!/bin/sh\ntouch ${work.path("ran")}\n`);
  chmodSync(work.path("clone/.git/hooks/post-index-change"), 0o755);
  for (const [name, value] of [
    ["core.fsmonitor", touch],
    ["core.pager", touch],
    ["core.sshCommand", touch],
    ["core.alternateRefsCommand", touch],
    ["filter.x.smudge", touch],
    ["protocol.ext.allow", "always"],
    ["core.repositoryFormatVersion", "1"],
    ["extensions.partialClone", "origin"],
    ["remote.origin.promisor", "true"],
    ["remote.origin.url", `ext::sh -c touch% ${work.path("ran")}`],
  ] as const)
    git("config", name, value);
  work.write("clone/.git/info/attributes", "* filter=x\n");
  expect(await clone().has("blob", blob)).toBe("not-checked");
  expect(await clone().has("commit", id)).toBe("same");
  expect(await clone().newerThan(id)).toBeUndefined();
  expect(existsSync(work.path("ran"))).toBe(false);
  git("cat-file", "-p", blob); // while git itself would have
  expect(existsSync(work.path("ran"))).toBe(true);
});

describe("what came after a commit", () => {
  test("is the newest version that contains it, by its number", async () => {
    const first = commit("one\n");
    git("tag", "v1.0.0");
    expect(await clone().newerThan(first)).toBeUndefined();
    const second = commit("two\n");
    git("tag", "-a", "-m", "x", "v1.9.0");
    const third = commit("three\n");
    git("tag", "v1.10.0");
    for (const [at, name] of ["v2.0.0-rc.1", "latest", "v3x"].entries()) {
      commit(`more ${at}\n`);
      git("tag", name);
    }
    git("checkout", "-q", "--orphan", "elsewhere");
    commit("elsewhere\n");
    git("tag", "v9.0.0");
    expect(await clone().newerThan(first)).toEqual({ kind: "tag", name: "v1.10.0", commit: third });
    git("tag", "-d", "v1.10.0");
    expect(await clone().newerThan(first)).toEqual({ kind: "tag", name: "v1.9.0", commit: second });
  });

  test("or what is checked out, where no version is newer", async () => {
    const first = commit("one\n");
    git("tag", "v1.0.0");
    const second = commit("two\n");
    expect(await clone().newerThan(first)).toEqual({ kind: "head", name: "HEAD", commit: second });
    expect(await clone().newerThan(second)).toBeUndefined();
    git("checkout", "-q", first);
    expect(await clone().newerThan(second)).toBeUndefined();
    expect(await clone().newerThan("0".repeat(40))).toBeUndefined();
  });
});

test("where there is no clone, that is told", async () => {
  for (const folder of [work.root, work.path("none"), work.write("file", "")])
    await expect(new GitClone(folder).has("commit", "0".repeat(40))).rejects.toMatchObject({
      message: expect.stringContaining(folder),
    });
});

test("another repository that the environment names is not meant", async () => {
  const id = commit("one\n");
  repository(work, "other");
  process.env["GIT_DIR"] = work.path("other/.git");
  const state = await clone()
    .has("commit", id)
    .finally(() => delete process.env["GIT_DIR"]);
  expect(state).toBe("same");
});
