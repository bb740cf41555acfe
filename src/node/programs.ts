/** Where a program lies that this tool starts by its name: never in a folder that somebody else's code can write to. */
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { userHome } from "./paths.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a path leads when every link has been followed, as far as it is there. */
export function real(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}

/** Whether a path is the folder or lies below it, as it is written or when links are followed. */
export function isWithin(path: string, folder: string): boolean {
  const below = (one: string, other: string): boolean =>
    one === other || one.startsWith(other.endsWith(sep) ? other : other + sep);
  return below(resolve(path), resolve(folder)) || below(real(path), real(folder));
}

const STARTED_IN = real(".");

/**
 * The folders of the projects that are at hand: the one that is looked at, and the one in which this tool was started. A repository inside of
 * another one belongs to it; but a home under git is not taken for the project of everything in it.
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

/** `PATH` without places that are named from wherever one is, and without those of the projects: npm puts its `node_modules/.bin` first. */
export const pathOutside = (env: Environment, projects: readonly string[]): string =>
  (env["PATH"] ?? "")
    .split(delimiter)
    .filter((place) => isAbsolute(place) && !isWithinAny(place, projects))
    .join(delimiter);

/** As execvp(3) would find it there; undefined where there is none. */
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
