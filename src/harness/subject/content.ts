/**
 * The content of a folder, byte for byte, and its two digests in in-toto (spec/v1/digest_set.md): `dirHash` and git's tree. No setting
 * influences them.
 *
 * File names are bytes. Paths are latin1 strings with one character per byte, so that different names stay different.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { AttestError } from "../../core/errors.js";
import { errno } from "../../node/faults.js";

/** Git's modes. Windows has no executable bit. */
export type Mode = "100644" | "100755" | "120000";

export interface TreeEntry {
  readonly mode: Mode;
  /** Git's id of these bytes; for a symbolic link, of its target path. */
  readonly blob: string;
  readonly sha256: string;
}

/** Git's object format. */
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

/** Reads a folder without following links. */
export class Disk {
  /** Unreadable folders and files, as people write paths. */
  readonly closed = new Set<string>();
  readonly #root: string;
  readonly #folders = new Map<string, ReadonlyMap<string, Kind> | undefined>();

  constructor(root: string) {
    this.#root = asBytes(root);
  }

  /** Uses the folder's own names: a file system may accept others, for example in another case. */
  kind(path: string): Kind | undefined {
    const at = path.lastIndexOf("/");
    const folder = path.slice(0, Math.max(at, 0));
    if (folder !== "" && this.kind(folder) !== "folder") return undefined;
    const names = this.names(folder);
    return names === undefined ? this.#look(path) : names.get(path.slice(at + 1));
  }

  /** Undefined if the folder is unreadable. */
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

  /** Undefined if it is missing, unreadable, or neither file nor link. @throws AttestError `subject-missing` */
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

  /** The existing entries among these paths; yields to other work in between. */
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
/** A pipe in a file's place must not block, and a link must not be followed. */
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
      if (size !== stats.size) continue; // its size changed meanwhile
      const mode = (stats.mode & 0o100) === 0 ? "100644" : "100755";
      return { mode, blob: blob.digest("hex"), sha256: sha256.digest("hex") };
    } finally {
      closeSync(file);
    }
  }
  throw new Error("that something goes on writing to it");
}

export interface Digests {
  /** Digest of names and bytes of files only. Names with a line feed are not possible. */
  readonly dirHash?: string;
  /** Also covers symbolic links and the executable bit. */
  readonly gitTree: string;
}

export function digestsOf(content: Content, format: ObjectFormat = "sha1"): Digests {
  const paths = [...content.keys()].sort(); // code units are bytes here
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

/** Git sorts a folder as if its name ended in a slash; sorted full paths have the same order. */
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

/** Every file and link below, except git's own folders, whose content differs on every machine. */
export function pathsIn(disk: Disk, folder = ""): string[] {
  return [...(disk.names(folder) ?? [])].flatMap(([name, kind]) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name === ".git") return [];
    return kind === "folder" ? pathsIn(disk, path) : kind === "other" ? [] : [path];
  });
}
