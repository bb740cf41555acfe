/** What nearly all tests of the command line go by: a call of the program says what a process of it says, and leaves nothing behind. */
import { readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Readable, Writable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { calling, exitWith, io, oncePerCall, typed, type Io } from "../../src/cli/io.js";
import { emptyFile } from "../../src/harness/sandbox/sandbox.js";
import { attest, attestProcess, copyOf, workspace, type Surroundings, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";

const DOCUMENT = "document.json";
const SPOILT = "spoilt.json";

let made: Workspace;
beforeAll(async () => {
  made = workspace();
  const { file } = await lab(made);
  const text = readFileSync(file, "utf8");
  made.write(DOCUMENT, text);
  made.write(SPOILT, text.replace("Addition adds", "Addition subtracts"));
  made.write("pw", "nobody's\n");
});

type Row = readonly [name: string, status: number, args: readonly string[], input?: string];
const rows: readonly Row[] = [
  ["nothing but the program's name", 0, []],
  ["the version", 0, ["version"]],
  ["the version number alone", 0, ["--version"]],
  ["help", 0, ["--help"]],
  ["help of a command", 0, ["help", "log"]],
  ["help of a command's command", 0, ["log", "show", "--help"]],
  ["no such verb", 2, ["verfy"]],
  ["no such verb, as JSON", 2, ["verfy", "--json"]],
  ["a verb's verb left out", 2, ["key"]],
  ["no such option", 2, ["verify", "--no-such", DOCUMENT]],
  ["an argument left out", 2, ["verify", "--json"]],
  ["what verifies", 0, ["verify", DOCUMENT, "--keyring", "lab/keys/keyring.json"]],
  ["what verifies, as JSON", 0, ["verify", DOCUMENT, "--keyring", "lab/keys/keyring.json", "--json"]],
  ["what does not verify", 1, ["verify", SPOILT, "--keyring", "lab/keys/keyring.json"]],
  ["what is not there, as JSON", 2, ["verify", "nowhere.json", "--json"]],
  ["a document from stdin", 2, ["verify", "-"], "{}"],
  ["an empty stdin", 2, ["verify", "-"]],
  ["a registry", 0, ["log", "check", "lab"]],
  ["a document as a person reads it", 0, ["show", DOCUMENT, "--keyring", "lab/keys/keyring.json"]],
  ["a document for another program", 0, ["export", DOCUMENT, "--format", "dsse"]],
  ["a command that fails", 3, ["run", "--subject", "pw", "--output", "a.json", "--", "sh", "-c", "echo out; exit 3"]],
  ["a command that is not there", 2, ["run", "--subject", "pw", "--output", "a.json", "--", "no-such-program"]],
];

describe("a call and a process say the same", () => {
  test.each(rows.map((row) => [row[0], row] as const))("%s", async (_, [, status, args, input = ""]) => {
    const run = async (how: typeof attest): Promise<unknown> => {
      const { cwd, env, root } = copyOf(made);
      const { code, signal, stdout, stderr } = await how(args, { cwd, env, input });
      return { code, signal, stdout, stderr: stderr.replaceAll(root, "ROOT") };
    };
    const asProcess = await run(attestProcess);
    expect(await run(attest)).toEqual(asProcess);
    expect(asProcess).toHaveProperty("code", status);
  });
});

describe("a call leaves nothing behind", () => {
  const EVENTS = ["exit", "SIGINT", "SIGTERM", "SIGHUP", "message", "disconnect", "uncaughtException"];
  const state = (): unknown => ({
    folder: process.cwd(),
    environment: { ...process.env },
    options: process.execArgv,
    status: process.exitCode,
    listeners: EVENTS.map((event) => process.listenerCount(event)),
  });

  test.each(rows.map((row) => [row[0], row] as const))("%s", async (_, [, status, args, input = ""]) => {
    const run = async (): Promise<number | null> => (await attest(args, { ...copyOf(made), input })).code;
    await run(); // what was loaded stays
    const before = state();
    expect(await run()).toBe(status);
    expect(state()).toEqual(before);
  });

  test("each has its own stdin and home", async () => {
    const here = copyOf(made);
    const given = (input: string, env = here.env): Surroundings => ({ cwd: here.cwd, env, input });
    const key = ["--keyring", "lab/keys/keyring.json"];
    expect((await attest(["verify", "-", ...key], given(readFileSync(here.path(DOCUMENT), "utf8")))).code).toBe(0);
    expect((await attest(["verify", "-", ...key], given(readFileSync(here.path(SPOILT), "utf8")))).code).toBe(1);
    const elsewhere = copyOf(made);
    const { stdout } = await elsewhere.attest("key", "new", "another");
    expect((await here.attest("key", "list")).stdout).not.toContain(stdout.trim());
  });
});

test("what a sandbox lays over files is made anew where it went away with the folder of an earlier call", () => {
  rmSync(dirname(emptyFile()), { recursive: true });
  expect(readFileSync(emptyFile(), "utf8")).toBe("");
});

describe("one call at a time", () => {
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  const given = (): Io => ({ stdin: Readable.from([]), stdout: nowhere(), stderr: nowhere(), env: {}, cwd: () => "/" });

  test("another is refused while one goes on; then each has its own", async () => {
    const once = oncePerCall(() => ({}));
    let go = (): void => undefined;
    const waits = new Promise<void>((resolve) => (go = resolve));
    const [one, two] = [given(), given()];
    const seen: unknown[] = [];
    const first = calling(["one"], one, async () => {
      exitWith(3);
      seen.push(once() === once());
      await waits;
      seen.push(io() === one, typed(), once());
    });
    await expect(calling(["two"], two, () => Promise.resolve())).rejects.toThrow("another call");
    go();
    expect(await first).toBe(3);
    expect(
      await calling(["two"], two, () => {
        seen.push(io() === two, typed(), once());
        return Promise.resolve();
      }),
    ).toBe(0);
    expect(seen.slice(0, 3)).toEqual([true, true, ["one"]]);
    expect(seen.slice(4, 6)).toEqual([true, ["two"]]);
    expect(seen[3]).not.toBe(seen[6]);
  });

  test("one that failed is over", async () => {
    await expect(calling([], given(), () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect(await calling([], given(), () => Promise.resolve())).toBe(0);
  });
});
