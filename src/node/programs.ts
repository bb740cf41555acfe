/** Finds the programs that this tool starts by name, never in a folder that someone else's code can write to. */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { userHome } from "./paths.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** The real path, as far as it exists. */
export function real(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}

/** Whether a path is the folder or lies below it, both as written and with links followed. */
export function isWithin(path: string, folder: string): boolean {
  const below = (one: string, other: string): boolean =>
    one === other || one.startsWith(other.endsWith(sep) ? other : other + sep);
  return below(resolve(path), resolve(folder)) || below(real(path), real(folder));
}

const STARTED_IN = real(".");

/**
 * Project folders: around the given folder, and around the working directory. An inner repository belongs to the outer one, but a home
 * folder under git is not treated as a project.
 */
export const projectsAround = (folder: string): readonly string[] => [
  ...new Set([outermost(real(folder)), outermost(STARTED_IN)]),
];

function outermost(folder: string): string {
  let found = folder;
  const home = real(userHome());
  for (let here = folder; here !== dirname(here) && here !== home; here = dirname(here))
    if (existsSync(join(here, ".git"))) found = here;
  return found;
}

export const isWithinAny = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => isWithin(path, folder));

/** `PATH` without relative entries and without project folders: npm puts `node_modules/.bin` first. */
export const pathOutside = (env: Environment, projects: readonly string[]): string =>
  (env["PATH"] ?? "")
    .split(delimiter)
    .filter((place) => isAbsolute(place) && !isWithinAny(place, projects))
    .join(delimiter);

/** As execvp(3) would find it on that `PATH`; undefined if missing. */
export function programOutside(name: string, env: Environment, projects: readonly string[]): string | undefined {
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  return pathOutside(env, projects)
    .split(delimiter)
    .flatMap((place) => endings.map((ending) => join(place, name + ending)))
    .find((path) => runs(path) && !isWithinAny(path, projects));
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
