/** What plays the agent's task tools in a run: TaskCreate, TaskGet, TaskList and TaskUpdate, whoever provides them. */
import type { Descriptor } from "../../../core/statement/statement.js";
import type { Change, NewTask, TaskStatus } from "../../../tasks/document.js";

/** What TaskGet returns: fewer members than the file on disk has, as observed in the vendor's tools. */
export interface TaskView {
  readonly id: string;
  readonly subject: string;
  readonly description: string;
  readonly status: TaskStatus;
  readonly blocks: readonly string[];
  readonly blockedBy: readonly string[];
}

export interface Driver {
  readonly name: "fs" | "claude-code";
  /** For the statement: which implementation answered, in which version, with which digest. */
  readonly descriptor: Descriptor;
  /** A session as the vendor's program would be one: a home, and the list that it was told. */
  open(home: string, list: string, signal: AbortSignal): Promise<Session>;
}

/** Every call is rejected once the signal is aborted or the session is closed. */
export interface Session {
  /** TaskCreate; the id of the new task. @throws Error with the tool's own words when it fails */
  create(made: NewTask): Promise<string>;
  /** TaskGet; null for what the tool does not take for a task: torn, lacking a member, not there. */
  get(id: string): Promise<TaskView | null>;
  /** TaskList; what is no task to TaskGet is left out. */
  list(): Promise<readonly Pick<TaskView, "id" | "subject" | "status">[]>;
  /** TaskUpdate; false when the tool did not find the task. @throws Error when it gave up on the lock */
  update(id: string, change: Change): Promise<boolean>;
  /** TaskUpdate with the status that deletes; false when the tool did not find the task. */
  remove(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** What the vendor's tools make of an id, of a list or of a task, before it becomes a name on the disk. */
export const fileName = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, "-");

/** Where the list's files lie in a home. */
export const driverListFolder = (home: string, list: string): string => `${home}/.claude/tasks/${fileName(list)}`;
