/**
 * Gives away the runs of workers that ended. An active run whose lock is free has no living worker. It must be free in two sweeps running,
 * since a worker whose session broke takes its locks again within a second. Every worker has a supervisor, on a session of its own.
 */
import { bossOn } from "./boss.js";
import { Connection } from "./connection.js";
import { LOCK_KEY, QUEUES } from "./job.js";
import { SCHEMA } from "./schema.js";
import { notify } from "./worker-session.js";
import type PgBoss from "pg-boss";

const SWEEP_MS = 4000;
/** So that workers that started together do not sweep together. */
const JITTER = 0.1;
const MAINTENANCE_S = 60;

/** Materialized: the lock is tried for active runs alone, whatever the planner prefers. */
const FREE = `
  WITH active AS MATERIALIZED (
    SELECT name, id, retry_count FROM ${SCHEMA}.job
    WHERE name IN ('${QUEUES.runs}', '${QUEUES.unsigned}') AND state = 'active'
  )
  SELECT name, id, retry_count FROM active WHERE pg_try_advisory_xact_lock(${LOCK_KEY})`;

/** Once more, with the row held: it may have been settled meanwhile. */
const STILL_FREE = `
  WITH row AS MATERIALIZED (
    SELECT name, id, retry_count, data FROM ${SCHEMA}.job
    WHERE name = $1 AND id = $2 AND retry_count = $3 AND state = 'active' FOR UPDATE SKIP LOCKED
  )
  SELECT data->'machines'->>-1 AS machine FROM row WHERE pg_try_advisory_xact_lock(${LOCK_KEY})`;

export interface Given {
  readonly id: string;
  readonly machine: string;
}

export class Supervisor {
  readonly #address: string;
  readonly #onGiven: (given: Given) => void;
  #open: { readonly connection: Connection; readonly boss: PgBoss } | undefined;
  #suspects = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(address: string, onGiven: (given: Given) => void) {
    this.#address = address;
    this.#onGiven = onGiven;
    this.#next();
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#sweeping = this.#sweep()
          .catch(() => {
            // The next sweep has a new session; whatever fails here must not end the worker.
            this.#open?.connection.drop();
            this.#open = undefined;
          })
          .finally(() => this.#next());
      },
      SWEEP_MS * (1 - JITTER + 2 * JITTER * Math.random()),
    );
  }

  async #sweep(): Promise<void> {
    if (this.#open === undefined) {
      const connection = await Connection.open(this.#address, { name: "attest-supervisor" });
      this.#open = { connection, boss: await bossOn(connection) };
      this.#suspects = new Set(); // after a restart of the server, workers need time to come back
      void connection.ended.then(() => (this.#open = undefined));
    }
    const { connection, boss } = this.#open;
    const { rows } = await connection.executeSql(FREE);
    const free = rows.map(({ name, id, retry_count: count }) => [String(name), String(id), Number(count)] as const);
    for (const row of free) if (this.#suspects.has(row.join(" "))) await this.#giveAway(connection, boss, row);
    this.#suspects = new Set(free.map((row) => row.join(" ")));
    await maintain(connection, boss);
  }

  async #giveAway(
    connection: Connection,
    boss: PgBoss,
    [name, id, count]: readonly [string, string, number],
  ): Promise<void> {
    const machine = await connection.transaction(async (sql) => {
      const { rows } = await sql.executeSql(STILL_FREE, [name, id, count]);
      if (rows[0] === undefined) return undefined;
      const machine = String(rows[0]["machine"]);
      await boss.fail(name, id, { message: "its worker was lost", machine }, { db: sql });
      await notify(sql);
      return machine;
    });
    if (machine !== undefined) this.#onGiven({ id, machine });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
    await this.#open?.connection.close();
  }
}

/** Once a minute among all workers: runs that took too long are given away, and those that ended long ago are archived, then deleted. */
async function maintain(connection: Connection, boss: PgBoss): Promise<void> {
  const { rows } = await connection.executeSql(
    `UPDATE ${SCHEMA}.version SET maintained_on = now()
     WHERE maintained_on IS NULL OR maintained_on < now() - interval '${MAINTENANCE_S} seconds' RETURNING true`,
  );
  if (rows.length === 1) await boss.maintain();
}
