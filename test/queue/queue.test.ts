/** The queue itself, with a real PostgreSQL: each run is taken once, a lost worker is noticed, and a role can do what it may and no more. */
import { randomBytes } from "node:crypto";
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { idOf, planIdOf, type Taken } from "../../src/queue/job.js";
import { Queue, type NewRun } from "../../src/queue/queue.js";
import { SCHEMA } from "../../src/queue/schema.js";
import { Supervisor, type Given } from "../../src/queue/supervisor.js";
import { WorkerSession, type SessionOptions } from "../../src/queue/worker-session.js";
import { NO_POSTGRES, Postgres, Proxy } from "./postgres.js";

const HOLDER = fileURLToPath(new URL("holder.mjs", import.meta.url));

let server: Postgres;
let databases = 0;
let [name, address] = ["", ""];
let queue: Queue;
const open: { close(): unknown }[] = [];

const newRun = (more: Partial<NewRun> = {}): NewRun => ({
  plan: randomBytes(32).toString("hex"),
  needs: [],
  priority: 0,
  limitS: 60,
  ...more,
});

async function fresh(): Promise<void> {
  name = `q${(databases += 1)}`;
  address = await server.database(name);
  await Queue.init(address);
  queue = await Queue.open(address);
  open.push(queue);
}

interface Events {
  readonly lost: Taken[];
  readonly session: WorkerSession;
}

async function session(machine: string, options: Partial<SessionOptions> = {}, at = address): Promise<Events> {
  const lost: Taken[] = [];
  const made = await WorkerSession.open(at, {
    machine,
    onWake: () => undefined,
    onLost: (run) => lost.push(run),
    ...options,
  });
  open.push(made);
  return { session: made, lost };
}

/** Resolves with the next run that is given away. */
function supervised(): Promise<Given> {
  return new Promise((resolve) => open.push(new Supervisor(address, resolve)));
}

const taken = async (from: WorkerSession, labels: readonly string[] = []): Promise<Taken> => {
  const run = await from.take("runs", labels);
  if (run === undefined) throw new Error("expected a run, found none");
  return run;
};

const counts = async () => (await queue.status()).counts;

describe.skipIf(NO_POSTGRES !== undefined)("the queue", () => {
  beforeAll(async () => {
    server = await Postgres.start();
  });
  afterAll(async () => await server.end());
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  test("init made again changes nothing, and gives the same as its SQL", async () => {
    await fresh();
    await queue.add(newRun());
    await Queue.init(address);
    expect((await counts()).queued).toBe(1);
    const tables = `SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants WHERE table_schema = '${SCHEMA}' ORDER BY 1, 2, 3`;
    const made = await server.sql(name, tables);
    await server.database("by_hand");
    await server.sql("by_hand", await Queue.sql());
    expect(await server.sql("by_hand", tables)).toEqual(made);
    const byHand = await Queue.open(server.address("by_hand"));
    open.push(byHand);
    expect(await byHand.add(newRun())).toBe(true);
  });

  test("a database without a queue says so", async () => {
    await server.database("empty");
    await expect(Queue.open(server.address("empty"))).rejects.toMatchObject({ code: "queue-missing" });
    await expect(session("a", {}, server.address("empty"))).rejects.toMatchObject({ code: "queue-missing" });
    await expect(Queue.open(server.address("nowhere"))).rejects.toMatchObject({ code: "queue-failed" });
  });

  test("one plan is one run", async () => {
    await fresh();
    const run = newRun();
    expect([await queue.add(run), await queue.add(run)]).toEqual([true, false]);
    expect((await counts()).queued).toBe(1);
  });

  test("runs go by priority, then by age, and only to workers with their labels", async () => {
    await fresh();
    const runs = [newRun(), newRun({ priority: 5 }), newRun(), newRun({ needs: ["gpu", "linux"] })];
    for (const run of runs) await queue.add(run);
    const { session: plain } = await session("plain");
    const order = [await taken(plain), await taken(plain), await taken(plain)].map(({ plan }) => plan);
    expect(order).toEqual([1, 0, 2].map((at) => runs[at]?.plan));
    expect(await plain.take("runs", ["gpu"])).toBeUndefined();
    expect(await taken(plain, ["linux", "gpu", "fast"])).toMatchObject({ plan: runs[3]?.plan, machines: ["plain"] });
  });

  test("a waiting worker is told of a new run", async () => {
    await fresh();
    const told = new Promise<void>((resolve) => void session("a", { onWake: resolve }));
    await queue.status();
    let adding = Promise.resolve();
    const timer = setInterval(() => {
      adding = adding.then(async () => void (await queue.add(newRun())));
    }, 100);
    await told.finally(() => clearInterval(timer));
    await adding;
  });

  test("an ended run is settled once, and each end has its word", async () => {
    await fresh();
    const { session: worker } = await session("a");
    const ends = [
      { how: "done", output: { result: "test_1" } },
      { how: "unsigned", statement: "0".repeat(64) },
      { how: "refused", why: "no" },
      { how: "returned", why: "told to stop" },
      { how: "failed", why: "broke" },
    ] as const;
    for (const end of ends) {
      await queue.add(newRun());
      const run = await taken(worker);
      await worker.settle(run, end);
      await expect(worker.settle(run, end)).rejects.toMatchObject({ code: "run-lost" });
      await expect(worker.stillMine(run)).rejects.toMatchObject({ code: "run-lost" });
      if (end.how === "returned") await worker.settle(await taken(worker), { how: "refused", why: "again" });
    }
    expect(await counts()).toMatchObject({ done: 1, unsigned: 1, failed: 2, queued: 1, running: 0 });
    const [signing] = [await worker.take("unsigned", [])];
    expect(signing).toMatchObject({ statement: "0".repeat(64) });
    if (signing !== undefined) await worker.settle(signing, { how: "done", output: {} });
    expect(await counts()).toMatchObject({ done: 2, unsigned: 0 });
  });

  test("attempts are used up, a run that was handed back has lost none, and a dead one is tried again when asked", async () => {
    await fresh();
    await queue.add(newRun());
    const { session: worker } = await session("a");
    for (let at = 0; at < 4; at += 1) await worker.settle(await taken(worker), { how: "returned", why: "stopped" });
    for (let at = 0; at < 3; at += 1) {
      await worker.settle(await taken(worker), { how: "failed", why: "broke" });
      expect(await worker.take("runs", []), "others have their turn first").toBeUndefined();
      await server.sql(
        name,
        `UPDATE ${SCHEMA}.job SET start_after = now() - interval '1 second' WHERE state = 'retry'`,
      );
    }
    const { runs } = await queue.status();
    expect(runs).toMatchObject([{ state: "dead", machines: Array.from({ length: 7 }, () => "a"), told: "broke" }]);
    const id = runs[0]?.id ?? "";
    await queue.retry(id);
    expect((await taken(worker)).retryCount).toBe(7);
    await expect(queue.retry(id)).rejects.toMatchObject({ code: "usage" });
    await expect(queue.retry("plan_0000000000000000")).rejects.toMatchObject({ code: "usage" });
    await expect(queue.retry("'; DROP")).rejects.toMatchObject({ code: "usage" });
  });

  test("a cancelled run is not its worker's any more, and can be queued again", async () => {
    await fresh();
    const run = newRun();
    await queue.add(run);
    const { session: worker } = await session("a");
    const attempt = await taken(worker);
    await queue.cancel(planIdOf(idOf(run.plan)));
    await expect(worker.stillMine(attempt)).rejects.toMatchObject({ code: "run-lost" });
    expect((await counts()).cancelled).toBe(1);
    await queue.retry(planIdOf(idOf(run.plan)));
    expect((await taken(worker)).retryCount).toBe(1);
  });

  test("a row that names another plan, or none, is refused", async () => {
    await fresh();
    const { session: worker } = await session("a");
    for (const change of [
      `jsonb_set(data, '{plan}', to_jsonb('${"0".repeat(64)}'::text))`,
      "data - 'plan'",
      `data || '{"statement": 5}'`,
    ]) {
      await queue.add(newRun());
      await server.sql(name, `UPDATE ${SCHEMA}.job SET data = ${change} WHERE state = 'created'`);
      await expect(worker.take("runs", [])).rejects.toMatchObject({ code: "run-refused" });
    }
    expect(await counts()).toMatchObject({ failed: 3, queued: 0, running: 0 });
  });

  test("the run of a killed worker goes to another, and a living one keeps its own", async () => {
    await fresh();
    const [lost, kept] = [newRun({ priority: 1 }), newRun()];
    await queue.add(lost);
    const child = await holder("gone");
    await queue.add(kept);
    const { session: living } = await session("living");
    const own = await taken(living);
    const given = supervised();
    child.kill("SIGKILL");
    expect(await given).toEqual({ id: idOf(lost.plan), machine: "gone" });
    expect(await taken(living)).toMatchObject({ plan: lost.plan, machines: ["gone", "living"], retryCount: 1 });
    await living.stillMine(own);
  });

  test("a restart of the database loses no run, and gives none away", async () => {
    await fresh();
    const dying = newRun({ priority: 1 });
    await queue.add(dying);
    const child = await holder("gone");
    await queue.add(newRun());
    await queue.close();
    const { session: worker, lost } = await session("a");
    const run = await taken(worker);
    const given = supervised();
    await server.restart();
    child.kill("SIGKILL");
    expect(await given).toEqual({ id: idOf(dying.plan), machine: "gone" }); // two sweeps after the restart
    await worker.stillMine(run);
    await worker.settle(run, { how: "done", output: {} });
    queue = await Queue.open(address);
    open.push(queue);
    expect(lost).toEqual([]);
    expect(await counts()).toMatchObject({ done: 1, queued: 1 });
  });

  test("a worker that was cut off finds out that its run is another's", async () => {
    await fresh();
    await queue.add(newRun());
    const proxy = new Proxy(server.port);
    open.push(proxy);
    const port = await proxy.listen();
    const { session: far, lost } = await session("far", {}, server.address(name, "owner", port));
    const run = await taken(far);
    proxy.cut();
    // What the server does when it hears nothing for 45 s.
    await server.sql(
      name,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'attest-worker-%'",
    );
    await supervised();
    const { session: near } = await session("near");
    const again = await taken(near);
    proxy.mend();
    await expect(far.stillMine(run)).rejects.toMatchObject({ code: "run-lost" });
    await expect(far.settle(run, { how: "done", output: {} })).rejects.toMatchObject({ code: "run-lost" });
    expect(lost).toEqual([run]);
    await near.settle(again, { how: "done", output: {} });
    expect(await counts()).toMatchObject({ done: 1, running: 0 });
  });

  describe("least privilege", () => {
    beforeAll(async () => {
      await fresh();
      await queue.add(newRun());
      await server.sql(
        name,
        "CREATE ROLE ci LOGIN; GRANT attest_submit TO ci; CREATE ROLE machine LOGIN; GRANT attest_work TO machine; CREATE ROLE nobody LOGIN",
      );
    });
    const as = (user: string): string => server.address(name, user);
    const denied = { code: "queue-failed" };

    test("a submitter adds and sees, and can neither take, complete, change nor forge a run", async () => {
      const submitter = await Queue.open(as("ci"));
      open.push(submitter);
      expect(await submitter.add(newRun())).toBe(true);
      const { runs } = await submitter.status();
      await expect(submitter.cancel(runs[0]?.id ?? "")).rejects.toMatchObject(denied);
      const { session: taking } = await session("ci", {}, as("ci"));
      await expect(taking.take("runs", [])).rejects.toMatchObject(denied);
      const row = (columns: string, values: string): string =>
        `INSERT INTO ${SCHEMA}.job (${columns}) VALUES (${values})`;
      for (const text of [
        row("name, state", "'runs', 'completed'"),
        row("name, output", "'runs', '{}'"),
        row("name, data", `'unsigned', '{"machines": []}'`),
        row("name, data", `'runs', '{"machines": ["another"]}'`),
        row("name, data", "'runs', '5'"),
        `UPDATE ${SCHEMA}.job SET state = 'completed'`,
        `UPDATE ${SCHEMA}.job SET data = '{}'`,
        `DELETE FROM ${SCHEMA}.job`,
        `SELECT 1 FROM ${SCHEMA}.job FOR UPDATE`,
        `SELECT ${SCHEMA}.create_queue('mine', '{}')`,
        `INSERT INTO ${SCHEMA}.queue (name) VALUES ('mine')`,
        `DELETE FROM ${SCHEMA}.archive`,
        `CREATE TABLE ${SCHEMA}.mine ()`,
      ])
        await expect(server.sql(name, text, "ci"), text).rejects.toMatchObject({ code: "42501" });
    });

    test("a worker works, and changes no table", async () => {
      const { session: worker } = await session("m", {}, as("machine"));
      await worker.settle(await taken(worker), { how: "unsigned", statement: "0".repeat(64) });
      const seen = new Supervisor(as("machine"), () => undefined);
      await seen.close();
      for (const text of [
        `DROP TABLE ${SCHEMA}.job`,
        `SELECT ${SCHEMA}.create_queue('mine', '{}')`,
        `CREATE TABLE ${SCHEMA}.mine ()`,
      ])
        await expect(server.sql(name, text, "machine"), text).rejects.toMatchObject({ code: "42501" });
    });

    test("somebody without a role sees nothing", async () => {
      await expect(Queue.open(as("nobody"))).rejects.toMatchObject(denied);
      await expect(session("n", {}, as("nobody"))).rejects.toMatchObject(denied);
    });
  });
});

/** A worker in a process of its own that has taken a run, and does nothing more. */
async function holder(machine: string): Promise<ChildProcess> {
  const child = fork(HOLDER, [address, machine]);
  open.push({ close: () => child.kill("SIGKILL") });
  await new Promise((resolve) => child.once("message", resolve));
  return child;
}
