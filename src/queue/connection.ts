/** One session with the database. Statements of one transaction never mix with others, and an answer that does not come is a fault. */
import type { Client, QueryResult } from "pg";
import { shownAddress } from "./address.js";
import { queueFault } from "./faults.js";

export type Row = Readonly<Record<string, unknown>>;

/** What pg-boss calls too. */
export interface Sql {
  executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

export interface ConnectionOptions {
  /** Its name in pg_stat_activity. */
  readonly name: string;
  readonly answerMs?: number;
  readonly onNotice?: () => void;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;

export class Connection implements Sql {
  readonly #client: Client;
  readonly #shown: string;
  /** Statements and transactions, one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Resolves when the session has ended, for any reason. */
  readonly ended: Promise<void>;

  private constructor(client: Client, shown: string) {
    this.#client = client;
    this.#shown = shown;
    client.on("error", () => undefined); // `end` follows
    this.ended = new Promise((resolve) => client.once("end", resolve));
  }

  /** @throws AttestError `queue-failed` */
  static async open(address: string, options: ConnectionOptions): Promise<Connection> {
    const { name, answerMs = ANSWER_MS, onNotice } = options;
    const { Client } = await import("pg");
    const client = new Client({
      connectionString: address,
      application_name: name,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: answerMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    const made = new Connection(client, shownAddress(address));
    if (onNotice !== undefined) client.on("notification", onNotice);
    try {
      await client.connect();
    } catch (error) {
      client.connection.stream.destroy();
      throw queueFault(error, made.#shown);
    }
    return made;
  }

  async executeSql(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }> {
    return await this.#alone(() => this.#query(text, values));
  }

  /** Throws if the database rolled back instead: a statement's error may have been swallowed by what ran it. */
  async transaction<T>(act: (sql: Sql) => Promise<T>): Promise<T> {
    return await this.#alone(async () => {
      await this.#query("BEGIN");
      let result: T;
      try {
        result = await act({ executeSql: (text, values) => this.#query(text, values) });
      } catch (error) {
        await this.#query("ROLLBACK").catch(() => undefined);
        throw error;
      }
      const { command } = await this.#query("COMMIT");
      if (command !== "COMMIT") throw new Error(`expected COMMIT, the database answered ${command}`);
      return result;
    });
  }

  async close(): Promise<void> {
    await Promise.race([this.#client.end().catch(() => undefined), this.ended]);
  }

  /** Without a word to the server, which may be unreachable. */
  drop(): void {
    this.#client.connection.stream.destroy();
  }

  async #alone<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(act);
    this.#last = mine.catch(() => undefined);
    return await mine;
  }

  async #query(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; command: string }> {
    try {
      const answer = await this.#client.query(text, values);
      const last: QueryResult | undefined = Array.isArray(answer) ? answer.at(-1) : answer; // of several statements
      return { rows: last?.rows ?? [], command: last?.command ?? "" };
    } catch (error) {
      if (error instanceof Error && error.message === "Query read timeout") this.drop();
      throw queueFault(error, this.#shown);
    }
  }
}
