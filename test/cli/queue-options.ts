/** The options of the commands around the queue, each where it alone makes the difference; with a database of its own. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { PlanStatement } from "../../src/core/statement/plan.js";
import type { ResultStatement } from "../../src/core/statement/statement.js";
import { Postgres } from "../queue/postgres.js";
import { attest, ended, start, stranger, type Ran, type Surroundings, type Workspace } from "./attest.js";
import { locked, secretOf } from "./drafts.js";
import { repository } from "./git.js";

let server: Promise<Postgres> | undefined;
let databases = 0;
afterAll(async () => await (await server)?.end());

/** A database with a queue in it, copied from one. */
async function database(): Promise<string> {
  server ??= Postgres.start().then(async (started) => {
    const address = await started.database("made");
    ok(
      await attest(["queue", "init", "--queue", address], {
        cwd: process.cwd(),
        env: { PATH: process.env["PATH"] ?? "" },
      }),
    );
    return started;
  });
  return await (
    await server
  )
    .database(`o${(databases += 1)} TEMPLATE made`)
    .then((address) => address.replace(" TEMPLATE made", ""));
}

function ok(ran: Ran, code = 0): Ran {
  expect(ran.code, ran.stderr).toBe(code);
  return ran;
}
const refused = ({ code, stderr }: Ran, error: RegExp): void => {
  expect(code).toBe(2);
  expect(stderr).toMatch(error);
};

/** A project in git, with a registry beside what is tested, and a queue. */
async function project(work: Workspace) {
  work.write("sums.test.js", 'require("node:test").test("adds", () => undefined);\n');
  const git = repository(work);
  git("add", "sums.test.js");
  git("commit", "-qm", "first");
  const env = { ...work.env, F3_ATTEST_QUEUE: await database() };
  const call = (...args: string[]): Promise<Ran> => attest(args, { cwd: work.cwd, env });
  const folder = work.path("lab/attestations");
  const newest = (kind: string, before: readonly string[]): unknown => {
    const name = readdirSync(folder).find(
      (one) => one.startsWith(kind) && one.endsWith(".json") && !before.includes(one),
    );
    return (JSON.parse(readFileSync(join(folder, name ?? "none"), "utf8")) as { payload: unknown }).payload;
  };
  const add = async (
    options: readonly string[] = [],
    command: readonly string[] = ["--", "node", "--test"],
  ): Promise<PlanStatement> => {
    const before = readdirSync(folder);
    ok(await call("queue", "add", "--registry", "lab", ...options, ...command));
    return newest("plan_", before) as PlanStatement;
  };
  /** What a worker makes of it. */
  const run = async (...options: string[]): Promise<ResultStatement> => {
    const before = readdirSync(folder);
    ok(await call("worker", "--registry", "lab", "--once", "--signer", "signer", ...options));
    return newest("test_", before) as ResultStatement;
  };
  const counts = async (): Promise<JsonObject> =>
    ok(await call("queue", "status", "--json")).json()["counts"] as JsonObject;
  return { env, call, add, run, counts, git, surroundings: { cwd: work.cwd, env } as Surroundings };
}

type Project = Awaited<ReturnType<typeof project>>;
const row =
  (act: (project: Project, work: Workspace) => Promise<unknown>) =>
  async (work: Workspace): Promise<unknown> =>
    await act(await project(work), work);

const asked = ({ predicate }: PlanStatement): JsonObject =>
  predicate.configuration.find(({ name }) => name === "attest queue")?.annotations as JsonObject;

/** The option's value stands in the signed plan, and another stands there without it. */
const inPlan = (member: string, options: readonly string[], value: unknown) =>
  row(async ({ add }) => {
    expect(asked(await add())[member]).not.toEqual(value);
    expect(asked(await add(options))[member]).toEqual(value);
  });

/** The project's address in place of the variable. */
const named = (...args: readonly string[]) =>
  row(async ({ env, surroundings }) => {
    const { F3_ATTEST_QUEUE: address, ...without } = env;
    refused(await attest(args, { ...surroundings, env: without }), /no queue was named/);
    ok(await attest([...args.slice(0, 2), "--queue", address, ...args.slice(2)], { ...surroundings, env: without }));
  });

/** Puts the key under a passphrase, as it is in `pw`. */
async function lock(work: Workspace): Promise<void> {
  const text = await locked(secretOf(work), readFileSync(work.path("pw"), "utf8").split("\n")[0] ?? "");
  writeFileSync(join(work.home, "keys/signer.age"), text, { mode: 0o600 });
  rmSync(join(work.home, "keys/signer.pem"));
}

const unlocks = (args: readonly string[], how: "file" | "fd") =>
  row(async ({ call, surroundings, add }, work) => {
    await add();
    await lock(work);
    const [head, tail] = [args.slice(0, args[0] === "queue" ? 2 : 1), args.slice(args[0] === "queue" ? 2 : 1)];
    refused(await call(...args), /passphrase/);
    const options = how === "file" ? ["--passphrase-file", "pw"] : ["--passphrase-fd", "3"];
    ok(
      await attest([...head, ...options, ...tail], { ...surroundings, ...(how === "fd" && { fd3: work.path("pw") }) }),
    );
  });

const ADD = ["queue", "add", "--registry", "lab", "--", "node", "--test"] as const;
const WORK = ["worker", "--registry", "lab", "--once", "--signer", "signer"] as const;
const SECRET = `ghp_${"a1B2".repeat(9)}`;

export const queueRows: Readonly<Record<string, (work: Workspace) => Promise<unknown>>> = {
  "queue init --queue": named("queue", "init"),
  "queue init --print": row(async ({ call, surroundings, env }) => {
    expect(ok(await call("queue", "init")).stdout).toBe("");
    const without = { ...env, F3_ATTEST_QUEUE: "" };
    expect(ok(await attest(["queue", "init", "--print"], { ...surroundings, env: without })).stdout).toMatch(
      /^GRANT USAGE/m,
    );
  }),
  "queue status --queue": named("queue", "status"),
  "queue status --json": row(async ({ call }) => {
    expect(ok(await call("queue", "status")).stdout).toMatch(/^0 queued, /);
    expect(ok(await call("queue", "status", "--json")).json()).toMatchObject({ runs: [], counts: { queued: 0 } });
  }),
  "queue status --watch": row(async ({ surroundings, add }) => {
    const child = start(["queue", "status", "--watch"], surroundings);
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    await add();
    await new Promise<void>((resolve) =>
      child.stdout?.on("data", (text: string) => text.includes("1 queued") && resolve()),
    );
    child.kill("SIGINT");
    expect((await end).code).toBe(0);
  }),
  "queue retry --queue": row(async ({ call, add, env, surroundings }) => {
    const id = await firstOf({ call, add });
    ok(await call("queue", "cancel", id));
    const { F3_ATTEST_QUEUE: address, ...without } = env;
    refused(await attest(["queue", "retry", id], { ...surroundings, env: without }), /no queue was named/);
    ok(await attest(["queue", "retry", "--queue", address, id], { ...surroundings, env: without }));
  }),
  "queue retry --json": row(async ({ call, add }) => {
    const id = await firstOf({ call, add });
    ok(await call("queue", "cancel", id));
    expect(ok(await call("queue", "retry", id, "--json")).json()).toEqual({ id, state: "queued" });
  }),
  "queue cancel --queue": row(async ({ call, add, env, surroundings }) => {
    const id = await firstOf({ call, add });
    const { F3_ATTEST_QUEUE: address, ...without } = env;
    refused(await attest(["queue", "cancel", id], { ...surroundings, env: without }), /no queue was named/);
    ok(await attest(["queue", "cancel", "--queue", address, id], { ...surroundings, env: without }));
  }),
  "queue cancel --json": row(async ({ call, add }) => {
    const id = await firstOf({ call, add });
    expect(ok(await call("queue", "cancel", id, "--json")).json()).toEqual({ id, state: "cancelled" });
  }),

  "queue add --queue": named(...ADD),
  "queue add --registry": row(async ({ call }) => {
    refused(await call("queue", "add", "--", "true"), /no registry here/);
    ok(await call("queue", "add", "--registry", "lab", "--", "true"));
  }),
  "queue add --signer": row(async ({ call, add }, work) => {
    ok(await work.attest("key", "new", "second"));
    refused(await call(...ADD.slice(0, 2), "--registry", "lab", "--signer", "third", "--", "true"), /no key|third/);
    await add(["--signer", "second"]);
    expect(readFileSync(work.path("lab/keys/keyring.json"), "utf8")).toContain('"second"');
  }),
  "queue add --passphrase-file": unlocks(ADD, "file"),
  "queue add --passphrase-fd": unlocks(ADD, "fd"),
  "queue add --allow-secret": row(async ({ call, add }, work) => {
    const title = ["--title", `Key ${SECRET}`];
    refused(await call("queue", "add", "--registry", "lab", ...title, "--", "true"), /looks like a secret/);
    await add([...title, "--allow-secret", "github-token"]);
    expect(readdirSync(work.path("lab/attestations")).some((one) => one.startsWith("plan_"))).toBe(true);
  }),
  "queue add --json": row(async ({ call }) => {
    expect(ok(await call(...ADD)).stdout).toMatch(/^plan_[0-9a-f]{16}\n$/);
    expect(ok(await call("queue", "add", "--json", ...ADD.slice(2))).json()).toMatchObject({
      runs: [{ variables: {} }],
    });
  }),
  "queue add --report": inPlan("reports", ["--report", "out/*.xml"], ["out/*.xml"]),
  "queue add --subject": inPlan("subjects", ["--subject", "sums.test.js"], ["sums.test.js"]),
  "queue add --env": inPlan("recorded", ["--env", "MODE"], ["MODE"]),
  "queue add --title": row(async ({ add }) => {
    expect((await add()).predicate.title).not.toBe("Sums");
    expect((await add(["--title", "Sums"])).predicate.title).toBe("Sums");
  }),
  "queue add --timeout": inPlan("timeout", ["--timeout", "7"], 7),
  "queue add --no-skips": inPlan("noSkips", ["--no-skips"], true),
  "queue add --allow-retries": inPlan("allowRetries", ["--allow-retries"], true),
  "queue add --allow-counts": inPlan("allowCounts", ["--allow-counts"], true),
  "queue add --sandbox": row(async ({ call, add }) => {
    expect(asked(await add())["sandbox"]).toBe(false);
    const ran = await call("queue", "add", "--registry", "lab", "--sandbox", "--json", "--", "true");
    if (ran.code !== 0) expect(ran.json()["error"]).toMatchObject({ code: "sandbox-missing" }); // this machine has none
  }),
  "queue add --matrix": inPlan("variables", ["--matrix", "MODE=fast"], { MODE: "fast" }),
  "queue add --priority": row(async ({ add, call }, work) => {
    await add();
    await add(["--title", "Urgent", "--priority", "5"]);
    const [first = ""] = ok(await call(...WORK)).stderr.match(/test_[0-9a-f]{16}/) ?? [];
    expect(readFileSync(work.path(`lab/attestations/${first}.json`), "utf8")).toContain('"title": "Urgent"');
  }),
  "queue add --needs": row(async ({ add, counts, call }) => {
    await add(["--needs", "gpu"]);
    ok(await call(...WORK));
    expect(await counts()).toMatchObject({ queued: 1 });
  }),
  "queue add --archive": row(async ({ add, git }, work) => {
    git("remote", "add", "origin", "https://127.0.0.1:1/never.git");
    const plan = await add(["--archive"]);
    expect(plan.predicate.configuration.find(({ name }) => name === "source")?.digest).toHaveProperty("sha256");
    expect(readdirSync(work.path("lab/attestations/queue/sources"))).toHaveLength(1);
  }),
  "queue add --profile": row(async ({ add }) => {
    const scenario = async (...options: string[]): Promise<unknown> =>
      asked(await add(options, ["task-aware-background"]))["scenario"];
    expect(await scenario()).toEqual({ name: "task-aware-background" });
    expect(await scenario("--profile", "hardened")).toEqual({ name: "task-aware-background", profile: "hardened" });
  }),
  "queue add --quick": row(async ({ add }) => {
    const plan = await add(["--profile", "hardened", "--quick"], ["task-aware-background"]);
    expect(asked(plan)["scenario"]).toMatchObject({ quick: true });
  }),

  "worker --queue": row(async ({ env, surroundings }) => {
    const { F3_ATTEST_QUEUE: address, ...without } = env;
    refused(await attest(WORK, { ...surroundings, env: without }), /no queue was named/);
    ok(await attest([...WORK, "--queue", address], { ...surroundings, env: without }));
  }),
  "worker --registry": row(async ({ call }) => {
    refused(await call("worker", "--once"), /no registry here/);
    ok(await call("worker", "--once", "--registry", "lab"));
  }),
  "worker --concurrency": row(async ({ add, call }) => {
    for (let at = 0; at < 2; at += 1) await add(["--title", String(at)], ["--", "sleep", "1"]);
    const events = (ran: Ran): string[] => ok(ran).stderr.match(/^(?:taken|done)/gm) ?? [];
    expect(events(await call(...WORK, "--concurrency", "2"))).toEqual(["taken", "taken", "done", "done"]);
    for (let at = 2; at < 4; at += 1) await add(["--title", String(at)], ["--", "true"]);
    expect(events(await call(...WORK))).toEqual(["taken", "done", "taken", "done"]);
  }),
  "worker --labels": row(async ({ add, call, counts }) => {
    await add(["--needs", "gpu"]);
    ok(await call(...WORK, "--labels", "linux"));
    expect(await counts()).toMatchObject({ queued: 1 });
    ok(await call(...WORK, "--labels", "linux,gpu"));
    expect(await counts()).toMatchObject({ done: 1 });
  }),
  "worker --name": row(async ({ add, run }) => {
    await add();
    expect((await run()).predicate.f3.run.environment["queue machine"]).toMatch(/^m-[0-9a-f]{6}$/);
    await add(["--title", "More"]);
    expect((await run("--name", "rack-7")).predicate.f3.run.environment["queue machine"]).toBe("rack-7");
  }),
  "worker --once": row(async ({ call, surroundings }) => {
    ok(await call(...WORK));
    const child = start(
      WORK.filter((word) => word !== "--once"),
      surroundings,
    );
    const end = ended(child);
    await new Promise<void>((resolve) =>
      child.stderr?.on("data", (text: string) => text.includes("started") && resolve()),
    );
    child.kill("SIGTERM");
    expect((await end).stderr).toMatch(/^stopping$/m);
  }),
  "worker --sign": row(async ({ add, call, counts, env }, work) => {
    await add();
    ok(
      await attest(["worker", "--registry", "lab", "--once"], {
        cwd: work.cwd,
        env: { ...env, ...stranger(work).env },
      }),
    );
    ok(await call(...WORK));
    expect(await counts()).toMatchObject({ unsigned: 1 });
    ok(await call(...WORK, "--sign"));
    expect(await counts()).toMatchObject({ unsigned: 0, done: 1 });
  }),
  "worker --grace": row(async ({ add, surroundings, counts }) => {
    await add([], ["--", "sleep", "3"]);
    const child = start([...WORK, "--grace", "0.1"], surroundings);
    const end = ended(child);
    await new Promise<void>((resolve) =>
      child.stderr?.on("data", (text: string) => text.includes("taken") && resolve()),
    );
    child.kill("SIGTERM");
    await end;
    expect(await counts()).toMatchObject({ queued: 1, done: 0 });
  }),
  "worker --signer": row(async ({ add, call, counts }) => {
    await add();
    ok(await call("worker", "--registry", "lab", "--once"));
    expect(await counts()).toMatchObject({ unsigned: 1 });
    await add(["--title", "More"]);
    ok(await call(...WORK));
    expect(await counts()).toMatchObject({ done: 1 });
  }),
  "worker --listen": row(async ({ call }) => {
    expect(ok(await call(...WORK)).stderr).not.toContain("listening");
    expect(ok(await call(...WORK, "--listen", "127.0.0.1:0")).stderr).toMatch(/^listening {2}port \d+$/m);
    refused(await call(...WORK, "--listen", "nowhere"), /HOST:PORT/);
  }),
  "worker --log": row(async ({ call }) => {
    const lines = ok(await call(...WORK, "--log", "json"))
      .stderr.trim()
      .split("\n");
    expect(lines.map((line) => (JSON.parse(line) as JsonObject)["event"])).toContain("started");
    expect(ok(await call(...WORK, "--log", "text")).stderr).toMatch(/^started/m);
  }),
  "worker --key": row(async ({ add, call, counts }, work) => {
    ok(await work.attest("key", "new", "second"));
    await add(["--signer", "signer"]);
    ok(await call(...WORK, "--key", ok(await work.attest("key", "show", "second")).stdout));
    expect(await counts()).toMatchObject({ failed: 1 });
    await add(["--signer", "signer", "--title", "More"]);
    ok(await call(...WORK, "--key", ok(await work.attest("key", "show", "signer")).stdout));
    expect(await counts()).toMatchObject({ done: 1 });
  }),
  "worker --keyring": row(async ({ add, call, counts }, work) => {
    const theirs = { cwd: work.cwd, env: { ...work.env, F3_ATTEST_HOME: join(work.root, "theirs") } };
    ok(await attest(["init", "other", "--origin", "example.org/other"], theirs));
    ok(await attest(["run", "--registry", "other", "--subject", "pw", "--", "true"], theirs));
    await add(["--signer", "signer"]);
    ok(await call(...WORK, "--keyring", "other/keys/keyring.json"));
    expect(await counts()).toMatchObject({ failed: 1 });
    await add(["--signer", "signer", "--title", "More"]);
    ok(await call(...WORK, "--keyring", "lab/keys/keyring.json"));
    expect(await counts()).toMatchObject({ done: 1 });
  }),
  "worker --allow-secret": row(async ({ add, call, counts }, work) => {
    work.write("report.tap", `TAP version 13\n1..1\nok 1 - adds\n`);
    const options = ["--title", `Key ${SECRET}`, "--allow-secret", "github-token"];
    await add(options);
    ok(await call(...WORK));
    expect(await counts()).toMatchObject({ failed: 1 });
    await add([...options, "--no-skips"]);
    ok(await call(...WORK, "--allow-secret", "github-token"));
    expect(await counts()).toMatchObject({ done: 1 });
  }),
  "worker --passphrase-file": unlocks(WORK, "file"),
  "worker --passphrase-fd": unlocks(WORK, "fd"),
};

async function firstOf({ call, add }: Pick<Project, "call" | "add">): Promise<string> {
  await add();
  const { runs } = ok(await call("queue", "status", "--json")).json() as unknown as { runs: { id: string }[] };
  return runs[0]?.id ?? "";
}
