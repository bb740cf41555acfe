/** Many runs on several workers, while workers are killed, stopped and cut off, and the database is restarted: each run has one result. */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { ResultStatement } from "../../src/core/statement/statement.js";
import { attestProcess, start, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { repository } from "../cli/git.js";
import { Postgres, Proxy } from "./postgres.js";

export interface Trouble {
  readonly runs: number;
  readonly workers: number;
  /** After so many seconds each. */
  readonly kills: readonly number[];
  /** Of twenty seconds. */
  readonly stops: readonly number[];
  readonly restarts: readonly number[];
  /** Of a minute, of the worker behind the proxy. */
  readonly cuts: readonly number[];
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly machines: readonly string[];
  readonly told?: string;
}

const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};

export async function many(trouble: Trouble): Promise<void> {
  const server = await Postgres.start();
  const proxy = new Proxy(server.port);
  const crew = new Crew();
  try {
    const work = workspace();
    const database = await server.database("many");
    const through = database.replace(`:${server.port}/`, `:${await proxy.listen()}/`);
    const call = (...args: string[]): Promise<Ran> =>
      attestProcess(args, { cwd: work.cwd, env: { ...work.env, F3_ATTEST_QUEUE: database } });
    await project(work, call);
    const began = performance.now();
    const names = Array.from({ length: trouble.runs }, (_, at) => String(at)).join(",");
    ok(await call("queue", "add", "--matrix", `RUN=${names}`, "--", "sleep", "0.2"));
    const added = seconds(began);

    for (let at = 0; at < trouble.workers; at += 1)
      crew.hire(work, at === 0 && trouble.cuts.length > 0 ? through : database);
    const troubles = makeTrouble(trouble, { crew, server, proxy, work, database });
    await untilDone(call, trouble.runs);
    const took = seconds(began) - added;
    await troubles;
    await untilDone(call, trouble.runs);
    await crew.dismiss();

    const { runs } = await status(call);
    const results = resultsIn(work);
    expect(results.size, "plans with a result").toBe(trouble.runs);
    for (const { id, machines } of runs) {
      const { run, verdict } = results.get(id)!.predicate.f3;
      expect(verdict).toBe("VALIDATED");
      const { environment } = run;
      const attempt = Number(environment["queue attempt"]);
      // One that was killed after it had published is followed by an attempt that only finds the result.
      expect(attempt).toBeLessThanOrEqual(machines.length);
      expect(environment["queue machine"]).toBe(machines[attempt - 1]);
      expect(environment["queue lost by"] ?? "").toBe(machines.slice(0, attempt - 1).join(", "));
    }
    const further = runs.reduce((sum, { machines }) => sum + machines.length - 1, 0);
    const { counts, faults } = crew;
    console.log(
      `${trouble.runs} runs: added in ${added} s, done in ${took} s; ${further} further attempts; ` +
        `${JSON.stringify(counts)}; faults: ${JSON.stringify(faults)}`,
    );
    if (trouble.kills.length > 0) expect(further).toBeGreaterThan(0);
    // A worker that is killed may not have said all that it did.
    expect(further).toBeGreaterThanOrEqual((counts["given-away"] ?? 0) + (counts["returned"] ?? 0));
    expect(trouble.runs + further).toBeGreaterThanOrEqual(counts["taken"] ?? 0);
    ok(await call("log", "check", "."));
    ok(await call("verify", ".", "--key", "keys/signer.pub", "--ndjson"));
  } finally {
    crew.end();
    proxy.close();
    await server.end();
  }
}

async function project(work: Workspace, call: (...args: string[]) => Promise<Ran>): Promise<void> {
  ok(await work.attest("key", "new", "signer"));
  ok(await work.attest("init", ".", "--origin", "example.org/many"));
  work.write("package.json", '{ "name": "many" }\n');
  const git = repository(work);
  git("add", "package.json");
  git("commit", "-qm", "first");
  ok(await call("queue", "init"));
}

const seconds = (since: number): number => Math.round((performance.now() - since) / 1000);

/** Exactly one for each plan, or the test fails. */
function resultsIn(work: Workspace): ReadonlyMap<string, ResultStatement> {
  const found = new Map<string, ResultStatement>();
  const folder = work.path("attestations");
  for (const name of readdirSync(folder).filter((one) => /^test_.*\.json$/.test(one))) {
    const { payload } = JSON.parse(readFileSync(`${folder}/${name}`, "utf8")) as { payload: ResultStatement };
    const plan = payload.predicate.f3.relations[0]?.target ?? "";
    expect(found.has(plan), `a second result of ${plan}`).toBe(false);
    found.set(plan, payload);
  }
  return found;
}

async function status(
  call: (...args: string[]) => Promise<Ran>,
): Promise<{ counts: Record<string, number>; runs: Shown[] }> {
  for (let tries = 0; ; tries += 1) {
    const ran = await call("queue", "status", "--json");
    if (ran.code === 0) return ran.json() as unknown as { counts: Record<string, number>; runs: Shown[] };
    if (tries > 60) throw new Error(ran.stderr);
    await sleep(1000); // the database is being restarted
  }
}

async function untilDone(call: (...args: string[]) => Promise<Ran>, wanted: number): Promise<void> {
  for (let tries = 0; tries < 3600; tries += 1) {
    const { counts, runs } = await status(call);
    if (counts["done"] === wanted) return;
    expect(runs.filter(({ state }) => state === "failed")).toEqual([]);
    // Three lost attempts are more than one kill in ten seconds explains, but they can happen.
    for (const { id } of runs.filter(({ state }) => state === "dead")) await call("queue", "retry", id);
    await sleep(1000);
  }
  throw new Error("the runs did not come to an end");
}

interface Stage {
  readonly crew: Crew;
  readonly server: Postgres;
  readonly proxy: Proxy;
  readonly work: Workspace;
  readonly database: string;
}

async function makeTrouble(
  { kills, stops, restarts, cuts }: Trouble,
  { crew, server, proxy, work, database }: Stage,
): Promise<void> {
  const at = (times: readonly number[], act: () => Promise<void> | void): Promise<void>[] =>
    times.map(async (after) => {
      await sleep(after * 1000);
      await act();
    });
  await Promise.all([
    ...at(kills, () => {
      crew.kill();
      crew.hire(work, database);
    }),
    ...at(stops, () => crew.stop(20_000)),
    ...at(restarts, () => server.restart()),
    ...at(cuts, async () => {
      proxy.cut();
      await sleep(60_000);
      proxy.mend();
    }),
  ]);
}

/** The workers; the first is never killed, for it may be the one behind the proxy. */
class Crew {
  readonly #all: ChildProcess[] = [];
  /** By number of the process. */
  readonly #started = new Map<number | undefined, Promise<void>>();
  readonly counts: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  #hired = 0;

  hire(work: Workspace, address: string): void {
    const name = `w${(this.#hired += 1)}`;
    const args = ["worker", "--signer", "signer", "--name", name, "--log", "json", "--grace", "600"];
    const child = start(args, { cwd: work.cwd, env: { ...work.env, F3_ATTEST_QUEUE: address } });
    this.#all.push(child);
    let rest = "";
    let begun: () => void = () => undefined;
    this.#started.set(child.pid, new Promise((resolve) => (begun = resolve)));
    child.once("exit", () => begun());
    child.stderr?.on("data", (text: Buffer) => {
      const lines = (rest + String(text)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (this.#heard(line) === "started") begun();
    });
    child.stdout?.resume();
  }

  #heard(line: string): string {
    if (!line.startsWith("{")) {
      console.log(line);
      return "";
    }
    const { event, why = "" } = JSON.parse(line) as { event: string; why?: string };
    this.counts[event] = (this.counts[event] ?? 0) + 1;
    if (["failed", "faulted", "refused"].includes(event)) this.faults[why] = (this.faults[why] ?? 0) + 1;
    return event;
  }

  #random(): ChildProcess | undefined {
    const living = this.#all.slice(1).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    return living[Math.floor(Math.random() * living.length)];
  }

  kill(): void {
    this.#random()?.kill("SIGKILL");
  }

  async stop(ms: number): Promise<void> {
    const child = this.#random();
    child?.kill("SIGSTOP");
    await sleep(ms);
    child?.kill("SIGCONT");
  }

  /** As systemd does it. */
  async dismiss(): Promise<void> {
    await Promise.all(
      this.#all.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const over = new Promise((resolve) => child.once("exit", resolve));
        await this.#started.get(child.pid); // before, the signal ends it as it does any program
        child.kill("SIGTERM");
        await over;
        expect(child.exitCode).toBe(0);
      }),
    );
  }

  end(): void {
    for (const child of this.#all) child.kill("SIGKILL");
  }
}
