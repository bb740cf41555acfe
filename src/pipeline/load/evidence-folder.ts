/** Evidence on its way: gathered from a named folder by digest, or written beside an attestation that is not published yet. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { type Draft, type EvidenceRef, type ResultStatement, archivable } from "../../core/statement/statement.js";
import { create, read } from "../../node/files.js";
import { errno, ioError } from "../../node/faults.js";

/** Those that are at hand, by the name that the statement gives them. */
export const piecesOf = (
  { predicate: { f3 } }: Draft | ResultStatement,
  evidence: ReadonlyMap<string, Bytes>,
): { readonly name: string; readonly bytes: Bytes }[] =>
  f3.evidence.flatMap(({ name, digest }) => {
    const bytes = evidence.get(digest.sha256 ?? "");
    return bytes === undefined ? [] : [{ name, bytes }];
  });

/** `result.json` has its evidence in `result.evidence/`. */
export const folderBeside = (file: string): string => `${file.replace(/\.json$/, "")}.evidence`;

const pathIn = (folder: string, sha256: string): string => join(folder, "sha256", sha256.slice(0, 2), sha256);

export const writeBeside = (file: string, evidence: ReadonlyMap<string, Bytes>): void =>
  writeInto(folderBeside(file), evidence);

export function writeInto(folder: string, evidence: ReadonlyMap<string, Bytes>): void {
  for (const [sha256, bytes] of evidence) create(pathIn(folder, sha256), bytes);
}

/** Whoever made the folder may be whoever is verified: a link in it must not lead to our own files. */
export const readBeside = (file: string, sha256: string): Bytes | undefined =>
  read(pathIn(folderBeside(file), sha256), { within: folderBeside(file) });

/**
 * The bytes that the statement names, found in a folder by what they are and not by what they are called. Of what has an address of its
 * own a copy need not be there; one that is there is taken, since the address may change.
 * @throws AttestError `file-missing` for the first piece that is not there and must be, `io`
 */
export function gather(
  folder: string | undefined,
  evidence: readonly EvidenceRef[],
  engine: Engine,
): ReadonlyMap<string, Bytes> {
  const wanted = new Set(evidence.map(({ digest }) => digest.sha256));
  const sizes = new Set(evidence.map(({ size }) => size)); // others are not even read
  const found = new Map<string, Bytes>();
  if (wanted.size === 0) return found;
  for (const file of folder === undefined ? [] : filesBelow(folder)) {
    const bytes = sizes.has(statSync(file).size) ? read(file) : undefined;
    if (bytes === undefined) continue;
    const sha256 = hex(engine.sha256(bytes));
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
