/**
 * The driver `fs`: an emulation of the vendor's task tools, written from the observed behaviour of Claude Code 2.1.330, file by file and
 * call by call. It shares no code with this tool's task lists, so that the two can be compared. The statement says that it is an emulation.
 */
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Change, NewTask, Task } from "../../../tasks/document.js";
import { fileName, driverListFolder, type Driver, type Session, type TaskView } from "./driver.js";

export const fsDriver: Driver = {
  name: "fs",
  descriptor: {
    name: "driver fs",
    uri: "pkg:npm/%40anthropic-ai/claude-code@2.1.330",
    annotations: {
      about: "own reader and writer of the on-disk format observed in that version; not the vendor's tools",
    },
  },
  open: async (home, list, signal) => {
    signal.throwIfAborted();
    return new Emulation(driverListFolder(home, list), signal);
  },
};

/** Pauses between attempts, 2.7 seconds in all. */
const PAUSES_MS = [0, 5, 10, 20, 40, 80, ...Array<number>(25).fill(100)];
const STALE_MS = 10_000;

class Emulation implements Session {
  readonly #folder: string;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = AbortSignal.any([signal, this.#closed.signal]);
  }

  async create({ subject, description, activeForm, metadata }: NewTask): Promise<string> {
    this.#signal.throwIfAborted();
    mkdirSync(this.#folder, { recursive: true });
    const lock = join(this.#folder, ".lock");
    writeFileSync(lock, "", { flag: "a" });
    return await locked(lock, this.#signal, () => {
      const id = String(Math.max(0, this.#highWater(), ...this.#files().map((name) => numberIn(name))) + 1);
      const task: Task = {
        id,
        subject,
        description,
        ...(activeForm !== undefined && { activeForm }),
        status: "pending",
        blocks: [],
        blockedBy: [],
        ...(metadata && { metadata }),
      };
      // Writes in place, over anything that is there: updates are renamed into place, creations are not.
      writeFileSync(this.#path(id), JSON.stringify(task, null, 2));
      return id;
    });
  }

  async get(id: string): Promise<TaskView | null> {
    this.#signal.throwIfAborted();
    const task = this.#read(this.#path(id));
    if (task === null) return null;
    const { subject, description, status, blocks, blockedBy } = task;
    return { id: task.id, subject, description, status, blocks, blockedBy };
  }

  async list(): Promise<readonly Pick<TaskView, "id" | "subject" | "status">[]> {
    this.#signal.throwIfAborted();
    return this.#tasks()
      .filter(({ metadata }) => !metadata?.["_internal"])
      .map(({ id, subject, status }) => ({ id, subject, status }))
      .sort((a, b) => numberIn(a.id) - numberIn(b.id));
  }

  async update(id: string, change: Change): Promise<boolean> {
    this.#signal.throwIfAborted();
    const path = this.#path(id);
    const task = this.#read(path);
    if (task === null) return false;
    if (Object.keys(differing(task, change)).length === 0) return true; // without changes it does not even take the lock
    return await this.#rewrite(path, (now) => ({ ...now, ...differing(now, change) }));
  }

  /** Without any lock. The high-water mark keeps the number reserved, and other tasks lose their dependency on it. */
  async remove(id: string): Promise<boolean> {
    this.#signal.throwIfAborted();
    const path = this.#path(id);
    if (this.#read(path) === null) return false;
    writeFileSync(join(this.#folder, ".highwatermark"), String(Math.max(this.#highWater(), numberIn(id))));
    unlinkSync(path);
    const without = (ids: readonly string[]): string[] => ids.filter((other) => other !== id);
    for (const { id: other, blocks, blockedBy } of this.#tasks()) {
      if (!blocks.includes(id) && !blockedBy.includes(id)) continue;
      await this.#rewrite(this.#path(other), (now) => ({
        ...now,
        blocks: without(now.blocks),
        blockedBy: without(now.blockedBy),
      }));
    }
    return true;
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error("the session is closed"));
  }

  #path(id: string): string {
    return join(this.#folder, `${fileName(id)}.json`);
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder).filter((name) => name.endsWith(".json"));
    } catch {
      return [];
    }
  }

  #tasks(): Task[] {
    return this.#files().flatMap((name) => this.#read(join(this.#folder, name)) ?? []);
  }

  #read(path: string): Task | null {
    try {
      return known(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      return null;
    }
  }

  #highWater(): number {
    try {
      return numberIn(readFileSync(join(this.#folder, ".highwatermark"), "utf8"));
    } catch {
      return 0;
    }
  }

  async #rewrite(path: string, next: (task: Task) => Task): Promise<boolean> {
    return await locked(path, this.#signal, () => {
      const task = this.#read(path);
      if (task === null) return false;
      const temporary = `${path}.tmp.${randomBytes(4).toString("hex")}`;
      writeFileSync(temporary, JSON.stringify(next(task), null, 2), { flag: "wx" });
      renameSync(temporary, path);
      return true;
    });
  }
}

/** Only known members, in their order: the first update drops all others. */
function known(document: unknown): Task | null {
  if (!isRecord(document)) return null;
  const { id, subject, description, activeForm, owner, status, blocks, blockedBy, metadata } = document as Task;
  const fits =
    [id, subject, description].every(isText) &&
    [activeForm, owner].every((text) => text === undefined || isText(text)) &&
    ["pending", "in_progress", "completed"].includes(status) &&
    [blocks, blockedBy].every((ids: unknown) => Array.isArray(ids) && ids.every(isText)) &&
    (metadata === undefined || isRecord(metadata));
  if (!fits) return null;
  return {
    id,
    subject,
    description,
    ...(activeForm !== undefined && { activeForm }),
    ...(owner !== undefined && { owner }),
    status,
    blocks,
    blockedBy,
    ...(metadata && { metadata }),
  };
}

const isText = (value: unknown): boolean => typeof value === "string";
const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The effective change. Metadata is merged; a null in the change deletes, an existing one stays. */
function differing(task: Task, { metadata, ...members }: Change): Partial<Task> {
  const others = Object.entries(members).filter(([name, value]) => value !== task[name]);
  if (metadata === undefined) return Object.fromEntries(others);
  const merged = Object.entries({ ...task.metadata, ...metadata }).filter(([name]) => metadata[name] !== null);
  return { ...Object.fromEntries(others), metadata: Object.fromEntries(merged) };
}

/** parseInt's reading, or 0: `1e3.json` counts as 1. */
const numberIn = (text: string): number => Number.parseInt(text, 10) || 0;

async function locked<T>(file: string, signal: AbortSignal, act: () => T): Promise<T> {
  const lock = `${file}.lock`;
  for (const pause of PAUSES_MS) {
    await sleep(pause, undefined, { signal });
    if (!takes(lock)) continue;
    try {
      return act();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  throw new Error("Lock file is already being held");
}

function takes(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    if (!isStale(lock)) return false;
  }
  try {
    rmdirSync(lock);
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

const isStale = (lock: string): boolean => {
  const seen = statSync(lock, { throwIfNoEntry: false });
  return seen !== undefined && Date.now() - seen.mtimeMs > STALE_MS;
};
