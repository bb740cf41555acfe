/**
 * The schema that holds the queue, and who may do what in it.
 *
 *     attest_submit   adds runs, and sees the queue: cannot take, change or complete one
 *     attest_work     takes, completes, retries and cancels runs
 *
 * Row security keeps a submitter out of all queues but `runs`; column grants let it write neither a run's state nor its outcome.
 */
import type PgBoss from "pg-boss";
import { QUEUES } from "./job.js";

/** One schema for each major version of pg-boss, since each has another layout. */
export const SCHEMA = "attest_queue_10";
export const SUBMIT_ROLE = "attest_submit";
export const WORK_ROLE = "attest_work";

/** A run that is lost or ends in an error is tried twice more. */
export const RETRIES = 2;

/** Those that adding a run sets. */
const SUBMITTED = `id, name, data, priority, start_after, singleton_key, singleton_on, dead_letter, expire_in, keep_until,
    retry_limit, retry_delay, retry_backoff, policy`;

const role = (name: string): string => `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${name} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- made meanwhile
END $$;`;

/** May be run again. */
export const GRANTS = `${role(SUBMIT_ROLE)}
${role(WORK_ROLE)}
GRANT USAGE ON SCHEMA ${SCHEMA} TO ${SUBMIT_ROLE}, ${WORK_ROLE};
GRANT SELECT ON ${SCHEMA}.version, ${SCHEMA}.queue, ${SCHEMA}.job TO ${SUBMIT_ROLE}, ${WORK_ROLE};
GRANT INSERT (${SUBMITTED}) ON ${SCHEMA}.job TO ${SUBMIT_ROLE};
GRANT INSERT, UPDATE, DELETE ON ${SCHEMA}.job TO ${WORK_ROLE};
GRANT SELECT, INSERT, DELETE ON ${SCHEMA}.archive TO ${WORK_ROLE};
GRANT UPDATE (maintained_on) ON ${SCHEMA}.version TO ${WORK_ROLE};
ALTER TABLE ${SCHEMA}.job ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS seen ON ${SCHEMA}.job;
DROP POLICY IF EXISTS submitted ON ${SCHEMA}.job;
DROP POLICY IF EXISTS worked ON ${SCHEMA}.job;
CREATE POLICY seen ON ${SCHEMA}.job FOR SELECT TO ${SUBMIT_ROLE} USING (true);
CREATE POLICY submitted ON ${SCHEMA}.job FOR INSERT TO ${SUBMIT_ROLE}
  WITH CHECK (name = '${QUEUES.runs}' AND state = 'created' AND data->'machines' = '[]');
CREATE POLICY worked ON ${SCHEMA}.job TO ${WORK_ROLE} USING (true) WITH CHECK (true);
`;

type QueueMade = { readonly name: string; readonly retryLimit: number; readonly deadLetter?: string };
const MADE: readonly QueueMade[] = [
  { name: QUEUES.dead, retryLimit: 0 },
  { name: QUEUES.runs, retryLimit: RETRIES, deadLetter: QUEUES.dead },
  { name: QUEUES.unsigned, retryLimit: RETRIES, deadLetter: QUEUES.dead },
];

export async function makeQueues(boss: PgBoss): Promise<void> {
  for (const { name, ...options } of MADE) await boss.createQueue(name, { name, policy: "standard", ...options });
}

/** All that `attest queue init` runs, for an administrator who runs it by hand. */
export function schemaSql(construction: string): string {
  const options = ({ retryLimit, deadLetter }: QueueMade): string =>
    JSON.stringify({ policy: "standard", retryLimit, ...(deadLetter !== undefined && { deadLetter }) });
  return [
    construction.trim().replace(/^ +/gm, (blanks) => blanks.slice(4)),
    ...MADE.map((made) => `SELECT ${SCHEMA}.create_queue('${made.name}', '${options(made)}');`),
    GRANTS,
  ].join("\n\n");
}
