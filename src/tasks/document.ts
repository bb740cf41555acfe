/** One task as a JSON document. Unknown members belong to other tools and are kept in order. */
import { AttestError } from "../core/errors.js";

export type TaskStatus = "pending" | "in_progress" | "completed";

/** The members that the task tools were observed to write. Others are kept. */
export interface Task {
  readonly id: string;
  readonly subject: string;
  readonly description: string;
  readonly activeForm?: string;
  readonly status: TaskStatus;
  readonly owner?: string;
  readonly blocks: readonly string[];
  readonly blockedBy: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [other: string]: unknown;
}

export interface NewTask {
  readonly subject: string;
  readonly description: string;
  readonly activeForm?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** The changes that an update may make. A metadata member of null is removed, as in the vendor's tools. */
export interface Change {
  readonly status?: TaskStatus;
  readonly subject?: string;
  readonly description?: string;
  readonly activeForm?: string;
  readonly owner?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export const STATUSES: readonly TaskStatus[] = ["pending", "in_progress", "completed"];

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

/** The error for a file that holds no task. */
export const notATask = (id: string, found: string): AttestError =>
  new AttestError(
    "task-format",
    `expected task ${id} to be a complete document, found ${found}`,
    "it may be in the middle of a write by a tool that writes in place; read it again",
  );

/** @throws AttestError `task-format` for a document that TaskGet would refuse too: torn, or without a member */
export function parseTask(text: string, id: string): Task {
  const refused = (found: string): AttestError => notATask(id, found);
  let document: Record<string, unknown> | null;
  try {
    document = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    throw refused(text === "" ? "an empty file" : "text that is not JSON");
  }
  if (typeof document !== "object" || document === null) throw refused("something other than an object");
  const { subject, description, status, blocks, blockedBy, metadata } = document;
  if (document["id"] !== id) throw refused(`the id ${JSON.stringify(document["id"])}`);
  if (typeof subject !== "string" || typeof description !== "string") throw refused("no subject or no description");
  if (!STATUSES.includes(status as TaskStatus)) throw refused(`the status ${JSON.stringify(status)}`);
  if (!isTexts(blocks) || !isTexts(blockedBy)) throw refused("no blocks or no blockedBy");
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)))
    throw refused("metadata that is not an object");
  return document as Task;
}

/** Pretty printed, as the vendor's tools write it. @throws AttestError `task-format` */
export function formatTask(task: Task): string {
  try {
    return JSON.stringify(task, null, 2);
  } catch {
    throw notATask(task.id, "values that have no JSON form, or are nested without end"); // JSON.parse reads deeper than this writes
  }
}

/** The changed task; other members keep value and order. */
export function changed(task: Task, { metadata, ...members }: Change): Task {
  const next: Record<string, unknown> = { ...task };
  for (const [name, value] of Object.entries<unknown>(members)) if (value !== undefined) next[name] = value;
  if (metadata !== undefined) {
    // An existing null is data of another tool; only a null in the change removes.
    const removed = (name: string): boolean => Object.hasOwn(metadata, name) && metadata[name] === null;
    const merged = Object.entries({ ...task.metadata, ...metadata }).filter(([name]) => !removed(name));
    next["metadata"] = Object.fromEntries(merged);
  }
  return next as Task;
}
