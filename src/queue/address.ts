/** The address of the database. Its password is never printed. */
import { AttestError } from "../core/errors.js";

/** Names the database for every command. A tested command does not get it, nor any other variable of this tool. */
export const QUEUE_VARIABLE = "F3_ATTEST_QUEUE";

/** @throws AttestError `usage` */
export function queueAddress(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const address = given ?? env[QUEUE_VARIABLE];
  if (address === undefined || address === "")
    throw new AttestError(
      "usage",
      "no queue was named",
      `name its database: --queue postgres://USER@HOST/DATABASE, or ${QUEUE_VARIABLE}`,
    );
  if (!/^postgres(?:ql)?:\/\//.test(address) || !URL.canParse(address))
    throw new AttestError(
      "usage",
      "the queue is not the address of a PostgreSQL database",
      "it looks like postgres://USER@HOST:5432/DATABASE",
    );
  return address;
}

/** For messages: host and database alone. Options can hold secrets too. */
export function shownAddress(address: string): string {
  const { host, pathname } = new URL(address);
  return `postgres://${host}${pathname}`;
}
