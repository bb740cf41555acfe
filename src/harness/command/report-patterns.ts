/**
 * Finds the files that a path or a shell pattern matches: `out/*.xml`, `**`, `?`, `[a-z]`, `{a,b}` within a name.
 *
 * `attest reproduce` takes patterns from documents that strangers wrote. Libraries turn patterns into regular expressions, and some of
 * those never finish; this matcher's time is bounded by the lengths of pattern and name.
 */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { join, resolve } from "node:path";

export interface NamedFiles {
  /** The kind of path; a file need not exist. */
  readonly kind: "file" | "folder" | "pattern";
  /** Sorted, relative to the path's base. */
  readonly files: readonly string[];
  /** Folders that cannot be read. */
  readonly closed: readonly string[];
}

const MAGIC = /[*?[{]/;
/** Above the number of files of any run. */
const MOST = 100_000;

/** A path that exists literally is not a pattern. */
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

/** The folder that a path names; for a pattern, the folder that contains all matches. */
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

/** Does not follow links to folders. */
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

/** Undefined if the folder is unreadable, empty if it does not exist. */
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

/** Whether the items match the tokens in sequence; the time is at most the product of their numbers. */
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

/** A pattern matches a name with a leading dot only if it starts with a dot. */
function nameIs(pattern: string): (name: string) => boolean {
  const all = alternatives(pattern).map((one) => [one, charactersIn(one)] as const);
  return (name) =>
    all.some(([one, tokens]) => (!name.startsWith(".") || one.startsWith(".")) && matches(tokens, Array.from(name)));
}

/** Above what anyone writes by hand. */
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
