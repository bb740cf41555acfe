/**
 * What lies in a folder, byte for byte, and the two digests of it that in-toto knows (spec/v1/digest_set.md): `dirHash`, and git's tree of
 * these bytes. No setting of anybody's has a say in it.
 *
 * Names are bytes to a file system: here a path is a string with a character for each of them ("latin1"), so that no two become one.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { AttestError } from "../../core/errors.js";
import { errno } from "../../node/faults.js";

/** As git tells them apart; of what cannot be executed here nobody can tell. */
export type Mode = "100644" | "100755" | "120000";

export interface TreeEntry {
  readonly mode: Mode;
  /** Git's name of these bytes; of a symbolic link, those of where it leads. */
  readonly blob: string;
  readonly sha256: string;
}

/** Of git's objects. */
export type ObjectFormat = "sha1" | "sha256";
export type Content = ReadonlyMap<string, TreeEntry>;

export const shownPath = (path: string): string => Buffer.from(path, "latin1").toString();
export const asBytes = (path: string): string => Buffer.from(path).toString("latin1");
export const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

type Kind = "file" | "link" | "folder" | "other";
const kindOf = (entry: { isFile(): boolean; isSymbolicLink(): boolean; isDirectory(): boolean }): Kind =>
  entry.isFile() ? "file" : entry.isSymbolicLink() ? "link" : entry.isDirectory() ? "folder" : "other";

const isClosed = (error: unknown): boolean => ["EACCES", "EPERM"].includes(errno(error) ?? "");
const isGone = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(errno(error) ?? "");

/** A folder, read without following any link. */
export class Disk {
  /** Folders and files that may not be read, as people write paths. */
  readonly closed = new Set<string>();
  readonly #root: string;
  readonly #folders = new Map<string, ReadonlyMap<string, Kind> | undefined>();

  constructor(root: string) {
    this.#root = asBytes(root);
  }

  /** By the names that the folder itself has: a file system may answer to others. */
  kind(path: string): Kind | undefined {
    const at = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(at, 0));
    if (folder !== "" && this.kind(folder) !== "folder") return undefined;
    const names = this.names(folder);
    return names === undefined ? this.#look(path) : names.get(path.slice(at + 1));
  }

  /** Undefined for a folder whose names may not be read. */
  names(folder: string): ReadonlyMap<string, Kind> | undefined {
    if (!this.#folders.has(folder)) this.#folders.set(folder, this.#list(folder));
    return this.#folders.get(folder);
  }

  #list(folder: string): ReadonlyMap<string, Kind> | undefined {
    try {
      const all = readdirSync(this.#at(folder), { withFileTypes: true, encoding: "buffer" });
      return new Map(all.map((entry) => [entry.name.toString("latin1"), kindOf(entry)]));
    } catch (error) {
      if (isGone(error)) return new Map();
      if (!isClosed(error)) throw unreadable(folder, error);
      this.closed.add(shownPath(folder));
      return undefined;
    }
  }

  #look(path: string): Kind | undefined {
    try {
      return kindOf(lstatSync(this.#at(path)));
    } catch {
      return undefined;
    }
  }

  #at(path: string): Buffer {
    return Buffer.from(path === "" ? this.#root : `${this.#root}/${path}`, "latin1");
  }

  /** Undefined for what is not there, or is neither file nor link, or may not be read. @throws AttestError `subject-missing` */
  entry(path: string, format: ObjectFormat): TreeEntry | undefined {
    try {
      const kind = this.kind(path);
      if (kind === "link") return linkEntry(readlinkSync(this.#at(path), "buffer"), format);
      return kind === "file" ? fileEntry(this.#at(path), format) : undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      if (!isClosed(error)) throw unreadable(path, error);
      this.closed.add(shownPath(path));
      return undefined;
    }
  }

  /** All that is there of these paths; it takes turns with whatever else is going on. */
  async read(paths: Iterable<string>, format: ObjectFormat): Promise<Map<string, TreeEntry>> {
    const found = new Map<string, TreeEntry>();
    let since = 0;
    for (const path of paths) {
      const entry = this.entry(path, format);
      if (entry !== undefined) found.set(path, entry);
      if ((since += 1) % 64 === 0) await setImmediate();
    }
    return found;
  }
}

function unreadable(path: string, error: unknown): AttestError {
  const found = errno(error) ?? (error instanceof Error ? error.message : String(error));
  return new AttestError(
    "subject-missing",
    `expected ${JSON.stringify(shownPath(path))} to be read, as a part of what is tested, found ${found}`,
    "look at it, or name what is tested with --subject",
  );
}

function linkEntry(target: Buffer, format: ObjectFormat): TreeEntry {
  const sha256 = createHash("sha256").update(target).digest("hex");
  const blob = createHash(format).update(`blob ${target.length}\0`).update(target).digest("hex");
  return { mode: "120000", blob, sha256 };
}

const BLOCK = Buffer.allocUnsafeSlow(1024 * 1024);
/** A pipe that took a file's place must not keep us waiting, nor a link lead elsewhere. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants> & { O_RDONLY: number };

function fileEntry(path: Buffer, format: ObjectFormat): TreeEntry | undefined {
  for (let tries = 0; tries < 3; tries += 1) {
    const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return undefined;
      const blob = createHash(format).update(`blob ${stats.size}\0`);
      const sha256 = createHash("sha256");
      let size = 0;
      for (let read = 1; read > 0; size += read) {
        read = readSync(file, BLOCK, 0, BLOCK.length, null);
        for (const hash of [blob, sha256]) hash.update(BLOCK.subarray(0, read));
      }
      if (size !== stats.size) continue; // it grew or shrank meanwhile
      const mode = (stats.mode & 0o100) === 0 ? "100644" : "100755";
      return { mode, blob: blob.digest("hex"), sha256: sha256.digest("hex") };
    } finally {
      closeSync(file);
    }
  }
  throw new Error("that something goes on writing to it");
}

export interface Digests {
  /** Of the files alone, by their names and bytes. A name with a line feed has no place in it. */
  readonly dirHash?: string;
  /** It holds symbolic links too, and which files can be executed. */
  readonly gitTree: string;
}

export function digestsOf(content: Content, format: ObjectFormat = "sha1"): Digests {
  const paths = [...content.keys()].sort(); // by code units, which are the bytes here
  const gitTree = treeOf(paths, content, format);
  const hash = createHash("sha256");
  for (const path of paths) {
    const { mode, sha256 } = content.get(path) as TreeEntry;
    if (mode === "120000") continue; // `find . -type f`
    if (path.includes("\n")) return { gitTree };
    hash.update(`${sha256}  ${path}\n`, "latin1");
  }
  return { dirHash: hash.digest("hex"), gitTree };
}

/** Git sorts a folder as if its name ended in a slash, which paths with the same beginning do by themselves. */
function treeOf(paths: readonly string[], content: Content, format: ObjectFormat): string {
  const rows = new Map<string, { readonly mode: string; readonly id: string }>();
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const at = path.indexOf("/");
    if (at < 0) {
      const { mode, blob } = content.get(path) as TreeEntry;
      rows.set(path, { mode, id: blob });
    } else {
      const name = path.slice(0, at);
      const inside = folders.get(name) ?? [];
      folders.set(name, inside);
      inside.push(path.slice(at + 1));
    }
  }
  for (const [name, inside] of folders) {
    const below = new Map(inside.map((path) => [path, content.get(`${name}/${path}`) as TreeEntry]));
    rows.set(`${name}/`, { mode: "40000", id: treeOf(inside, below, format) });
  }
  const body = [...rows.keys()].sort().map((name) => {
    const { mode, id } = rows.get(name) as { mode: string; id: string };
    return Buffer.concat([Buffer.from(`${mode} ${name.replace(/\/$/, "")}\0`, "latin1"), Buffer.from(id, "hex")]);
  });
  const bytes = Buffer.concat(body);
  return createHash(format).update(`tree ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Every file and link below, but for git's own folders: what a repository keeps there is another on every machine. */
export function pathsIn(disk: Disk, folder = ""): string[] {
  return [...(disk.names(folder) ?? [])].flatMap(([name, kind]) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name === ".git") return [];
    return kind === "folder" ? pathsIn(disk, path) : kind === "other" ? [] : [path];
  });
}
