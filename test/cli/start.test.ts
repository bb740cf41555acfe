/**
 * What a command runs before it answers. That is most of what a short command costs, and one import of a large module for a small function
 * doubles it unnoticed. Times differ by machine, so modules and bytes are counted, as V8's own coverage tells them.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attestProcess, MAIN, workspace, type Workspace } from "./attest.js";
import { lab } from "./drafts.js";

const LOADED = fileURLToPath(new URL("loaded.mjs", import.meta.url));

/** In thousands of bytes, a twentieth above what they are. */
const BUDGET = { version: 173, verify: 657, show: 686 } as const;
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
  /** The modules that were evaluated, as text. */
  readonly text: string;
  readonly files: readonly string[];
  /** Parts of Node. */
  readonly node: readonly string[];
}

let work: Workspace;
let words: Readonly<Record<Measured, readonly string[]>>;

beforeAll(async () => {
  work = workspace();
  const { file } = await lab(work);
  words = { version: ["version"], verify: ["verify", file], show: ["show", file] };
});

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

async function loaded(args: readonly string[], code = 0): Promise<Loaded> {
  const [log, cover] = [work.path("loaded.json"), work.path("coverage")];
  const ran = await attestProcess(args, {
    cwd: work.cwd,
    env: { ...work.env, LOADED: log, NODE_V8_COVERAGE: cover },
    node: ["--import", LOADED],
  });
  expect(ran.code, ran.stderr).toBe(code);
  const [told = ""] = readdirSync(cover);
  const { result } = JSON.parse(readFileSync(join(cover, told), "utf8")) as Coverage;
  rmSync(cover, { recursive: true });
  const ours = result.filter(({ url }) => url.startsWith(FOLDER));
  return {
    text: ours.map(evaluated).join("\n"),
    files: ours.map(({ url }) => url.slice(FOLDER.length)),
    node: JSON.parse(readFileSync(log, "utf8")) as string[],
  };
}

const FOLDER = new URL(".", pathToFileURL(MAIN)).href;

/** esbuild puts each module below a comment that names it, and a module that may not be wanted into a function of that name. */
function evaluated({ url, functions }: Coverage["result"][number]): string {
  const called = new Set(
    functions.flatMap(({ functionName, ranges }) => ((ranges[0]?.count ?? 0) > 0 ? functionName : [])),
  );
  return readFileSync(new URL(url), "utf8")
    .split(/^(?=\/\/ (?:src|node_modules)\/)/m)
    .filter((section) => {
      const [, name = ""] = /^\/\/ (\S+)/.exec(section) ?? [];
      return name === "" || !section.includes(`"${name}"(`) || called.has(name);
    })
    .join("");
}

const has = (text: string, name: string): boolean => new RegExp(`(?:function|class|var|const) ${name}\\b`).test(text);

test("what is counted as absent is in the program", () => {
  const all = readdirSync(dirname(MAIN)).filter((name) => name.endsWith(".js"));
  const text = all.map((name) => readFileSync(join(dirname(MAIN), name), "utf8")).join("\n");
  expect(Object.keys(OURS).filter((name) => !has(text, name))).toEqual([]);
});

describe.each(Object.keys(BUDGET) as Measured[])("%s", (command) => {
  test("runs what it needs and no more", async () => {
    const { files, text, node } = await loaded(words[command]);
    expect(files).toEqual(["main.js", `only-${command}.js`]);
    expect(Object.entries(OURS).filter(([name]) => has(text, name))).toEqual([]);
    expect(node.filter((name) => NODES.test(name))).toEqual([]);
    expect(text.length / 1000).toBeLessThan(BUDGET[command]);
    expect(text.length / 1000, "the budget follows what is saved").toBeGreaterThan(BUDGET[command] / 1.25);
  });
});

test("a gate loads what it reads, and other commands the program with all of them", async () => {
  const { text } = await loaded([...words.verify, "--require", "subject=sha256:" + "0".repeat(64)], 3);
  expect(has(text, "contentIn")).toBe(true);
  expect((await loaded(["key", "show"])).files).toContain("whole.js");
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

describe("the code cache beside a program", () => {
  let [folder, main] = ["", ""];
  beforeEach(() => {
    folder = work.path("program");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    cpSync(dirname(dirname(MAIN)), join(folder, "dist"), { recursive: true });
    cpSync(join(dirname(MAIN), "../../package.json"), join(folder, "package.json"));
    main = join(folder, "dist/cli/main.js");
    for (const name of caches()) rmSync(join(dirname(main), name));
  });
  const caches = (): string[] => readdirSync(dirname(main)).filter((name) => name.endsWith(".cache"));
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await attestProcess(args, { ...work, main });
    return { code, stdout, stderr };
  };

  test("is made by the first call that does its work, and changes no answer", async () => {
    await run("verify", "--help");
    expect((await run("verify", "no-such-file")).code).toBe(2);
    expect(caches()).toEqual([]);
    const first = await run(...words.verify);
    expect(caches()).toEqual([`only-verify.js.${process.version}-${process.arch}.cache`]);
    const second = await run(...words.verify);
    expect(second).toEqual(first);
    expect(readdirSync(dirname(main)).filter((name) => /cache./.test(name.replace(/\.cache$/, "")))).toEqual([]);
  });

  test("that was damaged, or is another program's, is not used", async () => {
    const good = await run(...words.verify);
    const [name = ""] = caches();
    const path = join(dirname(main), name);
    const bytes = readFileSync(path);
    for (const at of [0, 40, bytes.length >> 1, bytes.length - 1]) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(path, bad);
      expect(await run(...words.verify)).toEqual(good);
    }
    for (const bad of [Buffer.alloc(0), bytes.subarray(0, 1000)]) {
      writeFileSync(path, bad);
      expect(await run(...words.verify)).toEqual(good);
    }
    writeFileSync(path, bytes);
    // V8 compares the number of characters alone.
    const program = join(dirname(main), "only-verify.js");
    const text = readFileSync(program, "utf8");
    expect(text).toContain("that you confirmed");
    writeFileSync(program, text.replaceAll("that you confirmed", "that you CONFIRMED"));
    expect((await run(...words.verify)).stdout).toContain("that you CONFIRMED");
  });

  test("is not made where nothing can be written, and that is no fault", async () => {
    rmSync(join(dirname(main), "only-show.js.cache"), { force: true });
    mkdirSync(join(dirname(main), `only-show.js.${process.version}-${process.arch}.cache`, "in the way"), {
      recursive: true,
    });
    expect((await run(...words.show)).code).toBe(0);
    expect(existsSync(join(dirname(main), `only-show.js.${process.version}-${process.arch}.cache`, "in the way"))).toBe(
      true,
    );
    expect(readdirSync(dirname(main)).filter((name) => /cache\.\d+$/.test(name))).toEqual([]);
  });
});
