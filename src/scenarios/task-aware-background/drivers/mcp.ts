/** A program that offers tools over the Model Context Protocol: starts it, exchanges JSON lines over its stdio, and always ends it. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { closeInherited } from "../../../node/descriptors.js";

export interface ServerOptions {
  readonly signal: AbortSignal;
  /** Time limit for an answer; longer than the tools wait for a lock. */
  readonly deadlineMs?: number;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown };
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const PROTOCOL = "2025-06-18";
/** Time that a server has to end after its input ended. */
const GRACE_MS = 2_000;
const SHOWN = 300;

export class McpServer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #deadlineMs: number;
  readonly #signal: AbortSignal;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  readonly #abort = (): void => this.#break(new Error("the run was interrupted"));
  #count = 0;
  #said = "";
  #broken: Error | undefined;

  private constructor(
    [program, ...args]: readonly [string, ...string[]],
    { signal, deadlineMs = 20_000 }: ServerOptions,
  ) {
    this.#signal = signal;
    this.#deadlineMs = deadlineMs;
    closeInherited();
    const child = spawn(program, args, {
      detached: true, // its own process group, which is ended as a whole
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("close", (code, signalled) => {
        const how = signalled === null ? `exit ${String(code)}` : signalled;
        this.#break(new Error(`the server ended (${how})${this.#said === "" ? "" : `: ${this.#said.trim()}`}`));
        resolve();
      });
      child.once("error", (error) => {
        this.#break(new Error(`the server could not be started: ${error.message}`));
        if (child.pid === undefined) resolve();
      });
    });
    child.once("exit", () => this.#kill()); // a process it started may still hold its output open
    child.stdin.on("error", () => undefined); // its end is reported elsewhere
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-SHOWN)));
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(line));
    signal.addEventListener("abort", this.#abort);
  }

  /** @throws Error if it does not start or does not speak this protocol */
  static async start(command: readonly [string, ...string[]], options: ServerOptions): Promise<McpServer> {
    options.signal.throwIfAborted();
    const server = new McpServer(command, options);
    try {
      await server.#ask("initialize", {
        protocolVersion: PROTOCOL,
        capabilities: {},
        clientInfo: { name: "attest", version: "1" },
      });
      server.#send({ method: "notifications/initialized" });
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** The JSON object in the tool's answer. @throws Error with the tool's own words if it failed, or with the reason */
  async call(tool: string, args: Readonly<Record<string, unknown>>): Promise<object> {
    const result = (await this.#ask("tools/call", { name: tool, arguments: args })) as {
      readonly isError?: unknown;
      readonly content?: readonly { readonly text?: unknown }[];
    } | null;
    const text = result?.content?.[0]?.text;
    if (typeof text !== "string") throw new Error(`${tool} answered without a text: ${shown(JSON.stringify(result))}`);
    if (result?.isError === true) throw new Error(text);
    const answer = parsed(text);
    if (!isObject(answer)) throw new Error(`${tool} answered with no JSON object: ${shown(text)}`);
    return answer;
  }

  /** Returns when all its processes have ended. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#child.stdin.end();
    const impatient = setTimeout(() => this.#kill(), GRACE_MS);
    await this.#ended;
    clearTimeout(impatient);
  }

  async #ask(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#broken) throw this.#broken;
    const id = (this.#count += 1);
    const about = typeof params["name"] === "string" ? params["name"] : method;
    const late = setTimeout(
      () => this.#break(new Error(`the server gave no answer to ${about} within ${this.#deadlineMs} ms`)),
      this.#deadlineMs,
    );
    try {
      const { result, error } = await new Promise<Answer>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject });
        this.#send({ id, method, params });
      });
      if (error) throw new Error(`the server refused ${about}: ${shown(String(error.message))}`);
      return result;
    } finally {
      clearTimeout(late);
      this.#pending.delete(id);
    }
  }

  #send(message: Readonly<Record<string, unknown>>): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  /** Accepts an answer to a request or an ignorable message; anything else violates the protocol. */
  #hear(line: string): void {
    const message = parsed(line);
    if (isObject(message)) {
      if ("method" in message) return;
      const asked = "id" in message ? this.#pending.get(message.id as number) : undefined;
      if (asked && ("result" in message || "error" in message)) return asked.resolve(message as Answer);
    }
    this.#break(new Error(`the server said what is no answer: ${shown(line)}`));
  }

  /** Ignores everything it says from here on. */
  #break(error: Error): void {
    this.#broken ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#kill();
  }

  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // it ended by itself
    }
  }
}

/** Undefined for invalid JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const shown = (text: string | undefined): string => JSON.stringify((text ?? "nothing").slice(0, SHOWN));
