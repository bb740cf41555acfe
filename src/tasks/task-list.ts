/**
 * A task list of Claude Code on disk, made safe under concurrency: `<tasks>/<list>/<id>.json`.
 *
 * Updates and creations take the same locks as the vendor's tools and replace the whole document by a rename, so a reader sees the old
 * document or the new one; ids count up and are never given twice; a writer whose task is no longer its own is refused.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { AttestError } from "../core/errors.js";
import { errno, ioError, isFolder, makeFolder } from "../node/files.js";
import { changed, formatTask, parseTask, type Change, type NewTask, type Task } from "./document.js";
import { LockLost, withLock, type Held, type LockOptions } from "../node/lock.js";

const HIGH_WATER = ".highwatermark";

export interface UpdateOptions extends LockOptions {
  /** The value that `metadata.runId` must have for the update to be made: a late writer of an older run is refused. */
  readonly fence?: string;
}

export class TaskList {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  path(id: string): string {
    if (!/^[1-9]\d{0,14}$/.test(id))
      throw new AttestError(
        "task-missing",
        `expected the number of a task, found ${JSON.stringify(id)}`,
        "attest task list shows the tasks that there are",
      );
    return join(this.folder, `${id}.json`);
  }

  /** @throws AttestError `task-missing`, `task-format`, `io` */
  get(id: string): Task {
    return parseTask(this.#text(id), id);
  }

  /** The tasks that can be read, by number; what cannot is left out, as TaskList does it. */
  list(): Task[] {
    return this.#ids().flatMap((id) => {
      try {
        return [this.get(String(id))];
      } catch (error) {
        if (error instanceof AttestError && (error.code === "task-format" || error.code === "task-missing")) return [];
        throw error;
      }
    });
  }

  /** A new task with the next id. The high-water mark is written before the file, so that no id is ever given to two tasks. */
  async create(made: NewTask, options?: LockOptions): Promise<Task> {
    makeFolder(this.folder);
    const lock = join(this.folder, ".lock");
    try {
      writeFileSync(lock, "", { flag: "a" }); // the empty file that the vendor's tools lock, and never remove
    } catch (error) {
      throw ioError("write", lock, error);
    }
    return await withLock(
      lock,
      (held) => {
        for (let id = Math.max(this.#highWater(), ...this.#ids()) + 1; ; id += 1) {
          const task: Task = { id: String(id), ...made, status: "pending", blocks: [], blockedBy: [] };
          this.#replace(join(this.folder, HIGH_WATER), String(id), held);
          if (this.#link(String(id), formatTask(task), held)) return task;
        }
      },
      options,
    );
  }

  /**
   * Reads, changes and replaces one document under its lock. What the change is may depend on what is there.
   * @throws AttestError `task-missing` also when the task was deleted meanwhile (it is not brought back), `task-fenced`,
   *   `locked`, `task-format`, `io`; whatever is thrown, the document is as it was
   */
  async update(
    id: string,
    change: Change | ((task: Task) => Change),
    { fence, ...options }: UpdateOptions = {},
  ): Promise<Task> {
    const path = this.path(id);
    if (!isFolder(this.folder)) throw missing(id, this.folder);
    return await withLock(
      path,
      (held) => {
        const file = this.#open(id);
        try {
          const task = parseTask(readFileSync(file, "utf8"), id);
          if (fence !== undefined && task.metadata?.["runId"] !== fence) {
            throw new AttestError(
              "task-fenced",
              `expected task ${id} to belong to the run ${fence}, found ${JSON.stringify(task.metadata?.["runId"] ?? null)}`,
              "the task was given to another run, or its number to another task; nothing was written",
            );
          }
          const next = changed(task, typeof change === "function" ? change(task) : change);
          this.#replace(path, formatTask(next), held, () => {
            if (fstatSync(file).nlink === 0) throw missing(id, this.folder);
          });
          return next;
        } finally {
          closeSync(file);
        }
      },
      options,
    );
  }

  #open(id: string): number {
    try {
      return openSync(this.path(id), "r");
    } catch (error) {
      if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") throw missing(id, this.folder);
      throw ioError("read", this.path(id), error);
    }
  }

  #text(id: string): string {
    const file = this.#open(id);
    try {
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  }

  #ids(): number[] {
    try {
      return readdirSync(this.folder)
        .flatMap((name) => (/^[1-9]\d{0,14}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
        .sort((a, b) => a - b);
    } catch (error) {
      if (errno(error) === "ENOENT") return [];
      throw ioError("list", this.folder, error);
    }
  }

  #highWater(): number {
    try {
      const mark = Number.parseInt(readFileSync(join(this.folder, HIGH_WATER), "utf8"), 10);
      return Number.isSafeInteger(mark) && mark > 0 ? mark : 0;
    } catch (error) {
      if (errno(error) === "ENOENT") return 0;
      throw ioError("read", join(this.folder, HIGH_WATER), error);
    }
  }

  /** Whole or not at all; the lock is looked at once more right before the rename. */
  #replace(path: string, text: string, held: Held, last?: () => void): void {
    this.#place(path, text, (temporary) => {
      last?.();
      if (!held.isMine()) throw new LockLost();
      renameSync(temporary, path);
    });
  }

  /** False when there is a file of that name already: a writer without the lock was faster, and its task stays. */
  #link(id: string, text: string, held: Held): boolean {
    let made = false;
    this.#place(this.path(id), text, (temporary) => {
      if (!held.isMine()) throw new LockLost();
      try {
        linkSync(temporary, this.path(id));
        made = true;
      } catch (error) {
        if (errno(error) !== "EEXIST") throw error;
      }
      rmSync(temporary);
    });
    return made;
  }

  #place(path: string, text: string, place: (temporary: string) => void): void {
    const temporary = `${path}.tmp.${process.pid}.${randomBytes(4).toString("hex")}`;
    try {
      const file = openSync(temporary, "wx", 0o644);
      try {
        writeSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      place(temporary);
    } catch (error) {
      rmSync(temporary, { force: true });
      if (error instanceof AttestError || error instanceof LockLost) throw error;
      throw ioError("write", path, error);
    }
  }
}

const missing = (id: string, folder: string): AttestError =>
  new AttestError(
    "task-missing",
    `expected a task ${id} in ${folder}, found none`,
    "attest task list shows the tasks that there are",
  );
