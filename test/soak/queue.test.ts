/** A thousand runs on four workers: one is killed every ten seconds, one stopped, one cut off, and the database is restarted twice. */
import { test } from "vitest";
import { many } from "../queue/many.js";
import { NO_POSTGRES } from "../queue/postgres.js";

const RUNS = Number(process.env["ATTEST_QUEUE_RUNS"] ?? 1000);
/** More than it takes; those that come too late do no harm. */
const kills = Array.from({ length: Math.ceil(RUNS / 50) }, (_, at) => (at + 1) * 10);

test.skipIf(NO_POSTGRES !== undefined)(
  `${RUNS} runs, and each has one result`,
  async () => {
    await many({ runs: RUNS, workers: 4, kills, stops: [15], restarts: [25, 70], cuts: [35] });
  },
  2 * 3_600_000,
);
