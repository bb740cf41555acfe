/** Runs a tested command in bubblewrap: without network, with a read-only system, and with writable places of its own. */
import { existsSync, lstatSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AttestError } from "../../core/errors.js";
import { makeFolder, temporaryFolder } from "../../node/files.js";
import { isWithin, isWithinAny, real } from "../../node/programs.js";
import { secretPlaces } from "../../node/secret-places.js";
import { bubblewrap, look, shortcomings, STRICT } from "./bubblewrap.js";
import { gitFoldersIn } from "../subject/git-folders.js";

export interface Sandbox {
  /** The words before the command, up to `--`. Killing it ends every process inside. */
  readonly prefix: readonly string[];
  /** Description for the statement. */
  readonly about: string;
  /** Whether the path is hidden from the command. */
  readonly hides: (path: string) => boolean;
}

/** Variables by which the loader runs other code first (ld.so(8)). They are for the command, and bubblewrap starts outside. */
const LOADERS = /^(?:LD_.*|GLIBC_TUNABLES|GCONV_PATH)$/;

type Environment = Readonly<Record<string, string>>;

/** The words to start, so that the command gets all of its variables inside. */
export function shutIn(
  { prefix }: Sandbox,
  command: readonly string[],
  env: Environment,
): { readonly command: readonly string[]; readonly env: Environment } {
  const all = Object.entries(env);
  const isInner = ([name]: readonly [string, string]): boolean => LOADERS.test(name);
  const inner = all.filter(isInner).flatMap(([name, value]) => ["--setenv", name, value]);
  return {
    command: [...prefix, ...inner, "--", ...command],
    env: Object.fromEntries(all.filter((one) => !isInner(one))),
  };
}

export interface SandboxOptions {
  /** The only writable folder. */
  readonly root: string;
  readonly cwd: string;
  /** Where this tool publishes. */
  readonly registry?: string | undefined;
  /** Files with secrets outside of the known places. */
  readonly hidden?: readonly string[] | undefined;
}

/** @throws AttestError `sandbox-missing` if there is none, or it does not work here; there is no fallback */
export async function sandbox({ root, cwd, registry, hidden: named = [] }: SandboxOptions): Promise<Sandbox> {
  const missing = (found: string): AttestError =>
    new AttestError(
      "sandbox-missing",
      `--sandbox needs bubblewrap (bwrap): ${found}`,
      "install bubblewrap and allow user namespaces, or leave --sandbox out",
    );
  const bwrap = await bubblewrap(root, missing);
  if (isLink(join(root, ".git"))) throw missing("a .git that is a link, which the command could replace");
  if (root === dirname(root)) throw missing("a project that is the whole system");
  const { folders, files } = outOfSight(root, named);
  const around = folders.filter((folder) => isWithin(root, folder));
  const hidden = folders.filter((folder) => !around.includes(folder));
  const kept = [...new Set([...gitFoldersIn(root), ...publishedIn(registry, root, cwd)].map(real))].filter(
    (path) => !hidden.some((folder) => isWithin(path, folder)),
  );
  const held = [...hidden, ...files, ...kept].flatMap((path) => foldersBetween(real(root), path));
  const prefix = [
    ...[bwrap.program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    // Sockets of other programs are in /run and /tmp, and read-only mounts would not block them.
    ...[...there(["/tmp", "/run"]), ...around].flatMap((folder) => ["--tmpfs", folder]),
    ...["--bind", root, root],
    ...[...new Set(held)].sort().flatMap((folder) => ["--bind", folder, folder]),
    // After the project, which may contain them, for example if the home is under git.
    ...kept.flatMap((path) => ["--ro-bind", path, path]),
    ...hidden.flatMap((folder) => ["--tmpfs", folder]),
    ...files.flatMap((file) => ["--ro-bind", emptyFile(), file]),
    ...STRICT,
    ...["--new-session", "--setenv", "TMPDIR", "/tmp", "--setenv", "XDG_CACHE_HOME", "/tmp/.cache"],
    ...["--chdir", cwd],
  ];
  const faults = shortcomings(await look(prefix, (found) => missing(`${bwrap.version}, ${found}`)), {
    hidden: [...hidden, ...files],
    readOnly: kept,
    writable: [root, ...there(["/tmp", "/run"]), ...folders, "/dev", "/proc"],
  });
  if (faults[0] !== undefined) throw missing(`${bwrap.version}, and in it ${faults[0]}`);
  const isBelow = (path: string, places: readonly string[]): boolean =>
    places.some((place) => path === place || path.startsWith(`${place}/`));
  const inSight = (path: string): boolean =>
    !isBelow(path, [...hidden, ...files]) &&
    (isBelow(path, [root]) || !isBelow(path, [...there(["/tmp", "/run"]), ...around]));
  return {
    prefix,
    hides: (path) => ![resolve(path), real(path)].every(inSight), // the link itself is looked up first
    about: `${bwrap.version}: no network, the system read-only, no capabilities, /tmp its own, keys, credentials and agents in their usual places out of sight, as is what lies in /run; the project's folder to write to, but for its git folders and what is published there`,
  };
}

/**
 * Folders in the project on the way to a hidden or kept path. Moving one of these would allow replacing what is hidden, so they are mounted:
 * a mount cannot be moved.
 */
const foldersBetween = (root: string, path: string): string[] => {
  const above = dirname(path);
  return above === root || !isWithin(above, root) ? [] : [above, ...foldersBetween(root, above)];
};

const there = (paths: readonly string[]): string[] => paths.filter((path) => existsSync(path)).map(real);
const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/** The real paths of known secret places. Missing places of this tool that the command could create are created. */
export function outOfSight(
  writable: string,
  named: readonly string[] = [],
): { readonly folders: readonly string[]; readonly files: readonly string[] } {
  const { ours, others } = secretPlaces();
  for (const folder of ours) if (isWithin(folder, writable) && !existsSync(folder)) makeFolder(folder, 0o700);
  // A variable may name /dev/null or a descriptor. The command has its own /dev and /proc.
  const all = there([...ours, ...others, ...named]).filter((path) => !isWithinAny(path, ["/dev", "/proc"]));
  const isFolder = (path: string): boolean => statSync(path).isDirectory();
  return { folders: [...new Set(all.filter(isFolder))], files: [...new Set(all.filter((path) => !isFolder(path)))] };
}

/** Mounts the registry as a whole if the command does not work inside it: a mount cannot be replaced or moved. */
function publishedIn(registry: string | undefined, root: string, cwd: string): string[] {
  if (registry === undefined || !isWithin(registry, root)) return [];
  if (!isWithin(cwd, registry)) return there([registry]);
  const keys = existsSync(join(registry, "keys/keyring.json")) ? ["keys"] : [];
  return there(["attest.json", "attestations", ...keys].map((name) => join(registry, name)));
}

let empty: string | undefined;
/** An empty file to mount over settings files, so that programs find none. A device would be refused there. */
export function emptyFile(): string {
  if (empty !== undefined && existsSync(empty)) return empty;
  const folder = temporaryFolder("empty");
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync((empty = join(folder, "empty")), "");
  return empty;
}
