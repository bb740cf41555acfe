/**
 * The compared ways to write a task: the published one in a generous reading, an obvious improvement, a careless lock, and ours. Each reads
 * a task, changes metadata or members, and writes it back.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { changed, formatTask, type Change, type NewTask, type Task } from "../../../tasks/document.js";
import { TaskList } from "../../../tasks/task-list.js";

export interface StrategyOptions {
  /** Called between read and write: a test stops, kills or overtakes the writer here. */
  readonly between?: () => void;
  /** The run that must still own the task; only our way supports it. */
  readonly fence?: string;
}

export interface Strategy {
  update(folder: string, id: string, change: Change, options?: StrategyOptions): Promise<void>;
  create(folder: string, made: NewTask): Promise<string>;
}

export const STRATEGIES = ["in-place", "rename", "stale-lock", "bare-lock", "hardened"] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** Path of a task in its list's folder. */
export const pathOf = (folder: string, id: string): string => join(folder, `${id}.json`);

/** A reader of the published kind must read again if it meets a half-written document. */
function readTorn(path: string): Task {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return JSON.parse(readFileSync(path, "utf8")) as Task;
    } catch (error) {
      if (attempt === 30 || !(error instanceof SyntaxError)) throw error;
      pause(1);
    }
  }
}

const cell = new Int32Array(new SharedArrayBuffer(4));
const parent = process.ppid;
/** Blocks the process like a busy writer, but no longer than its parent lives. */
export function pause(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
  if (process.send !== undefined && process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}

function rewrite(path: string, change: Change, write: (text: string) => void, between?: () => void): void {
  const task = readTorn(path);
  between?.();
  write(formatTask(changed(task, change)));
}

function byRename(path: string): (text: string) => void {
  return (text) => {
    const temporary = `${path}.tmp.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  };
}

/** Highest number plus one, overwriting anything there: what a hook that creates tasks by hand does. */
async function createNaively(folder: string, made: NewTask): Promise<string> {
  const ids = readdirSync(folder).flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
  const id = String(Math.max(0, ...ids) + 1);
  writeFileSync(pathOf(folder, id), formatTask({ id, ...made, status: "pending", blocks: [], blockedBy: [] }));
  return id;
}

/** A directory lock that waiters break by their own clock; nobody checks before writing whether the lock is still theirs. */
async function underStaleLock(path: string, act: () => void): Promise<void> {
  const lock = `${path}.lock`;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
      if (made !== undefined && Date.now() - made > 10_000) rmSync(lock, { recursive: true, force: true });
      else pause(2);
    }
  }
  act();
  rmSync(lock, { recursive: true, force: true });
}

/** A lock file, created exclusively and removed at the end: a writer that dies in between locks it for good. */
async function underBareLock(path: string, act: () => void): Promise<void> {
  const lock = `${path}.exclusive`;
  for (;;) {
    try {
      closeSync(openSync(lock, "wx"));
      break;
    } catch {
      pause(2);
    }
  }
  act();
  rmSync(lock);
}

const naively = (update: (path: string, change: Change, between?: () => void) => void | Promise<void>): Strategy => ({
  update: async (folder, id, change, { between } = {}) => await update(pathOf(folder, id), change, between),
  create: createNaively,
});

const BY_NAME: Readonly<Record<StrategyName, Strategy>> = {
  "in-place": naively((path, change, between) => rewrite(path, change, (text) => writeFileSync(path, text), between)),
  rename: naively((path, change, between) => rewrite(path, change, byRename(path), between)),
  "stale-lock": naively((path, change, between) =>
    underStaleLock(path, () => rewrite(path, change, byRename(path), between)),
  ),
  "bare-lock": naively((path, change, between) =>
    underBareLock(path, () => rewrite(path, change, byRename(path), between)),
  ),
  hardened: {
    update: async (folder, id, change, { between, fence } = {}) => {
      const made = (): Change => {
        between?.();
        return change;
      };
      await new TaskList(folder).update(id, made, fence === undefined ? {} : { fence });
    },
    create: async (folder, made) => (await new TaskList(folder).create(made)).id,
  },
};

export const strategy = (name: StrategyName): Strategy => BY_NAME[name];
