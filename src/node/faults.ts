/** Turns errors of the operating system, and anything else that was thrown, into faults with hints. */
import { AttestError } from "../core/errors.js";

export const errno = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Part of a hint; omitted if repeating the command would do more than the rest. */
export const SAME_AGAIN = ", and run the same command again";

const HINTS: Readonly<Record<string, string>> = {
  EACCES: "choose a folder that you can write to, or fix its permissions",
  EPERM: "choose a folder that you can write to, or fix its permissions",
  EROFS: "choose a folder on a writable file system",
  ENOSPC: `make room on the disk${SAME_AGAIN}`,
  EFBIG: `raise the limit on the size of files (ulimit -f)${SAME_AGAIN}`,
  EDQUOT: `make room in your quota${SAME_AGAIN}`,
  EIO: `the disk or the network below it failed: look at the system's log${SAME_AGAIN}`,
  EMFILE: `raise the limit on open files (ulimit -n)${SAME_AGAIN}`,
  ENFILE: "too many files are open on this machine: run the same command again later",
  ENAMETOOLONG: "name a shorter path",
  ELOOP: "links lead in a circle there: name another path",
  ENOENT: "nothing is at that path: check it",
  ENOTSUP: "choose a folder on a file system with links",
  EOPNOTSUPP: "choose a folder on a file system with links",
  EBUSY: `another program uses it: close that program${SAME_AGAIN}`,
  ETXTBSY: `another program uses it: close that program${SAME_AGAIN}`,
  ESTALE: "the network file system lost it: run the same command again",
  ETIMEDOUT: "the network file system does not answer: run the same command again",
  EISDIR: "name a file, not a folder",
  ENOTDIR: "a part of the path is a file: name another path",
};

export function ioError(verb: string, path: string, error: unknown): AttestError {
  const code = errno(error);
  const message = error instanceof Error ? error.message : String(error);
  return new AttestError(
    "io",
    `could not ${verb} ${path}: ${code === "ENOENT" ? "no such file or folder (ENOENT)" : (code ?? message)}`,
    code === undefined ? undefined : HINTS[code],
  );
}

export function asFault(error: unknown): AttestError {
  if (error instanceof AttestError) return error;
  if (isOfSystem(error)) return refused(error);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new AttestError(
    "internal",
    `internal error: ${message}`,
    "run it again with F3_ATTEST_TRACE=1, and report what it prints",
    { cause: error },
  );
}

/** From a system call, not from Node's argument checks. */
const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "errno" in error && "syscall" in error && "code" in error;

function refused(error: NodeJS.ErrnoException): AttestError {
  const { syscall = "", path } = error;
  if (syscall === "uv_cwd")
    return new AttestError("io", "the working directory no longer exists", "change to another folder: cd");
  return ioError(syscall.replace(/^uv_/, "").replaceAll("_", " "), path ?? "what it needs", error);
}
