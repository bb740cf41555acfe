/** What of a work tree is not committed, by a digest that git itself gives; in an index of its own, so that the user's is not touched. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { AttestError } from "../core/errors.js";
import { forGit } from "./environment.js";

const run = promisify(execFile);
/** For lists of files. */
const maxBuffer = 2 ** 28;

export interface Changes {
  /** Of the output of `git add --all && git diff --cached --binary --full-index --no-renames HEAD`, which holds new files too. */
  readonly sha256: string;
  readonly files: number;
}

/** What a run should leave as it was. */
export interface Mark {
  readonly commit: string;
  /** Of `git diff --binary --full-index --no-renames HEAD`: the files that git knows, without new ones. */
  readonly known: string;
}

export interface Looking {
  /** The top of the work tree. */
  readonly root: string;
  /** Of git, absolute. */
  readonly index: string;
  readonly objects: string;
  /** Below the top: what is no part at all, and what is none unless git knows it. */
  readonly without: readonly string[];
  readonly written: readonly string[];
}

/** @throws AttestError `subject-missing` for what git cannot read */
export async function changesIn({ root, index, objects, without, written }: Looking): Promise<Changes | undefined> {
  const asItIs = new Git(root, forGit(process.env));
  const [hidden, said] = await Promise.all([asItIs.hidden(), asItIs.names(STATUS)]);
  if (hidden.length === 0 && said.length === 0) return undefined; // as most are, and known by one look
  const folder = mkdtempSync(join(tmpdir(), "f3-attest-index-"));
  try {
    mkdirSync(join(folder, "objects")); // what is added here is forgotten
    if (existsSync(index)) copyIndex(index, join(folder, "index"));
    const env = {
      ...forGit(process.env),
      GIT_INDEX_FILE: join(folder, "index"),
      GIT_OBJECT_DIRECTORY: join(folder, "objects"),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
    };
    const git = new Git(root, env);
    const paths = pathsBut(without);
    await git.unhide(hidden);
    await git.add(["--update", "--", "."], []);
    const [others] = await Promise.all([
      git.names(["ls-files", "--others", "--exclude-standard", "-z"]),
      git.refuseHidden(),
    ]);
    const passedOver = [...without, ...written];
    const fresh = others.filter((name) => !passedOver.some((path) => name === path || name.startsWith(`${path}/`)));
    if (fresh.length > 0) await git.add(["--pathspec-from-file=-", "--pathspec-file-nul"], fresh);
    const changed = await git.names(["diff", "--cached", "--name-only", "-z", "--no-renames", "HEAD", ...paths]);
    if (changed.length === 0) return undefined;
    return {
      sha256: await digestOf(["git", ...COMMAND, "--cached", ...DIFF, "HEAD", ...paths], root, env),
      files: changed.length,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * With its time, rounded down: git takes a file that is older than its index for unchanged, and looks again at the others ("racily clean").
 * A copy that was younger would hide a change made within the same tick as the index.
 */
function copyIndex(from: string, to: string): void {
  const seconds = Math.floor(statSync(from).mtimeMs / 1000);
  copyFileSync(from, to);
  utimesSync(to, seconds, seconds);
}

/** The same bytes whatever the user's settings are: those that git has where nothing is set. */
const DIFF = [
  ...["--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative"],
  ...["--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "--indent-heuristic", "--unified=3"],
  ...["--inter-hunk-context=0", "--submodule=short", "--ignore-submodules=none", "-O/dev/null"],
];

const STATUS = ["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none"];

const COMMAND = ["-c", "core.quotePath=true", "diff"];
const pathsBut = (without: readonly string[]): string[] => [
  "--",
  ".",
  ...without.map((path) => `:(exclude,literal)${path}`),
];

/**
 * What is compared before and after a run. With the prefix of a sandbox git looks from inside: whatever the command has left for it there.
 * @throws AttestError `subject-missing` where there is nothing to look at
 */
export async function markOf(root: string, without: readonly string[], prefix: readonly string[]): Promise<Mark> {
  const [program, words] = prefix.length === 0 ? ["git", []] : [prefix[0] ?? "", [...prefix.slice(1), "git"]];
  const env = forGit(process.env);
  try {
    const asked = [program, ...words, ...COMMAND, ...DIFF, "HEAD", ...pathsBut(without)];
    const [{ stdout }, known] = await Promise.all([
      run(program, [...words, "rev-parse", "HEAD", "HEAD^{tree}"], { cwd: root, env }),
      digestOf(asked, root, env),
    ]);
    return { commit: stdout.trim(), known };
  } catch (error) {
    if (error instanceof AttestError) throw error;
    throw new AttestError(
      "subject-missing",
      "expected the work tree that was tested, found none",
      "look with: git status",
    );
  }
}

async function digestOf(
  [program = "", ...args]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const git = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    git.once("error", reject);
    git.once("close", resolve);
  });
  const hash = createHash("sha256");
  await pipeline(git.stdout, hash);
  const code = await ended;
  if (code === 0) return hash.digest("hex");
  throw new AttestError(
    "subject-missing",
    `expected git to show the changes, found exit code ${String(code)}`,
    "look with: git status",
  );
}

/** git with that index. */
class Git {
  readonly #root: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(root: string, env: NodeJS.ProcessEnv) {
    this.#root = root;
    this.#env = env;
  }

  async names(args: readonly string[]): Promise<string[]> {
    const { stdout } = await run("git", args, { cwd: this.#root, env: this.#env, maxBuffer });
    return stdout.split("\0").filter((name) => name !== "");
  }

  /** Two bits of the index tell git not to look at a file: `assume-unchanged`, and `skip-worktree` although the file is there. */
  async hidden(): Promise<string[]> {
    return (await this.names(["ls-files", "-v", "-z"]))
      .filter((line) => /^[a-zS]/.test(line))
      .map((line) => line.slice(2))
      .filter((name) => lstatSync(join(this.#root, name), { throwIfNoEntry: false }) !== undefined);
  }

  async unhide(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    for (const bit of ["--no-assume-unchanged", "--no-skip-worktree"])
      await this.#feed(["update-index", bit, "-z", "--stdin"], names);
  }

  /** @throws AttestError `subject-missing` for a file of somebody else's, or a repository without a commit */
  async add(args: readonly string[], names: readonly string[]): Promise<void> {
    try {
      await this.#feed(["-c", "core.looseCompression=0", "add", ...args], names);
    } catch (error) {
      const { stderr = "" } = error as { stderr?: string };
      const [found = "no word from it"] = stderr.split("\n").filter((line) => /^(?:error|fatal): /.test(line));
      throw new AttestError(
        "subject-missing",
        `expected git to read what is not committed, found ${found}`,
        "commit it, or have git ignore it",
      );
    }
  }

  /** @throws AttestError `subject-missing` for changes inside a submodule: staging takes its commit, and not what differs from it */
  async refuseHidden(): Promise<void> {
    const [found] = await this.names(["diff", "--name-only", "-z", "--ignore-submodules=untracked"]);
    if (found === undefined) return;
    throw new AttestError(
      "subject-missing",
      `expected what is not committed to be seen from here, found changes inside ${JSON.stringify(found)}`,
      "commit them there: it is a repository of its own",
    );
  }

  /** Names are many at times, hold any character, and mean themselves. */
  async #feed(args: readonly string[], names: readonly string[]): Promise<void> {
    const env = names.length > 0 ? { ...this.#env, GIT_LITERAL_PATHSPECS: "1" } : this.#env;
    const running = run("git", args, { cwd: this.#root, env, maxBuffer });
    running.child.stdin?.on("error", () => undefined); // git says why it reads no more
    running.child.stdin?.end(names.join("\0"));
    await running;
  }
}
