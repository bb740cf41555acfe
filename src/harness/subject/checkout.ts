/** Checks out a recorded commit into a temporary folder, to repeat a run there. */
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { temporaryFolder } from "../../node/files.js";
import { gitPlaceOf, Repository } from "../../node/git.js";
import { Disk, shownPath } from "./content.js";
import { nestedIn } from "./nested.js";
import { GITLINK, treeRows } from "./work-tree.js";

export interface WantedCommit {
  readonly commit: string;
  readonly tree: string | undefined;
}

/**
 * Changes nothing in the user's repository and fetches nothing: the objects must exist.
 * @throws AttestError `not-reproducible` if the commit is missing or has another tree
 */
export async function withCheckout<T>(
  repository: string,
  { commit, tree }: WantedCommit,
  act: (folder: string) => Promise<T>,
  name = "work",
): Promise<T> {
  const missing = (expected: string, found: string): AttestError =>
    new AttestError(
      "not-reproducible",
      `expected ${expected}, found ${found}`,
      "run it in a clone of the project that has the commit: git fetch, or --repository DIR",
    );
  const place = gitPlaceOf(repository);
  if (place === undefined) throw missing(`a git repository at ${repository}, with the commit ${commit}`, "none");
  const parent = realpathSync(temporaryFolder("checkout"));
  try {
    const folder = join(parent, name);
    mkdirSync(folder);
    const source = await Repository.open(place);
    try {
      const found = await source.ask(["rev-parse", "--verify", "--quiet", `${commit}^{tree}`]).catch(() => {
        throw missing(`the commit ${commit} in ${place.root ?? place.gitDir}`, "no such commit");
      });
      if (tree !== undefined && found.trim() !== tree)
        throw missing(`the tree ${tree} in the commit ${commit}`, found.trim());
      await fill(source, commit, folder);
    } finally {
      source.close();
    }
    return await act(folder);
  } finally {
    rmSync(parent, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Adds the available submodules at their commits. Without one the content and its digest differ. */
async function fill(source: Repository, commit: string, folder: string): Promise<void> {
  await source.checkout(commit, folder);
  const { root } = source.place;
  if (root === undefined) return;
  for (const [path, { mode, id }] of await treeRows(source, commit)) {
    if (mode !== GITLINK || new Disk(folder).kind(path) !== "folder") continue; // never through a link
    const inner = await nestedIn(source, join(root, shownPath(path))).catch(() => undefined);
    if (inner === undefined) continue;
    try {
      const there = await inner.ask(["cat-file", "-e", `${id}^{commit}`]).then(
        () => true,
        () => false,
      );
      if (there) await fill(inner, id, join(folder, shownPath(path)));
    } finally {
      inner.close();
    }
  }
}
