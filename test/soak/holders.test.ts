/** Fifty holders of the lock, killed at any moment of their work; after each the next writer gets through, by waiting as long as it takes. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { runScenario } from "../../dist/harness/scenario/run.js";
import {
  countAtLeast,
  countedAs,
  none,
  over,
  requiredSetting,
  some,
  type Case,
} from "../../dist/scenarios/task-aware-background/stage/case.js";
import { taskAwareBackgroundWith } from "../../dist/scenarios/task-aware-background/index.js";
import { pathOf } from "../../dist/scenarios/task-aware-background/stage/strategies.js";
import type { Stage } from "../../dist/scenarios/task-aware-background/stage/stage.js";
import { checks, options } from "../scenarios/running.js";

const HOLDERS = 50;
const AT_ONCE = 10;
const ours = { case: "holders" };

async function killed(stage: Stage): Promise<Record<string, boolean | number>> {
  const folder = stage.list("holders");
  stage.task(folder, { metadata: { before: true } });
  const writer = await stage.actor({ act: "rewrite", strategy: "hardened", folder, id: "1", size: 20_000 });
  writer.begin();
  await stage.until(() => stage.size(pathOf(folder, "1")) > 1000, "the first write");
  await sleep(Math.random() * 200);
  await stage.killed(writer.child);
  const held = stage.names(folder, ".lock").length > 0;
  const whole = stage.document(folder, "1")?.metadata?.["before"] === true;
  const started = performance.now();
  const next = await stage.actor({ act: "update", strategy: "hardened", folder, id: "1", worker: 1, times: 1 });
  next.begin();
  const [told] = await next.done<{ accepted: boolean }[]>();
  stage.end(next.child);
  const metadata = stage.document(folder, "1")?.metadata ?? {};
  return {
    held,
    whole,
    through: told?.accepted === true,
    kept: "before" in metadata && "round" in metadata && "w1-0" in metadata,
    left: stage.names(folder, ".lock").length,
    ms: Math.round(performance.now() - started),
  };
}

const holders: Case = {
  name: "holders",
  title: "fifty holders that are killed",
  seconds: 80,
  checks: [
    requiredSetting(
      "holders-killed",
      "After a holder of the lock was killed at any moment, the document is whole, and the next writer gets through.",
      [
        countedAs("torn documents", { ...ours, whole: false }),
        countedAs("writers that never got through", { ...ours, through: false }),
        countedAs("updates lost", { ...ours, kept: false }),
        over("locks left behind", "sum", "left", ours),
        countedAs("holders killed", ours),
        countedAs("killed while they held the lock", { ...ours, held: true }),
        over("time to get through, at most", "max", "ms", ours, "ms"),
      ],
      [none("torn documents"), none("writers that never got through"), none("updates lost"), none("locks left behind")],
      [countAtLeast("holders killed", HOLDERS), some("killed while they held the lock")],
    ),
  ],
  async play(stage) {
    for (let trial = 0; trial < HOLDERS; trial += AT_ONCE) {
      const seen = await Promise.all(Array.from({ length: AT_ONCE }, () => killed(stage)));
      for (const [at, one] of seen.entries()) stage.probe.observe({ ...ours, trial: trial + at, ...one });
    }
  },
};

test("fifty holders, killed at any moment", async () => {
  const run = await runScenario(taskAwareBackgroundWith({ cases: [holders] }), options({ profile: "hardened" }));
  const [check] = checks(run);
  expect(check?.outcome, check?.observed).toBe("passed");
  expect(run.draft.predicate.f3.verdict).toBe("VALIDATED");
});
