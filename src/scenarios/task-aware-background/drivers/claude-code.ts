/**
 * The driver `claude-code`: the vendor's own task tools, called through the program's MCP server. That needs no key, model or network; the
 * program runs in a sandbox without a network. We may not redistribute it, so the user names it.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, createReadStream, realpathSync, rmSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { AttestError } from "../../../core/errors.js";
import { temporaryFolder } from "../../../node/files.js";
import type { Change, NewTask } from "../../../tasks/document.js";
import type { Driver, Session, TaskView } from "./driver.js";
import { McpServer } from "./mcp.js";
import { outputOf, sandboxAbout, sandboxed } from "./sandbox.js";

const NAME_ONE = "name the program of Claude Code: --driver claude-code=PATH";

/** @throws AttestError `driver-missing` if the program is missing, is another one, or has no sandbox */
export async function openClaudeCode(path?: string): Promise<Driver> {
  const program = programAt(path);
  const home = temporaryFolder("driver");
  try {
    const sandbox = await sandboxAbout(home);
    const [version, sha256] = await Promise.all([versionOf(program, home), digestOf(program)]);
    return {
      name: "claude-code",
      descriptor: {
        name: "driver claude-code",
        uri: `pkg:npm/%40anthropic-ai/claude-code@${version}`,
        digest: { sha256 },
        annotations: {
          about:
            "the vendor's own task tools, through its MCP server, without a model; the digest is the program file's",
          sandbox,
        },
      },
      open: async (place, list, signal) => {
        const env = {
          CLAUDE_CODE_ENABLE_TODO_TOOLS: "1",
          CLAUDE_CODE_TASK_LIST_ID: list,
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
          DISABLE_AUTOUPDATER: "1",
        };
        const command = sandboxed({ program, args: ["mcp", "serve"], home: place, env });
        return new ClaudeCodeSession(await McpServer.start(command, { signal }));
      },
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The real file behind every link, so that the stated digest is of the file that runs. */
function programAt(path: string | undefined): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const candidate of path === undefined ? folders.map((folder) => join(folder, "claude")) : [resolve(path)]) {
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return realpathSync(candidate);
    } catch {
      // not this one
    }
  }
  throw new AttestError(
    "driver-missing",
    path === undefined
      ? "expected the program claude on PATH, found none"
      : `expected a program at ${JSON.stringify(path)}, found none`,
    NAME_ONE,
  );
}

async function versionOf(program: string, home: string): Promise<string> {
  const said = await outputOf({ program, args: ["--version"], home }).catch((error: unknown) => String(error));
  const version = /^(\d[\w.+-]*) \(Claude Code\)\n$/.exec(said)?.[1];
  if (version !== undefined) return version;
  const [line = ""] = said.split("\n");
  throw new AttestError(
    "driver-missing",
    `expected a program that says its version as Claude Code does, found ${JSON.stringify(line.slice(0, 120))}`,
    NAME_ONE,
  );
}

async function digestOf(program: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(program), hash);
  return hash.digest("hex");
}

class ClaudeCodeSession implements Session {
  readonly #server: McpServer;

  constructor(server: McpServer) {
    this.#server = server;
  }

  async create(made: NewTask): Promise<string> {
    const answer = (await this.#server.call("TaskCreate", { ...made })) as { task?: { id?: unknown } };
    if (typeof answer.task?.id !== "string") throw unexpected("TaskCreate", answer);
    return answer.task.id;
  }

  async get(id: string): Promise<TaskView | null> {
    const answer = (await this.#server.call("TaskGet", { taskId: id })) as { task?: TaskView | null };
    if (answer.task === undefined) throw unexpected("TaskGet", answer);
    return answer.task;
  }

  async list(): Promise<readonly Pick<TaskView, "id" | "subject" | "status">[]> {
    const answer = (await this.#server.call("TaskList", {})) as { tasks?: TaskView[] };
    if (!Array.isArray(answer.tasks)) throw unexpected("TaskList", answer);
    return answer.tasks.map(({ id, subject, status }) => ({ id, subject, status }));
  }

  async update(id: string, change: Change): Promise<boolean> {
    return await this.#update({ taskId: id, ...change });
  }

  async remove(id: string): Promise<boolean> {
    return await this.#update({ taskId: id, status: "deleted" });
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  async #update(args: Readonly<Record<string, unknown>>): Promise<boolean> {
    const answer = (await this.#server.call("TaskUpdate", args)) as { success?: unknown; error?: unknown };
    if (answer.success === true) return true;
    if (answer.success === false && answer.error === "Task not found") return false;
    throw typeof answer.error === "string" ? new Error(answer.error) : unexpected("TaskUpdate", answer);
  }
}

const unexpected = (tool: string, answer: unknown): Error =>
  new Error(`${tool} answered with another form than is known: ${JSON.stringify(answer).slice(0, 300)}`);
