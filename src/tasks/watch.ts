/**
 * Following a task: events of the folder, and a look every second in case one was lost. A watch on the file itself would end with the
 * first rename, which puts another file in its place.
 */
import { watch as watchFolder } from "node:fs";
import { basename } from "node:path";
import { AttestError } from "../core/errors.js";
import { formatTask, type Task } from "./document.js";
import type { TaskList } from "./task-list.js";

const RECONCILE_MS = 1000;

/**
 * The task as it is now, then each state that is seen after it, until `until` holds or the signal is aborted. States in between may be
 * passed over when they follow each other quickly; the last one never is.
 * @throws AttestError `task-missing` when it is not there, or is deleted while it is watched
 */
export async function* watchTask(
  list: TaskList,
  id: string,
  { until, signal }: { until: (task: Task) => boolean; signal?: AbortSignal },
): AsyncGenerator<Task, void, void> {
  const name = basename(list.path(id));
  let wake = (): void => undefined;
  let stirred: boolean = false;
  const stir = (): void => {
    stirred = true;
    wake();
  };
  list.get(id); // a task that is not there is told at once
  const watcher = watchFolder(list.folder, (_, file) => {
    if (file === null || file === name) stir();
  });
  watcher.on("error", stir); // the folder has gone: reading says so
  const reconcile = setInterval(stir, RECONCILE_MS);
  signal?.addEventListener("abort", stir);
  try {
    for (let last = ""; signal?.aborted !== true;) {
      stirred = false;
      const task = readable(list, id);
      const text = task === undefined ? last : formatTask(task);
      if (task !== undefined && text !== last) {
        last = text;
        yield task;
        if (until(task)) return;
      }
      if (!stirred) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    watcher.close();
    clearInterval(reconcile);
    signal?.removeEventListener("abort", stir);
  }
}

/** Undefined while a tool that writes in place is in the middle of it. */
function readable(list: TaskList, id: string): Task | undefined {
  try {
    return list.get(id);
  } catch (error) {
    if (error instanceof AttestError && error.code === "task-format") return undefined;
    throw error;
  }
}
