/** A real run that is interrupted: nothing but its plan is published, and no process of it goes on. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi, type TestContext } from "vitest";
import { copyOf, ended, start, workspace, type Ran, type Workspace } from "../cli/attest.js";
import { processesWith } from "../cli/processes.js";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  expect((await made.attest("init", "lab", "--origin", "example.org/lab")).code).toBe(0);
});

/** The shells that the run started have a home below its temporary folder, which is this workspace's own. */
const shells = (work: Workspace): number[] => processesWith(`HOME=${join(work.root, "tmp")}/`).map(({ pid }) => pid);

async function interrupted(
  work: Workspace,
  signal: NodeJS.Signals,
  context: TestContext,
  { args = [], said = "" }: { readonly args?: readonly string[]; readonly said?: string } = {},
): Promise<Ran> {
  if (process.platform !== "linux") context.skip("NOT CHECKED: the processes of a run can be found in /proc only");
  const child = start(["run", "task-aware-background", "--registry", "lab", ...args], work);
  const end = ended(child);
  let told = "";
  child.stderr?.on("data", (text: string) => (told += text));
  await vi.waitUntil(() => told.includes(said) && shells(work).length > 0, { timeout: 20_000, interval: 20 });
  child.kill(signal);
  return await end;
}

/** The plan that was made public before, which from now on is open. */
const ONLY_ITS_PLAN = [
  "index",
  "log",
  expect.stringMatching(/^plan_[0-9a-f]{16}\.json$/),
  expect.stringMatching(/^plan_[0-9a-f]{16}\.tlog-proof$/),
];
const published = (work: Workspace): string[] => readdirSync(work.path("lab/attestations"));

describe.each(["SIGINT", "SIGTERM"] as const)("by %s", (signal) => {
  test("it says so, publishes no result and leaves nothing behind", async (context) => {
    const work = copyOf(made);
    const ran = await interrupted(work, signal, context);
    // The shell would sleep for most of two seconds more; the killed one may need a moment to be gone.
    await vi.waitUntil(() => shells(work).length === 0, { timeout: 1000, interval: 10 });
    expect(ran).toMatchObject({ code: 2, signal: null, stdout: "" });
    expect(ran.stderr).toMatch(
      /\nerror: the run was interrupted\nhint: its result was not signed; run the same command again; its plan is public and stays open: attest abandon plan_[0-9a-f]{16} --reason TEXT --registry \S+\n$/,
    );
    expect(published(work)).toEqual(ONLY_ITS_PLAN);
    expect(readdirSync(join(work.root, "tmp"))).toEqual([]);
  });
});

describe.each(["SIGINT", "SIGTERM"] as const)("the matrix, by %s", (signal) => {
  // In the middle of a case: a process in the background of another session, and one that writes without pause.
  test.for([
    ["hardened", "T01"],
    ["as-published", "T01"],
    ["hardened", "T05"],
    ["as-published", "T05"],
  ])("%s, in %s: it publishes no result and leaves no process and no file", async ([profile = "", said], context) => {
    const work = copyOf(made);
    const ran = await interrupted(work, signal, context, { args: ["--profile", profile], said: `${String(said)} ` });
    await vi.waitUntil(() => shells(work).length === 0, { timeout: 20_000, interval: 10 });
    expect(ran).toMatchObject({ code: 2, signal: null, stdout: "" });
    expect(ran.stderr).toMatch(
      /\nerror: the run was interrupted\nhint: its result was not signed; run the same command again; its plan is public and stays open: attest abandon plan_[0-9a-f]{16} --reason TEXT --registry \S+\n$/,
    );
    expect(published(work)).toEqual(ONLY_ITS_PLAN);
    expect(readdirSync(join(work.root, "tmp"))).toEqual([]);
  });
});

describe("by SIGKILL", () => {
  // Nobody can be told of it: the sleeping shell ends by itself, and its temporary home stays for the system to clear away.
  test("no result is published; the shell sleeps its two seconds out, and then nothing is left but a temporary folder", async (context) => {
    const work = copyOf(made);
    const ran = await interrupted(work, "SIGKILL", context);
    expect(ran).toMatchObject({ code: null, signal: "SIGKILL", stdout: "" });
    await vi.waitUntil(() => shells(work).length === 0, { timeout: 20_000 });
    expect(published(work)).toEqual(ONLY_ITS_PLAN);
    expect(readdirSync(join(work.root, "tmp"))).toEqual([expect.stringMatching(/^f3-attest-run-/)]);
    expect((await work.attest("run", "task-aware-background", "--registry", "lab")).code).toBe(1);
    expect(existsSync(work.path("lab/keys/signer.pub"))).toBe(true);
    expect(published(work).filter((name) => /^test_.*\.json$/.test(name))).toHaveLength(1);
  });
});
