/** Finds out which task list is meant. */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { userHome } from "../node/paths.js";
import { AttestError } from "../core/errors.js";
import { errno, ioError } from "../node/faults.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ListSources {
  /** `--list`. */
  readonly given?: string | undefined;
  readonly env: Environment;
  /** A hook's stdin: JSON with `session_id`. */
  readonly hook?: string | undefined;
  /** The folder of all lists: `tasksFolder`. */
  readonly tasks: string;
}

/** The folder of all lists: `--tasks`, else `$CLAUDE_CONFIG_DIR/tasks`, else `~/.claude/tasks`. */
export function tasksFolder(given: string | undefined, env: Environment): string {
  if (given !== undefined) return resolve(given);
  return resolve(env["CLAUDE_CONFIG_DIR"] || join(env["HOME"] || userHome(), ".claude"), "tasks");
}

/**
 * The folder of one list. The folder of all lists may be the user's link, but a list's folder that links elsewhere is not followed.
 * @throws AttestError `list-unknown`
 */
export function listFolder(tasks: string, id: string): string {
  const folder = join(tasks, checked(id, "the caller"));
  const real = realOf(folder);
  if (real !== undefined && dirname(real) !== realOf(tasks)) {
    throw new AttestError(
      "list-unknown",
      `the task list ${id} is a link that leads out of ${tasks}`,
      "name the folder that it leads to with --tasks DIR",
    );
  }
  return folder;
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errno(error) === "ENOENT") return undefined;
    throw ioError("read", path, error);
  }
}

export interface ListId {
  readonly id: string;
  readonly source:
    "--list" | "CLAUDE_CODE_TASK_LIST_ID" | "CLAUDE_CODE_SESSION_ID" | "hook input" | "the only list on disk";
}

/**
 * Tries in this order: `--list`, CLAUDE_CODE_TASK_LIST_ID, CLAUDE_CODE_SESSION_ID (in the environment of the Bash tool since 2.1.132), the
 * hook's input, and the only list on disk.
 * @throws AttestError `list-unknown` if none of them answers, or the disk has several lists
 */
export function listId({ given, env, hook, tasks }: ListSources): ListId {
  if (given !== undefined) return { id: checked(given, "--list"), source: "--list" };
  for (const name of ["CLAUDE_CODE_TASK_LIST_ID", "CLAUDE_CODE_SESSION_ID"] as const) {
    const value = env[name];
    if (value) return { id: checked(value, name), source: name };
  }
  if (hook !== undefined && hook.trim() !== "")
    return { id: checked(sessionIn(hook), "hook input"), source: "hook input" };
  const lists = listsOn(tasks);
  const [only, ...more] = lists;
  if (only !== undefined && more.length === 0) return { id: only, source: "the only list on disk" };
  const found =
    only === undefined
      ? `none in ${tasks}`
      : `${lists.length} in ${tasks}, the latest first: ${lists.slice(0, 5).join(", ")}`;
  throw new AttestError(
    "list-unknown",
    `no task list is named: ${found}`,
    "name one with --list ID, or set CLAUDE_CODE_TASK_LIST_ID",
  );
}

/** An id becomes a folder name, so it must look like a session id or a name. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function checked(id: string, source: string): string {
  if (!ID.test(id)) {
    throw new AttestError(
      "list-unknown",
      `${source} gives ${JSON.stringify(id.slice(0, 80))}, which is not the id of a task list`,
      "an id has letters, digits, '.', '_' and '-'",
    );
  }
  return id.replaceAll(".", "-"); // as the vendor's tools name the folder
}

function sessionIn(hook: string): string {
  try {
    const { session_id: session } = JSON.parse(hook) as { session_id?: unknown };
    if (typeof session === "string") return session;
  } catch {
    // reported below
  }
  throw new AttestError(
    "list-unknown",
    "the hook input has no session_id",
    "a hook gets JSON on stdin; pass it on as it came",
  );
}

/** Latest first. */
export function listsOn(tasks: string): string[] {
  try {
    return readdirSync(tasks, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && ID.test(entry.name))
      .map(({ name }) => ({ name, at: statSync(join(tasks, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((a, b) => b.at - a.at)
      .map(({ name }) => name);
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw ioError("list", tasks, error);
  }
}
