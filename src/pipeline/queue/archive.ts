/** The tracked files of a project as one archive, and the folder that a worker makes of it. */
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Bytes } from "../../core/bytes.js";
import { AttestError } from "../../core/errors.js";
import { readTar, writeTar, type TarEntry } from "../../formats/tar.js";
import { asBytes } from "../../harness/subject/content.js";
import { gitPlaceOf, Repository } from "../../node/git.js";
import { errno, ioError } from "../../node/faults.js";

/** Packed, and unpacked: an archive of zeros packs to a thousandth. */
export const MAX_ARCHIVE = 64 * 1024 * 1024;
const MAX_UNPACKED = 512 * 1024 * 1024;

/**
 * What git tracks, as it lies in the work tree. Files that are not tracked are left out: nobody decided to share them. So are submodules.
 * @param without paths of files and folders that this tool writes, relative to the top
 * @throws AttestError `subject-missing`, `archive-format`, `too-large`
 */
export async function archiveOf(folder: string, without: readonly string[]): Promise<{ root: string; bytes: Bytes }> {
  const place = gitPlaceOf(folder);
  if (place?.root === undefined)
    throw new AttestError(
      "subject-missing",
      "only a project in git can be queued: git says which files belong to it",
      "git init && git add .",
    );
  const repository = await Repository.open(place);
  try {
    const { root } = repository;
    const names = (await repository.ask(["ls-files", "-z", "--cached"], { names: true })).split("\0");
    const ours = without.map(asBytes);
    const wanted = names.filter(
      (name) => name !== "" && !ours.some((one) => name === one || name.startsWith(`${one}/`)),
    );
    const entries = [...new Set(wanted)].flatMap((name) => entryAt(root, name) ?? []);
    if (entries.length === 0)
      throw new AttestError("subject-missing", "git tracks no file here", "git add what is tested");
    const total = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (total > MAX_UNPACKED) throw tooLarge(total, MAX_UNPACKED);
    const bytes = new Uint8Array(gzipSync(writeTar(entries)));
    if (bytes.length > MAX_ARCHIVE) throw tooLarge(bytes.length, MAX_ARCHIVE);
    return { root, bytes };
  } finally {
    repository.close();
  }
}

const tooLarge = (size: number, most: number): AttestError =>
  new AttestError(
    "too-large",
    `expected at most ${most} bytes of tracked files, found ${size}`,
    "queue a commit that is at a remote: a worker fetches that with git",
  );

const pathIn = (root: string, path: string): Buffer => Buffer.from(`${asBytes(root)}/${path}`, "latin1");

/** Undefined for a file that was deleted, and for a submodule. */
function entryAt(root: string, path: string): TarEntry | undefined {
  const at = pathIn(root, path);
  try {
    const stats = lstatSync(at);
    if (stats.isSymbolicLink())
      return { path, mode: "120000", bytes: new Uint8Array(readlinkSync(at, { encoding: "buffer" })) };
    if (!stats.isFile()) return undefined;
    return { path, mode: (stats.mode & 0o100) === 0 ? "100644" : "100755", bytes: new Uint8Array(readFileSync(at)) };
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    throw ioError("read", Buffer.from(path, "latin1").toString(), error);
  }
}

/** Into an empty folder. @throws AttestError `archive-format`, `io` */
export function unpack(bytes: Bytes, folder: string): void {
  for (const { path, mode, bytes: content } of readTar(unzipped(bytes))) {
    const at = pathIn(folder, path);
    try {
      mkdirSync(pathIn(folder, dirname(path)), { recursive: true });
      // Where names are equal that differ here, the second is refused.
      if (mode === "120000") symlinkSync(Buffer.from(content), at);
      else writeFileSync(at, content, { flag: "wx", mode: mode === "100755" ? 0o755 : 0o644 });
    } catch (error) {
      throw ioError("unpack", Buffer.from(path, "latin1").toString(), error);
    }
  }
}

function unzipped(bytes: Bytes): Bytes {
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED + 128 * 1024 * 1024 }));
  } catch (error) {
    const code = errno(error) ?? String(error);
    throw new AttestError("archive-format", `an archive cannot be unpacked: ${code}`);
  }
}
