/** A run in the queue: a row that names a plan. What is run, and how, stands in the plan, which is signed; a row can be changed by others. */
import * as z from "zod/mini";
import { AttestError } from "../core/errors.js";
import { sha256 } from "../core/schema.js";

/** Runs that wait for a worker; results of workers without the plan's key; and copies of runs whose attempts are used up. */
export const QUEUES = { runs: "runs", unsigned: "unsigned", dead: "dead" } as const;
export type WorkQueue = "runs" | "unsigned";

/** A name of a machine or a label: never a host's or user's name, unless the user says so. */
export const SHORT_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,30}[a-z0-9])?$/;
const shortName = z.string().check(z.regex(SHORT_NAME, "a short name: a-z, 0-9, - and ., at most 32"));

const data = z.object({
  /** Digest of the plan. */
  plan: sha256,
  /** Labels that a worker must have. */
  needs: z.array(shortName),
  /** Who took it, one for each attempt. */
  machines: z.array(shortName),
  /** In `unsigned`: digest of the statement. */
  statement: z.optional(sha256),
});
export type JobData = z.infer<typeof data>;

/** A run that this worker has taken. */
export interface Taken extends JobData {
  readonly queue: WorkQueue;
  readonly id: string;
  /** Fences the attempt: every later attempt has another. */
  readonly retryCount: number;
}

/** @throws AttestError `run-refused` */
export function readJob(queue: WorkQueue, id: string, retryCount: number, value: unknown): Taken {
  const parsed = data.safeParse(value);
  if (!parsed.success || idOf(parsed.data.plan) !== id)
    throw new AttestError("run-refused", `the row ${id} of the queue was changed: it names no plan, or another one`);
  return { ...parsed.data, queue, id, retryCount };
}

/** A UUID from the plan's digest: the same plan is never queued twice. */
export const idOf = (plan: string): string =>
  plan.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** The id of the plan's document: how people name a run. */
export const planIdOf = (id: string): string => `plan_${id.replaceAll("-", "").slice(0, 16)}`;

/** The start of the row's id that a plan's id, or the row's own, names. @throws AttestError `usage` */
export function idStart(named: string): string {
  const digits = /^(?:plan_)?([0-9a-f-]{16,64})$/.exec(named)?.[1]?.replaceAll("-", "");
  if (digits === undefined)
    throw new AttestError(
      "usage",
      `${JSON.stringify(named)} is not the id of a run, like plan_0123456789abcdef`,
      "attest queue status lists them",
    );
  return digits.slice(0, 32);
}

/** The key of the advisory lock that an attempt holds as its sign of life. */
export const LOCK_KEY = "('x'||substr(md5(name||':'||id||':'||retry_count),1,16))::bit(64)::bigint";
