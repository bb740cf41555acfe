/** The git folders of a project, at any depth. They need protection: their content decides what the next git command in them does. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { placeAt } from "../../node/git.js";

/** Git folders of the work tree and of every repository below it, including bare ones, and `.git` files that name a folder. */
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
    ...(lstatSync(entry).isSymbolicLink() ? [] : [entry]), // a link cannot be mounted over
    ...(place === undefined ? [] : [place.gitDir, place.commonDir]),
  ].filter((path) => existsSync(path));
}

function entriesOf(folder: string): { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // unreadable for us, and for the command
  }
}
