/** pg-boss on a session of ours. It is never told to work: its own worker loses runs that it has done, and ends the process with its faults. */
import type PgBoss from "pg-boss";
import type { Sql } from "./connection.js";
import { shownAddress } from "./address.js";
import { isOfConnection, queueMissing } from "./faults.js";
import { SCHEMA } from "./schema.js";

const options = (sql: Sql) => ({
  db: sql,
  schema: SCHEMA,
  supervise: false,
  schedule: false,
  archiveFailedAfterSeconds: 14 * 86_400,
});

/** CommonJS: the class itself where the program is bundled, and its `default` elsewhere. */
export async function bossClass(): Promise<typeof PgBoss> {
  const loaded: { readonly default?: typeof PgBoss } = await import("pg-boss");
  return loaded.default ?? (loaded as unknown as typeof PgBoss);
}

/** Where it is installed already. @throws AttestError `queue-missing`, `queue-failed` */
export async function installedOn(sql: Sql, address: string): Promise<PgBoss> {
  try {
    return await bossOn(sql);
  } catch (error) {
    throw isOfConnection(error) ? error : queueMissing(shownAddress(address));
  }
}

/** @param migrate makes or changes the schema, which only its owner may */
export async function bossOn(sql: Sql, migrate = false): Promise<PgBoss> {
  const Boss = await bossClass();
  const boss = new Boss({ ...options(sql), migrate });
  boss.on("error", () => undefined); // without a listener it would end the process
  return await boss.start();
}
