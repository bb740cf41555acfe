/** A run: it outlives whoever started it, and whatever becomes of it, its task never says more than is so. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { asProcessId, isAlive, thisProcess } from "../../src/node/processes.js";
import { runOf, taskState, type RunRecord } from "../../src/tasks/run.js";
import { TaskList } from "../../src/tasks/task-list.js";
import { watchTask } from "../../src/tasks/watch.js";
import { attest, ended, fault, MAIN, start, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { processesWith } from "../cli/processes.js";
import { failure, withCode } from "../core/refusal.js";

vi.setConfig({ testTimeout: 120_000 }); // a program that is started takes long on a machine that is busy
const PATIENCE = { timeout: 60_000, interval: 20 };
const linux = process.platform === "linux";

let work: Workspace;
let list: TaskList;
const roots: string[] = [];

beforeEach(async () => {
  work = workspace();
  roots.push(work.root);
  list = new TaskList(join(work.root, "user/.claude/tasks/demo"));
  await list.create({ subject: "built", description: "" });
});

afterAll(() => {
  for (const root of roots) {
    for (const { pid } of processesWith(`HOME=${root}`)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it has ended
      }
    }
  }
});

const run = (...args: readonly string[]): Promise<Ran> => work.attest("task", "run", "--task", "1", ...args);
const sh = (script: string, ...options: readonly string[]): Promise<Ran> => run(...options, "--", "sh", "-c", script);
const record = (): RunRecord => runOf(list.get("1"))!;
const finished = (): Promise<unknown> => vi.waitUntil(() => record().finishedAt !== undefined, PATIENCE);
const logged = (): string => readFileSync(record().log, "utf8");
/** Processes of the command and all that it started, and its supervisor. */
const marked = (runId: string): number[] => processesWith(`ATTEST_TASK_RUN=${runId}`).map(({ pid }) => pid);

/** A command that goes on until it is let go: no test hangs on how long a program takes to start. */
const UNTIL_GO = "while [ ! -e go ]; do sleep 0.02; done";
const go = (): unknown => work.write("go", "");

/** Until somebody who waits with --wait has said that it does. */
const waits = (child: ChildProcess): Promise<unknown> => {
  let said = "";
  child.stderr?.on("data", (text: string) => (said += text));
  return vi.waitUntil(() => said.includes("task 1: built\n"), PATIENCE);
};

const ok = (ran: Ran): Ran => {
  expect(ran.code, ran.stderr).toBe(0);
  return ran;
};

describe("the start", () => {
  test("returns while the command runs; what it prints is the run and its log", async () => {
    const script = `echo out; echo err >&2; ${UNTIL_GO}`;
    const ran = ok(await sh(script));
    expect(list.get("1").status).toBe("in_progress");
    const { runId, log, command, supervisor, pid } = record();
    expect(ran.stdout).toBe(`${runId}\t${log}\n`);
    expect(log).toBe(join(work.root, "user/state/f3-attest/runs", `${runId}.log`));
    expect(command).toEqual(["sh", "-c", script]);
    expect(supervisor?.pid).not.toBe(pid);
    if (linux) expect(marked(runId)).toEqual(expect.arrayContaining([supervisor?.pid, pid]));
    go();
    await finished();
    expect(list.get("1")).toMatchObject({ status: "completed", metadata: { runId, exitCode: 0, pid } });
    expect(record().supervisor).toBeUndefined();
    expect(logged().split("\n").sort()).toEqual(["", "err", "out"]);
    await vi.waitUntil(() => marked(runId).length === 0, PATIENCE);
  });

  test("no shell reads the command, and its output is kept byte for byte", async () => {
    ok(await run("--wait", "--", "printf", "%s\\377\\n", "$HOME; `ls` *"));
    expect(readFileSync(record().log)).toEqual(Buffer.from("$HOME; `ls` *\xff\n", "latin1"));
  });

  test("the command inherits neither this tool's settings nor the ssh agent, and no value of its environment gets into the task", async () => {
    const env = {
      ...work.env,
      F3_ATTEST_PASSPHRASE: "sesame",
      SSH_AUTH_SOCK: "/agent",
      SSH_AGENT_PID: "1",
      TOKEN: "another secret",
    };
    ok(await attest(["task", "run", "--task", "1", "--wait", "--", "env"], { ...work, env }));
    const names = logged()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names).toEqual(expect.arrayContaining(["PATH", "HOME", "TOKEN", "ATTEST_TASK_ID", "ATTEST_TASK_LIST"]));
    expect(names.filter((name) => /^F3_|^SSH_|^NODE_CHANNEL/.test(name ?? ""))).toEqual([]);
    expect(logged()).toContain(`\nATTEST_TASK_RUN=${record().runId}\n`);
    expect(JSON.stringify(list.get("1"))).not.toMatch(/sesame|secret|agent/);
  });

  test.each([
    [["--", "no-such-program"], "command-failed", "could not start no-such-program: ENOENT"],
    [["--", "/"], "command-failed", "could not start /: EACCES"],
    [["--", ""], "command-failed", expect.stringMatching(/^could not start : /)],
  ])("of what cannot be started is told, and stands in the task: %j", async (args, code, failure) => {
    const ran = await run("--json", ...args);
    expect(ran.json()).toMatchObject({ error: { code, message: failure }, exit: 2 });
    expect(list.get("1").status).toBe("pending");
    expect(record()).toMatchObject({ failure });
    expect(taskState(list.get("1"))).toBe("failed");
  });

  test("without a log, or without the task, changes nothing", async () => {
    const before = list.get("1");
    expect(fault(await run("--log", "no/log", "--", "true")).error).toMatch(/no\/log: .*ENOENT/);
    expect(list.get("1")).toEqual(before);
    const absent = await work.attest("task", "run", "--task", "2", "--json", "--", "true");
    expect(failure(absent)).toEqual(withCode("task-missing", 2));
  });
});

describe.runIf(process.platform !== "win32")("the one who started it ends", () => {
  test.each<[string, (shell: number) => unknown]>([
    ["the shell is killed", (shell) => process.kill(shell, "SIGKILL")],
    ["all of its group is killed", (shell) => process.kill(-shell, "SIGKILL")],
    ["its terminal hangs up", (shell) => process.kill(-shell, "SIGHUP")],
    ["its group is told to end", (shell) => process.kill(-shell, "SIGTERM")],
  ])("%s: the run goes on to its end", async (_, end) => {
    const line = `"${process.execPath}" "${MAIN}" task run --task 1 -- sh -c '${UNTIL_GO}; echo built' && sleep 60`;
    const shell = spawn("/bin/sh", ["-c", line], { ...work, detached: true, stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((said) => shell.stdout.once("data", said));
    end(shell.pid ?? 0);
    await new Promise((gone) => shell.once("exit", gone));
    expect(list.get("1").status).toBe("in_progress");
    go();
    await finished();
    expect(list.get("1").status).toBe("completed");
    expect(logged()).toBe("built\n");
    try {
      process.kill(-(shell.pid ?? 0), "SIGKILL"); // the sleep, where only the shell was killed
    } catch {
      // it ended with its group
    }
  });
});

describe("the end", () => {
  test.each<[string, number, Partial<RunRecord>]>([
    ["exit 0", 0, { exitCode: 0 }],
    ["exit 7", 7, { exitCode: 7, failure: "exited with 7" }],
    ["kill -9 $$", 137, { signal: "SIGKILL", failure: "ended by SIGKILL" }],
    ["kill -15 $$", 143, { signal: "SIGTERM", failure: "ended by SIGTERM" }],
  ])("%s: --wait ends as the command did", async (script, code, ending) => {
    const ran = await sh(script, "--wait", "--json");
    expect(ran.code, ran.stderr).toBe(code);
    expect(ran.json()).toMatchObject({ ...ending, exit: code, runId: record().runId });
    expect(list.get("1").status).toBe(code === 0 ? "completed" : "pending");
    expect(record()).toMatchObject(ending);
    const watched = await work.attest("task", "watch", "1");
    expect(watched).toMatchObject({ code: code === 0 ? 0 : 1, stderr: "" });
  });

  test("a command whose supervisor is told to end completes nothing, though it says that all is well", async () => {
    ok(await sh("trap 'exit 0' TERM; echo attest:progress 1/2; while :; do sleep 0.05; done"));
    await vi.waitUntil(() => record().progress, PATIENCE); // the trap is set
    process.kill(record().supervisor?.pid ?? 0, "SIGTERM");
    await finished();
    expect(list.get("1").status).toBe("pending");
    expect(record().failure).toBe("exited with 0, after the run was told to end by SIGTERM");
  });

  test("a process that the command leaves behind does not hold it up", async () => {
    ok(await sh("sleep 100 & echo built", "--wait"));
    expect(list.get("1").status).toBe("completed");
  });

  test("Ctrl-C ends the waiting alone", async () => {
    const child = start(["task", "run", "--task", "1", "--wait", "--", "sh", "-c", UNTIL_GO], work);
    const end = ended(child);
    await waits(child);
    child.kill("SIGINT");
    expect(await end).toMatchObject({ code: 130, stderr: expect.stringContaining("the run goes on") as string });
    expect(list.get("1").status).toBe("in_progress");
    go();
    await finished();
    expect(list.get("1").status).toBe("completed");
  });

  test("--log is added to", async () => {
    work.write("build.log", "before\n");
    ok(await sh("echo after", "--wait", "--log", "build.log"));
    expect(readFileSync(work.path("build.log"), "utf8")).toBe("before\nafter\n");
    expect(record().log).toBe(work.path("build.log"));
  });
});

describe("progress", () => {
  test("from both streams, wherever it was cut; the last is kept, and what is none stays output", async () => {
    const script = `printf 'attest:progr'; sleep 0.1; printf 'ess 1/3 one\\nattest:progress 5/0\\nattest:progress 9/3\\n'
      sleep 0.4; echo attest:progress 2/3 two >&2; sleep 0.4; printf 'attest:progress 3/3 three'`;
    const ran = ok(await sh(script, "--wait"));
    expect(record().progress).toEqual({ done: 3, total: 3, text: "three" });
    expect(ran.stderr).toContain("task 1: 1/3 one\n");
    expect(logged()).toContain("attest:progress 5/0\nattest:progress 9/3\n");
  });

  test("a flood of it is thinned out, and its end is told", async () => {
    let states = 0;
    ok(await sh("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo attest:progress $i/2000; done; exit 3"));
    for await (const task of watchTask(list, "1", { until: (now) => runOf(now)?.finishedAt !== undefined }))
      states += task.status === "in_progress" ? 1 : 0;
    expect(states).toBeLessThan(100);
    expect(record().progress).toMatchObject({ done: 2000, total: 2000 });
  });
});

describe("whose the task is", () => {
  test("a second run is refused while the first is alive, and made when it has ended", async () => {
    ok(await sh(UNTIL_GO));
    const { runId } = record();
    const ran = await run("--json", "--", "true");
    expect(ran.json()).toMatchObject({ error: { code: "task-busy" }, exit: 2 });
    expect(record().runId).toBe(runId);
    go();
    await finished();
    ok(await run("--wait", "--", "true"));
    expect(record().runId).not.toBe(runId);
  });

  test("of two that start at one moment one gets it", async () => {
    const both = await Promise.all([sh(UNTIL_GO), sh(UNTIL_GO)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 2]);
    expect(both.find(({ code }) => code === 0)?.stdout).toContain(record().runId);
    go();
    await finished();
  });

  test("a run whose task is given to another writes no more; its command is ended, and the log says why", async () => {
    ok(await sh("while :; do echo attest:progress 1/2; sleep 0.05; done"));
    const { runId, log } = record();
    await vi.waitUntil(() => record().progress, PATIENCE);
    const given = await list.update("1", { metadata: { runId: "another", progress: null } });
    await vi.waitUntil(() => readFileSync(log, "utf8").includes("attest: ended by SIGTERM"), PATIENCE);
    expect(readFileSync(log, "utf8")).toMatch(new RegExp(`attest: .*\\b1\\b.*"another".*${runId}`));
    expect(list.get("1")).toEqual(given);
    await vi.waitUntil(() => marked(runId).length === 0, PATIENCE);
  });

  test("a run whose list is removed brings nothing back, and the log says so", async () => {
    ok(await sh(`${UNTIL_GO}; echo attest:progress 1/1; sleep 0.1`, "--log", "log"));
    rmSync(list.folder, { recursive: true });
    go();
    await vi.waitUntil(() => /attest: .*\btask 1\b/.test(readFileSync(work.path("log"), "utf8")), PATIENCE);
    expect(existsSync(list.folder)).toBe(false);
  });
});

describe.runIf(linux)("a supervisor that is killed", () => {
  const killed = async (): Promise<string> => {
    const { runId, supervisor } = record();
    process.kill(supervisor?.pid ?? 0, "SIGKILL");
    await vi.waitUntil(() => isAlive(supervisor!) === false, PATIENCE);
    return runId;
  };

  test("leaves a task that never reads as completed, is told as lost, and can be taken over, with what was left running ended", async () => {
    ok(await sh("while :; do sleep 0.1; done"));
    const runId = await killed();
    expect(list.get("1").status).toBe("in_progress");
    expect((await work.attest("task", "list")).stdout).toContain("1\tlost\tbuilt");
    expect((await work.attest("task", "watch", "1", "--json")).stdout).toContain('"code": "task-lost"');
    expect(marked(runId)).not.toEqual([]);
    ok(await run("--wait", "--", "true"));
    expect(marked(runId)).toEqual([]);
    expect(list.get("1").status).toBe("completed");
    expect(record().runId).not.toBe(runId);
  });

  test("while somebody waits for it: the waiting ends, and says so", async () => {
    const child = start(["task", "run", "--task", "1", "--wait", "--", "sleep", "100"], work);
    const end = ended(child);
    await waits(child);
    await killed();
    expect(await end).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("the supervisor of task 1 ended") as string,
    });
  });
});

describe("a process is known by more than its number", () => {
  test("this one is alive; with another start, or from another start of the machine, it is not", () => {
    const me = thisProcess();
    expect(isAlive(me)).toBe(true);
    if (!linux) return;
    expect(isAlive({ ...me, start: "1" })).toBe(false);
    expect(isAlive({ ...me, machine: `another ${me.machine?.split(" ")[1] ?? ""}` })).toBe(false);
    expect(isAlive({ ...me, machine: `${me.machine?.split(" ")[0] ?? ""} pid:[1]` })).toBeUndefined();
  });

  test.each([undefined, null, 1, "1", {}, { pid: "1" }, { pid: 0 }, { pid: 1 }, { pid: -5 }, { pid: 1.5 }])(
    "and what another program wrote is not taken for one: %j",
    (value) => {
      expect(asProcessId(value)).toBeUndefined();
    },
  );
});
