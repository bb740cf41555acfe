/** Evidence before publication: collected from a folder by digest, or written beside an unpublished attestation. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { groupBy } from "../../core/group-by.js";
import { AttestError } from "../../core/errors.js";
import { type Draft, type EvidenceRef, type ResultStatement, archivable } from "../../core/statement/statement.js";
import { create } from "../../node/files.js";
import { read } from "../../node/reading.js";
import { errno, ioError } from "../../node/faults.js";

/** The available pieces, by their names in the statement. */
export const piecesOf = (
  { predicate: { f3 } }: Draft | ResultStatement,
  evidence: ReadonlyMap<string, Bytes>,
): { readonly name: string; readonly bytes: Bytes }[] =>
  f3.evidence.flatMap(({ name, digest }) => {
    const bytes = evidence.get(digest.sha256 ?? "");
    return bytes === undefined ? [] : [{ name, bytes }];
  });

/** The evidence of `result.json` is in `result.evidence/`. */
export const folderBeside = (file: string): string => `${file.replace(/\.json$/, "")}.evidence`;

const pathIn = (folder: string, sha256: string): string => join(folder, "sha256", sha256.slice(0, 2), sha256);

export const writeBeside = (file: string, evidence: ReadonlyMap<string, Bytes>): void =>
  writeInto(folderBeside(file), evidence);

export function writeInto(folder: string, evidence: ReadonlyMap<string, Bytes>): void {
  for (const [sha256, bytes] of evidence) create(pathIn(folder, sha256), bytes);
}

/** The folder may be made by the author under verification: a link in it must not lead to our files. */
export const readBeside = (file: string, sha256: string): Bytes | undefined =>
  read(pathIn(folderBeside(file), sha256), { within: folderBeside(file) });

/** Finds evidence in folders by digest, not by file name. Each file is hashed once, however many statements are asked about. */
export class Gatherer {
  readonly #engine: Engine;
  /** Of each folder, the files by their size: others are skipped without reading them. */
  readonly #folders = new Map<string, ReadonlyMap<number, readonly string[]>>();
  readonly #digests = new Map<string, string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * A piece with its own address may be missing; if it is there it is used, because the address may change.
   * @throws AttestError `file-missing` for the first missing piece that is required, `io`
   */
  gather(folder: string | undefined, evidence: readonly EvidenceRef[]): ReadonlyMap<string, Bytes> {
    const wanted = new Set(evidence.map(({ digest }) => digest.sha256));
    const found = new Map<string, Bytes>();
    if (wanted.size === 0) return found;
    const files = folder === undefined ? undefined : this.#filesIn(folder);
    for (const file of [...new Set(evidence.map(({ size }) => size))].flatMap((size) => files?.get(size) ?? [])) {
      const known = this.#digests.get(file);
      if (known !== undefined && !wanted.has(known)) continue;
      const bytes = read(file);
      if (bytes === undefined) continue;
      const sha256 = hex(this.#engine.sha256(bytes));
      this.#digests.set(file, sha256);
      if (wanted.has(sha256)) found.set(sha256, bytes);
    }
    for (const { name, digest } of archivable(evidence)) {
      const { sha256 } = digest;
      if (sha256 === undefined || !found.has(sha256)) {
        throw new AttestError(
          "file-missing",
          `no file for ${name} below ${folder ?? "no folder"}: none has the SHA-256 ${sha256 ?? "(none stated)"}`,
          "name the folder that holds the evidence with --evidence DIR",
        );
      }
    }
    return found;
  }

  #filesIn(folder: string): ReadonlyMap<number, readonly string[]> {
    const files =
      this.#folders.get(folder) ??
      groupBy(filesBelow(folder), (file) => [statSync(file, { throwIfNoEntry: false })?.size ?? -1]);
    this.#folders.set(folder, files);
    return files;
  }
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    );
  } catch (error) {
    if (errno(error) === "ENOENT") return [];
    throw ioError("read the folder", folder, error);
  }
}
