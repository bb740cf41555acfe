/**
 * Which files a path names that may be a pattern, as a shell would have it: `out/*.xml`, `**`, `?`, `[a-z]`, `{a,b}` within a name.
 *
 * `attest reproduce` takes patterns from documents that strangers wrote. The libraries at hand make an expression of a pattern, and some
 * patterns keep an expression busy for ever; here the time is bounded by the lengths of both.
 */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { join, resolve } from "node:path";

export interface NamedFiles {
  /** What the path is; a file need not be there. */
  readonly kind: "file" | "folder" | "pattern";
  /** Sorted, and named from where the path is. */
  readonly files: readonly string[];
  /** Folders that may not be looked into. */
  readonly closed: readonly string[];
}

const MAGIC = /[*?[{]/;
/** More than any run writes. */
const MOST = 100_000;

/** A path that is there as it is written is no pattern. */
export function filesNamed(cwd: string, given: string): NamedFiles {
  const path = resolve(cwd, given);
  if (isFolder(path))
    return found(
      "folder",
      walked(
        cwd,
        given,
        () => true,
        () => true,
      ),
    );
  if (!MAGIC.test(given) || isThere(path)) return { kind: "file", files: [given], closed: [] };
  const parts = given.split("/");
  const first = parts.findIndex((part) => MAGIC.test(part));
  const base = parts.slice(0, first).join("/") || (given.startsWith("/") ? "/" : ".");
  const tokens = parts.slice(first).map((part): Token<string> => (part === "**" ? STAR : nameIs(part)));
  const fits = (below: readonly string[]): boolean => matches(tokens, below);
  const leads = (below: readonly string[]): boolean => tokens.includes(STAR) || below.length < tokens.length;
  return found("pattern", walked(cwd, base, fits, leads));
}

/** The folder that a path names, or of a pattern the one in which all that fits it lies. */
export function folderNamed(given: string): string {
  const parts = given.split("/");
  const first = parts.findIndex((part) => MAGIC.test(part));
  return first < 0 ? given : parts.slice(0, first).join("/") || (given.startsWith("/") ? "/" : ".");
}

const found = (kind: NamedFiles["kind"], { files, closed }: Omit<NamedFiles, "kind">): NamedFiles => ({
  kind,
  files: [...files].sort(),
  closed,
});

/** No link to a folder is followed: what it leads to has a name of its own. */
function walked(
  cwd: string,
  base: string,
  fits: (below: readonly string[]) => boolean,
  leads: (below: readonly string[]) => boolean,
): Omit<NamedFiles, "kind"> {
  const [files, closed]: [string[], string[]] = [[], []];
  const open: string[][] = [[]];
  let seen = 0;
  for (let below = open.pop(); below !== undefined && seen < MOST; below = open.pop()) {
    const folder = join(base, ...below);
    const entries = entriesOf(resolve(cwd, folder));
    if (entries === undefined) closed.push(folder);
    for (const entry of entries ?? []) {
      seen += 1;
      const path = [...below, entry.name];
      if (entry.isDirectory()) {
        if (leads(path) && entry.name !== ".git" && entry.name !== "node_modules") open.push(path);
      } else if (fits(path)) files.push(join(base, ...path).replaceAll("\\", "/"));
    }
  }
  return { files, closed: seen < MOST ? closed : [...closed, base] };
}

/** Undefined where one may not look; none where there is nothing. */
function entriesOf(folder: string): Dirent[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "") ? [] : undefined;
  }
}

const isThere = (path: string): boolean => statOf(path) !== undefined;
const isFolder = (path: string): boolean => statOf(path)?.isDirectory() === true;

function statOf(path: string): { isDirectory(): boolean } | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

const STAR = Symbol("any number of them");
type Token<T> = typeof STAR | ((item: T) => boolean);

/** Whether all items are what the tokens say, one after the other; in time that is their product at worst. */
function matches<T>(tokens: readonly Token<T>[], items: readonly T[]): boolean {
  let [token, item] = [0, 0];
  let [star, taken] = [-1, 0];
  while (item < items.length) {
    const now = tokens[token];
    if (now === STAR) {
      star = token;
      taken = item;
      token += 1;
    } else if (now?.(items[item] as T) === true) {
      token += 1;
      item += 1;
    } else if (star >= 0) {
      token = star + 1;
      taken += 1;
      item = taken;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === STAR);
}

/** A name that begins with a dot is meant only where the pattern says so. */
function nameIs(pattern: string): (name: string) => boolean {
  const all = alternatives(pattern).map((one) => [one, charactersIn(one)] as const);
  return (name) =>
    all.some(([one, tokens]) => (!name.startsWith(".") || one.startsWith(".")) && matches(tokens, Array.from(name)));
}

/** More than anybody writes by hand. */
const MOST_ALTERNATIVES = 100;

function alternatives(pattern: string): string[] {
  for (let all = [pattern]; ;) {
    const more = all.flatMap(firstChosen);
    if (more.length === all.length || more.length > MOST_ALTERNATIVES) return more;
    all = more;
  }
}

function firstChosen(pattern: string): string[] {
  const [, before = "", choices, after = ""] = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/.exec(pattern) ?? [];
  return choices?.split(",").map((choice) => before + choice + after) ?? [pattern];
}

const charactersIn = (pattern: string): Token<string>[] =>
  [...pattern.matchAll(/\*+|\[(!|\^)?([^\]]+)\]|[^]/gu)].map(([mark, not, set]): Token<string> => {
    if (mark.startsWith("*")) return STAR;
    if (mark === "?") return () => true;
    if (set === undefined) return (character) => character === mark;
    const ranges = [...set.matchAll(/([^])-([^])|[^]/gu)].map(([one, from = one, to = one]) => [from, to] as const);
    return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== (not !== undefined);
  });
