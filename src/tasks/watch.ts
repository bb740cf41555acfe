/**
 * Following a task: events of the folder, and a look every second in case one was lost. A watch on the file itself would end with the
 * first rename, which puts another file in its place.
 */
import { watch as watchFolder, type FSWatcher } from "node:fs";
import { basename } from "node:path";
import { AttestError } from "../core/errors.js";
import { formatTask, type Task } from "./document.js";
import type { TaskList } from "./task-list.js";

const RECONCILE_MS = 1000;
/** A tool that writes in place is done sooner; a document that stays torn will not mend itself. */
const TORN_MS = 10_000;

export interface WatchOptions {
  readonly until: (task: Task) => boolean;
  /** Whether nobody is left who could bring the task to its end: asked at every look, and once more of what is on the disk after that. */
  readonly lost?: (task: Task) => boolean;
  readonly signal?: AbortSignal;
}

/**
 * The task as it is now, then each state that is seen after it, until `until` holds or the signal is aborted. States in between may be
 * passed over when they follow each other quickly; the last one never is.
 * @throws AttestError `task-missing` when it is not there, or is deleted while it is watched; `task-lost`; `task-format` for a
 *   document that stays torn for ten seconds; `io`
 */
export async function* watchTask(
  list: TaskList,
  id: string,
  { until, lost = () => false, signal }: WatchOptions,
): AsyncGenerator<Task, void, void> {
  const name = basename(list.path(id));
  const bell = new Bell();
  const stir = (): void => bell.ring();
  const watcher = watched(list.folder, (file) => {
    if (file === null || file === name) stir();
  });
  watcher?.on("error", stir); // the folder has gone: reading says so
  const reconcile = setInterval(stir, RECONCILE_MS);
  signal?.addEventListener("abort", stir);
  try {
    let torn: number | undefined;
    for (let last = ""; signal?.aborted !== true;) {
      const task = readable(list, id, torn);
      torn = task === undefined ? (torn ?? performance.now()) : undefined;
      const text = task === undefined ? last : formatTask(task);
      if (task !== undefined && text !== last) {
        last = text;
        yield task;
        if (until(task)) return;
      }
      if (task !== undefined && lost(task)) {
        if (formatTask(list.get(id)) !== text) continue; // its last words
        throw new AttestError(
          "task-lost",
          `the supervisor of task ${id} has gone before the end`,
          "what it left stands in its log; run the command again with: attest task run",
        );
      }
      await bell.heard();
    }
  } finally {
    watcher?.close();
    clearInterval(reconcile);
    signal?.removeEventListener("abort", stir);
  }
}

/** A ring while nobody listens is heard by whoever listens next. */
class Bell {
  #rung = false;
  #wake = (): void => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  async heard(): Promise<void> {
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#rung = false;
  }
}

/** Undefined where there is nothing to watch with, inotify's watches are used up, say: there are still the looks. */
function watched(folder: string, act: (file: string | null) => void): FSWatcher | undefined {
  try {
    return watchFolder(folder, (_, file) => act(file));
  } catch {
    return undefined;
  }
}

/** Undefined while a tool that writes in place is in the middle of it. */
function readable(list: TaskList, id: string, torn: number | undefined): Task | undefined {
  try {
    return list.get(id);
  } catch (error) {
    const patient = torn === undefined || performance.now() - torn < TORN_MS;
    if (error instanceof AttestError && error.code === "task-format" && patient) return undefined;
    throw error;
  }
}
