/** What PostgreSQL and its connection throw, as faults with hints. Messages of the server are quoted: they contain no password. */
import { AttestError } from "../core/errors.js";
import { errno } from "../node/faults.js";
import type { Taken } from "./job.js";

/** SQLSTATE (PostgreSQL, appendix A). */
const UNKNOWN_SCHEMA = ["3F000", "42P01"];
const DENIED = "42501";
/** The server ended this session, is starting or stopping, or the connection broke. */
const OF_CONNECTION =
  /^(?:08...|57P0.|53300|25P0[34]|55P03|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/;
/** pg has no code for these. */
const BROKEN =
  /^(?:Connection terminated|Query read timeout|timeout expired|Client has encountered|Client was closed|The server does not support)/;

/** Worth trying again, on a new connection. */
export function isOfConnection(thrown: unknown): boolean {
  const error: unknown = thrown instanceof AttestError ? thrown.cause : thrown;
  return error instanceof Error && (OF_CONNECTION.test(errno(error) ?? "") || BROKEN.test(error.message));
}

/** @param shown the database, as it may be printed */
export function queueFault(error: unknown, shown: string): unknown {
  if (error instanceof AttestError || !(error instanceof Error)) return error;
  const code = errno(error);
  if (code === undefined && !isOfConnection(error)) return error; // a fault of ours
  if (UNKNOWN_SCHEMA.includes(code ?? "")) return queueMissing(shown);
  const denied = code === DENIED;
  return new AttestError(
    "queue-failed",
    `the queue at ${shown} ${denied ? "does not permit that" : "failed"}: ${error.message || String(code)}`,
    denied
      ? "ask its administrator for the role that this needs"
      : "check that the database runs, and that its address and password are right",
    { cause: error },
  );
}

export const queueMissing = (shown: string): AttestError =>
  new AttestError("queue-missing", `there is no queue at ${shown}`, "make it with: attest queue init");

export const runLost = ({ plan }: Pick<Taken, "plan">): AttestError =>
  new AttestError(
    "run-lost",
    `the run of plan_${plan.slice(0, 16)} does not belong to this worker any more`,
    "another worker has it, or it was cancelled; nothing of this attempt is published",
  );
