/** Digests of files of any length. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { AttestError } from "../../core/errors.js";
import { errno, ioError } from "../../node/faults.js";

/** Read size. Streams use smaller pieces, which takes four times as long for an interpreter of a hundred megabytes. */
const BLOCK = 1024 * 1024;

/** Reads the file in pieces. @throws AttestError `subject-missing`, `io` */
export async function fileDigest(path: string, algorithm = "sha256"): Promise<string> {
  return await (
    await openedDigest(path, algorithm)
  ).digest;
}

/**
 * Opens the file now, so that the digest is of this file even if another takes its name.
 * @throws AttestError `subject-missing`, `io`
 */
export async function openedDigest(path: string, algorithm = "sha256"): Promise<{ readonly digest: Promise<string> }> {
  try {
    if (!statSync(path).isFile())
      throw new AttestError("subject-missing", `${path} is not a file`, "only a file has this digest");
    const digest = digestOf(await open(path), algorithm).catch((error: unknown) => {
      throw ioError("read", path, error);
    });
    digest.catch(() => undefined); // reported to the caller that awaits it
    return { digest };
  } catch (error) {
    if (error instanceof AttestError) throw error;
    if (errno(error) === "ENOENT") throw new AttestError("subject-missing", `no such file: ${path}`);
    throw ioError("read", path, error);
  }
}

async function digestOf(file: FileHandle, algorithm: string): Promise<string> {
  try {
    const hash = createHash(algorithm);
    const block = Buffer.allocUnsafeSlow(BLOCK);
    for (let read = 1; read > 0;) {
      read = (await file.read(block, 0, BLOCK)).bytesRead;
      hash.update(block.subarray(0, read));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

/** Changes with every write, as far as the file system shows it; empty if nothing is there. */
export function fingerprint(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? "" : [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join();
  } catch (error) {
    return errno(error) === "ENOTDIR" ? "" : "closed";
  }
}
