/** Repositories inside of a work tree, submodules and clones, and where they must be kept to be looked into. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { placeAt, Repository } from "../../node/git.js";
import { isWithin } from "../../node/programs.js";

/**
 * The one whose work tree is this folder, opened; undefined where there is none.
 * @throws AttestError `subject-missing` for one that is kept elsewhere: whoever can write its `.git` could name any folder
 */
export async function nestedIn(
  { place: { gitDir, commonDir } }: Repository,
  folder: string,
): Promise<Repository | undefined> {
  const entry = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
  if (entry === undefined) return undefined;
  const place = placeAt(folder);
  if (place === undefined && entry.isDirectory()) return undefined; // a folder of that name, in which git finds nothing
  const kept = (dir: string): boolean =>
    entry.isDirectory() ? isWithin(dir, join(folder, ".git")) : [gitDir, commonDir].some((ours) => isWithin(dir, ours));
  if (place === undefined || entry.isSymbolicLink() || !kept(place.gitDir) || !kept(place.commonDir))
    throw new AttestError(
      "subject-missing",
      `the repository in ${JSON.stringify(folder)} is kept elsewhere than in this one's git folder`,
      "look at it; git submodule absorbgitdirs takes a submodule in, and git worktree add is for a tree beside this one",
    );
  return await Repository.open(place);
}
