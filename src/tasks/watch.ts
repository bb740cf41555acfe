/**
 * Follows a task with events of its folder, and checks every second in case an event was lost. A watch on the file would end with the first
 * rename.
 */
import { watch as watchFolder, type FSWatcher } from "node:fs";
import { basename } from "node:path";
import { AttestError } from "../core/errors.js";
import { formatTask, type Task } from "./document.js";
import type { TaskList } from "./task-list.js";

const RECONCILE_MS = 1000;
/** A tool that writes in place finishes sooner; a document torn for longer stays torn. */
const TORN_MS = 10_000;

export interface WatchOptions {
  readonly until: (task: Task) => boolean;
  /** Whether nobody is left to finish the task. Called at every check, and again after a last read. */
  readonly lost?: (task: Task) => boolean;
  readonly signal?: AbortSignal;
}

/**
 * Yields the current task, then each later state, until `until` holds or the signal aborts. Quick states in between may be skipped, never
 * the last one.
 * @throws AttestError `task-missing` if it is missing, or is deleted meanwhile; `task-lost`; `task-format` for a
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
  watcher?.on("error", stir); // the folder is gone: reading reports it
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
        if (formatTask(list.get(id)) !== text) continue; // the last state
        throw new AttestError(
          "task-lost",
          `the supervisor of task ${id} ended before the task did`,
          "its output until then is in its log; run the command again with: attest task run",
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

/** A ring without a listener is kept for the next one. */
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

/** Undefined if watching is impossible, for example without free inotify watches. The periodic checks remain. */
function watched(folder: string, act: (file: string | null) => void): FSWatcher | undefined {
  try {
    return watchFolder(folder, (_, file) => act(file));
  } catch {
    return undefined;
  }
}

/** Undefined while a tool writes the file in place. */
function readable(list: TaskList, id: string, torn: number | undefined): Task | undefined {
  try {
    return list.get(id);
  } catch (error) {
    const patient = torn === undefined || performance.now() - torn < TORN_MS;
    if (error instanceof AttestError && error.code === "task-format" && patient) return undefined;
    throw error;
  }
}
