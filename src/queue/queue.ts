/** The queue as its users see it: made, added to, looked at. Workers have a session of their own. */
import type PgBoss from "pg-boss";
import { AttestError } from "../core/errors.js";
import { bossClass, bossOn, installedOn } from "./boss.js";
import { Connection, type Row } from "./connection.js";
import { idOf, idStart, planIdOf, QUEUES } from "./job.js";
import { GRANTS, makeQueues, SCHEMA, schemaSql } from "./schema.js";
import { notify } from "./worker-session.js";

export interface NewRun {
  /** Digest of the signed plan. */
  readonly plan: string;
  readonly needs: readonly string[];
  readonly priority: number;
  /** After so many seconds a run counts as lost, even if its worker lives. */
  readonly limitS: number;
}

/** Beyond the run's own limit: fetching, evidence, publishing. */
const MARGIN_S = 300;
/** pg-boss refuses a day. */
export const MAX_LIMIT_S = 86_400 - MARGIN_S - 1;

/**
 * `unsigned` is done, and waits for a signature. `failed` was refused, and would be again. `dead` has used up its attempts.
 */
export const RUN_STATES = ["queued", "running", "unsigned", "done", "failed", "dead", "cancelled"] as const;
export type RunState = (typeof RUN_STATES)[number];

export interface QueuedRun {
  /** Of its plan. */
  readonly id: string;
  readonly state: RunState;
  readonly needs: readonly string[];
  /** Who took it, one for each attempt. */
  readonly machines: readonly string[];
  /** Seconds since it was taken if it runs, otherwise since it was added. */
  readonly ageS: number;
  /** The last fault, or the id of the result. */
  readonly told: string | undefined;
}

export interface QueueStatus {
  readonly counts: Readonly<Record<RunState, number>>;
  /** The newest. */
  readonly runs: readonly QueuedRun[];
}

const MOST_SHOWN = 1000;

/** One row for each run: how it stands with its signature, too. */
const STANDING = `
  SELECT r.id, r.created_on, r.data,
    CASE
      WHEN r.state IN ('created', 'retry') THEN 'queued'
      WHEN r.state = 'active' THEN 'running'
      WHEN r.state = 'cancelled' OR s.state = 'cancelled' THEN 'cancelled'
      WHEN r.state = 'failed' THEN CASE WHEN r.dead_letter IS NULL THEN 'failed' ELSE 'dead' END
      WHEN s.state IS NULL OR s.state = 'completed' THEN 'done'
      WHEN s.state = 'failed' THEN CASE WHEN s.dead_letter IS NULL THEN 'failed' ELSE 'dead' END
      ELSE 'unsigned'
    END AS standing,
    extract(epoch FROM now() - CASE WHEN r.state = 'active' THEN r.started_on ELSE r.created_on END) AS age,
    coalesce(s.output, r.output) AS output
  FROM ${SCHEMA}.job r LEFT JOIN ${SCHEMA}.job s ON s.name = '${QUEUES.unsigned}' AND s.id = r.id
  WHERE r.name = '${QUEUES.runs}'`;

export class Queue {
  readonly #connection: Connection;
  readonly #boss: PgBoss;

  private constructor(connection: Connection, boss: PgBoss) {
    this.#connection = connection;
    this.#boss = boss;
  }

  /** Makes the schema, the queues and the roles; run again, it changes nothing. @throws AttestError `queue-failed` */
  static async init(address: string): Promise<void> {
    const connection = await Connection.open(address, { name: "attest-queue-init" });
    try {
      await makeQueues(await bossOn(connection, true));
      await connection.executeSql(`BEGIN; ${GRANTS} COMMIT`);
    } finally {
      await connection.close();
    }
  }

  /** The same as SQL. */
  static async sql(): Promise<string> {
    return schemaSql((await bossClass()).getConstructionPlans(SCHEMA));
  }

  /** @throws AttestError `queue-failed`, `queue-missing` */
  static async open(address: string): Promise<Queue> {
    const connection = await Connection.open(address, { name: "attest-queue" });
    try {
      await connection.executeSql(`SELECT 1 FROM ${SCHEMA}.version`);
      return new Queue(connection, await installedOn(connection, address));
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** False if the plan is queued already. */
  async add({ plan, needs, priority, limitS }: NewRun): Promise<boolean> {
    return await this.#connection.transaction(async (sql) => {
      const data = { plan, needs, machines: [] };
      const expireInSeconds = Math.ceil(limitS) + MARGIN_S;
      const db = sql;
      const id = await this.#boss.send(QUEUES.runs, data, { id: idOf(plan), priority, expireInSeconds, db });
      await notify(sql);
      return id !== null;
    });
  }

  async status(): Promise<QueueStatus> {
    const counted = await this.#connection.executeSql(
      `SELECT standing, count(*) AS size FROM (${STANDING}) AS all_runs GROUP BY 1`,
    );
    const sizes = new Map(counted.rows.map(({ standing, size }) => [String(standing), Number(size)]));
    const newest = await this.#connection.executeSql(
      `${STANDING} ORDER BY (r.state = 'active') DESC, r.created_on DESC, r.id LIMIT ${MOST_SHOWN}`,
    );
    return {
      counts: Object.fromEntries(RUN_STATES.map((state) => [state, sizes.get(state) ?? 0])) as QueueStatus["counts"],
      runs: newest.rows.map(runOf),
    };
  }

  /** Queues a run again that failed, was cancelled, or whose result was not signed. @throws AttestError `usage` */
  async retry(named: string): Promise<string> {
    const { id, standing } = await this.#find(named);
    if (!["failed", "dead", "cancelled"].includes(standing)) throw refused(id, standing, "retried");
    await this.#connection.transaction(async (sql) => {
      await sql.executeSql(
        `DELETE FROM ${SCHEMA}.job WHERE (name = '${QUEUES.unsigned}' AND id = $1 AND state >= 'completed')
           OR (name = '${QUEUES.dead}' AND replace(left(data->>'plan', 32), '-', '') = replace($1::text, '-', ''))`,
        [id],
      );
      // `started_on` stays, so that the next attempt has a number of its own.
      await sql.executeSql(
        `UPDATE ${SCHEMA}.job SET state = 'retry', completed_on = NULL, start_after = now(), retry_limit = retry_count + 1 + $2,
           dead_letter = '${QUEUES.dead}', output = NULL
         WHERE name = '${QUEUES.runs}' AND id = $1 AND state >= 'completed'`,
        [id, 2],
      );
      await notify(sql);
    });
    return planIdOf(id);
  }

  /** A worker that has it finds out within ten seconds. @throws AttestError `usage` */
  async cancel(named: string): Promise<string> {
    const { id, standing } = await this.#find(named);
    if (!["queued", "running", "unsigned"].includes(standing)) throw refused(id, standing, "cancelled");
    await this.#boss.cancel(QUEUES.runs, id);
    await this.#boss.cancel(QUEUES.unsigned, id);
    return planIdOf(id);
  }

  async #find(named: string): Promise<{ readonly id: string; readonly standing: string }> {
    const start = idStart(named);
    const { rows } = await this.#connection.executeSql(
      `SELECT id, standing FROM (${STANDING}) AS all_runs WHERE starts_with(replace(id::text, '-', ''), $1) LIMIT 2`,
      [start],
    );
    const [found, another] = rows;
    if (found === undefined || another !== undefined)
      throw new AttestError(
        "usage",
        found === undefined ? `the queue has no run ${named}` : `${named} names more than one run`,
        "attest queue status lists them",
      );
    return { id: String(found["id"]), standing: String(found["standing"]) };
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

const refused = (id: string, standing: string, what: string): AttestError =>
  new AttestError("usage", `${planIdOf(id)} is ${standing}, and cannot be ${what}`, "nothing was changed");

/** A row can hold anything. */
function runOf({ id, standing, data, age, output }: Row): QueuedRun {
  const member = (value: unknown, name: string): unknown =>
    typeof value === "object" && value !== null ? (value as Row)[name] : undefined;
  const words = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((one) => typeof one === "string").map((one) => one.slice(0, 64)) : [];
  const told = member(output, "message") ?? member(output, "result");
  return {
    id: planIdOf(String(id)),
    state: String(standing) as RunState,
    needs: words(member(data, "needs")),
    machines: words(member(data, "machines")),
    ageS: Math.max(0, Math.round(Number(age))),
    told: typeof told === "string" ? told.slice(0, 500) : undefined,
  };
}
