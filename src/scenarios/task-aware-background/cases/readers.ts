/** T05: what a reader sees during a write. */
import {
  countAtLeast,
  countedAs,
  none,
  over,
  requiredSetting,
  some,
  type Case,
  type CaseSetting,
} from "../stage/case.js";
import { listOf, type Stage } from "../stage/stage.js";
import type { StrategyName } from "../stage/strategies.js";

const SIZES = [200, 4_000, 64_000] as const;

export const atomicity: Case = {
  name: "T05",
  title: "no torn reads",
  seconds: 9,
  checks: [
    requiredSetting(
      "t05-no-torn-reads",
      "While a task is rewritten without pause, every read finds a whole document.",
      [
        over("torn or empty reads", "sum", "torn", { case: "T05", side: "subject" }),
        over("reads", "sum", "reads", { case: "T05", side: "subject" }),
        over("torn or empty reads of the naive control", "sum", "torn", { case: "T05", side: "control" }),
        over("reads beside the naive control", "sum", "reads", { case: "T05", side: "control" }),
        countedAs("periods of reading", { case: "T05", side: "subject" }),
      ],
      [none("torn or empty reads")],
      [countAtLeast("reads", 300), some("torn or empty reads of the naive control")],
    ),
  ],
  async play(stage, setting) {
    const sides = [
      ["subject", setting.subject],
      ["control", "in-place"],
    ] as const;
    let done = 0;
    for (const [side, strategy] of sides)
      for (const size of SIZES) {
        setting.progress(`${side}, ${size} bytes`, done++ / (SIZES.length * sides.length));
        await readWhile(stage, setting, side, strategy, size);
      }
  },
};

async function readWhile(
  stage: Stage,
  { driver, load }: CaseSetting,
  side: string,
  strategy: StrategyName,
  size: number,
): Promise<void> {
  const folder = stage.list("readers");
  stage.task(folder);
  const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
  const writer = await stage.actor({ act: "rewrite", strategy, folder, id: "1", size });
  try {
    writer.begin();
    const until = performance.now() + load.readMs;
    for (let period = 0; performance.now() < until && !stage.probe.signal.aborted; period += 1) {
      let [reads, torn] = [0, 0];
      for (const end = Math.min(until, performance.now() + 100); performance.now() < end; reads += 1) {
        if ((await session.get("1")) === null) torn += 1;
        if (reads % 50 === 0) await stage.rest(0);
      }
      stage.probe.observe({ case: "T05", side, size, period, reads, torn });
    }
  } finally {
    stage.end(writer.child);
    await session.close();
  }
}
