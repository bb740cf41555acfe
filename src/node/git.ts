/**
 * The only way in which this tool runs git.
 *
 * A repository's settings can name programs (filters, textconv, hooks, a file monitor, aliases, ssh commands), further settings files, and
 * another work tree. Tested code or the author of a clone can write them. So git gets a git folder of our own with our settings, which uses
 * the repository's objects and refs. From the repository's settings only those needed for reading are copied. From the user's settings
 * (global and system, outside of the work tree) only filters are used, and only for a checkout. No setting influences what counts as
 * content, so that every machine gets the same answer.
 */
import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, type Stats, symlinkSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { AttestError } from "../core/errors.js";
import { temporaryFolder } from "./files.js";
import { read } from "./reading.js";
import { errno } from "./faults.js";
import {
  configOf,
  isFilter,
  isPassive,
  listedSettings,
  OURS,
  usersOutside,
  usersOwn,
  usersSettings,
  type Setting,
} from "./git-settings.js";
import { refuseForeign } from "./git-owner.js";
import { isWithinAny, pathOutside, programOutside, projectsAround, real } from "./programs.js";

/** The parts of a repository. */
export interface GitPlace {
  /** Top of the work tree; undefined for a bare repository. */
  readonly root: string | undefined;
  /** The git folder of this work tree, with HEAD and index. */
  readonly gitDir: string;
  /** The git folder shared by all work trees, with objects, refs and settings. */
  readonly commonDir: string;
}

/** The repository of this folder, found by `.git` alone; a work tree named in its settings is ignored. */
export function gitPlaceOf(folder: string): GitPlace | undefined {
  for (let here = real(folder); ; here = dirname(here)) {
    const place = placeAt(here) ?? bareAt(here);
    if (place !== undefined || here === dirname(here)) return place;
  }
}

/** The repository whose work tree starts at this folder. */
export function placeAt(root: string): GitPlace | undefined {
  const entry = join(root, ".git");
  const stats = statsOf(entry);
  const gitDir = stats?.isDirectory() ? entry : stats?.isFile() ? named(entry, /^gitdir: (.+?)\r?\n?$/s) : undefined;
  return gitDir === undefined ? undefined : whole(root, gitDir);
}

const bareAt = (folder: string): GitPlace | undefined => whole(undefined, folder);

function whole(root: string | undefined, gitDir: string): GitPlace | undefined {
  const commonDir = named(join(gitDir, "commondir"), /^(.+?)\r?\n?$/s) ?? gitDir;
  const there = [join(gitDir, "HEAD"), join(commonDir, "objects"), join(commonDir, "refs")].every((path) =>
    existsSync(path),
  );
  return there ? { root, gitDir, commonDir } : undefined;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined; // missing or unreadable
  }
}

/** The path inside one of git's pointer files. */
function named(file: string, form: RegExp): string | undefined {
  const path = form.exec(textOf(file) ?? "")?.[1];
  return path === undefined ? undefined : resolve(dirname(file), path);
}

function textOf(file: string): string | undefined {
  try {
    const bytes = read(file);
    return bytes && new TextDecoder().decode(bytes);
  } catch {
    return undefined; // not a file, or unreadable
  }
}

const maxBuffer = 2 ** 28; // for long file lists
const opened = new Set<string>();
process.on("exit", () => opened.forEach(remove));
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

/** Environment variables; undefined removes one. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface GitOptions {
  readonly env?: Variables;
  readonly input?: string;
  /** File names are bytes: latin1 gives one character per byte. Only for calls where nothing else is passed or printed. */
  readonly names?: true;
  /** Receives stderr of a successful call. */
  readonly told?: (stderr: string) => void;
}

export interface Opening {
  /** Use the user's filters on checkout. */
  readonly filters?: true;
}

/** An open repository. Its HEAD is the one at opening time. */
export class Repository {
  readonly place: GitPlace;
  readonly objects: string;
  /** A path without an index: with it, everything in the work tree counts as new. */
  readonly noIndex: string;
  readonly #program: string;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #partial: boolean;

  private constructor(
    place: GitPlace,
    program: string,
    folder: string,
    env: Record<string, string>,
    own: readonly Setting[],
  ) {
    this.place = place;
    this.objects = join(place.commonDir, "objects");
    this.#program = program;
    this.#folder = folder;
    this.#env = { ...env, GIT_OBJECT_DIRECTORY: this.objects, GIT_INDEX_FILE: join(place.gitDir, "index") };
    this.#partial = own.some(([name]) => /^(?:extensions\.partialclone|remote\..*\.promisor)$/.test(name));
    this.noIndex = join(folder, "no-index");
  }

  /** @throws AttestError `io` if there is no git outside of the work tree, the settings cannot be read, or it belongs to another user */
  static async open(place: GitPlace, { filters }: Opening = {}): Promise<Repository> {
    const projects = projectsAround(place.root ?? place.gitDir);
    const program = gitOutside(projects);
    const folder = real(temporaryFolder("git"));
    opened.add(folder);
    try {
      const env = environment(folder, place, projects);
      mkdirSync(join(folder, "objects"));
      for (const name of ["refs", "packed-refs", "reftable"]) link(join(place.commonDir, name), join(folder, name));
      copy(join(place.commonDir, "shallow"), join(folder, "shallow"));
      copy(join(place.gitDir, "HEAD"), join(folder, "HEAD"));
      for (const name of readdirSync(place.gitDir).filter((one) => one.startsWith("sharedindex.")))
        link(join(place.gitDir, name), join(folder, name));
      const written = (settings: readonly Setting[]): void => writeFileSync(join(folder, "config"), configOf(settings));
      written([["core.bare", "true"]]);
      const ask = (args: readonly string[], input: string, more: Variables = {}): Promise<string> =>
        run(program, args, { cwd: folder, env: { ...env, ...more } }, { input });
      const local = textOf(join(place.commonDir, "config")) ?? "";
      const own = listedSettings(await ask(["config", "--file", "-", "--no-includes", "--null", "--list"], local));
      const origins = await ask(["config", "--null", "--list", "--show-origin"], "", usersOwn(process.env));
      const around = { projects, cwd: place.root ?? folder, without: folder };
      const theirs = usersOutside(origins, around);
      refuseForeign(place, theirs);
      const users = usersSettings(theirs, around).filter(([name]) => filters === true || !isFilter(name));
      const bare: Setting = ["core.bare", String(place.root === undefined)];
      written([...users, ...own.filter(isPassive), bare, ...OURS]);
      return new Repository(place, program, folder, env, own);
    } catch (error) {
      opened.delete(folder);
      remove(folder);
      if (error instanceof AttestError) throw error;
      const { stderr = String(error) } = error as { stderr?: string };
      throw new AttestError(
        "io",
        `could not read the settings of git at ${place.root ?? place.gitDir}: ${stderr.trim().split("\n")[0] ?? ""}`,
      );
    }
  }

  close(): void {
    opened.delete(this.#folder);
    remove(this.#folder);
  }

  /** Standard output. Throws the errors of `execFile`, with `stderr`. */
  async ask(args: readonly string[], { env = {}, ...asked }: GitOptions = {}): Promise<string> {
    return await run(this.#program, args, this.#options(env), asked);
  }

  start(args: readonly string[], env: Variables = {}): ChildProcessByStdio<Writable, Readable, Readable> {
    return spawn(this.#program, args, { ...this.#options(env), stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Top of the work tree. @throws AttestError `io` for a bare repository */
  get root(): string {
    if (this.place.root !== undefined) return this.place.root;
    throw new AttestError("io", `${this.place.gitDir} is a bare repository, without a work tree`);
  }

  /** Neither shallow nor partial: then a missing object was missing in the original too. */
  get isWhole(): boolean {
    return !this.#partial && !existsSync(join(this.place.commonDir, "shallow"));
  }

  /** Creates a repository in a folder with all objects and tags of this one, and checks out a commit. */
  async checkout(commit: string, folder: string): Promise<void> {
    const format = (await this.ask(["rev-parse", "--show-object-format"])).trim();
    const env = {
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_OBJECT_DIRECTORY: undefined,
      GIT_INDEX_FILE: undefined,
    };
    await this.ask(["init", "--quiet", "--template=", `--object-format=${format}`, folder], { env });
    const inside = (name: string, text: string): void => {
      mkdirSync(dirname(join(folder, ".git", name)), { recursive: true });
      writeFileSync(join(folder, ".git", name), text);
    };
    inside("objects/info/alternates", `${real(this.objects)}\n`);
    copy(join(this.place.commonDir, "shallow"), join(folder, ".git/shallow"));
    inside("packed-refs", await this.ask(["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"]));
    inside("HEAD", `${commit}\n`);
    const place = placeAt(folder);
    if (place === undefined) throw new Error("git has made no repository");
    const made = await Repository.open(place, { filters: true });
    try {
      await made.ask(["reset", "--hard", "--quiet", "HEAD"]);
    } finally {
      made.close();
    }
  }

  #options(env: Variables): { cwd: string; env: Variables } {
    return { cwd: this.place.root ?? this.#folder, env: { ...this.#env, ...env } };
  }
}

function gitOutside(projects: readonly string[]): string {
  const program = programOutside("git", process.env, projects);
  if (program !== undefined) return program;
  throw new AttestError("io", "git is not installed: PATH has none outside of the project", "install git");
}

async function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: Variables },
  { input = "", names, told }: Omit<GitOptions, "env">,
): Promise<string> {
  const encoding = names === true ? "latin1" : "utf8";
  return await new Promise((done, failed) => {
    const child = execFile(program, args, { ...options, maxBuffer, encoding }, (error, stdout, stderr) => {
      if (error !== null) return failed(Object.assign(new Error(error.message), { stderr, code: error.code }));
      told?.(stderr);
      done(stdout);
    });
    child.stdin?.on("error", () => undefined); // git's exit code tells why it stopped reading
    child.stdin?.end(input, encoding);
  });
}

/** The environment for git: no variables for another repository, settings, or programs, and no access to our keys. */
function environment(folder: string, { root }: GitPlace, projects: readonly string[]): Record<string, string> {
  const { GIT_EXEC_PATH: helpers = "", HOME: home = "", XDG_CONFIG_HOME: settings = "" } = process.env;
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^(?:GIT_|F3_ATTEST_|SSH_)/i.test(name) ? [] : [[name, value]],
  );
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    PATH: pathOutside(process.env, projects),
    ...(isAbsolute(helpers) && !isWithinAny(helpers, projects) && { GIT_EXEC_PATH: helpers }),
    ...(home !== "" && isWithinAny(home, projects) && { HOME: folder }),
    ...(settings !== "" && isWithinAny(settings, projects) && { XDG_CONFIG_HOME: folder }),
    GIT_DIR: folder,
    ...(root !== undefined && { GIT_WORK_TREE: root }),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: devNull,
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "",
  };
}

function link(from: string, to: string): void {
  if (existsSync(from)) symlinkSync(from, to, statSync(from).isDirectory() ? "junction" : "file");
}

/** Copies regular files only: reading a pipe would block git. */
function copy(from: string, to: string): void {
  try {
    const bytes = read(from);
    if (bytes === undefined) return;
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, bytes);
  } catch (error) {
    if (!(error instanceof AttestError) && errno(error) === undefined) throw error;
  }
}
