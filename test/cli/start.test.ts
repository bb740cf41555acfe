/**
 * What a command loads before it answers. Loading is most of what a short command costs, and one import of a large module for a small function
 * doubles it unnoticed. Times differ by machine, so files and bytes are counted.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { attestProcess, MAIN, workspace, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";

const LOADED = fileURLToPath(new URL("loaded.mjs", import.meta.url));

/** In thousands of bytes, a twentieth above what they are. */
const BUDGET = { version: 215, verify: 680, show: 712 } as const;
type Measured = keyof typeof BUDGET;

/** Large parts of Node and of this program: by a file of Node's, or by a function that is in them and nowhere else. */
const NODES = /^NativeModule (?:https?|http2|tls|dns|child_process|worker_threads|readline|repl|.*undici.*)$/;
const OURS = {
  renderPage: "makes pages",
  parsePageData: "reads a page's data",
  contentIn: "names tested files",
  gitPlaceOf: "runs git",
  agentSigner: "speaks with ssh-agent",
  readJunit: "reads reports",
  Fetcher: "audits what evidence cites",
  generateX25519Identity: "decrypts keys",
} as const;

interface Loaded {
  readonly files: readonly string[];
  readonly node: readonly string[];
}

let work: Workspace;
let words: Readonly<Record<Measured, readonly string[]>>;

beforeAll(async () => {
  work = workspace();
  const { file } = await lab(work);
  words = { version: ["version"], verify: ["verify", file], show: ["show", file] };
});

async function loaded(args: readonly string[], code = 0): Promise<Loaded> {
  const log = work.path("loaded.json");
  const ran = await attestProcess(args, {
    cwd: work.cwd,
    env: { ...work.env, LOADED: log },
    node: ["--import", LOADED],
  });
  expect(ran.code, ran.stderr).toBe(code);
  return JSON.parse(readFileSync(log, "utf8")) as Loaded;
}

const texts = (files: readonly string[]): string => files.map((file) => readFileSync(file, "utf8")).join("\n");
const has = (text: string, name: string): boolean => new RegExp(`(?:function|class|var|const) ${name}\\b`).test(text);

test("what is counted as absent is in the program", () => {
  const all = readdirSync(dirname(MAIN)).filter((name) => name.endsWith(".js"));
  const text = texts(all.map((name) => join(dirname(MAIN), name)));
  expect(Object.keys(OURS).filter((name) => !has(text, name))).toEqual([]);
});

describe.each(Object.keys(BUDGET) as Measured[])("%s", (command) => {
  test("loads what it needs and no more", async () => {
    const { files, node } = await loaded(words[command]);
    const text = texts(files);
    expect(files).toContain(MAIN);
    expect(Object.entries(OURS).filter(([name]) => has(text, name))).toEqual([]);
    expect(node.filter((name) => NODES.test(name))).toEqual([]);
    const size = files.reduce((sum, file) => sum + readFileSync(file).length, 0);
    expect(size / 1000).toBeLessThan(BUDGET[command]);
    expect(size / 1000, "the budget follows what is saved").toBeGreaterThan(BUDGET[command] / 1.25);
  });
});

test("a gate loads what it reads, and other commands the program with all of them", async () => {
  const { files } = await loaded([...words.verify, "--require", "subject=sha256:" + "0".repeat(64)], 3);
  expect(has(texts(files), "contentIn")).toBe(true);
  const whole = await loaded(["key", "show"]);
  expect(whole.files.some((file) => file.endsWith("/whole.js"))).toBe(true);
});

test("help and faults of these commands are those of the whole program", async () => {
  for (const command of ["verify", "show", "version"])
    for (const args of [
      [command, "--help"],
      [command, "--no-such-option"],
      [command, "--json", "--no-such-option"],
    ]) {
      const ran = await attestProcess(args, work);
      expect(await work.attest(...args)).toMatchObject({ code: ran.code, stdout: ran.stdout, stderr: ran.stderr });
    }
});
