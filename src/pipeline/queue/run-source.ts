/** The source of a run: what is queued, and the fresh folder that is made of it. */
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { testedIn } from "../../harness/subject/subject.js";
import { temporaryFolder } from "../../node/files.js";
import { gitPlaceOf, Repository } from "../../node/git.js";
import type { Store } from "../../store/store.js";
import { archiveOf, MAX_ARCHIVE, unpack } from "./archive.js";
import type { RunSource } from "./asked.js";
import { fetchAddress, withFetched, type GitSource } from "./fetch-commit.js";
import { keepPieces, readPiece, SOURCES } from "./places.js";

/** Runs something in a fresh folder with the source in it, whose digest was checked. The folder is gone afterwards. */
export async function withSource<T>(
  source: RunSource,
  { name, store, engine, signal }: { name: string; store: Store; engine: Engine; signal: AbortSignal },
  act: (folder: string) => Promise<T>,
): Promise<T> {
  if (!("archive" in source)) return await withFetched(source, name, signal, act);
  const bytes = await readPiece(store, SOURCES, { sha256: source.archive, limit: MAX_ARCHIVE, engine });
  const parent = realpathSync(temporaryFolder("source"));
  try {
    const folder = join(parent, name);
    mkdirSync(folder);
    unpack(bytes, folder);
    return await act(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true, maxRetries: 3 });
  }
}

export interface ChosenSource {
  readonly source: RunSource;
  /** Of the fresh folder. */
  readonly name: string;
  /** Of the working directory in it. */
  readonly folder: string;
  /** Why it is an archive, where a commit was possible. */
  readonly why: string | undefined;
}

/**
 * The commit, if the work tree is as committed and the commit can be fetched from the remote `origin`; otherwise an archive of the tracked
 * files, which is put into the store.
 * @param ours files of the registry, which are not tested
 */
export async function sourceOf(
  cwd: string,
  {
    archive,
    ours,
    store,
    engine,
    signal,
  }: { archive: boolean; ours: readonly string[]; store: Store; engine: Engine; signal: AbortSignal },
): Promise<ChosenSource> {
  const here = realpathSync(cwd);
  const found = archive ? { why: undefined } : await commitOf(here, ours, signal);
  const place = (root: string): { name: string; folder: string } => {
    const folder = relative(root, here).replaceAll(sep, "/");
    const name = basename(root);
    return {
      name: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? name : "project",
      folder: folder === "" ? "." : folder,
    };
  };
  if ("source" in found) return { source: found.source, why: undefined, ...place(found.root) };
  const root = realpathSync(gitPlaceOf(here)?.root ?? here);
  const without = ours
    .map((path) => relative(root, path).replaceAll(sep, "/"))
    .filter((path) => path !== "" && !path.startsWith(".."));
  const { bytes } = await archiveOf(here, without);
  const [digest = ""] = await keepPieces(store, SOURCES, [bytes], engine);
  return { source: { archive: digest }, why: found.why, ...place(root) };
}

async function commitOf(
  cwd: string,
  ours: readonly string[],
  signal: AbortSignal,
): Promise<{ source: GitSource; root: string } | { why: string }> {
  const place = gitPlaceOf(cwd);
  if (place?.root === undefined) return { why: "this is no git work tree" };
  const repository = await Repository.open(place);
  const remote = await repository
    .ask(["remote", "get-url", "origin"])
    .then((said) => fetchAddress(said.trim()))
    .catch(() => undefined)
    .finally(() => repository.close());
  if (remote === undefined) return { why: "git has no remote that a worker could fetch from" };
  const { changed, subjects } = await testedIn(cwd, { ours });
  if (changed !== 0) return { why: "the work tree has changes that are not committed" };
  const { gitCommit: commit = "", gitTree: tree = "" } = subjects("")[0]?.digest ?? {};
  const source = { address: remote, commit, tree };
  try {
    await withFetched(source, "work", signal, () => Promise.resolve());
    return { source, root: realpathSync(place.root) };
  } catch (error) {
    if (error instanceof AttestError && !signal.aborted) return { why: error.message };
    throw error;
  }
}
