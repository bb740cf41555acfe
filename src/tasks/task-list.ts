/**
 * A task list of Claude Code on disk, made safe under concurrency: `<tasks>/<list>/<id>.json`.
 *
 * Updates and creations take the same locks as the vendor's tools and replace the whole document by a rename, so a reader sees the old
 * document or the new one; ids count up and are never given twice; a writer whose task is no longer its own is refused.
 */
import { closeSync, constants, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../core/errors.js";
import { isFolder, makeFolder } from "../node/files.js";
import { errno, ioError } from "../node/faults.js";
import { LockLost, withLock, type HeldLock, type LockOptions } from "../node/lock.js";
import { changed, formatTask, type Change, type NewTask, type Task } from "./document.js";
import { openTask, place, sweep } from "./place.js";

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

  /** Where a task's file lies. @throws AttestError `task-missing` for what is no number of a task */
  path(id: string): string {
    if (!/^[1-9]\d{0,14}$/.test(id))
      throw new AttestError(
        "task-missing",
        `${JSON.stringify(id.slice(0, 80))} is not the number of a task`,
        "attest task list shows the tasks that there are",
      );
    return join(this.folder, `${id}.json`);
  }

  /** @throws AttestError `task-missing`, `task-format`, `io` */
  get(id: string): Task {
    const open = openTask(this.path(id), id);
    if (open === undefined) throw this.#missing(id);
    open.close();
    return open.task;
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

  /**
   * A new task with the next id. The high-water mark is written before the file, so that no id is ever given to two tasks, even when
   * the file is removed by hand.
   * @throws AttestError `locked`, `io`
   */
  async create({ metadata, ...made }: NewTask, options?: LockOptions): Promise<Task> {
    makeFolder(this.folder);
    const lock = join(this.folder, ".lock");
    try {
      // The empty file that the vendor's tools lock, and never remove.
      closeSync(openSync(lock, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644));
      sweep(this.folder);
    } catch (error) {
      throw ioError("write", lock, error);
    }
    return await withLock(
      lock,
      (held) => {
        // A writer without the lock takes the next number too. Where it was faster we leave more and more room, and so get past it.
        for (let step = 1; ; step *= 2) {
          const id = Math.max(this.#highWater(), ...this.#ids()) + step;
          const task: Task = {
            ...{ id: String(id), ...made, status: "pending", blocks: [], blockedBy: [] },
            ...(metadata && { metadata }),
          };
          // Renamed only: after a power cut the files that are there say what the highest number was.
          this.#replace(join(this.folder, HIGH_WATER), String(id), held, false);
          if (this.#link(task, held)) return task;
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
    try {
      return await withLock(path, (held) => this.#update(path, id, change, fence, held), options);
    } catch (error) {
      // Without its folder a task has no lock either.
      if (error instanceof AttestError && error.code === "io" && !isFolder(this.folder)) throw this.#missing(id);
      throw error;
    }
  }

  #update(
    path: string,
    id: string,
    change: Change | ((task: Task) => Change),
    fence: string | undefined,
    held: HeldLock,
  ): Task {
    const open = openTask(path, id);
    if (open === undefined) throw this.#missing(id);
    try {
      const { task } = open;
      if (fence !== undefined && task.metadata?.["runId"] !== fence) {
        throw new AttestError(
          "task-fenced",
          `task ${id} belongs to the run ${JSON.stringify(task.metadata?.["runId"] ?? null)}, not to ${fence}`,
          "the task was given to another run, or its number to another task; nothing was written",
        );
      }
      const next = changed(task, typeof change === "function" ? change(task) : change);
      const deleted = (): AttestError | undefined => (open.isDeleted() ? this.#missing(id) : undefined);
      this.#replace(path, formatTask(next), held, next.status !== task.status, deleted);
      return next;
    } finally {
      open.close();
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
    const path = join(this.folder, HIGH_WATER);
    try {
      const mark = readFileSync(path, "utf8").trim();
      return /^\d{1,15}$/.test(mark) ? Number(mark) : 0;
    } catch (error) {
      if (errno(error) === "ENOENT") return 0;
      throw ioError("read", path, error);
    }
  }

  /** The lock is looked at once more right before the rename. */
  #replace(
    path: string,
    text: string,
    held: HeldLock,
    durable: boolean,
    refused = (): AttestError | undefined => undefined,
  ): void {
    place(path, text, durable, (temporary) => {
      // A successor's rename takes the name from the file that was read just as a deletion does: first whose lock it is.
      const fault = refused();
      if (!held.isMine()) throw new LockLost();
      if (fault !== undefined) throw fault;
      renameSync(temporary, path);
    });
  }

  /** False when there is a file of that name already: a writer without the lock was faster, and its task stays. */
  #link(task: Task, held: HeldLock): boolean {
    let made = false;
    place(this.path(task.id), formatTask(task), true, (temporary) => {
      if (!held.isMine()) throw new LockLost();
      try {
        linkSync(temporary, this.path(task.id)); // unlike rename, link refuses to overwrite
        made = true;
      } catch (error) {
        if (errno(error) !== "EEXIST") throw error;
      }
      rmSync(temporary);
    });
    return made;
  }

  #missing(id: string): AttestError {
    return new AttestError(
      "task-missing",
      `no task ${id} in ${this.folder}`,
      "attest task list shows the tasks that there are",
    );
  }
}
