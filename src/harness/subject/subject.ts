/**
 * The subject, identified by digest: the git commit of the working directory, with its content if that differs; outside of git the folder's
 * content; or named files and folders. The same content has the same digest on every machine.
 */
import { statSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { AttestError } from "../../core/errors.js";
import { fit } from "../../core/json.js";
import { distinct } from "../../core/statement/once.js";
import type { Subject } from "../../core/statement/statement.js";
import { placeAt, gitPlaceOf, Repository, type GitPlace } from "../../node/git.js";
import { asBytes, digestsOf, Disk, isBelow, pathsIn, type Content, type ObjectFormat } from "./content.js";
import { fileDigest } from "./digest.js";
import { remoteIn } from "./remote.js";
import { inKnownPlaces } from "../report-places.js";
import { treeIn, type Skip } from "./work-tree.js";

export interface TestedSubject {
  /** The project's folder. */
  readonly root: string;
  /** Descriptors for a statement; a project gets this name. */
  readonly subjects: (name: string) => Subject[];
  /** Number of files that differ from the commit; undefined without a commit. */
  readonly changed: number | undefined;
  /** Unreadable paths, which are therefore not covered. */
  readonly closed: readonly string[];
  /** Checks everything again. New files are not considered. */
  readonly after: () => Promise<SubjectAfter>;
}

/** State of the subject after the run: unchanged; some files changed; not what the statement names; missing. */
export type SubjectAfter = "kept" | "changed" | "another" | "gone";

export interface NoPart {
  /** Files that this tool publishes. */
  readonly ours?: readonly string[];
  /** Files that runs write, such as reports: excluded unless git tracks them. */
  readonly written?: readonly string[];
}

/** @throws AttestError `subject-missing` if a repository cannot be read or has no commit */
export async function testedIn(cwd: string, noPart: NoPart = {}): Promise<TestedSubject> {
  const place = gitPlaceOf(cwd);
  return place?.root === undefined ? await folderTested(cwd, noPart) : await commitTested(place, place.root, noPart);
}

async function commitTested(place: GitPlace, root: string, noPart: NoPart): Promise<TestedSubject> {
  return await withRepository(place, async (repository) => {
    const head = await headOf(repository, root);
    const found = await treeIn(repository, skipping(root, noPart));
    const remote = await remoteIn(repository);
    const { content, format, changed, inner } = found;
    const [gitCommit = "", gitTree = ""] = head;
    const uri = remote === undefined ? {} : { uri: `git+${remote}` };
    return {
      root,
      subjects: (name) => [
        { name, digest: { gitCommit, gitTree }, ...uri },
        ...(changed.size === 0
          ? []
          : [contentSubject(`${name} with changes that are not committed`, content, format, changed.size)]),
      ],
      changed: changed.size,
      closed: found.closed,
      after: async () => {
        const now = placeAt(root);
        if (now === undefined) return "gone";
        return await withRepository(now, async (again) => {
          if ((await headOf(again, root)).join() !== head.join()) return "another";
          return isAsItWas(root, content, format) && inner.every(isThere) ? "kept" : "changed";
        });
      },
    };
  });
}

/** Another folder in place of the git folder is another repository. */
function isThere(known: string): boolean {
  const [path = "", dev, ino] = known.split("\0");
  const stats = statSync(path, { throwIfNoEntry: false });
  return String(stats?.dev) === dev && String(stats?.ino) === ino;
}

async function folderTested(folder: string, noPart: NoPart): Promise<TestedSubject> {
  const root = resolve(folder);
  const { content, closed } = await contentIn(root, noPart);
  return {
    root,
    subjects: (name) => [contentSubject(name, content)],
    changed: undefined,
    closed,
    after: () => Promise.resolve(isAsItWas(root, content, "sha1") ? "kept" : "changed"),
  };
}

/**
 * Files and folders by their own names. Each counts once, because two with equal name and bytes cannot be told apart. @throws AttestError
 * `subject-missing`, `io`
 */
export async function pathsTested(paths: readonly string[], cwd: string, noPart: NoPart = {}): Promise<TestedSubject> {
  const all = await Promise.all(paths.map((path) => pathTested(path, noPart)));
  const subjects = distinct(all.map(({ subject }) => subject));
  return {
    root: cwd,
    subjects: () => subjects,
    changed: undefined,
    closed: all.flatMap(({ closed }) => closed),
    after: async () => ((await Promise.all(all.map(({ kept }) => kept()))).every(Boolean) ? "kept" : "another"),
  };
}

interface PathTested {
  readonly subject: Subject;
  readonly closed: readonly string[];
  readonly kept: () => Promise<boolean>;
}

async function pathTested(path: string, noPart: NoPart): Promise<PathTested> {
  const name = fit(basename(resolve(path)));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const { content, closed } = await contentIn(path, noPart);
    const kept = (): Promise<boolean> => Promise.resolve(isAsItWas(path, content, "sha1"));
    return { subject: contentSubject(name, content), closed, kept };
  }
  const sha256 = await fileDigest(path);
  return { subject: { name, digest: { sha256 } }, closed: [], kept: async () => (await fileDigest(path)) === sha256 };
}

/** For a folder outside of git, or whose git is ignored. @throws AttestError `subject-missing` */
export async function contentIn(
  folder: string,
  noPart: NoPart,
): Promise<{ content: Content; closed: readonly string[] }> {
  const root = resolve(folder);
  if (root === dirname(root))
    throw new AttestError(
      "subject-missing",
      "the project would be the whole system",
      "go to the project's folder, or name what is tested with --subject",
    );
  const disk = new Disk(root);
  const { written = [] } = noPart;
  const known = inKnownPlaces(root).map((name) => resolve(root, name));
  const skip = skipping(root, { ...noPart, written: [...written, ...known] });
  const content = await disk.read(
    pathsIn(disk).filter((path) => !skip(path, false)),
    "sha1",
  );
  return { content, closed: [...disk.closed].sort() };
}

const contentSubject = (name: string, content: Content, format: ObjectFormat = "sha1", changed?: number): Subject => ({
  name,
  digest: { ...digestsOf(content, format) },
  annotations: { files: content.size, ...(changed !== undefined && { changed }) },
});

function isAsItWas(root: string, content: Content, format: ObjectFormat): boolean {
  const disk = new Disk(root);
  return [...content].every(([path, { mode, sha256 }]) => {
    const now = disk.entry(path, format);
    return now?.mode === mode && now.sha256 === sha256;
  });
}

function skipping(root: string, { ours = [], written = [] }: NoPart): Skip {
  const below = (paths: readonly string[]): string[] =>
    paths
      .map((path) => relative(root, resolve(path)))
      .filter((path) => path !== "" && path !== ".." && !path.startsWith(`..${sep}`))
      .map((path) => asBytes(path.replaceAll(sep, "/")));
  const [always, unlessKnown] = [below(ours), below(written)];
  return (path, known) =>
    always.some((one) => isBelow(path, one)) || (!known && unlessKnown.some((one) => isBelow(path, one)));
}

async function headOf(repository: Repository, root: string): Promise<readonly string[]> {
  try {
    return (await repository.ask(["rev-parse", "HEAD", "HEAD^{tree}"])).trim().split("\n");
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw /ambiguous argument 'HEAD|unknown revision/.test(stderr)
      ? noTree(root, "one without a commit", "commit what is tested, or name it with --subject")
      : noTree(root, stderr.trim().split("\n")[0] ?? "no word from git", "name what is tested with --subject");
  }
}

async function withRepository<T>(place: GitPlace, act: (repository: Repository) => Promise<T>): Promise<T> {
  let repository: Repository | undefined;
  try {
    repository = await Repository.open(place);
    return await act(repository);
  } catch (error) {
    const { stderr, hint = "look with: git status" } = error as { stderr?: string; hint?: string };
    if (error instanceof AttestError ? error.code !== "io" : stderr === undefined) throw error;
    const found =
      stderr === undefined
        ? (error as Error).message
        : `git could not say what is there: ${stderr.trim().split("\n")[0] ?? ""}`;
    throw new AttestError("subject-missing", found, `${hint}; or name what is tested with --subject`);
  } finally {
    repository?.close();
  }
}

const noTree = (root: string, found: string, hint: string): AttestError =>
  new AttestError(
    "subject-missing",
    `what is tested cannot be named: ${root} is not a git work tree, but ${found}`,
    hint,
  );
