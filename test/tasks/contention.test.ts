/** Many writers of one list, each a process: nothing is lost, torn or given twice, whoever is killed or stopped in between. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parseTask } from "../../src/tasks/document.js";
import { STALE_MS } from "../../src/node/lock.js";
import { TaskList } from "../../src/tasks/task-list.js";
import { temporary, workspace } from "../cli/attest.js";
import { counting, counts, foreign, leftIn, together, writer, type Worker } from "./lists.js";
import { NIGHT } from "../night.js";

const many = async (count: number, make: (n: number) => Promise<Worker>): Promise<Worker[]> =>
  await Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** Of each of eight writers; `npm run soak` has it do more. */
const TIMES = process.env["ATTEST_KILL"] === "all" ? 200 : NIGHT ? 60 : 20;

describe("updates", () => {
  test(`8 processes × ${TIMES}: none is lost, and a reader sees nothing torn`, async () => {
    const list = await counting();
    const reader = await writer("read", list.folder);
    reader.go();
    await together(await many(8, (n) => writer("add", list.folder, `w${n}`, String(TIMES))));
    reader.child.stdin?.end();
    const seen = (await reader.next()) as { reads: number; bad: string[] };
    const each = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`w${n}`, TIMES]));
    expect(counts(list)).toEqual({ count: 8 * TIMES, ...each });
    expect(seen.bad).toEqual([]);
    expect(seen.reads).toBeGreaterThan(100);
    expect(leftIn(list.folder)).toEqual([]);
  }, 120_000);

  test("8 × 6 through the command line: none is lost", async () => {
    const work = workspace();
    const list = await counting(join(work.root, "tasks/demo"));
    const one = async (n: number): Promise<void> => {
      for (let at = 0; at < 6; at += 1) {
        const key = `${n}-${at}=${at}`;
        const ran = await work.attest(
          "task",
          "update",
          "1",
          "--list",
          "demo",
          "--tasks",
          join(work.root, "tasks"),
          "--metadata",
          key,
        );
        expect(ran.code, ran.stderr).toBe(0);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => one(n)));
    expect(Object.keys(counts(list))).toHaveLength(1 + 48);
  }, 120_000);

  test("the other members of the document stay, in their order", async () => {
    const list = await counting();
    const text = `{"zzz": [1, {"b": 2, "a": 1}], "id": "1", "subject": "s", "description": "", "status": "pending", "blocks": [], "blockedBy": ["7"], "metadata": {"count": 0, "other": null, "theirs": {"y": 1, "x": 2}}, "aaa": "ü"}`;
    writeFileSync(list.path("1"), text);
    await together(await many(2, (n) => writer("add", list.folder, `w${n}`, "20")));
    const before = JSON.parse(text) as { metadata: Record<string, unknown> };
    const expected = { ...before, metadata: { ...before.metadata, count: 40, w0: 20, w1: 20 } };
    const after = parseTask(readFileSync(list.path("1"), "utf8"), "1");
    expect(after).toEqual(expected);
    expect(Object.keys(after)).toEqual(Object.keys(before));
  });
});

describe("creations", () => {
  test(`8 × ${TIMES} at once: as many ids, as many tasks`, async () => {
    const folder = join(temporary(), "list");
    const ids = (await together(await many(8, (n) => writer("create", folder, `w${n}`, String(TIMES))))).flat();
    expect(new Set(ids).size).toBe(8 * TIMES);
    expect(
      new TaskList(folder)
        .list()
        .map(({ subject }) => subject)
        .sort(),
    ).toEqual(Array.from({ length: 8 * TIMES }, (_, n) => `w${Math.floor(n / TIMES)}-${n % TIMES}`).sort());
    expect(leftIn(folder)).toEqual([]);
  }, 120_000);

  test("beside one who takes the highest number and one more, without a lock: neither overwrites the other", async () => {
    const folder = join(temporary(), "list");
    const list = new TaskList(folder);
    await list.create({ subject: "first", description: "" });
    const ours = together(await many(2, (n) => writer("create", folder, `w${n}`, "30")));
    const naive: string[] = [];
    for (let ended = false; !ended;) {
      const id = String(Math.max(...readdirSync(folder).map((name) => Number.parseInt(name, 10) || 0)) + 1);
      try {
        // `wx`, because what a plain write destroys it destroys: what is looked at is that we take no number that is taken.
        const task = { id, subject: "naive", description: "", status: "pending", blocks: [], blockedBy: [] };
        writeFileSync(list.path(id), JSON.stringify(task), { flag: "wx" });
        naive.push(id);
      } catch (error) {
        expect(error).toMatchObject({ code: "EEXIST" });
      }
      ended = await Promise.race([ours.then(() => true), new Promise<boolean>((go) => setTimeout(go, 10, false))]);
    }
    const ids = (await ours).flat() as string[];
    expect(new Set([...ids, ...naive]).size).toBe(60 + naive.length);
    for (const id of ids) expect(list.get(id).subject).toMatch(/^w\d-/);
    for (const id of naive) expect(list.get(id).subject).toBe("naive");
    expect(naive).not.toEqual([]);
  }, 120_000);

  test("an id is not given again when its file is removed by hand", async () => {
    const list = await counting();
    const top = await list.create({ subject: "top", description: "" });
    rmSync(list.path(top.id));
    expect((await list.create({ subject: "next", description: "" })).id).toBe("3");
    // Nor when that was done by a tool that only looks at the files, as long as the number was known.
    writeFileSync(join(list.folder, ".highwatermark"), "41\n");
    expect((await list.create({ subject: "later", description: "" })).id).toBe("42");
    writeFileSync(join(list.folder, ".highwatermark"), "nonsense");
    expect((await list.create({ subject: "latest", description: "" })).id).toBe("43");
  });
});

describe("a writer that is killed", () => {
  test("50 times, at a moment of its own: nothing that it had said is lost, the document stays whole, and work goes on", async () => {
    const list = await counting();
    let said = 0;
    for (let n = 0; n < 50; n += 1) {
      const one = await writer("endless", list.folder, "w");
      one.go();
      const moment = Math.random() * 30;
      const first = Number(await one.next()); // it is at work
      expect(first).toBeGreaterThan(said);
      await new Promise((go) => setTimeout(go, moment));
      one.child.kill("SIGKILL");
      await one.ended;
      for (
        let more = await one.next().catch(() => undefined);
        more !== undefined;
        more = await one.next().catch(() => undefined)
      )
        said = Number(more);
      said = Math.max(said, first);
      const now = Number(counts(list)["w"]);
      // The last one may have been written without having been said.
      expect([said, said + 1]).toContain(now);
      expect(counts(list)["count"]).toBe(now);
      // What it held goes stale after ten seconds; made older than that, the test does not wait for 50 of them.
      const lock = `${list.path("1")}.lock`;
      if (existsSync(lock)) {
        const before = new Date(Date.now() - STALE_MS - 1000);
        utimesSync(lock, before, before);
      }
    }
    await list.update("1", { metadata: { last: true } });
    expect(counts(list)["last"]).toBe(true);
    expect(leftIn(list.folder).filter((name) => !/^1\.json\.tmp\.\d+\.[0-9a-f]{8}$/.test(name))).toEqual([]);
  }, 120_000);

  test("the lock that it leaves is waited for until it is stale, and not longer than that by much", async () => {
    const list = await counting();
    const one = await writer("hold", list.folder, "w");
    one.go();
    await vi.waitUntil(() => existsSync(`${list.path("1")}.lock`), { interval: 5 });
    one.child.kill("SIGKILL");
    await one.ended;
    await expect(list.update("1", { owner: "me" }, { patienceMs: 100 })).rejects.toMatchObject({ code: "locked" });
    expect((await list.update("1", { owner: "me" })).owner).toBe("me");
    expect(leftIn(list.folder)).toEqual([]);
  });
});

test("a holder that is stopped until its lock is taken over does its work again, and spoils nothing", async () => {
  if (process.platform === "win32") return;
  const list = await counting();
  const lock = `${list.path("1")}.lock`;
  const one = await writer("hold", list.folder, "stopped");
  one.go();
  await vi.waitUntil(() => existsSync(lock) && stopped(one.pid), { interval: 5 });
  const before = new Date(Date.now() - STALE_MS - 1000); // as if it had been stopped for so long
  utimesSync(lock, before, before);
  await list.update("1", ({ metadata }) => ({ metadata: { count: Number(metadata?.["count"]) + 1, second: 1 } }));
  one.child.kill("SIGCONT");
  expect(await one.next()).toBe(2);
  expect(counts(list)).toEqual({ count: 2, second: 1, stopped: 1 });
  expect(leftIn(list.folder)).toEqual([]);
});

const stopped = (pid: number): boolean =>
  /^T/.test(spawnSync("ps", ["-o", "state=", "-p", String(pid)]).stdout.toString());

describe("beside a writer in another language", () => {
  test.for<[string, number, string]>([
    ["foreign.py", 150, "python3"],
    ["foreign.sh", 25, "jq"],
  ])("%s: none is lost on either side", { timeout: 120_000 }, async ([name, times, program], { skip }) => {
    skip(spawnSync(program, ["--version"]).error !== undefined, `NOT CHECKED: ${program} is not installed`);
    const list = await counting();
    const theirs = await many(2, (n) => foreign(name, list.folder, `f${n}`, String(times)));
    const ours = await many(2, (n) => writer("add", list.folder, `w${n}`, "150"));
    await together([...theirs, ...ours]);
    expect(counts(list)).toEqual({ count: 2 * times + 300, f0: times, f1: times, w0: 150, w1: 150 });
  });
});
