/**
 * The content of a git work tree and its inner repositories, byte for byte, and its differences from the commit.
 *
 * The commit, the index and the `.gitignore` files in the tree decide what belongs to it: no user setting, index flag or file time has
 * influence. Git only lists names; this tool reads the bytes itself.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import type { Repository } from "../../node/git.js";
import { checkedOut, type CheckedOut, type Committed } from "./checked-out.js";
import { Disk, pathsIn, shownPath, type Content, type TreeEntry, type ObjectFormat } from "./content.js";
import { nestedIn } from "./nested.js";

export interface WorkTree {
  readonly content: Content;
  readonly format: ObjectFormat;
  /** Paths that are not as committed. */
  readonly changed: ReadonlySet<string>;
  /** Unreadable paths; the command cannot read them either. */
  readonly closed: readonly string[];
  /** Git folders of inner repositories, with fingerprints to detect a replacement. */
  readonly inner: readonly string[];
}

/** Whether a path (as bytes, from the top) is excluded. */
export type Skip = (path: string, known: boolean) => boolean;

/** @throws AttestError `subject-missing`, and `io` if a repository is unreadable */
export async function treeIn(repository: Repository, skip: Skip): Promise<WorkTree> {
  const { root } = repository;
  const format = (await repository.ask(["rev-parse", "--show-object-format"])).trim() as ObjectFormat;
  const disk = new Disk(root);
  const [committed, indexed, others] = [
    await committedIn(repository),
    await indexedIn(repository),
    await othersIn(repository),
  ];
  const known = (path: string): boolean => committed.has(path) || indexed.has(path);
  const all = new Set([...committed.keys(), ...indexed.keys(), ...others.names]);
  const isLink = (path: string): boolean => [committed, indexed].some((one) => one.get(path)?.mode === GITLINK);
  const isPlace = (path: string): boolean => path.endsWith("/") || (isLink(path) && disk.kind(path) === "folder");
  const places = new Set([...all].filter(isPlace).map((path) => path.replace(/\/$/, "")));
  const files = [...all].filter((path) => !isPlace(path) && !skip(path, known(path)));
  const content = await disk.read(files, format);
  const expected = await checkedOut(repository, committed, format);
  const changed = new Set(
    files.filter((path) => !isAsCommitted(committed.get(path), content.get(path), expected.get(path))),
  );
  const found = { content, format, changed, closed: [...disk.closed, ...others.closed], inner: [] as string[] };
  const outer = { committed, skip, disk, unlisted: new Set(others.names.filter((name) => name.endsWith("/"))) };
  for (const place of places) await addNested(found, repository, place, outer);
  return { ...found, closed: [...new Set(found.closed)].sort() };
}

/** The mode of an entry that is a commit of another repository. */
export const GITLINK = "160000";

function isAsCommitted(
  committed: Committed | undefined,
  entry: TreeEntry | undefined,
  expected: ReturnType<CheckedOut["get"]>,
): boolean {
  if (committed === undefined || entry === undefined) return committed === undefined && entry === undefined;
  if (expected !== undefined && "sha256" in expected) {
    if (entry.sha256 !== expected.sha256) return false;
  } else if (entry.blob !== (expected?.blob ?? committed.id)) return false;
  // Windows has no executable bit.
  return process.platform === "win32" && /^100/.test(entry.mode + committed.mode)
    ? committed.mode.startsWith("100")
    : entry.mode === committed.mode;
}

interface Outer {
  readonly committed: ReadonlyMap<string, Committed>;
  readonly skip: Skip;
  readonly disk: Disk;
  /** Git reports only that these exist. */
  readonly unlisted: ReadonlySet<string>;
}

/** A submodule at the recorded commit without changes is as committed. For other repositories every file counts as its own. */
async function addNested(
  found: {
    content: Map<string, TreeEntry>;
    format: ObjectFormat;
    changed: Set<string>;
    closed: string[];
    inner: string[];
  },
  repository: Repository,
  place: string,
  { committed, skip, disk, unlisted }: Outer,
): Promise<void> {
  const link = committed.get(place);
  const at = (path: string): string => `${place}/${path}`;
  const add = (path: string, entry: TreeEntry): void => {
    found.content.set(path, entry);
    if (link?.mode !== GITLINK && !committed.has(path)) found.changed.add(path);
  };
  const folder = join(repository.root, shownPath(place));
  const inner = await nestedIn(repository, folder);
  if (inner === undefined) {
    if (link !== undefined && !skip(place, true)) found.changed.add(place);
    const inside = unlisted.has(`${place}/`) ? pathsIn(disk, place) : [];
    const plain = inside.filter((path) => !skip(path, committed.has(path)));
    for (const [path, entry] of await disk.read(plain, found.format)) add(path, entry);
    return;
  }
  try {
    const within = await treeIn(inner, (path, known) => skip(at(path), known));
    if (within.format !== found.format) throw otherFormat(place);
    for (const [path, entry] of within.content) add(at(path), entry);
    found.closed.push(...within.closed.map((path) => join(shownPath(place), path)));
    const { dev, ino } = statSync(inner.place.gitDir);
    found.inner.push(`${inner.place.gitDir}\0${dev}\0${ino}`, ...within.inner);
    if (link?.mode !== GITLINK) return;
    for (const path of within.changed) found.changed.add(at(path));
    if (link.id !== (await headOf(inner))) found.changed.add(place);
  } finally {
    inner.close();
  }
}

const otherFormat = (place: string): AttestError =>
  new AttestError(
    "subject-missing",
    `${JSON.stringify(shownPath(place))} has another format of git's objects than the repository around it`,
    "name what is tested with --subject",
  );

const headOf = (repository: Repository): Promise<string | undefined> =>
  repository.ask(["rev-parse", "--verify", "--quiet", "HEAD"]).then(
    (said) => said.trim(),
    () => undefined, // no commit yet
  );

/** `<mode> <type> <id>`, a tab, and the name; for the index, `<mode> <id> <stage>`. */
const rows = (said: string): Map<string, Committed> =>
  new Map(
    said.split("\0").flatMap((line): [string, Committed][] => {
      const [, mode = "", id = "", path = ""] = /^(\d+) (?:[a-z]+ )?([0-9a-f]+)(?: \d)?\t([^]*)$/.exec(line) ?? [];
      return path === "" ? [] : [[path, { mode, id }]];
    }),
  );

async function committedIn(repository: Repository): Promise<Map<string, Committed>> {
  return (await headOf(repository)) === undefined ? new Map() : await treeRows(repository, "HEAD");
}

/** All entries of a commit, by path. */
export const treeRows = async (repository: Repository, commit: string): Promise<Map<string, Committed>> =>
  rows(await repository.ask(["ls-tree", "-r", "-z", "--full-tree", commit], { names: true }));

const indexedIn = async (repository: Repository): Promise<Map<string, Committed>> =>
  rows(await repository.ask(["ls-files", "--stage", "-z"], { names: true }));

/** All files that are not ignored, tracked or not; a repository is listed as its folder with a slash. */
async function othersIn(repository: Repository): Promise<{ names: readonly string[]; closed: readonly string[] }> {
  let told = "";
  const said = await repository.ask(["ls-files", "--others", "-z", "--exclude-per-directory=.gitignore"], {
    names: true,
    env: { GIT_INDEX_FILE: repository.noIndex },
    told: (stderr) => (told = stderr),
  });
  const closed = [...told.matchAll(/could not open directory '([^\n]*?)\/?': Permission denied/g)];
  return { names: said.split("\0").filter(Boolean), closed: closed.map(([, path = ""]) => shownPath(path)) };
}
