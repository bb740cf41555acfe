/** Task lists to be used up by one test, and other processes that work on them. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { TaskList } from "../../src/tasks/task-list.js";
import { temporary } from "../cli/attest.js";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const living = new Set<ChildProcess>();
afterAll(() => {
  for (const child of living) child.kill("SIGKILL");
});

/** A list with one task, `1`, that counts. */
export async function counting(folder = join(temporary(), "list")): Promise<TaskList> {
  const list = new TaskList(folder);
  await list.create({ subject: "counted", description: "", metadata: { count: 0 } });
  return list;
}

export const counts = (list: TaskList): Readonly<Record<string, unknown>> => list.get("1").metadata ?? {};

/** What a list's folder holds besides what belongs there: nothing, whatever happened. */
export const leftIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => !/^(?:\d+\.json|\.lock|\.highwatermark)$/.test(name));

export const bytesOf = (list: TaskList, id = "1"): string => readFileSync(list.path(id), "utf8");

export interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line that it prints; undefined when it has ended. */
  next(): Promise<unknown>;
  go(): void;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A process that has said that it is ready. */
export async function worker(program: string, args: readonly string[]): Promise<Worker> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  living.add(child);
  const ended = new Promise<number | NodeJS.Signals | null>((done) =>
    child.once("close", (code, signal) => {
      living.delete(child);
      done(signal ?? code);
    }),
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    return done ? undefined : (JSON.parse(value) as unknown);
  };
  child.stdin.on("error", () => undefined); // it may have been killed
  const made = { child, pid: child.pid ?? 0, next, go: () => void child.stdin.write("go\n"), ended };
  if ((await next()) !== "ready") throw new Error(`${program} ${args.join(" ")} did not start`);
  return made;
}

export const writer = (...args: readonly string[]): Promise<Worker> =>
  worker(process.execPath, [here("writer.mjs"), ...args]);
export const foreign = (name: string, ...args: readonly string[]): Promise<Worker> =>
  worker(name.endsWith(".py") ? "python3" : "sh", [here(name), ...args]);

/** Lets them begin at one moment, and waits for the last one; what each printed at its end. */
export async function together(workers: readonly Worker[]): Promise<unknown[]> {
  for (const one of workers) one.go();
  return await Promise.all(
    workers.map(async (one) => {
      const said = await one.next();
      if (said === undefined) throw new Error(`a writer ended with ${String(await one.ended)}`);
      return said;
    }),
  );
}
