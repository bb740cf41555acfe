/** Shared by the task commands: the selected list, and a task in one line. */
import type { Command } from "commander";
import { fromUtf8 } from "../core/bytes.js";
import type { Task } from "../tasks/document.js";
import { listFolder, listId, tasksFolder } from "../tasks/list-id.js";
import { runOf, taskState } from "../tasks/run.js";
import { TaskList } from "../tasks/task-list.js";
import { readStdin } from "./context.js";
import { io } from "./io.js";
import { withJson } from "./options.js";

export interface ListOptions {
  readonly list?: string;
  readonly tasks?: string;
  readonly hook?: true;
  readonly json?: true;
}

export const withList = (command: Command): Command =>
  withJson(
    command
      .option("--list <id>", "the task list; else CLAUDE_CODE_TASK_LIST_ID, CLAUDE_CODE_SESSION_ID, or the only one")
      .option("--tasks <dir>", "the folder of all lists; else $CLAUDE_CONFIG_DIR/tasks or ~/.claude/tasks")
      .option("--hook", "find the list from a hook's stdin"),
  );

export interface FoundList {
  readonly id: string;
  readonly list: TaskList;
}

export async function findList({ list: given, tasks: root, hook }: ListOptions): Promise<FoundList> {
  const tasks = tasksFolder(root, io().env);
  const input = hook && fromUtf8(await readStdin()); // read on demand only: a terminal would block
  const { id } = listId({ given, env: io().env, hook: input, tasks });
  return { id, list: new TaskList(listFolder(tasks, id)) };
}

/** Its number, state, subject, and its progress or failure. */
export function taskLine(task: Task): string {
  const { progress, failure } = runOf(task) ?? {};
  const state = taskState(task);
  const share = progress && `${progress.done}/${progress.total} ${progress.text}`.trim();
  const more = state === "failed" ? failure : share;
  return [task.id, state, task.subject, ...(more === undefined ? [] : [more])].join("\t");
}
