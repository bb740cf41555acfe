/** The git folders of a project, wherever they lie: whoever writes to one decides what the next git starts that looks into it. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { placeAt } from "../../node/git.js";

/** Of the work tree itself, of every repository below it, bare ones too: the folders, and the files called `.git` that name one. */
export function gitFoldersIn(root: string): readonly string[] {
  const found = new Set<string>();
  const walk = (folder: string): void => {
    const entries = entriesOf(folder);
    const names = new Set(entries.map(({ name }) => name));
    if (["HEAD", "objects", "refs"].every((name) => names.has(name))) return void found.add(folder);
    if (names.has(".git")) for (const path of foldersOf(folder)) found.add(path);
    for (const entry of entries) if (entry.isDirectory() && entry.name !== ".git") walk(join(folder, entry.name));
  };
  walk(root);
  return [...found];
}

function foldersOf(folder: string): string[] {
  const entry = join(folder, ".git");
  const place = placeAt(folder);
  return [
    ...(lstatSync(entry).isSymbolicLink() ? [] : [entry]), // nothing can be laid over a link
    ...(place === undefined ? [] : [place.gitDir, place.commonDir]),
  ].filter((path) => existsSync(path));
}

function entriesOf(folder: string): { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not ours to read, nor the command's
  }
}
