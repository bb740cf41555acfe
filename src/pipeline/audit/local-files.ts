/**
 * The files below a folder that the auditor named. Their names are compared with names in a document, but no path is made from a document's
 * name.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { AttestError } from "../../core/errors.js";
import { digestOf, realFolder } from "../../node/reading.js";

const MAX_FILES = 100_000;

export class LocalFiles {
  readonly folder: string;
  readonly #real: string;
  readonly #paths: readonly string[];
  readonly #digests = new Map<string, string | undefined>();

  /** @throws AttestError `file-missing`, `too-large` */
  constructor(folder: string) {
    this.folder = folder;
    if (!existsSync(folder)) throw new AttestError("file-missing", `no such folder: ${folder}`, "check --files");
    this.#real = realFolder(folder);
    const paths: string[] = [];
    const open = [folder];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const entry of readdirSync(at, { withFileTypes: true })) {
        if (entry.isDirectory() && ![".git", "node_modules"].includes(entry.name)) open.push(join(at, entry.name));
        else if (entry.isFile()) paths.push(join(at, entry.name));
      }
      if (paths.length > MAX_FILES) throw new AttestError("too-large", `${folder} has more than ${MAX_FILES} files`);
    }
    this.#paths = paths.sort();
  }

  named(name: string): readonly string[] {
    return this.#paths.filter((path) => basename(path) === name);
  }

  digest(path: string): string | undefined {
    if (!this.#digests.has(path)) this.#digests.set(path, digestOf(path, this.#real)?.sha256);
    return this.#digests.get(path);
  }

  /** The first file with this digest, whatever its name. */
  holding(sha256: string): string | undefined {
    return this.#paths.find((path) => this.digest(path) === sha256);
  }
}
