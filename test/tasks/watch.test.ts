/** Following a task: the last state is never missed, and what has gone is told instead of waited for. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Task } from "../../src/tasks/document.js";
import { TaskList } from "../../src/tasks/task-list.js";
import { watchTask, type WatchOptions } from "../../src/tasks/watch.js";
import { temporary } from "../cli/attest.js";
import { bytesOf, counting, together, writer } from "./lists.js";

const completed = (task: Task): boolean => task.status === "completed";

async function seen(
  list: TaskList,
  options: Partial<WatchOptions> = {},
  each?: (task: Task) => unknown,
): Promise<Task[]> {
  const states: Task[] = [];
  for await (const task of watchTask(list, "1", { until: completed, ...options })) {
    states.push(task);
    await each?.(task);
  }
  return states;
}

test("a task that is at its end already is told once", async () => {
  const list = await counting();
  await list.update("1", { status: "completed" });
  expect(await seen(list)).toHaveLength(1);
});

test("bursts of another process: the numbers only rise, and the last one is seen", async () => {
  const list = await counting();
  const watching = seen(list, { until: (task) => task.metadata?.["count"] === 600 });
  await together(await Promise.all([0, 1].map((n) => writer("add", list.folder, `w${n}`, "300"))));
  const numbers = (await watching).map((task) => Number(task.metadata?.["count"]));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.at(-1)).toBe(600);
});

test("a change while the one who watches is busy is not passed over", async () => {
  const list = await counting();
  const states = await seen(list, {}, async ({ status }) => {
    if (status === "pending") await list.update("1", { status: "completed" });
    await new Promise((go) => setTimeout(go, 20));
  });
  expect(states.map(({ status }) => status)).toEqual(["pending", "completed"]);
});

test("a document that is torn for a moment is waited for", async () => {
  const list = await counting();
  const whole = bytesOf(list);
  writeFileSync(list.path("1"), whole.slice(0, 20));
  const watching = seen(list);
  setTimeout(() => writeFileSync(list.path("1"), whole.replace('"pending"', '"completed"')), 50);
  expect((await watching).map(({ status }) => status)).toEqual(["completed"]);
});

describe("what is told", () => {
  test("a task that is not there, a list that is not there", async () => {
    const list = await counting();
    await expect(seen(new TaskList(join(temporary(), "none")))).rejects.toMatchObject({ code: "task-missing" });
    await expect(watchTask(list, "2", { until: completed }).next()).rejects.toMatchObject({ code: "task-missing" });
  });

  test("a task that is deleted, a list that is removed, and one that is made anew without it", async () => {
    for (const spoil of [
      (list: TaskList) => rmSync(list.path("1")),
      (list: TaskList) => rmSync(list.folder, { recursive: true }),
      (list: TaskList) => {
        rmSync(list.folder, { recursive: true });
        mkdirSync(list.folder);
      },
    ]) {
      const list = await counting();
      await expect(seen(list, {}, () => void spoil(list))).rejects.toMatchObject({ code: "task-missing" });
    }
  });

  test("that nobody is left to end it, unless its last words came in between", async () => {
    const list = await counting();
    await expect(seen(list, { lost: () => true })).rejects.toMatchObject({ code: "task-lost" });
    const lastWords = (): boolean => {
      writeFileSync(list.path("1"), bytesOf(list).replace('"pending"', '"completed"'));
      return true;
    };
    expect((await seen(list, { lost: lastWords })).at(-1)?.status).toBe("completed");
  });
});

test("it ends when it is told to", async () => {
  const list = await counting();
  const controller = new AbortController();
  expect(await seen(list, { signal: controller.signal }, () => controller.abort())).toHaveLength(1);
  expect(await seen(list, { signal: controller.signal })).toHaveLength(0);
});
