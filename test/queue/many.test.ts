/** At night: forty runs on three workers, of which one is killed and one stopped, and the database restarted once. The soak does more. */
import { test } from "vitest";
import { many } from "./many.js";
import { NO_POSTGRES } from "./postgres.js";

test.skipIf(NO_POSTGRES !== undefined)(
  "forty runs, one kill, one stop, one restart",
  async () => {
    await many({ runs: 40, workers: 3, kills: [4], stops: [3], restarts: [7], cuts: [] });
  },
  600_000,
);
