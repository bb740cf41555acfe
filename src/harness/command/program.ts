/**
 * The program of a command, by digest: the started file, its interpreter, and what it starts if that is visible without running it (`npx`,
 * scripts of `package.json`, shims in `node_modules/.bin`, `sh -c`, `env`).
 */
import { existsSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import type { Descriptor } from "../../core/statement/statement.js";
import { isFile } from "../../node/files.js";
import { read } from "../../node/reading.js";
import { startedBy, throughEnv, type SearchPath, type FoundProgram } from "../../node/execvp.js";
import { notStarted } from "./command.js";
import { fileDigest, fingerprint, openedDigest } from "../subject/digest.js";
import { simpleCommands } from "./shell-line.js";

/** Hashes the programs during the run, because an interpreter is large and cannot be written while it runs. */
export type Programs = () => Promise<Descriptor[]>;

interface Named extends FoundProgram {
  readonly role: "program" | "interpreter" | "script";
  /** What leads to it; undefined for the started file. */
  readonly through?: string;
}

/**
 * The started file may build the program it runs. So every further program is checked again after the run, and is not named if it changed
 * or is gone.
 * @throws AttestError `command-failed` if nothing can be started, `subject-missing` and `io` if it cannot be read
 */
export async function programsOf(command: readonly string[], around: SearchPath): Promise<Programs> {
  const [name = ""] = command;
  // Check before the announcement: a typo is not a failed test.
  if (startedBy(name, around) === undefined) throw notStarted(name, around.cwd, { code: "ENOENT" });
  const before = ledFrom(command, around);
  const files = new Map<string, { readonly state: string; readonly digest: Promise<string> }>();
  for (const { path: file, through } of before)
    if (!files.has(file)) {
      const state = fingerprint(file);
      const opened = await openedDigest(file).catch((error: unknown) => {
        if (through === undefined) throw error;
        return undefined; // unreadable for us
      });
      if (opened !== undefined) files.set(file, { state, digest: opened.digest });
    }
  return async () => {
    const after = new Set(ledFrom(command, around).map((one) => JSON.stringify(one)));
    const once = new Map<string, Descriptor>();
    for (const one of before) {
      const file = files.get(one.path);
      if (file === undefined || (one.through !== undefined && !after.has(JSON.stringify(one)))) continue;
      const sha256 = await file.digest;
      const same = one.through === undefined || fingerprint(one.path) === file.state || (await is(one.path, sha256));
      const name = `${one.role} ${one.name}`;
      const annotations = one.through === undefined ? {} : { annotations: { through: one.through } };
      if (same && !once.has(name + sha256)) once.set(name + sha256, { name, digest: { sha256 }, ...annotations });
    }
    return [...once.values()];
  };
}

const is = async (path: string, sha256: string): Promise<boolean> =>
  (await fileDigest(path).catch(() => undefined)) === sha256;

function ledFrom(command: readonly string[], around: SearchPath): Named[] {
  const all: Named[] = [];
  follow(command, around, { all });
  return all;
}

interface Trail {
  readonly all: Named[];
  readonly through?: string;
  readonly seen?: readonly string[];
}

/** Scripts of a project may call each other recursively. */
const [DEEPEST, MOST] = [8, 24];

function follow(words: readonly string[], around: SearchPath, { all, through, seen = [] }: Trail): void {
  const [name = "", ...rest] = words;
  const started = startedBy(name, around);
  if (started === undefined || seen.length >= DEEPEST || all.length >= MOST || seen.includes(words.join("\0"))) return;
  const leads = through === undefined ? {} : { through };
  all.push({ role: "program", name: started.name, path: started.path, ...leads });
  for (const { name: called, path } of started.interpreters)
    all.push({ role: "interpreter", name: called, path, through: started.name });
  const trail: Trail = { all, through: started.name, seen: [...seen, words.join("\0")] };
  const shim = shimmed(started.path);
  if (shim !== undefined) all.push({ role: "script", name: basename(shim), path: shim, through: started.name });
  for (const [next, where] of ledTo(started.name, rest, around)) follow(next, where, trail);
  const script = scriptOf(started.name, rest, around.cwd);
  if (script !== undefined) all.push({ role: "script", name: basename(script), path: script, through: started.name });
}

type Step = readonly [words: readonly string[], around: SearchPath];

function ledTo(name: string, words: readonly string[], around: SearchPath): Step[] {
  const [verb = "", ...rest] = words;
  if (name === "env") {
    const env = throughEnv(words, around);
    return env === undefined ? [] : [[env.words, env.around]];
  }
  if (/^(?:sh|bash|dash|ash|ksh|zsh)$/.test(name))
    return !startsFurther(name, around) && /^-[eux]*c$/.test(verb)
      ? simpleCommands(rest[0] ?? "").map((one): Step => [one, around])
      : [];
  if (name === "npx" || name === "bunx") return localBin(words, around);
  if (!/^(?:npm|pnpm|yarn)$/.test(name)) return [];
  if (verb === "exec" || (name === "npm" && verb === "x")) return localBin(rest, around);
  const runs = ["run", "run-script"].includes(verb) || (name === "npm" && ["rum", "urn"].includes(verb));
  const asked = runs ? rest.filter((word) => !QUIET.test(word))[0] : SHORT[verb];
  if (words.some((word) => ELSEWHERE.test(word))) return [];
  if (asked !== undefined) return scriptsNamed(asked, around);
  return name === "npm" || verb.startsWith("-") ? [] : (or(scriptsNamed(verb, around)) ?? localBin(words, around));
}

/** The shell may first read a file that sets `PATH` or defines a function of that name. */
function startsFurther(name: string, { env = {} }: SearchPath): boolean {
  const files = [
    ...(name === "zsh"
      ? [join(env["ZDOTDIR"] ?? env["HOME"] ?? "/", ".zshenv"), "/etc/zshenv", "/etc/zsh/zshenv"]
      : []),
  ];
  return Object.keys(env).some((one) => /^(?:BASH_ENV$|BASH_FUNC_)/.test(one)) || files.some((file) => isFile(file));
}

const or = (steps: Step[]): Step[] | undefined => (steps.length > 0 ? steps : undefined);
/** npm's short words for scripts. */
const SHORT: Readonly<Record<string, string>> = { test: "test", t: "test", tst: "test", start: "start", stop: "stop" };
const QUIET = /^(?:-s|--silent|--quiet|-y|--yes|--no|--no-install|--offline|--if-present|--)$/;
/** Options that select another package. */
const ELSEWHERE =
  /^(?:-C|-w|-ws|-F|-r|--prefix|--dir|--cwd|--workspaces?|--filter|--recursive|--script-shell|--ignore-scripts)(?:=|$)/;
/** Settings by which scripts are not run, or not by a shell. */
const SETTING = /^[ \t]*(?:script-?shell|ignore-?scripts|shell-?emulator)"?[ \t]*[ =:]/im;

/** Installed packages only; a package that npx fetches is unknown. */
function localBin(words: readonly string[], around: SearchPath): Step[] {
  const at = words.findIndex((word) => !QUIET.test(word));
  const name = words[at] ?? "";
  if (!/^[\w.-]+$/.test(name) || name.startsWith("-")) return [];
  const bin = upwards(around.cwd).map((folder) => join(folder, "node_modules", ".bin", name));
  const path = bin.find((file) => isFile(file));
  return path === undefined ? [] : [[[path, ...words.slice(at + 1)], around]];
}

/** Includes npm's pre and post scripts. */
function scriptsNamed(name: string, around: SearchPath): Step[] {
  const folder = upwards(around.cwd).find((one) => existsSync(join(one, "package.json")));
  if (folder === undefined) return [];
  if (setOtherwise(folder, around)) return [];
  const scripts = scriptsIn(folder);
  const bins = upwards(folder).map((one) => join(one, "node_modules", ".bin"));
  const path = [...bins, around.path ?? ""].join(delimiter);
  return [`pre${name}`, name, `post${name}`].flatMap((one) =>
    simpleCommands(scripts[one] ?? "").map((words): Step => [words, { ...around, cwd: folder, path }]),
  );
}

function setOtherwise(folder: string, { env = {} }: SearchPath): boolean {
  const names = [".npmrc", ".yarnrc", "pnpm-workspace.yaml"].map((name) => join(folder, name));
  const files = [...names, join(env["HOME"] ?? "/", ".npmrc"), env["npm_config_userconfig"] ?? ""];
  return (
    Object.keys(env).some((name) => /^npm_config_(?:script_shell|ignore_scripts)$/i.test(name)) ||
    files.some((file) => isFile(file) && SETTING.test(textOf(file)))
  );
}

function textOf(file: string): string {
  try {
    return new TextDecoder().decode(read(file));
  } catch {
    return ""; // npm itself reports an unreadable file
  }
}

function scriptsIn(folder: string): Readonly<Record<string, string>> {
  try {
    const bytes = read(join(folder, "package.json"), { within: folder });
    const { scripts = {} } = JSON.parse(new TextDecoder().decode(bytes)) as { scripts?: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(scripts).flatMap(([name, line]): [string, string][] =>
        typeof line === "string" ? [[name, line]] : [],
      ),
    );
  } catch {
    return {}; // npm reports what is wrong with it
  }
}

const upwards = (folder: string): string[] => {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upwards(above)];
};

/** The target of a package manager's shim (npm's cmd-shim, pnpm): `exec node "$basedir/../vitest/vitest.mjs" "$@"`. */
function shimmed(path: string): string | undefined {
  if (!/node_modules[/\\]\.bin$/.test(dirname(path))) return undefined;
  try {
    const text = new TextDecoder().decode(read(path));
    if (!text.startsWith("#!/bin/sh") || !text.includes("basedir")) return undefined;
    const named = [...text.matchAll(/"\$basedir\/(\.\.\/[^"$]+|[^"$/]+\/[^"$]+)"/g)].map(([, file = ""]) => file);
    return named.map((file) => resolve(dirname(path), file)).find((file) => isFile(file));
  } catch {
    return undefined; // a large program, not a shim
  }
}

/** The file directly after an interpreter's name. */
function scriptOf(name: string, [word = ""]: readonly string[], cwd: string): string | undefined {
  const isInterpreter = /^(?:node|bun|sh|bash|dash|ash|ksh|zsh|perl|ruby|php|lua|python[\d.]*)$/.test(name);
  const file = resolve(cwd, word);
  return isInterpreter && word !== "" && !word.startsWith("-") && isFile(file) ? file : undefined;
}
