/** A disk that is full, a folder that is closed, a list that has gone: the old document stays whole, and what happened is told. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { TaskList } from "../../src/tasks/task-list.js";
import { MAIN, temporary } from "../cli/attest.js";
import { bytesOf, counting, leftIn } from "./lists.js";

const root = process.getuid?.() === 0;
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

/** `attest task …` on a list, behind a prefix that takes something away from it. */
function limited(
  list: TaskList,
  prefix: readonly string[],
  ...args: readonly string[]
): { code: number | null; error: string; stdout: string } {
  const tasks = join(list.folder, "..");
  const [program, ...rest] = [...prefix, process.execPath, MAIN, "task", ...args, "--list", "list", "--tasks", tasks];
  const { status, stderr, stdout } = spawnSync(program, rest, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", HOME: tasks },
  });
  return { code: status, error: stderr, stdout };
}

const BIG = ["--description", "x".repeat(100_000)];

describe("no room for the new document", () => {
  test("under a limit on the size of files", async ({ skip }) => {
    skip(!has("prlimit"), "NOT CHECKED: prlimit is not installed");
    const list = await counting();
    const before = bytesOf(list);
    const prefix = ["prlimit", "--fsize=8192", "--"];
    for (const args of [
      ["update", "1", ...BIG],
      ["create", "big", ...BIG],
    ])
      expect(limited(list, prefix, ...args)).toMatchObject({
        code: 2,
        stdout: "",
        error: expect.stringMatching(/^error: could not write .*: EFBIG\nhint: raise the limit/) as string,
      });
    expect(bytesOf(list)).toBe(before);
    expect(leftIn(list.folder)).toEqual([]);
    expect(limited(list, prefix, "update", "1", "--owner", "me").code).toBe(0);
    // The number that could not be used is not used again.
    expect((await list.create({ subject: "next", description: "" })).id).toBe("3");
  });

  test("on a disk that is full", async ({ skip }) => {
    const disk = temporary();
    skip(
      !root || spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk]).status !== 0,
      "NOT CHECKED: may not mount a small disk",
    );
    try {
      const list = await counting(join(disk, "list"));
      const before = bytesOf(list);
      await expect(list.update("1", { description: "x".repeat(100_000) })).rejects.toMatchObject({
        code: "io",
        message: expect.stringContaining("ENOSPC") as string,
      });
      await expect(list.create({ subject: "big", description: "x".repeat(100_000) })).rejects.toMatchObject({
        code: "io",
      });
      expect(bytesOf(list)).toBe(before);
      expect(leftIn(list.folder)).toEqual([]);
      expect((await list.update("1", { owner: "me" })).owner).toBe("me");
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

test("a folder in which one may not write", async ({ skip }) => {
  skip(root && !has("setpriv"), "NOT CHECKED: root may write everywhere, and there is no setpriv");
  const list = await counting();
  const before = bytesOf(list);
  const prefix = root ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"] : [];
  chmodSync(dirname(list.folder), 0o755); // and not the one above it, which is everybody's
  if (root) chownSync(list.path("1"), 65534, 65534); // the file itself it may write: that is not enough, and not used
  chmodSync(list.folder, 0o555);
  const readable = limited(list, prefix, "get", "1");
  for (const args of [
    ["update", "1", "--owner", "me"],
    ["create", "another"],
  ])
    expect(limited(list, prefix, ...args)).toMatchObject({
      code: 2,
      stdout: "",
      error: expect.stringMatching(/^error: could not .*: EACCES\nhint: choose a folder/) as string,
    });
  expect(readable.code).toBe(0);
  expect(bytesOf(list)).toBe(before);
  chmodSync(list.folder, 0o755);
  expect(leftIn(list.folder)).toEqual([]);
});

describe("what has gone", () => {
  test("a task, a list, a number that is none", async () => {
    const list = await counting();
    const gone = new TaskList(join(list.folder, "..", "gone"));
    for (const [of, id] of [
      [list, "2"],
      [gone, "1"],
      [list, "../1"],
      [list, "01"],
      [list, "0"],
      [list, "9".repeat(16)],
    ] as const) {
      expect(() => of.get(id)).toThrow(expect.objectContaining({ code: "task-missing" }) as Error);
      await expect(of.update(id, { owner: "me" })).rejects.toMatchObject({ code: "task-missing" });
    }
    expect(gone.list()).toEqual([]);
    expect(existsSync(gone.folder)).toBe(false);
    expect(leftIn(list.folder)).toEqual([]);
  });

  test("a task that is deleted while it is changed is not brought back", async () => {
    const list = await counting();
    await expect(list.update("1", () => (rmSync(list.path("1")), { owner: "me" }))).rejects.toMatchObject({
      code: "task-missing",
    });
    expect(existsSync(list.path("1"))).toBe(false);
    expect(leftIn(list.folder)).toEqual([]);
  });

  test("nor is one put in the place of another that has its number by now", async () => {
    const list = await counting();
    const another = { ...list.get("1"), subject: "another" };
    const replaced = (): object => {
      rmSync(list.path("1"));
      writeFileSync(list.path("1"), JSON.stringify(another));
      return { owner: "me" };
    };
    await expect(list.update("1", replaced)).rejects.toMatchObject({ code: "task-missing" });
    expect(list.get("1")).toEqual(another);
  });

  test("a list that goes while a task in it is changed", async () => {
    const list = await counting();
    const removed = (): object => (rmSync(list.folder, { recursive: true }), { owner: "me" });
    await expect(list.update("1", removed)).rejects.toMatchObject({ code: "task-missing" });
    expect(existsSync(list.folder)).toBe(false);
  });
});

describe("the fence", () => {
  test("lets the run write that has the task, and no other", async () => {
    const list = await counting();
    await expect(list.update("1", { owner: "me" }, { fence: "run_1" })).rejects.toMatchObject({ code: "task-fenced" });
    await list.update("1", { metadata: { runId: "run_1" } });
    expect((await list.update("1", { owner: "me" }, { fence: "run_1" })).owner).toBe("me");
    await list.update("1", { metadata: { runId: "run_2" } });
    const before = bytesOf(list);
    await expect(list.update("1", { status: "completed" }, { fence: "run_1" })).rejects.toMatchObject({
      code: "task-fenced",
    });
    expect(bytesOf(list)).toBe(before);
  });
});

describe("a lock", () => {
  test.each<[string, (path: string) => unknown]>([
    ["that is a file", (path) => writeFileSync(path, "")],
    ["that is a link to nowhere", (path) => symlinkSync("nowhere", path)],
  ])("%s is nobody's by the protocol: it is told, and left", async (_, make) => {
    const list = await counting();
    const lock = `${list.path("1")}.lock`;
    make(lock);
    await expect(list.update("1", { owner: "me" }, { patienceMs: 50 })).rejects.toMatchObject({ code: "locked" });
    expect(leftIn(list.folder)).toEqual(["1.json.lock"]);
  });

  test("that is stale is broken; one of a clock that is behind is not taken from its holder", async () => {
    const list = await counting();
    const lock = `${list.path("1")}.lock`;
    mkdirSync(lock);
    utimesSync(lock, 1, 1);
    await list.update("1", { owner: "me" });
    expect(leftIn(list.folder)).toEqual([]);
    mkdirSync(lock);
    const now = Date.now;
    Date.now = () => now() + 3_600_000;
    try {
      await expect(list.update("1", { owner: "you" }, { patienceMs: 50 })).rejects.toMatchObject({ code: "locked" });
    } finally {
      Date.now = now;
    }
    expect(leftIn(list.folder)).toEqual(["1.json.lock"]);
  });
});

test("what killed writers left is swept once it is an hour old, and nothing else", async () => {
  const list = await counting();
  const ours = ["1.json.tmp.123.0123abcd", ".highwatermark.tmp.9.ffffffff", "1.json.lock.0123456789ab"];
  const others = ["1.json.tmp.young", "1.json.tmp.1.0123abcd.bak", "x.json.tmp.1.0123abcd", "notes.txt"];
  for (const name of [...ours, ...others]) {
    if (name.includes(".lock.")) mkdirSync(join(list.folder, name));
    else writeFileSync(join(list.folder, name), "");
    utimesSync(join(list.folder, name), 1, 1);
  }
  writeFileSync(join(list.folder, "2.json.tmp.5.0123abcd"), ""); // of a writer that may be at work
  await list.create({ subject: "next", description: "" });
  expect(leftIn(list.folder).sort()).toEqual([...others, "2.json.tmp.5.0123abcd"].sort());
  expect(readdirSync(list.folder)).toContain("2.json");
});
