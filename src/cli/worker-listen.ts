/** `/metrics` (OpenMetrics 1.0) and `/health` of a worker. */
import { createServer, type Server } from "node:http";
import { AttestError } from "../core/errors.js";
import type { WorkerEvent } from "../pipeline/queue/worker.js";

const ENDS = ["done", "unsigned", "failed", "refused", "returned", "lost"] as const;

/** Counts what a worker tells. */
export class Metrics {
  readonly #ended = new Map<string, number>(ENDS.map((end) => [end, 0]));
  #taken = 0;
  #running = 0;
  #seconds = 0;
  connected = false;

  count({ event, seconds = 0 }: WorkerEvent): void {
    if (event === "connected" || event === "disconnected") this.connected = event === "connected";
    if (event === "taken") {
      this.#taken += 1;
      this.#running += 1;
    }
    const before = this.#ended.get(event);
    if (before === undefined) return;
    this.#ended.set(event, before + 1);
    this.#running = Math.max(0, this.#running - 1);
    this.#seconds += seconds;
  }

  text(): string {
    return [
      "# TYPE attest_worker_connected gauge",
      "# HELP attest_worker_connected Whether the worker has a session with the queue.",
      `attest_worker_connected ${this.connected ? 1 : 0}`,
      "# TYPE attest_worker_running gauge",
      "# HELP attest_worker_running Runs that it does now.",
      `attest_worker_running ${this.#running}`,
      "# TYPE attest_worker_taken counter",
      "# HELP attest_worker_taken Attempts that it began.",
      `attest_worker_taken_total ${this.#taken}`,
      "# TYPE attest_worker_ended counter",
      "# HELP attest_worker_ended Attempts that ended, by how.",
      ...ENDS.map((end) => `attest_worker_ended_total{how="${end}"} ${this.#ended.get(end) ?? 0}`),
      "# TYPE attest_worker_run_seconds counter",
      "# UNIT attest_worker_run_seconds seconds",
      "# HELP attest_worker_run_seconds Time spent in attempts that ended.",
      `attest_worker_run_seconds_total ${this.#seconds}`,
      "# EOF",
      "",
    ].join("\n");
  }
}

/** @param place `HOST:PORT`, port 0 for a free one. @throws AttestError `usage`, `io` */
export async function listen(place: string, metrics: Metrics): Promise<Server> {
  const [, host = "", port = ""] = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(place) ?? [];
  if (port === "" || Number(port) > 65_535)
    throw new AttestError("usage", `--listen takes HOST:PORT, not ${JSON.stringify(place)}`, "--listen 127.0.0.1:9464");
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*$/, "");
    const [status, type, text] =
      request.method !== "GET"
        ? [405, "text/plain", "GET alone\n"]
        : path === "/metrics"
          ? [200, "application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.text()]
          : path === "/health"
            ? [metrics.connected ? 200 : 503, "text/plain", metrics.connected ? "ok\n" : "no session with the queue\n"]
            : [404, "text/plain", "/metrics and /health\n"];
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new AttestError("io", `could not listen on ${place}: ${error.code ?? error.message}`, "name another port"),
      ),
    );
    server.listen(Number(port), host.replace(/[[\]]/g, ""), resolve);
  });
  return server;
}
