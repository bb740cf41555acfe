/**
 * A task list of Claude Code on disk, safe for concurrent use: `<tasks>/<list>/<id>.json`.
 *
 * Updates and creations take the same locks as the vendor's tools and replace the whole document by a rename, so that a reader sees the old
 * or the new document. Ids count up and are never reused. A writer that has lost its task is refused.
 */
import { closeSync, constants, linkSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../core/errors.js";
import { isFolder, makeFolder } from "../node/files.js";
import { errno, ioError } from "../node/faults.js";
import { withLock, type HeldLock, type LockOptions } from "../node/lock.js";
import { changed, formatTask, type Change, type NewTask, type Task } from "./document.js";
import { openTask, place, sweep } from "./place.js";

const HIGH_WATER = ".highwatermark";

export interface UpdateOptions extends LockOptions {
  /** The required value of `metadata.runId`: a late writer of an older run is refused. */
  readonly fence?: string;
}

export class TaskList {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Path of a task's file. @throws AttestError `task-missing` for an invalid number */
  path(id: string): string {
    if (!/^[1-9]\d{0,14}$/.test(id))
      throw new AttestError(
        "task-missing",
        `${JSON.stringify(id.slice(0, 80))} is not the number of a task`,
        "attest task list lists the tasks",
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

  /** The readable tasks by number; like TaskList it skips the others. */
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
   * Creates a task with the next id. The high-water mark is written before the file, so that an id is never reused even if someone deletes
   * the file.
   * @throws AttestError `locked`, `io`
   */
  async create({ metadata, ...made }: NewTask, options?: LockOptions): Promise<Task> {
    makeFolder(this.folder);
    const lock = join(this.folder, ".lock");
    try {
      // The vendor's tools lock this empty file and never remove it.
      closeSync(openSync(lock, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644));
      sweep(this.folder);
    } catch (error) {
      throw ioError("write", lock, error);
    }
    return await withLock(
      lock,
      (held) => {
        // A writer without the lock may take the same number. Larger and larger steps get past it.
        for (let step = 1; ; step *= 2) {
          const id = Math.max(this.#highWater(), ...this.#ids()) + step;
          const task: Task = {
            id: String(id),
            ...made,
            status: "pending",
            blocks: [],
            blockedBy: [],
            ...(metadata && { metadata }),
          };
          // Not durable: after a power failure the existing files show the highest number.
          this.#replace(join(this.folder, HIGH_WATER), String(id), held, false);
          if (this.#link(task, held)) return task;
        }
      },
      options,
    );
  }

  /**
   * Reads, changes and replaces one document under its lock. The change may depend on the current content.
   * @throws AttestError `task-missing` also if the task was deleted meanwhile (it stays deleted), `task-fenced`,
   *   `locked`, `task-format`, `io`; if it throws, the document is unchanged
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

  /** Checks the lock once more right before the rename. */
  #replace(
    path: string,
    text: string,
    held: HeldLock,
    durable: boolean,
    refused = (): AttestError | undefined => undefined,
  ): void {
    place(path, text, durable, (temporary) => {
      // A successor's rename replaces the file just as a deletion removes it, so the lock is checked first.
      const fault = refused();
      held.still();
      if (fault !== undefined) throw fault;
      renameSync(temporary, path);
    });
  }

  /** False if the file exists: a writer without the lock was faster, and its task stays. */
  #link(task: Task, held: HeldLock): boolean {
    let made = false;
    place(this.path(task.id), formatTask(task), true, (temporary) => {
      held.still();
      try {
        linkSync(temporary, this.path(task.id)); // unlike rename, link does not overwrite
        made = true;
      } catch (error) {
        if (errno(error) !== "EEXIST") throw error;
      }
      rmSync(temporary);
    });
    return made;
  }

  #missing(id: string): AttestError {
    return new AttestError("task-missing", `no task ${id} in ${this.folder}`, "attest task list lists the tasks");
  }
}
