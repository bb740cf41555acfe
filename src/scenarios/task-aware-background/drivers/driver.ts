/** An implementation of the agent's task tools: TaskCreate, TaskGet, TaskList and TaskUpdate. */
import type { Descriptor } from "../../../core/statement/statement.js";
import type { Change, NewTask, TaskStatus } from "../../../tasks/document.js";

/** The result of TaskGet; it has fewer members than the file, as observed in the vendor's tools. */
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
  /** For the statement: implementation, version and digest. */
  readonly descriptor: Descriptor;
  /** Opens a session of the vendor's program, with its home and list. */
  open(home: string, list: string, signal: AbortSignal): Promise<Session>;
}

/** Every call is rejected once the signal is aborted or the session is closed. */
export interface Session {
  /** TaskCreate; returns the new id. @throws Error with the tool's own words if it fails */
  create(made: NewTask): Promise<string>;
  /** TaskGet; null for anything the tool does not accept as a task: torn, incomplete, or missing. */
  get(id: string): Promise<TaskView | null>;
  /** TaskList; omits what TaskGet does not accept. */
  list(): Promise<readonly Pick<TaskView, "id" | "subject" | "status">[]>;
  /** TaskUpdate; false if the tool did not find the task. @throws Error if it could not get the lock */
  update(id: string, change: Change): Promise<boolean>;
  /** TaskUpdate with the deleting status; false if the tool did not find the task. */
  remove(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The vendor's conversion of a list's or task's id to a file name. */
export const fileName = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, "-");

/** The list's folder in a home. */
export const driverListFolder = (home: string, list: string): string => `${home}/.claude/tasks/${fileName(list)}`;
