/**
 * A worker's session with the queue. For each run that it has taken it holds an advisory lock, the sign of life: PostgreSQL releases it when
 * the session ends, however that happens. A lost session is made again, and what it held is taken again or given up.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type PgBoss from "pg-boss";
import { AttestError } from "../core/errors.js";
import { installedOn } from "./boss.js";
import { Connection, type Sql } from "./connection.js";
import { isOfConnection, runLost } from "./faults.js";
import { LOCK_KEY, QUEUES, readJob, type Taken, type WorkQueue } from "./job.js";
import { SCHEMA } from "./schema.js";

/** Backstop for a notification that was missed, and sign of life of the connection. */
const POLL_MS = 10_000;
/** A session without a word for so long is ended by the server, and its runs are given away. */
const SILENT_S = 45;
/** Below the time after which the others give a run away: two sweeps. */
const MOST_WAIT_MS = 1000;

/**
 * How a run ended. `failed` is tried again, `refused` would be refused again. `returned` was ended on request, and counts as no attempt.
 * `unsigned` is done, and its statement waits for a signature.
 */
export type Settlement =
  | { readonly how: "done"; readonly output: Readonly<Record<string, string>> }
  | { readonly how: "unsigned"; readonly statement: string }
  | { readonly how: "failed" | "refused" | "returned"; readonly why: string };

export interface SessionOptions {
  readonly machine: string;
  /** There may be runs to take. */
  readonly onWake: () => void;
  /** A run that was taken is not ours any more. */
  readonly onLost: (taken: Taken) => void;
  readonly onConnection?: (connected: boolean) => void;
}

const settings = Object.entries({
  lock_timeout: "5s",
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "2",
  idle_session_timeout: `${SILENT_S}s`,
  idle_in_transaction_session_timeout: `${SILENT_S}s`,
})
  .map(([name, value]) => `SELECT set_config(name, '${value}', false) FROM pg_settings WHERE name = '${name}'`) // older servers lack some
  .join("; ");

const OURS = `SELECT 1 FROM ${SCHEMA}.job WHERE name = $1 AND id = $2 AND retry_count = $3 AND state = 'active'`;

const TAKE = `
  WITH next AS (
    SELECT id FROM ${SCHEMA}.job
    WHERE name = $1 AND state < 'active' AND start_after < now() AND $2::jsonb @> (data->'needs')
    ORDER BY priority DESC, created_on, id
    LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  UPDATE ${SCHEMA}.job j SET
    state = 'active',
    started_on = now(),
    retry_count = CASE WHEN started_on IS NOT NULL THEN retry_count + 1 ELSE retry_count END,
    data = jsonb_set(data, '{machines}', (data->'machines') || to_jsonb($3::text))
  FROM next WHERE j.name = $1 AND j.id = next.id
  RETURNING j.id, j.retry_count, j.data`;

export class WorkerSession {
  readonly #address: string;
  readonly #options: SessionOptions;
  /** Tells our own earlier session from others. */
  readonly #name = `attest-worker-${randomBytes(6).toString("hex")}`;
  readonly #held = new Map<string, Taken>();
  #connection: Promise<Connection>;
  #boss!: PgBoss;
  #closing = false;
  #poll: NodeJS.Timeout | undefined;

  private constructor(address: string, options: SessionOptions) {
    this.#address = address;
    this.#options = options;
    this.#connection = this.#open();
  }

  /** @throws AttestError `queue-failed`, `queue-missing` */
  static async open(address: string, options: SessionOptions): Promise<WorkerSession> {
    const session = new WorkerSession(address, options);
    await session.#connection;
    session.#poll = setInterval(() => void session.#look(), POLL_MS);
    return session;
  }

  async #open(): Promise<Connection> {
    const connection = await Connection.open(this.#address, { name: this.#name, onNotice: this.#options.onWake });
    try {
      // Our earlier session, if the network lost it and the server does not know yet.
      await connection.executeSql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()`,
        [this.#name],
      );
      await connection.executeSql(`${settings}; LISTEN "${SCHEMA}"`);
      await connection.executeSql(`SELECT 1 FROM ${SCHEMA}.version`);
      this.#boss = await installedOn(connection, this.#address);
      await this.#takeAgain(connection);
    } catch (error) {
      connection.drop();
      throw error;
    }
    void connection.ended.then(() => this.#reconnect());
    this.#options.onConnection?.(true);
    return connection;
  }

  #reconnect(): void {
    if (this.#closing) return;
    this.#options.onConnection?.(false);
    this.#connection = this.#again();
    this.#connection.then(this.#options.onWake, () => undefined);
  }

  async #again(): Promise<Connection> {
    for (let wait = 100; ; wait = Math.min(wait * 2, MOST_WAIT_MS)) {
      if (this.#closing) throw new AttestError("queue-failed", "the session with the queue was closed");
      try {
        return await this.#open();
      } catch (error) {
        if (!isOfConnection(error)) this.#giveUp(); // for example, the role was taken away
        await sleep(wait);
      }
    }
  }

  #giveUp(): void {
    for (const taken of this.#held.values()) this.#lose(taken);
  }

  #lose(taken: Taken): void {
    if (this.#held.delete(keyOf(taken))) this.#options.onLost(taken);
  }

  async #takeAgain(connection: Connection): Promise<void> {
    for (const taken of [...this.#held.values()]) {
      const { queue, id, retryCount } = taken;
      const ours = [queue, id, retryCount];
      const lock = `SELECT pg_advisory_lock(${LOCK_KEY}) FROM ${SCHEMA}.job WHERE name = $1 AND id = $2 AND retry_count = $3`;
      await connection.executeSql(lock, ours);
      const { rows } = await connection.executeSql(OURS, ours);
      if (rows.length === 0) this.#lose(taken);
    }
  }

  /** A cancelled or expired run is noticed here, and a connection that nothing comes through. */
  async #look(): Promise<void> {
    try {
      const connection = await this.#connection;
      await connection.executeSql("SELECT 1");
      for (const taken of [...this.#held.values()]) if (!(await isOurs(connection, taken))) this.#lose(taken);
      this.#options.onWake();
    } catch {
      // the connection is made again
    }
  }

  /** Tries again as long as the connection fails, until the session is closed. Each act is fenced, so a second try does no harm. */
  async #persist<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#connection;
      try {
        return await act(connection);
      } catch (error) {
        if (!isOfConnection(error) || this.#closing) throw error;
        connection.drop();
        await connection.ended;
      }
    }
  }

  /**
   * The next run whose needed labels are among these; undefined if there is none. The state of the row and the lock become visible together.
   * @throws AttestError `run-refused` for a row that was changed: it is taken out of the queue
   */
  async take(queue: WorkQueue, labels: readonly string[]): Promise<Taken | undefined> {
    const connection = await this.#connection;
    const row = await connection.transaction(async (sql) => {
      const { rows } = await sql.executeSql(TAKE, [queue, JSON.stringify(labels), this.#options.machine]);
      const [found] = rows;
      if (found !== undefined)
        await sql.executeSql(`SELECT pg_advisory_lock(${LOCK_KEY}) FROM ${SCHEMA}.job WHERE name = $1 AND id = $2`, [
          queue,
          found["id"],
        ]);
      return found;
    });
    if (row === undefined) return undefined;
    const [id, retryCount] = [String(row["id"]), Number(row["retry_count"])];
    try {
      const taken = readJob(queue, id, retryCount, row["data"]);
      this.#held.set(keyOf(taken), taken);
      return taken;
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      const changed = { queue, id, retryCount, plan: id.replaceAll("-", ""), needs: [], machines: [] };
      this.#held.set(keyOf(changed), changed);
      await this.settle(changed, { how: "refused", why: error.message });
      throw error;
    }
  }

  /** Asked right before something is published. @throws AttestError `run-lost` */
  async stillMine(taken: Taken): Promise<void> {
    const ours = await this.#persist(async (connection) => this.#held.has(keyOf(taken)) && isOurs(connection, taken));
    if (ours) return;
    this.#lose(taken);
    throw runLost(taken);
  }

  /** @throws AttestError `run-lost` */
  async settle(taken: Taken, settlement: Settlement): Promise<void> {
    const { queue, id, retryCount } = taken;
    if (!this.#held.has(keyOf(taken))) throw runLost(taken);
    const ours = await this.#persist((connection) =>
      connection.transaction(async (sql) => {
        const { rows } = await sql.executeSql(`${OURS} FOR UPDATE`, [queue, id, retryCount]);
        if (rows.length === 0) return false;
        await this.#apply(sql, taken, settlement);
        return true;
      }),
    );
    this.#held.delete(keyOf(taken));
    await (await this.#connection).executeSql(UNLOCK, [queue, id, retryCount]).catch(() => undefined); // it ended with its session
    if (!ours) throw runLost(taken);
  }

  async #apply(sql: Sql, { queue, id, plan, machines }: Taken, settlement: Settlement): Promise<void> {
    const db = sql;
    const boss = this.#boss;
    if (settlement.how === "done") return void (await boss.complete(queue, id, settlement.output, { db }));
    if (settlement.how === "unsigned") {
      const { statement } = settlement;
      await boss.complete(queue, id, { statement }, { db });
      const data = { plan, needs: [], machines: [], statement };
      await boss.send(QUEUES.unsigned, data, { id, expireInSeconds: SIGNING_S, db });
      return void (await notify(sql));
    }
    const set = async (what: string): Promise<unknown> =>
      await sql.executeSql(`UPDATE ${SCHEMA}.job SET ${what} WHERE name = $1 AND id = $2`, [queue, id]);
    await set(BEFORE[settlement.how]);
    await boss.fail(queue, id, { message: settlement.why, machine: machines.at(-1) ?? "" }, { db });
    await set("retry_delay = 0"); // the run of a worker that is lost goes on at once
    await notify(sql);
  }

  /** Waits for the database no longer: what waits fails, and others give away what is held. */
  abandon(): void {
    this.#closing = true;
  }

  /** What is still held is given away by the others. */
  async close(): Promise<void> {
    this.abandon();
    clearInterval(this.#poll);
    await (await this.#connection.catch(() => undefined))?.close();
  }
}

/** What `fail` then goes by. A machine on which everything fails must not use up all attempts before another has its turn. */
const BEFORE = {
  failed: "retry_delay = 15",
  refused: "retry_limit = retry_count, dead_letter = NULL",
  returned: "retry_limit = retry_limit + 1",
} as const;

/** Signing takes seconds, but the registry's lock may be waited for. */
const SIGNING_S = 1800;

const UNLOCK = `SELECT pg_advisory_unlock(${LOCK_KEY}) FROM (SELECT $1::text AS name, $2::uuid AS id, $3::int AS retry_count) AS run`;

const keyOf = ({ queue, id, retryCount }: Taken): string => `${queue} ${id} ${retryCount}`;

async function isOurs(sql: Sql, { queue, id, retryCount }: Taken): Promise<boolean> {
  return (await sql.executeSql(OURS, [queue, id, retryCount])).rows.length > 0;
}

/** Arrives when the transaction is committed. */
export async function notify(sql: Sql): Promise<void> {
  await sql.executeSql("SELECT pg_notify($1, 'new')", [SCHEMA]);
}
