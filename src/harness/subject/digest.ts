/** The digest of a file, of any length. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { AttestError } from "../../core/errors.js";
import { errno, ioError } from "../../node/faults.js";

/** At a time. A stream's pieces are smaller, and an interpreter of a hundred megabytes would take four times as long. */
const BLOCK = 1024 * 1024;

/** Of any length; read piece by piece. @throws AttestError `subject-missing`, `io` */
export async function fileDigest(path: string, algorithm = "sha256"): Promise<string> {
  return await (
    await openedDigest(path, algorithm)
  ).digest;
}

/**
 * Of the file that is there now, whatever takes its place while it is read.
 * @throws AttestError `subject-missing`, `io`
 */
export async function openedDigest(path: string, algorithm = "sha256"): Promise<{ readonly digest: Promise<string> }> {
  try {
    if (!statSync(path).isFile())
      throw new AttestError("subject-missing", `${path} is not a file`, "only a file has this digest");
    const digest = digestOf(await open(path), algorithm).catch((error: unknown) => {
      throw ioError("read", path, error);
    });
    digest.catch(() => undefined); // told to whoever waits for it
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

/** Changes with every write, as far as a file system shows it; empty where nothing is. */
export function fingerprint(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? "" : [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join();
  } catch (error) {
    return errno(error) === "ENOTDIR" ? "" : "closed";
  }
}
