/** A lock whose holder waits: it stays the holder's for as long as it takes, and tasks of one process take turns. */
import { fork } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { withLock } from "../../src/node/lock.js";
import { temporary } from "../cli/attest.js";

let file = "";
beforeEach(() => {
  file = join(temporary(), "file");
});
const lock = (): string => `${file}.lock`;
const mtime = (): number => statSync(lock()).mtimeMs;

test("tasks of one process run one after the other, in the order of their calls, however the path is written", async () => {
  const seen: string[] = [];
  const act = (name: string) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    await sleep(5);
    expect(existsSync(lock())).toBe(true);
    seen.push(`${name} ends`);
  };
  const spelt = join(file, "..", ".", "file");
  await Promise.all(["a", "b", "c", "d"].map((name, at) => withLock(at % 2 === 0 ? file : spelt, act(name))));
  expect(seen).toEqual(["a", "b", "c", "d"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(existsSync(lock())).toBe(false);
});

test("a task that fails, at once or later, lets the next one go on", async () => {
  const told = await Promise.allSettled([
    withLock(file, () => {
      throw new Error("at once");
    }),
    withLock(file, () => sleep(1).then(() => Promise.reject(new Error("later")))),
    withLock(file, () => "done"),
  ]);
  expect(told).toMatchObject([{ reason: { message: "at once" } }, { reason: { message: "later" } }, { value: "done" }]);
});

test("time in the queue is not counted as waiting for another process", async () => {
  const first = withLock(file, () => sleep(100));
  await withLock(file, () => undefined, { patienceMs: 0 });
  await first;
});

test("another process is waited for, and then no longer", async () => {
  mkdirSync(lock());
  await expect(withLock(file, () => undefined, { patienceMs: 20 })).rejects.toMatchObject({ code: "locked" });
  await expect(withLock(file, () => undefined, { patienceMs: 20 })).rejects.toMatchObject({ code: "locked" });
  rmdirSync(lock());
  expect(await withLock(file, () => "taken", { patienceMs: 20 })).toBe("taken");
});

test("a holder that waits refreshes its lock, and so does one that works without a break", async () => {
  await withLock(file, async ({ isMine, still }) => {
    for (let before = mtime(), times = 0; times < 2; times += 1, before = mtime()) {
      await vi.waitUntil(() => mtime() > before, { timeout: 20_000, interval: 50 });
      expect(isMine()).toBe(true);
    }
    const before = mtime();
    const blocked = new Int32Array(new SharedArrayBuffer(4));
    for (let times = 0; times < 100 && mtime() === before; times += 1) {
      Atomics.wait(blocked, 0, 0, 50);
      still();
    }
    expect(mtime()).toBeGreaterThan(before);
  });
  expect(readdirSync(join(file, ".."))).toEqual([]); // the file system's clock was read there, too
}, 60_000);

test("a waiter leaves alone what a holder refreshes, although both are slow", async () => {
  const waiter = fork(new URL("waiter.mjs", import.meta.url), [file], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const said = new Promise<unknown>((done) => waiter.once("message", done));
  await withLock(file, async ({ isMine }) => {
    waiter.send("go");
    await sleep(11_000);
    expect(isMine()).toBe(true);
  });
  expect(await said).toBe("taken");
  waiter.disconnect();
}, 60_000);

test("a lost lock is noticed before the write, and the work is done again behind those that wait", async () => {
  const order: string[] = [];
  let tries = 0;
  const overtaken = withLock(file, async ({ still }) => {
    if ((tries += 1) === 1) {
      rmSync(lock(), { recursive: true });
      mkdirSync(lock()); // another process has it
      utimesSync(lock(), 1, 1); // and died long ago
    }
    await sleep(1);
    still();
    order.push("overtaken");
    return tries;
  });
  const next = withLock(file, () => order.push("next"));
  expect([await overtaken, await next]).toEqual([2, 1]);
  expect(order).toEqual(["next", "overtaken"]);
});

test("a lock that is lost each time is given up", async () => {
  const lost = withLock(
    file,
    ({ still }) => {
      rmSync(lock(), { recursive: true });
      still();
    },
    { patienceMs: 50 },
  );
  await expect(lost).rejects.toMatchObject({ code: "locked" });
});
