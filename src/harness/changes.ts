/** What of a work tree is not committed, by a digest that git itself gives; in an index of its own, so that the user's is not touched. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AttestError } from "../core/errors.js";
import { placeAt, Repository, type Variables } from "../node/git.js";
import { listed, namesIn, submodulesIn, type Submodule } from "./submodules.js";

export interface Changes {
  /** Of the output of `git add --all && git diff --cached --binary --full-index --no-renames HEAD`, which holds new files too. */
  readonly sha256: string;
  readonly files: number;
}

/** What a run should leave as it was. */
export interface Mark {
  readonly commit: string;
  /** Of `git diff --binary --full-index --no-renames HEAD`: the files that git knows, without new ones; with those of submodules. */
  readonly known: string;
}

/** Below the top: what is no part at all, and what is none unless git knows it. */
export interface Apart {
  readonly without: readonly string[];
  readonly written: readonly string[];
}

/** @throws AttestError `subject-missing` for what git cannot read, and for changes inside of a submodule */
export async function changesIn(repository: Repository, { without, written }: Apart): Promise<Changes | undefined> {
  const { hidden, links } = await listed(repository);
  return await submodulesIn(repository, links, async (submodules) => {
    await refuseInner(submodules);
    const said = await namesIn(repository, STATUS);
    if (hidden.length === 0 && said.length === 0) return undefined; // as most are, and known by one look
    return await withIndex(repository, hidden, async (env) => {
      const paths = pathsBut(without);
      await add(repository, env, ["--update", ...pathsBut(submodules.map(({ path }) => path))], []);
      const moved = submodules.filter(({ head, commit }) => head !== commit);
      await feed(
        repository,
        env,
        ["update-index", "-z", "--index-info"],
        moved.map(({ path, head }) => `160000 ${head}\t${path}`),
      );
      const passedOver = [...without, ...written];
      const others = await namesIn(repository, ["ls-files", "--others", "--exclude-standard", "-z"], env);
      const fresh = others.filter((name) => !passedOver.some((path) => name === path || name.startsWith(`${path}/`)));
      if (fresh.length > 0) {
        const nested = fresh
          .filter((name) => name.endsWith("/"))
          .map((name) => ({ path: name.slice(0, -1), commit: "" }));
        await submodulesIn(repository, nested, refuseInner);
        await add(repository, env, ["--pathspec-from-file=-", "--pathspec-file-nul"], fresh);
      }
      const diff = [
        "diff",
        "--cached",
        "--name-only",
        "-z",
        "--no-renames",
        "--ignore-submodules=dirty",
        "HEAD",
        ...paths,
      ];
      const changed = await namesIn(repository, diff, env);
      if (changed.length === 0) return undefined;
      await refuseUnfiltered(repository, changed, env);
      return {
        sha256: await digestOf(repository, [...COMMAND, "--cached", ...DIFF, "HEAD", ...paths], env),
        files: changed.length,
      };
    });
  });
}

/** What is compared before and after a run. @throws AttestError `subject-missing` where there is nothing to look at */
export async function markOf(root: string, without: readonly string[]): Promise<Mark> {
  const place = placeAt(root);
  if (place === undefined) throw notThere();
  const repository = await Repository.open(place);
  try {
    const commit = await repository.ask(["rev-parse", "HEAD", "HEAD^{tree}"]);
    return { commit: commit.trim(), known: await knownIn(repository, without) };
  } catch (error) {
    if (error instanceof AttestError) throw error;
    throw notThere();
  } finally {
    repository.close();
  }
}

const notThere = (): AttestError =>
  new AttestError("subject-missing", "expected the work tree that was tested, found none", "look with: git status");

async function knownIn(repository: Repository, without: readonly string[]): Promise<string> {
  const { links } = await listed(repository);
  return await submodulesIn(repository, links, async (submodules) => {
    const own = await digestOf(repository, [...COMMAND, ...DIFF, "HEAD", ...pathsBut(without)]);
    if (submodules.length === 0) return own;
    const hash = createHash("sha256").update(own);
    for (const { path, head, repository: inner } of submodules) {
      const { dev, ino } = statSync(inner.place.gitDir); // another folder in its place is another repository
      hash.update(`\0${[path, head, dev, ino, await knownIn(inner, [])].join("\0")}`);
    }
    return hash.digest("hex");
  });
}

/** Staging takes a submodule's commit, and not what differs from it there. @throws AttestError `subject-missing` */
async function refuseInner(submodules: readonly Submodule[]): Promise<void> {
  for (const { path, repository } of submodules)
    if (await isChanged(repository))
      throw new AttestError(
        "subject-missing",
        `expected what is not committed to be seen from here, found changes inside ${JSON.stringify(path)}`,
        "commit them there: it is a repository of its own",
      );
}

/** By what git knows there; what is new is not looked at. */
async function isChanged(repository: Repository): Promise<boolean> {
  const { hidden, links } = await listed(repository);
  return await submodulesIn(repository, links, async (submodules) => {
    for (const { repository: inner } of submodules) if (await isChanged(inner)) return true;
    const status = [...STATUS.slice(0, -2), "--untracked-files=no", "--ignore-submodules=dirty"];
    const changed = (env: Variables): Promise<readonly string[]> => namesIn(repository, status, env);
    return (await (hidden.length === 0 ? changed({}) : withIndex(repository, hidden, changed))).length > 0;
  });
}

/** Without the filter that stands only in the repository's settings, git compares other bytes than were committed. @throws AttestError `subject-missing` */
async function refuseUnfiltered(repository: Repository, changed: readonly string[], env: Variables): Promise<void> {
  const { unknownFilters } = repository;
  if (unknownFilters.length === 0) return;
  const input = changed.map((name) => `${name}\0`).join("");
  const said = (await repository.ask(["check-attr", "--stdin", "-z", "filter"], { env, input })).split("\0");
  const at = said.findIndex((word, index) => index % 3 === 2 && unknownFilters.includes(word));
  if (at < 0) return;
  const [path, filter] = [said[at - 2] ?? "", said[at] ?? ""];
  throw new AttestError(
    "subject-missing",
    `expected ${JSON.stringify(path)} to be compared as git keeps it, found that its filter ${JSON.stringify(filter)} is set in the repository's own settings, which are not asked for programs`,
    `set it in yours: git config --global filter.${filter}.clean …; or name files with --subject FILE`,
  );
}

/** An index and objects that are forgotten afterwards; in the index, no file is kept from being looked at. */
async function withIndex<T>(
  repository: Repository,
  hidden: readonly string[],
  act: (env: Variables) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "f3-attest-index-"));
  try {
    mkdirSync(join(folder, "objects"));
    if (existsSync(repository.index)) copyIndex(repository.index, join(folder, "index"));
    const env = {
      GIT_INDEX_FILE: join(folder, "index"),
      GIT_OBJECT_DIRECTORY: join(folder, "objects"),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: repository.objects,
    };
    for (const bit of ["--no-assume-unchanged", "--no-skip-worktree"])
      await feed(repository, env, ["update-index", bit, "-z", "--stdin"], hidden);
    return await act(env);
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
  ...["--inter-hunk-context=0", "--submodule=short", "--ignore-submodules=dirty", "-O/dev/null"],
];

// Only a submodule's commit is looked at: git would start itself in there, with the settings that lie there.
const STATUS = ["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=dirty"];

const COMMAND = ["-c", "core.quotePath=true", "diff"];
const pathsBut = (without: readonly string[]): string[] => [
  "--",
  ".",
  ...without.map((path) => `:(exclude,literal)${path}`),
];

async function digestOf(repository: Repository, args: readonly string[], env: Variables = {}): Promise<string> {
  const git = repository.start(args, env);
  const ended = new Promise<number | null>((resolve, reject) => {
    git.once("error", reject);
    git.once("close", resolve);
  });
  git.stdin.end();
  git.stderr.resume();
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

/** @throws AttestError `subject-missing` for a file of somebody else's, or a repository without a commit */
async function add(
  repository: Repository,
  env: Variables,
  args: readonly string[],
  names: readonly string[],
): Promise<void> {
  try {
    const literal = names.length > 0 ? { GIT_LITERAL_PATHSPECS: "1" } : {};
    await repository.ask(["-c", "core.looseCompression=0", "add", ...args], {
      env: { ...env, ...literal },
      input: names.join("\0"),
    });
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

/** Names are many at times, and hold any character. */
async function feed(
  repository: Repository,
  env: Variables,
  args: readonly string[],
  lines: readonly string[],
): Promise<void> {
  if (lines.length > 0) await repository.ask(args, { env, input: lines.join("\0") });
}
