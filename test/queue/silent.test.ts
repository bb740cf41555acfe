/** At night, since it takes a minute: a worker that says nothing for 45 s, stopped or behind a dead line, has its run given away, and finds out. */
import { randomBytes } from "node:crypto";
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { idOf, type Taken } from "../../src/queue/job.js";
import { Queue } from "../../src/queue/queue.js";
import { Supervisor, type Given } from "../../src/queue/supervisor.js";
import { NO_POSTGRES, Postgres, Proxy } from "./postgres.js";

const HOLDER = fileURLToPath(new URL("holder.mjs", import.meta.url));

describe.skipIf(NO_POSTGRES !== undefined)("a silent worker", () => {
  let server: Postgres;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    server = await Postgres.start();
  });
  afterAll(async () => await server.end());
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  /** A worker in a process of its own that has taken the only run. */
  async function held(
    database: string,
    at = database,
  ): Promise<{ child: ChildProcess; run: Taken; lost: Promise<unknown> }> {
    await Queue.init(database);
    const queue = await Queue.open(database);
    await queue.add({ plan: randomBytes(32).toString("hex"), needs: [], priority: 0, limitS: 600 });
    await queue.close();
    const child = fork(HOLDER, [at, "silent"]);
    open.push({ close: () => child.kill("SIGKILL") });
    const run = await new Promise<Taken>((resolve) => child.once("message", (message) => resolve(message as Taken)));
    return { child, run, lost: new Promise((resolve) => child.once("message", resolve)) };
  }

  const givenAway = (database: string): Promise<Given> =>
    new Promise((resolve) => open.push(new Supervisor(database, resolve)));

  test("that is stopped", async () => {
    const database = await server.database("stopped");
    const { child, run, lost } = await held(database);
    child.kill("SIGSTOP");
    expect(await givenAway(database)).toEqual({ id: idOf(run.plan), machine: "silent" });
    child.kill("SIGCONT");
    expect(await lost).toEqual({ lost: run.plan });
  });

  test("behind a line that is dead", async () => {
    const database = await server.database("cut");
    const proxy = new Proxy(server.port);
    open.push(proxy);
    const through = database.replace(`:${server.port}/`, `:${await proxy.listen()}/`);
    const { run, lost } = await held(database, through);
    proxy.cut();
    expect(await givenAway(database)).toEqual({ id: idOf(run.plan), machine: "silent" });
    proxy.mend();
    expect(await lost).toEqual({ lost: run.plan });
  });
});
