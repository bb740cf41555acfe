/** The program of a command: real files are started by the real execvp(3), which must start the one that is named. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { delimiter, dirname, join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Descriptor } from "../../../src/core/statement/statement.js";
import { programsOf } from "../../../src/harness/command/program.js";
import { simpleCommands } from "../../../src/harness/command/shell-line.js";
import { isFolder } from "../../../src/node/files.js";
import { startedBy } from "../../../src/node/execvp.js";
import { real } from "../../../src/node/programs.js";
import { temporary } from "../../cli/attest.js";

let folder: string;
const put = (name: string, text: string, mode = 0o644): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const READLINK = real("/bin/readlink");
beforeEach(() => (folder = temporary()));

/** What may lie at one place of `PATH`; each says where it lies, when it is run. */
const KINDS: Readonly<Record<string, (at: string) => void>> = {
  nothing: () => undefined,
  "a folder": (at) => mkdirSync(join(folder, at, "tool")),
  "a file without x bit": (at) => put(`${at}/tool`, `#!/bin/sh\necho ${at}\n`),
  "a script": (at) => put(`${at}/tool`, `#!/bin/sh\necho ${at}\n`, 0o755),
  "a script of env": (at) => put(`${at}/tool`, `#!/usr/bin/env sh\necho ${at}\n`, 0o755),
  "a script that nobody says how to run": (at) => put(`${at}/tool`, `echo ${at}\n`, 0o755),
  "a script whose interpreter is missing": (at) => put(`${at}/tool`, `#!/no/such\necho ${at}\n`, 0o755),
  "a script whose interpreter may not be run": (at) => put(`${at}/tool`, `#!/etc/passwd\necho ${at}\n`, 0o755),
  "a script whose interpreter lies beside the command": (at) => put(`${at}/tool`, `#!./inter\necho ${at}\n`, 0o755),
  "a script of a script": (at) => {
    const inner = put(`${at}/inner`, `#!/bin/sh\nexec /bin/sh "$@"\n`, 0o755);
    put(`${at}/tool`, `#!${inner}\necho ${at}\n`, 0o755);
  },
  "a link": (at) => symlinkSync(put(`${at}/target`, `#!/bin/sh\necho ${at}\n`, 0o755), join(folder, at, "tool")),
  "a link to nothing": (at) => symlinkSync("none", join(folder, at, "tool")),
  "a link to itself": (at) => symlinkSync("tool", join(folder, at, "tool")),
  "a program": (at) => copyFileSync(READLINK, join(folder, at, "tool")),
  "a program whose loader is missing": (at) => {
    const bytes = readFileSync(READLINK).toString("latin1");
    const loader = /\/lib(?:64)?\/ld-linux[^\0]*/.exec(bytes)?.[0] ?? "";
    const other = loader.replace("ld-linux", "no-linux");
    writeFileSync(join(folder, at, "tool"), Buffer.from(bytes.replace(loader, other), "latin1"), { mode: 0o755 });
  },
  "a file in the place of the folder": (at) => (rmSync(join(folder, at), { recursive: true }), put(at, "x", 0o755)),
};

/** What really was started, by its own word. */
const started = (cwd: string, path: string | undefined): string | undefined => {
  const env = path === undefined ? {} : { PATH: path };
  const { error, stdout } = spawnSync("tool", ["/proc/self/exe"], { cwd, env, encoding: "utf8" });
  if (error !== undefined) return undefined;
  const said = stdout.trim();
  return said.startsWith("/") ? said : join(folder, said, "tool");
};

test.skipIf(process.platform !== "linux")("the one that execvp starts, whatever lies in PATH", () => {
  const places = fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(places, fc.nat(4), fc.boolean(), (kinds, empty, interpreter) => {
      folder = temporary();
      const names = kinds.map((kind, at) => {
        mkdirSync(join(folder, String(at)), { recursive: true });
        KINDS[kind]?.(String(at));
        return at === empty ? "" : join(folder, String(at));
      });
      const cwd = join(folder, isFolder(join(folder, String(empty))) ? String(empty) : ".");
      if (interpreter) put(join(cwd.slice(folder.length), "inter"), `#!/bin/sh\nexec /bin/sh "$@"\n`, 0o755);
      const path = [...names, "/usr/bin", "/bin"].join(delimiter);
      const ours = startedBy("tool", { path, cwd });
      expect(ours === undefined ? undefined : real(ours.path), kinds.join()).toBe(
        ((theirs) => (theirs === undefined ? undefined : real(theirs)))(started(cwd, path)),
      );
    }),
    { numRuns: 60 },
  );
});

test.skipIf(process.platform !== "linux")(
  "without PATH, where the system's own programs lie; an empty one is the working directory",
  () => {
    put("tool", "#!/bin/sh\necho .\n", 0o755);
    for (const path of [undefined, "", "/none", "/none:"])
      expect(startedBy("tool", { path, cwd: folder })?.path, String(path)).toBe(started(folder, path));
    expect(startedBy("sh", { path: undefined, cwd: folder })?.path).toMatch(/^(?:\/usr)?\/bin\/sh$/);
    expect(startedBy("./tool", { path: undefined, cwd: folder })?.path).toBe(join(folder, "tool"));
  },
);

describe("what it leads to", () => {
  const named = async (...command: readonly string[]): Promise<Readonly<Record<string, string>>> => {
    const path = `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
    const all: Descriptor[] = await (await programsOf(command, { path, cwd: folder }))();
    return Object.fromEntries(all.map(({ name = "", digest }) => [name, digest?.["sha256"] ?? ""]));
  };
  const cli = (): string => put("node_modules/x/cli.js", "#!/usr/bin/env node\n", 0o755);
  const link = (): string => {
    const target = cli();
    mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
    symlinkSync("../x/cli.js", join(folder, "node_modules/.bin/x"));
    return target;
  };
  const scripts = (all: Readonly<Record<string, string>>): string =>
    put("package.json", JSON.stringify({ name: "p", scripts: all }));

  test("a script's interpreter, also through env", async () => {
    const tool = put("bin/tool", "#!/usr/bin/env -S FOO=1 node --test\n", 0o755);
    const found = await named("tool");
    expect(found).toEqual({
      "program tool": sha256(tool),
      "interpreter env": sha256("/usr/bin/env"),
      "interpreter node": sha256(startedBy("node", { path: process.env["PATH"], cwd: folder })?.path ?? ""),
    });
  });

  test("a script that nobody says how to run, and the shell that runs it", async () => {
    put("bin/tool", "true\n", 0o755);
    expect(await named("tool")).toMatchObject({ "interpreter sh": sha256("/bin/sh") });
  });

  test.each([
    ["npx", ["npx", "x"]],
    ["npx, quietly", ["npx", "--no-install", "x", "--flag"]],
    ["npm exec", ["npm", "exec", "--", "x"]],
    ["npm test", ["npm", "test"]],
    ["npm run", ["npm", "run", "--silent", "test"]],
    ["a script that calls another", ["npm", "run", "ci"]],
    ["a shell's line", ["sh", "-c", "FOO=1 npm test && echo done"]],
    ["env", ["env", "FOO=1", "node_modules/.bin/x"]],
    ["the link itself", ["node_modules/.bin/x"]],
  ])("%s", async (_, command) => {
    const target = link();
    for (const name of ["npm", "npx"]) put(`bin/${name}`, "#!/bin/sh\n", 0o755);
    scripts({ test: "x --all 'a b' \"$HOME\" src/*.js > out.txt 2>&1", ci: "echo 1; npm run test" });
    expect(await named(...command)).toMatchObject({ "program x": sha256(target) });
  });

  test("what is called before and after a script", async () => {
    put("bin/npm", "#!/bin/sh\n", 0o755);
    const before = put("bin/before", "#!/bin/sh\n", 0o755);
    scripts({ pretest: "before", test: "true", other: "after" });
    const found = await named("npm", "test");
    expect(found).toMatchObject({ "program before": sha256(before) });
    expect(found).not.toHaveProperty("program after");
    expect(found).not.toHaveProperty("program true"); // the shell's own
  });

  test("a shim that a package manager wrote", async () => {
    const target = cli();
    put(
      "node_modules/.bin/x",
      '#!/bin/sh\nbasedir=$(dirname "$0")\nif [ -x "$basedir/node" ]; then\n  exec "$basedir/node"  "$basedir/../x/cli.js" "$@"\nelse\n  exec node  "$basedir/../x/cli.js" "$@"\nfi\n',
      0o755,
    );
    expect(await named("node_modules/.bin/x")).toMatchObject({ "script cli.js": sha256(target) });
  });

  test("scripts that call themselves come to an end; what cannot be seen is not named", async () => {
    put("bin/npm", "#!/bin/sh\n", 0o755);
    put("bin/npx", "#!/bin/sh\n", 0o755);
    scripts({ test: "npm test", far: "cd elsewhere && tool" });
    put("bin/tool", "#!/bin/sh\n", 0o755);
    expect(Object.keys(await named("npm", "test")).sort()).toEqual(["interpreter sh", "program npm"]);
    expect(await named("npm", "run", "far")).not.toHaveProperty("program tool");
    expect(Object.keys(await named("npx", "fetched")).sort()).toEqual(["interpreter sh", "program npx"]);
    expect(Object.keys(await named("npm", "--prefix", "other", "test"))).toHaveLength(2);
  });

  test("what the run made anew is not what ran, and is not named", async () => {
    for (const name of ["npm", "first", "same"]) put(`bin/${name}`, "#!/bin/sh\n", 0o755);
    for (const name of ["built.sh", "kept.sh", "written.sh"]) put(name, "true\n");
    scripts({ pretest: "first", test: "sh built.sh; sh kept.sh; sh written.sh; same", posttest: "gone" });
    put("bin/gone", "#!/bin/sh\n", 0o755);
    const path = `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
    const programs = await programsOf(["npm", "test"], { path, cwd: folder });
    put("built.sh", "false\n");
    put("written.sh", "true\n");
    put("bin/npm", "#!/bin/sh\n# another\n", 0o755);
    put("node_modules/.bin/same", "#!/bin/sh\n", 0o755);
    rmSync(join(folder, "bin/gone"));
    const names = (await programs()).map(({ name = "" }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["program npm", "program first", "script kept.sh", "script written.sh"]),
    );
    for (const other of ["script built.sh", "program same", "program gone"]) expect(names).not.toContain(other);
  });

  test.each<[what: string, command: readonly string[], set: () => Readonly<Record<string, string>>]>([
    ["bash", ["bash", "-c", "tool"], () => ({ BASH_ENV: "/dev/null" })],
    ["bash with a function", ["bash", "-c", "tool"], () => ({ "BASH_FUNC_tool%%": "() { :; }" })],
    ["bash, told by env", ["env", "BASH_ENV=/dev/null", "bash", "-c", "tool"], () => ({})],
    ["npm by the project", ["npm", "test"], () => (put(".npmrc", "script-shell = /bin/echo\n"), {})],
    [
      "npm by the user",
      ["npm", "test"],
      () => (put("home/.npmrc", "ignore-scripts=true\n"), { HOME: join(folder, "home") }),
    ],
    ["npm by a variable", ["npm", "test"], () => ({ npm_config_script_shell: "/bin/echo" })],
    ["npm by a word", ["npm", "test", "--script-shell=/bin/echo"], () => ({})],
    ["pnpm by its file", ["pnpm", "test"], () => (put("pnpm-workspace.yaml", "shellEmulator: true\n"), {})],
  ])("what is set otherwise, and cannot be seen therefore, is not named: %s", async (_, command, set) => {
    for (const name of ["npm", "pnpm", "tool"]) put(`bin/${name}`, "#!/bin/sh\n", 0o755);
    scripts({ test: "tool" });
    const path = `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
    const names = async (env: Readonly<Record<string, string>>): Promise<string[]> =>
      (await (await programsOf(command, { path, cwd: folder, env }))()).map(({ name = "" }) => name);
    if (!command.join().includes("=")) expect(await names({})).toContain("program tool");
    expect(await names(set())).not.toContain("program tool");
  });

  test("a program that there is not is told before anything runs", async () => {
    put("bin/tool", "#!/no/such/interpreter\n", 0o755);
    await expect(named("tool")).rejects.toMatchObject({ code: "command-failed" });
  });
});

test.each([
  ["a b && c 'd e'; f | g &\nh", [["a", "b"], ["c", "d e"], ["f"], ["g"], ["h"]]],
  ["A=1 B='2 3' a x=1", [["a", "x=1"]]],
  ["echo hi && a", [["a"]]],
  ['a $X "$Y" ${Z} *.js && b', [["a", "", "", "", ""], ["b"]]],
  ["a > out 2>&1 && b <in", [["a"], ["b"]]],
  ["a # b", [["a"]]],
  ['a \\" "\\""', [["a", '"', ""]]],
  ["cd x && a", []],
  ["a && cd x && b", [["a"]]],
  ["PATH=x a", []],
  ["export PATH=x; a", []],
  ["exec a b; c", [["a", "b"]]],
  ["$X a", []],
  ["if a; then b; fi", []],
  ["(a; b)", []],
  ["a $(b) && c", [["a"]]],
  ["a `b`", [["a"]]],
  ["a 'b", [["a"]]],
  ["! a", []],
  ["a{b,c}", []],
  ["", []],
  ["read PATH < f; a", []],
  ["printf -v PATH .; a", []],
  ["getopts x PATH; a", []],
  ["printf x; a", [["a"]]],
])("of the line %j, these commands", (line, commands) => {
  expect(simpleCommands(line)).toEqual(commands);
});
