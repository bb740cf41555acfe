/** What a command tests: the git commit and tree of the working directory, with what is not committed; or files by digest. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { basename, relative, resolve, sep } from "node:path";
import { AttestError } from "../core/errors.js";
import { fit } from "../core/json.js";
import { distinct } from "../core/once.js";
import type { Subject } from "../core/statement.js";
import { errno, ioError } from "../node/files.js";
import { placeOf, Repository } from "../node/git.js";
import { changesIn, type Changes } from "./changes.js";

/** The state of a work tree at one moment. */
export interface WorkTree {
  /** The top folder. */
  readonly root: string;
  readonly commit: string;
  readonly tree: string;
  /** Where the project is fetched from, without a user's name or password. */
  readonly remote: string | undefined;
  /** Undefined where everything is committed. */
  readonly changes: Changes | undefined;
  /** Below the top: what is no part of it. */
  readonly without: readonly string[];
}

export interface NoPart {
  /** What this tool publishes. */
  readonly ours?: readonly string[];
  /** What runs write, reports for example: no part unless git knows it. */
  readonly written?: readonly string[];
}

/**
 * @param noPart paths that are no part of what is tested
 * @throws AttestError `subject-missing` where there is no git, no work tree or no commit
 */
export async function workTreeOf(cwd: string, { ours = [], written = [] }: NoPart = {}): Promise<WorkTree> {
  const repository = await opened(cwd);
  try {
    const root = repository.root;
    const { commit, tree } = await headOf(repository, cwd);
    const below = (paths: readonly string[]): string[] =>
      paths
        .map((path) => relative(root, resolve(path)).replaceAll(sep, "/"))
        .filter((path) => path !== "" && !path.startsWith(".."));
    const without = below(ours);
    const [changes, remote] = await Promise.all([
      changesIn(repository, { without, written: below(written) }),
      remoteIn(repository),
    ]);
    return { root, commit, tree, remote, changes, without };
  } finally {
    repository.close();
  }
}

/** What git calls `origin`, as far as it is an address of a host; undefined where there is no repository. */
export async function remoteOf(folder: string): Promise<string | undefined> {
  const place = placeOf(folder);
  if (place === undefined) return undefined;
  const repository = await Repository.open(place).catch(() => undefined);
  if (repository === undefined) return undefined;
  return await remoteIn(repository).finally(() => repository.close());
}

const remoteIn = (repository: Repository): Promise<string | undefined> =>
  repository.ask(["remote", "get-url", "origin"]).then(
    (url) => publicRemote(url.trim()),
    () => undefined,
  );

/** `https://host/path`; undefined for what is no address of a host, a path on somebody's machine for example. */
export function publicRemote(url: string): string | undefined {
  const [, host, path] =
    /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([^/@]+)\/(.+)$/.exec(url) ??
    /^(?:[^@/:]+@)?([^@/:]+\.[^@/:]+):(?!\/\/)(.+)$/.exec(url) ??
    [];
  // A path from the root of a machine names a place there, and often a person.
  if (/^\/*(?:home|Users|root)\/|^~/.test(path ?? "")) return undefined;
  return host === undefined || path === undefined
    ? undefined
    : `https://${host.replace(/:\d+$/, "")}/${path
        .replace(/[?#].*$/, "")
        .replace(/^\/+|\/+$/g, "")
        .replace(/\.git$/, "")}`;
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

/** Each once: of two files with one name and the same bytes nobody can tell which is which. @throws AttestError `subject-missing`, `io` */
export async function fileSubjects(paths: readonly string[]): Promise<Subject[]> {
  const all = await Promise.all(
    paths.map(async (path) => ({ name: fit(basename(path)), digest: { sha256: await fileDigest(path) } })),
  );
  return distinct(all);
}

/** At a time. A stream's pieces are smaller, and an interpreter of a hundred megabytes would take four times as long. */
const BLOCK = 1024 * 1024;

/** Of any length; read piece by piece. @throws AttestError `subject-missing`, `io` */
export async function fileDigest(path: string, algorithm = "sha256"): Promise<string> {
  return await (
    await openedDigest(path, algorithm)
  ).digest;
}

/**
 * Of the file that is there now, whatever takes its place while it is read.
 * @throws AttestError `subject-missing`, `io`
 */
export async function openedDigest(path: string, algorithm = "sha256"): Promise<{ readonly digest: Promise<string> }> {
  try {
    if (!statSync(path).isFile())
      throw new AttestError(
        "subject-missing",
        `expected a file at ${path}, found something else`,
        "a folder is tested by its git commit: leave --subject out",
      );
    const digest = digestOf(await open(path), algorithm).catch((error: unknown) => {
      throw ioError("read", path, error);
    });
    digest.catch(() => undefined); // told to whoever waits for it
    return { digest };
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) === "ENOENT") throw new AttestError("subject-missing", `expected a file at ${path}, found none`);
    throw ioError("read", path, error);
  }
}

async function digestOf(file: FileHandle, algorithm: string): Promise<string> {
  try {
    const hash = createHash(algorithm);
    const block = Buffer.allocUnsafeSlow(BLOCK);
    for (let read = 1; read > 0;) {
      read = (await file.read(block, 0, BLOCK)).bytesRead;
      hash.update(block.subarray(0, read));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

async function headOf(repository: Repository, cwd: string): Promise<{ commit: string; tree: string }> {
  try {
    const [commit = "", tree = ""] = (await repository.ask(["rev-parse", "HEAD", "HEAD^{tree}"])).split("\n");
    return { commit, tree };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw /ambiguous argument 'HEAD|unknown revision/.test(stderr)
      ? noTree(cwd, "one without a commit", "commit what is tested, or name files with --subject FILE")
      : noTree(cwd, stderr.trim().split("\n")[0] ?? "no word from git", "name what is tested with --subject FILE");
  }
}

async function opened(cwd: string): Promise<Repository> {
  const place = placeOf(cwd);
  if (place?.root === undefined)
    throw noTree(cwd, "none", "git init, and commit what is tested; or name files with --subject FILE");
  try {
    return await Repository.open(place);
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    throw new AttestError(
      "subject-missing",
      error.message,
      `${error.hint ?? "mend them"}, or name what is tested with --subject FILE`,
    );
  }
}

const noTree = (cwd: string, found: string, hint: string): AttestError =>
  new AttestError(
    "subject-missing",
    `expected a git work tree at ${cwd}, to name what is tested, found ${found}`,
    hint,
  );
