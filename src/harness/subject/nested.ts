/** Repositories inside a work tree (submodules and clones), and where their git folders must be. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { placeAt, Repository } from "../../node/git.js";
import { isWithin } from "../../node/programs.js";

/**
 * Opens the repository whose work tree is this folder; undefined if there is none.
 * @throws AttestError `subject-missing` if its git folder is elsewhere: its `.git` file could name any folder
 */
export async function nestedIn(
  { place: { gitDir, commonDir } }: Repository,
  folder: string,
): Promise<Repository | undefined> {
  const entry = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  const place = placeAt(folder);
  if (place === undefined && entry.isDirectory()) return undefined; // a folder named .git that is not a repository
  const kept = (dir: string): boolean =>
    entry.isDirectory() ? isWithin(dir, join(folder, ".git")) : [gitDir, commonDir].some((ours) => isWithin(dir, ours));
  if (place === undefined || entry.isSymbolicLink() || !kept(place.gitDir) || !kept(place.commonDir))
    throw new AttestError(
      "subject-missing",
      `the repository in ${JSON.stringify(folder)} is not kept in this one's git folder`,
      "for a submodule: git submodule absorbgitdirs; for a second work tree: git worktree add",
    );
  return await Repository.open(place);
}
