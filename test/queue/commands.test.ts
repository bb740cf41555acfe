/** The queue from the command line: announced here, run there, published once; and what happens if somebody on the way is not honest. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.js";
import type { CheckRecord, ResultStatement } from "../../src/core/statement/statement.js";
import { SCHEMA } from "../../src/queue/schema.js";
import { attest, ended, start, stranger, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { repository, type Git } from "../cli/git.js";
import { NO_POSTGRES, Postgres } from "./postgres.js";

const TEST =
  'require("node:test").test("adds", () => { if (process.env.MODE === "broken") throw new Error("no"); });\n';
/** Runs until a file is there: long enough for anything, and no longer. */
const WAITS = `const { existsSync, writeFileSync } = require("node:fs");
require("node:test").test("waits", async () => {
  writeFileSync(process.env.WAITS_IN + "/began", "");
  while (!existsSync(process.env.WAITS_IN + "/go")) await new Promise((resolve) => setTimeout(resolve, 50));
});
`;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly told?: string;
  readonly machines: readonly string[];
}

describe.skipIf(NO_POSTGRES !== undefined)("attest queue and attest worker", () => {
  let server: Postgres;
  let work: Workspace;
  let git: Git;
  let databases = 0;
  let [name, address] = ["", ""];
  const living: ChildProcess[] = [];
  const servers: Server[] = [];

  beforeAll(async () => {
    server = await Postgres.start();
  });
  afterAll(async () => await server.end());
  afterEach(() => {
    for (const child of living.splice(0)) child.kill("SIGKILL");
    for (const one of servers.splice(0)) one.close();
  });

  const fresh = async (): Promise<void> => {
    name = `c${(databases += 1)}`;
    address = await server.database(name);
    work = workspace();
    ok(await work.attest("key", "new", "signer"));
    ok(await work.attest("init", ".", "--origin", "example.org/queued"));
    work.write("sums.test.js", TEST);
    work.write("waits.test.js", WAITS);
    work.write("package.json", '{ "name": "sums" }\n');
    git = repository(work);
    git("add", "sums.test.js", "waits.test.js", "package.json");
    git("commit", "-qm", "first");
    ok(await called("queue", "init"));
  };

  const ok = (ran: Ran, code = 0): Ran => {
    expect(ran.code, ran.stderr).toBe(code);
    return ran;
  };
  const here = () => ({ cwd: work.cwd, env: { ...work.env, F3_ATTEST_QUEUE: address } });
  /** Another machine: no key at all. */
  const elsewhere = () => ({ ...here(), env: { ...here().env, ...stranger(work).env } });
  const called = (...args: string[]): Promise<Ran> => attest(args, here());
  const add = async (...args: string[]): Promise<string[]> => {
    const { runs } = ok(await called("queue", "add", "--json", ...args)).json() as unknown as { runs: Shown[] };
    return runs.map(({ id }) => id);
  };
  const worker = (...args: string[]): Promise<Ran> => called("worker", "--once", "--signer", "signer", ...args);
  const keyless = (...args: string[]): Promise<Ran> => attest(["worker", "--once", ...args], elsewhere());
  const signing = (): Promise<Ran> => called("worker", "--once", "--sign");
  const status = async () =>
    ok(await called("queue", "status", "--json")).json() as unknown as { counts: JsonObject; runs: Shown[] };
  const counts = async () => (await status()).counts;
  const published = (kind = "test"): string[] =>
    readdirSync(work.path("attestations")).filter((one) => one.startsWith(`${kind}_`) && one.endsWith(".json"));
  const statements = (): ResultStatement[] =>
    published().map((file) => (read("attestations", file) as { payload: ResultStatement }).payload);
  const read = (...path: string[]): unknown => JSON.parse(readFileSync(work.path(...path), "utf8"));
  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 1200; tries += 1) {
      if (holds()) return;
      await sleep(50);
    }
    throw new Error("it did not come to that");
  };
  const began = (...args: string[]): ChildProcess => {
    const child = start(args, here());
    living.push(child);
    return child;
  };
  /** A run that has begun, and goes on until `go` is there. */
  const waiting = async (): Promise<string> => {
    const [id = ""] = await add("--matrix", `WAITS_IN=${work.root}`, "--", "node", "--test", "waits.test.js");
    return id;
  };
  const hasBegun = (): Promise<void> => until(() => existsSync(join(work.root, "began")));
  const letGo = (): void => {
    writeFileSync(join(work.root, "go"), "");
  };

  describe("each with a registry and a database of its own", () => {
    beforeEach(fresh);

    test("runs are announced, run elsewhere, and published once", async () => {
      const ids = await add("--matrix", "MODE=good,broken", "--", "node", "--test", "sums.test.js");
      expect(ids).toHaveLength(2);
      expect(await counts()).toMatchObject({ queued: 2 });
      ok(await worker("--name", "one", "--concurrency", "2"));
      ok(await worker());
      expect(await counts()).toMatchObject({ queued: 0, done: 2 });
      const verified = await called("verify", ".", "--key", "keys/signer.pub", "--recompute", "--ndjson");
      expect(verified.stdout.match(/"verdict":"\w+"/g)?.sort()).toEqual([
        '"verdict":"REFUTED"',
        '"verdict":"VALIDATED"',
      ]);
      ok(await called("log", "check", "."));
      for (const { predicate } of statements()) {
        const { run, relations } = predicate.f3;
        expect(relations).toHaveLength(1);
        expect(run.environment).toMatchObject({
          "queue attempt": "1",
          "queue machine": "one",
          $MODE: /^(good|broken)$/,
        });
        expect(run.environment).not.toHaveProperty("queue lost by");
      }
      // What is published is not kept twice, and git is told to leave the rest alone.
      expect(readdirSync(work.path("attestations/queue")).sort()).toEqual([".gitignore", "sources"]);
      expect(git("status", "--porcelain", "--untracked-files=all").out).not.toContain("attestations/queue");
    });

    test("the archive has what git tracks, as it lies there, and tar(1) reads it", async () => {
      work.write("sums.test.js", `${TEST}// changed\n`);
      work.write("secret.txt", "not tracked");
      await add("--", "node", "--test", "sums.test.js");
      const [archive = ""] = readdirSync(work.path("attestations/queue/sources"));
      const listed = execFileSync("tar", ["-tzf", work.path("attestations/queue/sources", archive)], {
        encoding: "utf8",
      });
      expect(listed).toBe("package.json\nsums.test.js\nwaits.test.js\n");
      ok(await worker());
      expect(statements()[0]?.predicate.f3.verdict).toBe("VALIDATED");
      expect(statements()[0]?.subject[0]?.digest).toHaveProperty("gitTree");
    });

    test("a commit at a remote is fetched from there", async () => {
      const bare = join(work.root, "remote.git");
      execFileSync("git", ["clone", "-q", "--bare", work.cwd, bare]);
      execFileSync("git", ["-C", bare, "config", "uploadpack.allowReachableSHA1InWant", "true"]);
      const port = await gitOverHttp(work.root);
      git("remote", "add", "origin", `http://user:hunter2hunter2@127.0.0.1:${port}/remote.git`);
      git("add", "--force", "attest.json"); // ours, and no part of what is tested
      await add("--", "node", "--test", "sums.test.js");
      expect(existsSync(work.path("attestations/queue"))).toBe(false);
      ok(await keyless());
      ok(await signing());
      const commit = git("rev-parse", "HEAD").out.trim();
      const tree = git("rev-parse", "HEAD^{tree}").out.trim();
      const [{ predicate } = expect.fail("nothing was published")] = statements();
      expect(predicate.configuration).toContainEqual({
        name: "source",
        uri: `git+http://127.0.0.1:${port}/remote.git`,
        digest: { gitCommit: commit, gitTree: tree },
      });
      expect(statements()[0]?.subject).toMatchObject([{ name: "sums", digest: { gitCommit: commit, gitTree: tree } }]);
      expect(readFileSync(work.path("attestations", published()[0] ?? ""), "utf8")).not.toContain("hunter2");
      // --archive hands over the files all the same, and so does a change that is not committed.
      await add("--archive", "--", "node", "--test", "sums.test.js");
      expect(readdirSync(work.path("attestations/queue/sources"))).toHaveLength(1);
    });

    test("a built-in scenario needs no source", async () => {
      const [id] = await add("task-aware-background");
      expect(id).toMatch(/^plan_/);
      const plan = read("attestations", `${String(id)}.json`) as { payload: { predicate: { command: string[] } } };
      expect(plan.payload.predicate.command).toEqual(["attest", "run", "task-aware-background"]);
      ok(await keyless());
      ok(await signing());
      expect((await status()).runs.map(({ state, told }) => [state, told])).toEqual([["done", expect.any(String)]]);
      ok(await called("log", "check", "."));
    });

    test("what cannot be queued is refused before anything is announced", async () => {
      const secret = `ghp_${"a1B2".repeat(9)}`;
      for (const [code, args] of [
        ["usage", ["--", "echo", secret]],
        ["usage", ["--matrix", "API_TOKEN=a,b", "--", "true"]],
        ["usage", ["--matrix", "A=1,1", "--", "true"]],
        ["usage", ["--timeout", "90000", "--", "true"]],
        ["usage", ["./own-scenario.js"]],
        ["usage", ["true"].flatMap((word) => [word, word])],
        ["scenario-unknown", ["no-such-scenario"]],
        ["not-reproducible", ["--subject", "../elsewhere", "--", "true"]],
        ["not-reproducible", ["--subject", "no-such-file", "--", "true"]],
      ] as const) {
        const ran = await called("queue", "add", "--json", ...args);
        expect((ran.json()["error"] as JsonObject)["code"], args.join(" ")).toBe(code);
      }
      expect(published("plan")).toEqual([]);
    });

    test("the password of the database is nowhere", async () => {
      const password = "pw-correct-horse-battery";
      const secret = address.replace("owner@", `owner:${password}@`);
      work.write("sums.test.js", "console.log(JSON.stringify(process.env));\n");
      const env = { ...here().env, F3_ATTEST_QUEUE: secret, PGPASSWORD: password };
      const outputs = [];
      for (const args of [
        ["queue", "status", "--queue", secret.replace(name, "nowhere")],
        ["queue", "add", "--", "node", "sums.test.js"],
        ["worker", "--once", "--signer", "signer", "--log", "json"],
        ["queue", "status", "--json"],
      ])
        outputs.push(await attest(args, { cwd: work.cwd, env }));
      expect(outputs.map(({ code }) => code)).toEqual([2, 0, 0, 0]);
      expect(published()).toHaveLength(1);
      expect(outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]).join("")).not.toContain(password);
      const files = readdirSync(work.cwd, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
      expect(texts.some((text) => text.includes(password))).toBe(false);
      expect(texts.some((text) => /"PGPASSWORD"|"F3_ATTEST_QUEUE"/.test(text))).toBe(false);
      expect(texts.some((text) => text.includes('"PATH"') || text.includes('\\"PATH\\"'))).toBe(true); // it did print them
    });

    test("a killed worker's run is made by another, and the statement says so", async () => {
      await waiting();
      const first = began("worker", "--signer", "signer", "--name", "first");
      await hasBegun();
      first.kill("SIGKILL");
      rmSync(join(work.root, "began"));
      const second = began("worker", "--signer", "signer", "--name", "second", "--log", "json");
      await hasBegun();
      letGo();
      await until(() => published().length > 0);
      second.kill("SIGTERM");
      const { code, stderr } = await ended(second);
      expect(code).toBe(0);
      expect(await counts()).toMatchObject({ done: 1 });
      expect(statements()[0]?.predicate.f3.run.environment).toMatchObject({
        "queue attempt": "2",
        "queue machine": "second",
        "queue lost by": "first",
      });
      const lines = stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as JsonObject);
      expect(lines.every(({ time }) => typeof time === "string")).toBe(true);
      expect(lines.map(({ event }) => event)).toEqual(
        expect.arrayContaining(["started", "given-away", "taken", "done"]),
      );
    });

    test("SIGTERM hands the run back, and counts as no attempt that was lost", async () => {
      const id = await waiting();
      const first = began("worker", "--signer", "signer", "--name", "first", "--grace", "0.1");
      await hasBegun();
      first.kill("SIGTERM");
      expect((await ended(first)).code).toBe(0);
      expect((await status()).runs).toMatchObject([{ id, state: "queued", machines: ["first"] }]);
      expect(published()).toEqual([]);
      letGo();
      ok(await worker("--name", "second"));
      expect(statements()[0]?.predicate.f3.run.environment).toMatchObject({ "queue attempt": "2" });
    });

    test("SIGTERM with time enough finishes the run", async () => {
      await waiting();
      const only = began("worker", "--signer", "signer");
      await hasBegun();
      only.kill("SIGTERM");
      letGo();
      expect((await ended(only)).code).toBe(0);
      expect(await counts()).toMatchObject({ done: 1 });
    });

    test("a cancelled run is ended, and nothing of it is published", async () => {
      const id = await waiting();
      const only = began("worker", "--signer", "signer", "--listen", "127.0.0.1:0");
      const port = new Promise<string>((resolve) =>
        only.stderr?.on("data", (text: Buffer) => {
          const found = /^listening  port (\d+)$/m.exec(String(text))?.[1];
          if (found !== undefined) resolve(found);
        }),
      );
      await hasBegun();
      const asked = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${await port}${path}`);
        return { status: answer.status, text: await answer.text() };
      };
      expect(await asked("/health")).toEqual({ status: 200, text: "ok\n" });
      expect((await asked("/metrics")).text).toMatch(/^attest_worker_running 1$[^]*^# EOF\n$/m);
      expect((await asked("/")).status).toBe(404);
      ok(await called("queue", "cancel", id));
      letGo();
      await expect.poll(async () => (await asked("/metrics")).text, { timeout: 60_000 }).toMatch(/how="lost"\} 1$/m);
      expect(published()).toEqual([]);
      expect(await counts()).toMatchObject({ cancelled: 1 });
      ok(await called("queue", "retry", id));
      await until(() => published().length === 1);
    });

    test("only plans of keys that the worker trusts are run", async () => {
      ok(await work.attest("key", "new", "another"));
      await add("--signer", "signer", "--", "node", "--test", "sums.test.js");
      const line = ok(await work.attest("key", "show", "another")).stdout;
      ok(await keyless("--key", line));
      const { runs } = await status();
      expect(runs).toMatchObject([{ state: "failed", told: /\[run-refused\]$/ }]);
      ok(await called("queue", "retry", runs[0]?.id ?? ""));
      ok(await keyless("--key", ok(await work.attest("key", "show", "signer")).stdout));
      expect(await counts()).toMatchObject({ unsigned: 1 });
    });

    test("a source with other bytes is not unpacked", async () => {
      await add("--", "node", "--test", "sums.test.js");
      const [archive = ""] = readdirSync(work.path("attestations/queue/sources"));
      const path = work.path("attestations/queue/sources", archive);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([0])]));
      ok(await worker());
      expect((await status()).runs).toMatchObject([{ state: "failed", told: /\[run-refused\]$/ }]);
    });
  });

  describe("a signer believes no worker", () => {
    const queueFolder = (): string =>
      work.path("attestations/queue/unsigned", readdirSync(work.path("attestations/queue/unsigned"))[0] ?? "");
    const statementIn = (folder: string): { name: string; statement: ResultStatement } => {
      for (const file of readdirSync(folder)) {
        const text = readFileSync(join(folder, file), "utf8");
        if (text.startsWith("{") && text.includes('"predicateType"'))
          return { name: file, statement: JSON.parse(text) as ResultStatement };
      }
      throw new Error("there is no statement");
    };

    let folder = "";
    let honest: ResultStatement;
    beforeAll(async () => {
      await fresh();
      await add("--", "node", "--test", "sums.test.js");
      ok(await keyless());
      folder = queueFolder();
      honest = statementIn(folder).statement;
    });

    type Change = (was: unknown) => unknown;
    const digest = { sha256: "0".repeat(64) };
    const more =
      (item: unknown): Change =>
      (was) => [...(was as unknown[]), item];
    const checks =
      (change: (all: CheckRecord[]) => unknown): Change =>
      (was) =>
        change(was as CheckRecord[]);
    const counted = ({ measurements = [], ...check }: CheckRecord): CheckRecord => ({
      ...check,
      measurements: measurements.map((one) => ({ ...one, value: one.value === 1 ? 7 : one.value })),
    });
    test.each<[what: string, path: string, change: Change]>([
      ["another subject", "subject.0.digest.dirHash", () => "0".repeat(64)],
      ["another name of it", "subject.0.name", () => "other"],
      ["another command", "predicate.f3.run.command", more("more")],
      ["another hypothesis", "predicate.f3.hypothesis", () => "All is well."],
      ["another title", "predicate.f3.title", () => "All is well"],
      [
        "an effect on others",
        "predicate.f3.relations",
        more({ type: "supersedes", target: "test_0123456789abcdef", digest }),
      ],
      ["another plan", "predicate.f3.relations.0.digest", () => digest],
      ["no plan", "predicate.f3.relations", () => []],
      ["more configuration", "predicate.configuration", more({ name: "a claim", digest })],
      ["another configuration", "predicate.configuration.0.annotations.noSkips", () => true],
      ["an address", "predicate.url", () => "https://example.org/"],
      ["evidence with an address", "predicate.f3.evidence.0.uri", () => "https://example.org/"],
      ["evidence of another size", "predicate.f3.evidence.0.size", (was) => Number(was) + 1],
      ["evidence that is not there", "predicate.f3.evidence.0.digest", () => digest],
      ["an unknown member", "predicate.f3.extra", () => "x"],
      ["its own date", "predicate.f3.signedAt", () => "2026-01-01T00:00:00Z"],
      ["a verdict that does not follow", "predicate.f3.verdict", () => "REFUTED"],
      ["numbers that the observations do not give", "predicate.f3.checks", checks((all) => all.map(counted))],
      ["a check less", "predicate.f3.checks", checks((all) => all.filter(({ id }) => id !== "exit-code"))],
      ["a time before its plan", "predicate.f3.run.startedAt", () => "2020-01-01T00:00:00Z"],
      ["a time to come", "predicate.f3.run.finishedAt", () => "2999-01-01T00:00:00Z"],
      ["no exit code", "predicate.f3.run.exitCode", () => undefined],
      ["no statement", "predicate", () => 5],
    ])("%s", async (_, path, change) => {
      await replaced(folder, JSON.stringify(sorted(changed(honest, path.split("."), change))));
      ok(await signing());
      const [run] = (await status()).runs;
      expect(run?.state).toMatch(/^(?:failed|unsigned)$/); // what is missing may arrive later
      expect(run?.told).toMatch(/\[(?:run-refused|scenario-statement|file-missing|too-large)\]$/);
      expect(published()).toEqual([]);
    });

    test("and signs what it was not lied to about", async () => {
      await replaced(folder, JSON.stringify(sorted(honest)));
      ok(await signing());
      expect(published()).toHaveLength(1);
    });

    /** What a worker would hand to the signer in place of what it had. */
    async function replaced(folder: string, text: string): Promise<void> {
      const sha256 = createHash("sha256").update(text).digest("hex");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, sha256), text);
      await server.sql(
        name,
        `UPDATE ${SCHEMA}.job SET state = 'retry', start_after = now(), retry_limit = retry_count + 3, dead_letter = 'dead', completed_on = NULL,
           data = jsonb_set(data, '{statement}', to_jsonb('${sha256}'::text))
         WHERE name = 'unsigned' AND NOT state = 'completed'`,
      );
    }

    test("a replayed result of another run", async () => {
      await fresh();
      await add("--", "node", "--test", "sums.test.js");
      ok(await keyless());
      const { statement } = statementIn(queueFolder());
      const pieces = readdirSync(queueFolder()).map((file) => [file, readFileSync(join(queueFolder(), file))] as const);
      ok(await signing());
      expect(published()).toHaveLength(1);
      await add("--", "node", "--test", "sums.test.js");
      ok(await keyless());
      for (const [file, bytes] of pieces) writeFileSync(join(queueFolder(), file), bytes);
      await replaced(queueFolder(), JSON.stringify(sorted(statement)));
      ok(await signing());
      expect((await status()).runs.filter(({ state }) => state === "failed")).toHaveLength(1);
      expect(published()).toHaveLength(1);
      // The run is made again when that is asked for.
      const failed = (await status()).runs.find(({ state }) => state === "failed");
      ok(await called("queue", "retry", failed?.id ?? ""));
      ok(await keyless());
      ok(await signing());
      expect(published()).toHaveLength(2);
      expect(await counts()).toMatchObject({ done: 2, failed: 0 });
    });

    test("bytes that are not those of its evidence", async () => {
      await fresh();
      await add("--", "node", "--test", "sums.test.js");
      ok(await keyless());
      const folder = queueFolder();
      const stdout = statementIn(folder).statement.predicate.f3.evidence.find(({ role }) => role === "stdout");
      writeFileSync(join(folder, stdout?.digest.sha256 ?? ""), "x".repeat(stdout?.size ?? 0));
      ok(await signing());
      expect((await status()).runs).toMatchObject([{ state: "failed", told: /\[run-refused\]$/ }]);
      expect(published()).toEqual([]);
    });
  });

  /** git's own server side, which needs a web server in front of it. */
  async function gitOverHttp(root: string): Promise<number> {
    const http = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1");
      const backend = spawn("git", ["http-backend"], {
        env: {
          PATH: process.env["PATH"] ?? "",
          GIT_PROJECT_ROOT: root,
          GIT_HTTP_EXPORT_ALL: "1",
          REQUEST_METHOD: request.method ?? "GET",
          PATH_INFO: url.pathname,
          QUERY_STRING: url.search.slice(1),
          CONTENT_TYPE: request.headers["content-type"] ?? "",
          GIT_PROTOCOL: [request.headers["git-protocol"] ?? ""].join(),
          HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: "safe.directory",
          GIT_CONFIG_VALUE_0: "*",
        },
      });
      request.pipe(backend.stdin);
      const chunks: Buffer[] = [];
      backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      backend.once("close", () => {
        const whole = Buffer.concat(chunks);
        const end = whole.indexOf("\r\n\r\n");
        for (const line of whole.subarray(0, end).toString().split("\r\n")) {
          const [, key = "", value = ""] = /^([^:]+): (.*)$/.exec(line) ?? [];
          if (key === "Status") response.statusCode = Number(value.slice(0, 3));
          else if (key !== "") response.setHeader(key, value);
        }
        response.end(whole.subarray(end + 4));
      });
    });
    servers.push(http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return (http.address() as AddressInfo).port;
  }
});

/** A copy in which the member at the path is another; undefined removes it. */
function changed(
  value: unknown,
  [member = "", ...deeper]: readonly string[],
  change: (was: unknown) => unknown,
): unknown {
  const inner = (value as Record<string, unknown>)[member];
  const next = deeper.length === 0 ? change(inner) : changed(inner, deeper, change);
  if (Array.isArray(value)) return value.map((one: unknown, at) => (String(at) === member ? next : one));
  const others = Object.entries(value as Record<string, unknown>).filter(([name]) => name !== member);
  return Object.fromEntries(next === undefined ? others : [...others, [member, next]]);
}

/** Members in canonical order, as a worker writes them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
