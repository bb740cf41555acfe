/** Which settings of git's count when this tool asks it: of a repository those that name nothing to run or to read, and the user's own. */
import { statSync } from "node:fs";
import { devNull } from "node:os";
import { resolve } from "node:path";
import { isWithin, isWithinAny } from "./programs.js";

/** As git prints it: the sections in lower case, and so the last part. */
export type Setting = readonly [name: string, value: string];

const PASSIVE =
  /^(?:core\.(?:filemode|symlinks|ignorecase|precomposeunicode|autocrlf|eol|safecrlf|sparsecheckout|sparsecheckoutcone|repositoryformatversion|longpaths)|extensions\.(?:objectformat|refstorage)|index\.sparse|remote\.origin\.url)$/;
/** Only a repository can say that of itself. */
const OF_ONE =
  /^(?:core\.(?:filemode|symlinks|repositoryformatversion|sparse.*)|extensions\..*|index\.sparse|remote\..*)$/;
/** Of the user's, beside the passive ones. */
const USERS =
  /^(?:core\.(?:excludesfile|attributesfile)|filter\..*\.(?:clean|smudge|process|required)|url\..*\.insteadof)$/;

/** Ours: nothing by which a change can hide, nothing that is started, nothing that is fetched. */
export const OURS: readonly Setting[] = [
  ["core.fsmonitor", "false"],
  ["core.hookspath", devNull],
  ["core.trustctime", "true"],
  ["core.checkstat", "default"],
  ["core.commitgraph", "false"],
  ["core.alternaterefscommand", ""],
  ["protocol.allow", "never"],
];

export const isPassive = ([name]: Setting): boolean => PASSIVE.test(name);

const driverOf = (name: string): string | undefined => /^filter\.(.*)\.[^.]*$/s.exec(name)?.[1];

/** The names of filters that change what git is given. */
export const filtersIn = (settings: readonly Setting[]): string[] =>
  settings.filter(([name]) => /\.(?:clean|process)$/.test(name)).flatMap(([name]) => driverOf(name) ?? []);

/** Of `git config --null --list`: `<name>`, a line feed, `<value>`; a name alone means true. */
export const listedSettings = (listed: string): Setting[] =>
  listed.split("\0").flatMap((one): Setting[] => {
    const end = one.indexOf("\n");
    return one === "" ? [] : [end < 0 ? [one, "true"] : [one.slice(0, end), one.slice(end + 1)]];
  });

/** The variables that say where a user's settings lie. */
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
  /** Where git runs a filter. */
  readonly cwd: string;
  /** A folder whose settings are ours. */
  readonly without: string;
}

/** Of `git config --null --list --show-origin`, which says origin and setting in turns. What lies in a project, or starts what lies there, is not the user's. */
export function usersSettings(listed: string, { projects, cwd, without }: Around): Setting[] {
  const parts = listed.split("\0");
  const all = parts.flatMap((origin, at) => {
    const file = at % 2 === 0 && origin.startsWith("file:") ? resolve(without, origin.slice(5)) : undefined;
    const isTheirs = file !== undefined && !isWithin(file, without) && !isWithinAny(file, projects);
    return isTheirs ? listedSettings(parts[at + 1] ?? "") : [];
  });
  const inProject = (path: string): boolean => {
    const file = resolve(cwd, path.replace(/^~(?=\/)/, process.env["HOME"] ?? "~"));
    return isWithinAny(file, projects) && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  };
  const wordsOf = (command: string): string[] => command.split(/[\s"';&|()=]+/).filter((word) => /[./]/.test(word));
  const isRefused = ([name, value]: Setting): boolean =>
    driverOf(name) === undefined ? name.endsWith("file") && inProject(value) : wordsOf(value).some(inProject);
  const refused = all.filter(isRefused);
  const drivers = new Set(refused.map(([name]) => driverOf(name)));
  return all.filter((one) => {
    const [name] = one;
    if (!(PASSIVE.test(name) || USERS.test(name)) || OF_ONE.test(name) || refused.includes(one)) return false;
    return driverOf(name) === undefined || !drivers.has(driverOf(name));
  });
}

/** As a file of settings has them. */
export const configOf = (settings: readonly Setting[]): string =>
  settings
    .map(([name, value]) => {
      const [, section = "", inner, variable = ""] = /^([^.]+)(?:\.([^]*))?\.([^.]+)$/.exec(name) ?? [];
      const escaped = (text: string): string => text.replace(/[\\"]/g, "\\$&");
      const header = inner === undefined ? section : `${section} "${escaped(inner)}"`;
      return `[${header}]\n\t${variable} = "${escaped(value).replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"\n`;
    })
    .join("");
