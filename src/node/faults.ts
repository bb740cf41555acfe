/** Whatever was thrown, as a fault that can be told: what the system refused is named; all else is a fault of this tool. */
import { AttestError } from "../core/errors.js";
import { ioError } from "./files.js";

export function asFault(error: unknown): AttestError {
  if (error instanceof AttestError) return error;
  if (isOfSystem(error)) return refused(error);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new AttestError(
    "internal",
    `a fault of this tool: ${message}`,
    "run it again with F3_ATTEST_TRACE=1, and report what it prints",
    { cause: error },
  );
}

/** Of a call to the operating system, and not of Node's own checks. */
const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "errno" in error && "syscall" in error && "code" in error;

function refused(error: NodeJS.ErrnoException): AttestError {
  const { syscall = "", path } = error;
  if (syscall === "uv_cwd")
    return new AttestError("io", "the working directory is not there any more", "go to another one: cd");
  return ioError(syscall.replace(/^uv_/, "").replaceAll("_", " "), path ?? "what it needs", error);
}
