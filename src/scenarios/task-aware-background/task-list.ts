/**
 * A task list on disk, as the task tools of Claude Code 2.1.330 were observed to keep it: `~/.claude/tasks/<list>/<id>.json`, pretty
 * printed, ids counted up from the highest file and `.highwatermark`. This is the `fs` driver: our own reader and writer of that
 * format, not the vendor's tools, and the statement says so.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Task {
  readonly id: string;
  readonly subject: string;
  readonly description: string;
  readonly status: "pending" | "in_progress" | "completed";
  readonly blocks: readonly string[];
  readonly blockedBy: readonly string[];
}

export const DRIVER = {
  name: "driver fs",
  uri: "pkg:npm/%40anthropic-ai/claude-code@2.1.330",
  about: "own reader and writer of the on-disk format observed in that version; not the vendor's tools",
};

export class TaskList {
  readonly folder: string;

  constructor(home: string, session: string) {
    this.folder = join(home, ".claude", "tasks", session);
    mkdirSync(this.folder, { recursive: true });
  }

  path(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  /** As if `count` tasks had been there and gone: the next id is count + 1. */
  seed(count: number): void {
    writeFileSync(join(this.folder, ".highwatermark"), String(count));
  }

  /** TaskCreate. */
  create(subject: string, description: string, activeForm: string): Task {
    const id = String(Math.max(this.#highWater(), ...this.#ids()) + 1);
    const task: Task & { activeForm: string } = {
      id,
      subject,
      description,
      activeForm,
      status: "pending",
      blocks: [],
      blockedBy: [],
    };
    writeFileSync(this.path(id), `${JSON.stringify(task, null, 2)}\n`, { flag: "wx" });
    return task;
  }

  /** TaskGet: the projection that the tool returns, or null for what it does not take for a task (torn, or lacking a member). */
  get(id: string): Task | null {
    try {
      const document = JSON.parse(readFileSync(this.path(id), "utf8")) as Record<string, unknown>;
      const { subject, description, status, blocks, blockedBy } = document;
      if (typeof subject !== "string" || typeof description !== "string") return null;
      if (status !== "pending" && status !== "in_progress" && status !== "completed") return null;
      if (document["id"] !== id || !isTexts(blocks) || !isTexts(blockedBy)) return null;
      return { id, subject, description, status, blocks, blockedBy };
    } catch {
      return null;
    }
  }

  modified(id: string): Date {
    return statSync(this.path(id)).mtime;
  }

  #ids(): number[] {
    return readdirSync(this.folder).flatMap((name) => (/^\d+\.json$/.test(name) ? [parseInt(name, 10)] : []));
  }

  #highWater(): number {
    try {
      return parseInt(readFileSync(join(this.folder, ".highwatermark"), "utf8"), 10);
    } catch {
      return 0;
    }
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
