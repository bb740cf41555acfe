/** Repositories inside of a work tree: what git's index says of them, and where they must be kept to be looked into. */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { AttestError } from "../core/errors.js";
import { placeAt, Repository, type Variables } from "../node/git.js";
import { isWithin } from "../node/programs.js";

/** An entry of the index that is a commit of another repository. */
export interface Link {
  /** From the top of the work tree. */
  readonly path: string;
  readonly commit: string;
}

/** One that is there. */
export interface Submodule extends Link {
  readonly head: string;
  readonly repository: Repository;
}

export interface Listed {
  /** Two bits of the index tell git not to look at a file: `assume-unchanged`, and `skip-worktree` although the file is there. */
  readonly hidden: readonly string[];
  readonly links: readonly Link[];
}

export async function namesIn(repository: Repository, args: readonly string[], env: Variables = {}): Promise<string[]> {
  return (await repository.ask(args, { env })).split("\0").filter((name) => name !== "");
}

/** What the index says of its entries: `<tag> <mode> <id> <stage>`, a tab, and the name. */
export async function listed(repository: Repository): Promise<Listed> {
  const [hidden, links]: [string[], Link[]] = [[], []];
  for (const line of await namesIn(repository, ["ls-files", "-v", "--stage", "-z"])) {
    const tab = line.indexOf("\t");
    const path = line.slice(tab + 1);
    if (/^[a-zS]/.test(line) && lstatSync(join(repository.root, path), { throwIfNoEntry: false }) !== undefined)
      hidden.push(path);
    if (line.startsWith("160000 ", 2)) links.push({ path, commit: line.slice(9, tab).split(" ", 1)[0] ?? "" });
  }
  return { hidden, links };
}

/**
 * Opens those that are there, and closes them afterwards.
 * @throws AttestError `subject-missing` for one that is kept elsewhere: whoever can write its `.git` could name any folder
 */
export async function submodulesIn<T>(
  repository: Repository,
  links: readonly Link[],
  act: (submodules: readonly Submodule[]) => Promise<T>,
): Promise<T> {
  const open: Submodule[] = [];
  try {
    for (const { path, commit } of links) {
      const folder = join(repository.root, path);
      const entry = lstatSync(join(folder, ".git"), { throwIfNoEntry: false });
      if (entry === undefined || lstatSync(folder).isSymbolicLink()) continue; // not fetched; or no repository any more, which git tells
      const place = placeAt(folder);
      const { gitDir, commonDir } = repository.place;
      const kept = (dir: string): boolean =>
        entry.isDirectory()
          ? isWithin(dir, join(folder, ".git"))
          : [gitDir, commonDir].some((ours) => isWithin(dir, ours));
      if (place === undefined && entry.isDirectory()) continue; // git says what is wrong with it
      if (place === undefined || entry.isSymbolicLink() || !kept(place.gitDir) || !kept(place.commonDir))
        throw elsewhere(path);
      const inner = await Repository.open(place);
      const head = await inner.ask(["rev-parse", "--verify", "--quiet", "HEAD"]).catch(() => undefined);
      if (head === undefined) inner.close();
      else open.push({ path, commit, head: head.trim(), repository: inner });
    }
    return await act(open);
  } finally {
    for (const { repository: inner } of open) inner.close();
  }
}

const elsewhere = (path: string): AttestError =>
  new AttestError(
    "subject-missing",
    `expected the repository in ${JSON.stringify(path)} to be kept in this one's git folder, found that its .git names another place`,
    "look at it; git submodule absorbgitdirs takes a submodule in, and git worktree add is for a tree beside this one",
  );
