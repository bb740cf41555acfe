/** What a command tests: the git commit and tree of the working directory, with what is not committed; or files by digest. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { AttestError } from "../core/errors.js";
import type { Subject } from "../core/statement.js";
import { errno, ioError } from "../node/files.js";

const run = promisify(execFile);

/** The state of a work tree at one moment. */
export interface WorkTree {
  /** The top folder. */
  readonly root: string;
  readonly commit: string;
  readonly tree: string;
  /** Where the project is fetched from, without a user's name or password. */
  readonly remote: string | undefined;
  readonly changes: Changes | undefined;
  /** Of `git diff --binary --full-index --no-renames HEAD`: the files that git knows, without new ones. */
  readonly known: string;
}

export interface Changes {
  /** Of the output of `git add --all && git diff --cached --binary --full-index --no-renames HEAD`, which holds new files too. */
  readonly sha256: string;
  readonly files: number;
}

/**
 * @param without paths that are no part of what is tested: what this tool publishes, and reports that the run writes anew
 * @throws AttestError `subject-missing` where there is no git, no work tree or no commit
 */
export async function workTreeOf(cwd: string, without: readonly string[] = []): Promise<WorkTree> {
  const root = await inTree(cwd, "rev-parse", "--show-toplevel");
  const [commit = "", tree = ""] = (await inTree(root, "rev-parse", "HEAD", "HEAD^{tree}")).split("\n");
  const excluded = without
    .map((path) => relative(root, resolve(path)))
    .filter((path) => path !== "" && !path.startsWith(".."))
    .map((path) => `:(exclude,literal)${path}`);
  const remote = await run("git", ["remote", "get-url", "origin"], { cwd: root }).then(
    ({ stdout }) => publicRemote(stdout.trim()),
    () => undefined,
  );
  const paths = ["--", ".", ...excluded];
  const known = await diffDigest(["diff", ...DIFF, "HEAD", ...paths], root, {
    ...process.env,
    GIT_OPTIONAL_LOCKS: "0",
  });
  return { root, commit, tree, remote, changes: await changesOf(root, paths), known };
}

/** `https://host/path`; undefined for what is no address of a host, a path on somebody's machine for example. */
export function publicRemote(url: string): string | undefined {
  const [, host, path] =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/@]+)\/(.+)$/.exec(url) ??
    /^(?:[^@/:]+@)?([^@/:]+\.[^@/:]+):(?!\/\/)(.+)$/.exec(url) ??
    [];
  return host === undefined || path === undefined
    ? undefined
    : `https://${host.replace(/:\d+$/, "")}/${path.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "")}`;
}

/** As subjects of a statement. */
export function subjectsOf(name: string, { commit, tree, remote, changes }: WorkTree): Subject[] {
  return [
    { name, digest: { gitCommit: commit, gitTree: tree }, ...(remote !== undefined && { uri: `git+${remote}` }) },
    ...(changes === undefined
      ? []
      : [
          {
            name: `changes to ${name} that are not committed`,
            digest: { sha256: changes.sha256 },
            annotations: { files: changes.files },
          },
        ]),
  ];
}

/** @throws AttestError `subject-missing`, `io` */
export async function fileSubjects(paths: readonly string[]): Promise<Subject[]> {
  return await Promise.all(
    paths.map(async (path) => ({ name: basename(path), digest: { sha256: await fileDigest(path) } })),
  );
}

/** Of any length; read as a stream. @throws AttestError `subject-missing`, `io` */
export async function fileDigest(path: string): Promise<string> {
  try {
    if (!statSync(path).isFile())
      throw new AttestError(
        "subject-missing",
        `expected a file at ${path}, found something else`,
        "a folder is tested by its git commit: leave --subject out",
      );
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) === "ENOENT") throw new AttestError("subject-missing", `expected a file at ${path}, found none`);
    throw ioError("read", path, error);
  }
}

/** In an index of its own, so that the user's is not touched; its objects go where they are forgotten. */
async function changesOf(root: string, paths: readonly string[]): Promise<Changes | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "f3-attest-index-"));
  try {
    const [index = "", objects = ""] = (
      await inTree(root, "rev-parse", "--path-format=absolute", "--git-path", "index", "--git-path", "objects")
    ).split("\n");
    mkdirSync(join(folder, "objects"));
    if (existsSync(index)) copyIndex(index, join(folder, "index"));
    const env = {
      ...process.env,
      GIT_INDEX_FILE: join(folder, "index"),
      GIT_OBJECT_DIRECTORY: join(folder, "objects"),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
    };
    await run("git", ["-c", "core.looseCompression=0", "add", "--all", "--", "."], { cwd: root, env });
    const names = ["diff", "--cached", "--name-only", "-z", "--no-renames", "HEAD", ...paths];
    const { stdout } = await run("git", names, { cwd: root, env, maxBuffer: 2 ** 28 });
    const files = stdout.split("\0").length - 1;
    if (files === 0) return undefined;
    return { sha256: await diffDigest(["diff", "--cached", ...DIFF, "HEAD", ...paths], root, env), files };
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

async function diffDigest(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const git = spawn("git", ["-c", "core.quotePath=true", ...args], { cwd, env, stdio: ["ignore", "pipe", "ignore"] });
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

async function inTree(cwd: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await run("git", args, { cwd, env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" } })).stdout.trim();
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const [found, hint] =
      errno(error) === "ENOENT"
        ? ["no git on this machine", "install git, or name what is tested with --subject FILE"]
        : /not a git repository/.test(stderr)
          ? ["none", "git init, and commit what is tested; or name files with --subject FILE"]
          : /dubious ownership/.test(stderr)
            ? [
                "one that belongs to another user",
                "git config --global --add safe.directory FOLDER says that you trust it",
              ]
            : /ambiguous argument 'HEAD|unknown revision/.test(stderr)
              ? ["one without a commit", "commit what is tested, or name files with --subject FILE"]
              : [stderr.trim().split("\n")[0] ?? "no word from git", "name what is tested with --subject FILE"];
    throw new AttestError(
      "subject-missing",
      `expected a git work tree at ${cwd}, to name what is tested, found ${found}`,
      hint,
    );
  }
}
