/** Which git settings apply when this tool runs git: from a repository those that name nothing to run or read, and the user's own. */
import { statSync } from "node:fs";
import { devNull } from "node:os";
import { resolve } from "node:path";
import { isWithin, isWithinAny } from "./programs.js";

/** Spelled as git prints it: sections and the last part in lowercase. */
export type Setting = readonly [name: string, value: string];

/** Needed to read the objects and the index. */
const PASSIVE =
  /^(?:core\.(?:repositoryformatversion|longpaths)|extensions\.(?:objectformat|refstorage)|index\.sparse|remote\.origin\.url)$/;
const USERS = /^(?:core\.longpaths|filter\..*\.(?:clean|smudge|process|required))$/;

/** Our settings: nothing that hides a change, converts content, starts a program, or fetches. */
export const OURS: readonly Setting[] = [
  ["core.fsmonitor", "false"],
  ["core.hookspath", devNull],
  ["core.trustctime", "true"],
  ["core.checkstat", "default"],
  ["core.commitgraph", "false"],
  ["core.alternaterefscommand", ""],
  ["core.attributesfile", devNull],
  ["core.excludesfile", devNull],
  ["core.autocrlf", "false"],
  ["core.eol", "lf"],
  ["core.safecrlf", "false"],
  ["core.filemode", "true"],
  ["core.symlinks", "true"],
  ["core.ignorecase", "false"],
  ["core.precomposeunicode", "false"],
  ["core.sparsecheckout", "false"],
  ["core.quotepath", "true"],
  ["protocol.allow", "never"],
];

export const isPassive = ([name]: Setting): boolean => PASSIVE.test(name);

const driverOf = (name: string): string | undefined => /^filter\.(.*)\.[^.]*$/s.exec(name)?.[1];

export const isFilter = (name: string): boolean => driverOf(name) !== undefined;

/** Parses `git config --null --list`: `<name>`, a line feed, `<value>`; a name alone means true. */
export const listedSettings = (listed: string): Setting[] =>
  listed.split("\0").flatMap((one): Setting[] => {
    const end = one.indexOf("\n");
    return one === "" ? [] : [end < 0 ? [one, "true"] : [one.slice(0, end), one.slice(end + 1)]];
  });

/** Variables that locate a user's settings. */
export function usersOwn({
  GIT_CONFIG_GLOBAL: global,
  GIT_CONFIG_SYSTEM: system,
  GIT_CONFIG_NOSYSTEM: none,
}: NodeJS.ProcessEnv): Readonly<Record<string, string | undefined>> {
  const at = (path: string | undefined): string | undefined => (path ? resolve(path) : path);
  return { GIT_CONFIG_GLOBAL: at(global), GIT_CONFIG_SYSTEM: at(system), GIT_CONFIG_NOSYSTEM: none };
}

export interface Around {
  readonly projects: readonly string[];
  /** The folder where git runs filters. */
  readonly cwd: string;
  /** Folder with our own settings, to be excluded. */
  readonly without: string;
}

/** Parses `git config --null --list --show-origin`, which alternates origin and setting. Settings inside a project are not the user's. */
export function usersOutside(listed: string, { projects, without }: Around): Setting[] {
  const parts = listed.split("\0");
  return parts.flatMap((origin, at) => {
    const file = at % 2 === 0 && origin.startsWith("file:") ? resolve(without, origin.slice(5)) : undefined;
    const isTheirs = file !== undefined && !isWithin(file, without) && !isWithinAny(file, projects);
    return isTheirs ? listedSettings(parts[at + 1] ?? "") : [];
  });
}

/** The user's settings that apply; excludes filters that start something inside a project. */
export function usersSettings(all: readonly Setting[], { projects, cwd }: Around): Setting[] {
  const inProject = (path: string): boolean => {
    const file = resolve(cwd, path.replace(/^~(?=\/)/, process.env["HOME"] ?? "~"));
    return isWithinAny(file, projects) && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  };
  const wordsOf = (command: string): string[] => command.split(/[\s"';&|()=]+/).filter((word) => /[./]/.test(word));
  const refused = new Set(
    all.flatMap(([name, value]) => (isFilter(name) && wordsOf(value).some(inProject) ? [driverOf(name)] : [])),
  );
  return all.filter(([name]) => USERS.test(name) && !(isFilter(name) && refused.has(driverOf(name))));
}

/** In the syntax of a settings file. */
export const configOf = (settings: readonly Setting[]): string =>
  settings
    .map(([name, value]) => {
      const [, section = "", inner, variable = ""] = /^([^.]+)(?:\.([^]*))?\.([^.]+)$/.exec(name) ?? [];
      const escaped = (text: string): string => text.replace(/[\\"]/g, "\\$&");
      const header = inner === undefined ? section : `${section} "${escaped(inner)}"`;
      return `[${header}]\n\t${variable} = "${escaped(value).replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"\n`;
    })
    .join("");
