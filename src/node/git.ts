/**
 * The one way in which this tool asks git something.
 *
 * A repository's settings can name programs (filters, textconv, hooks, a file monitor, aliases, ssh commands), other files of settings, and
 * another work tree; tested code can write them, and so can whoever made the clone. So git is never shown them: it gets a git folder of our
 * own, whose settings we write, with the repository's objects and refs behind it. Of its settings only those are copied without which it
 * could not be read; of the user's own (global, system), where they lie outside of the work tree, filters, and these only where something
 * is checked out. No setting has a say in what is content, so that every machine says the same of it.
 */
import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, type Stats, symlinkSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { AttestError } from "../core/errors.js";
import { read, temporaryFolder } from "./files.js";
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

/** Where a repository has what. */
export interface GitPlace {
  /** The top of the work tree; undefined for a bare repository. */
  readonly root: string | undefined;
  /** Of this work tree: HEAD and the index lie there. */
  readonly gitDir: string;
  /** Of all its work trees: objects, refs and settings. */
  readonly commonDir: string;
}

/** The repository that this folder belongs to, by where `.git` lies alone: what its settings call the work tree does not count. */
export function gitPlaceOf(folder: string): GitPlace | undefined {
  for (let here = real(folder); ; here = dirname(here)) {
    const place = placeAt(here) ?? bareAt(here);
    if (place !== undefined || here === dirname(here)) return place;
  }
}

/** The repository whose work tree has its top in this folder. */
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
    return undefined; // not there, or not ours to look at
  }
}

/** The path that a file of git's names. */
function named(file: string, form: RegExp): string | undefined {
  const path = form.exec(textOf(file) ?? "")?.[1];
  return path === undefined ? undefined : resolve(dirname(file), path);
}

function textOf(file: string): string | undefined {
  try {
    const bytes = read(file);
    return bytes && new TextDecoder().decode(bytes);
  } catch {
    return undefined; // not a file, or not ours to read
  }
}

const maxBuffer = 2 ** 28; // for lists of files
const opened = new Set<string>();
process.on("exit", () => opened.forEach(remove));
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

/** Of the environment; what is undefined is taken out. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface GitOptions {
  readonly env?: Variables;
  readonly input?: string;
  /** Names of files are bytes: a character for each of them ("latin1"), where nothing else is asked and said. */
  readonly names?: true;
  /** What it says besides, where it is well otherwise. */
  readonly told?: (stderr: string) => void;
}

export interface Opening {
  /** Whether filters of the user's count, where something is checked out. */
  readonly filters?: true;
}

/** A repository that can be asked; its HEAD is the one of the moment when it was opened. */
export class Repository {
  readonly place: GitPlace;
  readonly objects: string;
  /** Where no index is: everything that lies in the work tree is new there. */
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

  /** @throws AttestError `io` where there is no git outside of the work tree, its settings cannot be read, or it is somebody else's */
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

  /** What it prints. Throws what `execFile` throws, with `stderr`. */
  async ask(args: readonly string[], { env = {}, ...asked }: GitOptions = {}): Promise<string> {
    return await run(this.#program, args, this.#options(env), asked);
  }

  start(args: readonly string[], env: Variables = {}): ChildProcessByStdio<Writable, Readable, Readable> {
    return spawn(this.#program, args, { ...this.#options(env), stdio: ["pipe", "pipe", "pipe"] });
  }

  /** The top of the work tree. @throws AttestError `io` for a bare repository */
  get root(): string {
    if (this.place.root !== undefined) return this.place.root;
    throw new AttestError("io", `${this.place.gitDir} is a bare repository, without a work tree`);
  }

  /** Neither shallow nor partial: what is not in it was not in what it was cloned from. */
  get isWhole(): boolean {
    return !this.#partial && !existsSync(join(this.place.commonDir, "shallow"));
  }

  /** A new repository in a folder, with all objects of this one, its tags, and a commit in the work tree. */
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
  throw new AttestError("io", "git is not installed: there is none in PATH outside of the project", "install git");
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
    child.stdin?.on("error", () => undefined); // git says why it reads no more
    child.stdin?.end(input, encoding);
  });
}

/** Nothing by which another repository, other settings or a program could be meant; and nothing that opens our keys. */
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
    ...{ GIT_DIR: folder, ...(root !== undefined && { GIT_WORK_TREE: root }) },
    ...{
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: devNull,
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
      LC_ALL: "C",
    },
    ...{ GIT_NO_REPLACE_OBJECTS: "1", GIT_GRAFT_FILE: devNull, GIT_NO_LAZY_FETCH: "1", GIT_ALLOW_PROTOCOL: "" },
  };
}

function link(from: string, to: string): void {
  if (existsSync(from)) symlinkSync(from, to, statSync(from).isDirectory() ? "junction" : "file");
}

/** Of a file that is one: a pipe would keep git waiting. */
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
