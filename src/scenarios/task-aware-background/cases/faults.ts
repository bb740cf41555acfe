/** T17: the state of a task after a failed write. */
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { countAtLeast, countedAs, none, requiredSetting, some, type Case } from "../stage/case.js";
import type { Stage } from "../stage/stage.js";
import { pathOf, type StrategyName } from "../stage/strategies.js";

export const faults: Case = {
  name: "T17",
  title: "writes that fail",
  seconds: 1,
  checks: [
    requiredSetting(
      "t17-failed-writes",
      "When a write fails, the old document is left as it was, and the writer is told.",
      [
        countedAs("documents damaged", { case: "T17", side: "subject", intact: false }),
        countedAs("failures that were not told", { case: "T17", side: "subject", told: false }),
        countedAs("failures", { case: "T17", side: "subject" }),
        countedAs("documents damaged by the naive control", { case: "T17", side: "control", intact: false }),
      ],
      [none("documents damaged"), none("failures that were not told")],
      [countAtLeast("failures", 5), some("documents damaged by the naive control")],
    ),
  ],
  async play(stage, { subject }) {
    for (const [side, strategy] of [
      ["subject", subject],
      ["control", "in-place"],
    ] as const) {
      for (let trial = 0; trial < 5; trial += 1)
        stage.probe.observe({
          case: "T17",
          side,
          fault: "limit on the size of a file",
          trial,
          ...(await tooLarge(stage, strategy)),
        });
      if (process.getuid?.() === 0)
        stage.probe.note("not-tried", { fault: "a folder that is read-only: no mode binds root" });
      else
        stage.probe.observe({
          case: "T17",
          side,
          fault: "read-only folder",
          trial: 0,
          ...(await readOnly(stage, strategy)),
        });
      stage.probe.observe({ case: "T17", side, fault: "the list is gone", trial: 0, ...(await gone(stage, strategy)) });
    }
  },
};

interface Outcome {
  readonly intact: boolean;
  readonly told: boolean;
  readonly outcome: string;
}

/** `ulimit -f` limits every user including root, and no disk must be filled. */
async function tooLarge(stage: Stage, strategy: StrategyName): Promise<Outcome> {
  const folder = stage.list("limit");
  stage.task(folder, { metadata: { filling: "x".repeat(20_000) } });
  return await failing(stage, strategy, folder, { fileBlocks: 8 });
}

/** Only a writer without a new file can still write there. Then nothing failed, and there is nothing to report. */
async function readOnly(stage: Stage, strategy: StrategyName): Promise<Outcome> {
  const folder = stage.list("read-only");
  stage.task(folder);
  chmodSync(folder, 0o555);
  const seen = await failing(stage, strategy, folder, {});
  chmodSync(folder, 0o755);
  return seen.outcome === "written" ? { ...seen, intact: true, told: true } : seen;
}

async function failing(
  stage: Stage,
  strategy: StrategyName,
  folder: string,
  options: { readonly fileBlocks?: number },
): Promise<Outcome> {
  const before = readFileSync(pathOf(folder, "1"), "utf8");
  const part = { act: "hold", strategy, folder, id: "1", key: "never", holding: stage.fresh("holding") } as const;
  const writer = await stage.actor(part, options);
  writer.begin();
  const { outcome } = await writer.done<{ outcome: string }>();
  stage.end(writer.child);
  return { intact: readFileSync(pathOf(folder, "1"), "utf8") === before, told: outcome !== "written", outcome };
}

async function gone(stage: Stage, strategy: StrategyName): Promise<Outcome> {
  const folder = stage.list("gone");
  stage.task(folder);
  const [holding, release] = [stage.fresh("holding"), stage.fresh("release")];
  const writer = await stage.actor({ act: "hold", strategy, folder, id: "1", key: "never", holding, release });
  writer.begin();
  await stage.appears(holding, "the writer to have read");
  rmSync(folder, { recursive: true });
  stage.mark(release);
  const { outcome } = await writer.done<{ outcome: string }>();
  stage.end(writer.child);
  return { intact: !stage.exists(folder), told: outcome !== "written", outcome };
}
