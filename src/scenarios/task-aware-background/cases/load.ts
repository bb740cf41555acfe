/** T06 to T08: many writers at once. */
import { countAtLeast, bound, countedAs, none, over, requiredSetting, some, type Case } from "../stage/case.js";
import type { Updated } from "../stage/actor.js";
import { listOf, type Stage } from "../stage/stage.js";
import type { StrategyName } from "../stage/strategies.js";

type Side = "subject" | "control" | "rename";

export const updates: Case = {
  name: "T06",
  title: "concurrent updates",
  seconds: 12,
  checks: [
    requiredSetting(
      "t06-concurrent-updates",
      "Of updates that many processes make to one task at once, none that was accepted is lost.",
      [
        countedAs("updates lost", { case: "T06", side: "subject", accepted: true, kept: false }),
        countedAs("updates accepted", { case: "T06", side: "subject", accepted: true }),
        bound("upper bound of the lost share (95 %)", "kept", { case: "T06", side: "subject", accepted: true }),
        over("writers at once, at most", "max", "writers", { case: "T06", side: "subject" }),
        over("time of an update, median", "p50", "ms", { case: "T06", side: "subject" }, "ms"),
        over("time of an update, 99th percentile", "p99", "ms", { case: "T06", side: "subject" }, "ms"),
        countedAs("updates lost in place", { case: "T06", side: "control", accepted: true, kept: false }),
        countedAs("updates accepted in place", { case: "T06", side: "control", accepted: true }),
        countedAs("updates lost by rename without a lock", {
          case: "T06",
          side: "rename",
          accepted: true,
          kept: false,
        }),
        countedAs("updates accepted by rename without a lock", { case: "T06", side: "rename", accepted: true }),
      ],
      [none("updates lost")],
      [countAtLeast("updates accepted", 1000), some("updates lost in place")],
    ),
  ],
  async play(stage, { subject, load, progress }) {
    const rounds: [Side, StrategyName, number][] = [
      ...load.writers.map((writers): [Side, StrategyName, number] => ["subject", subject, writers]),
      ["control", "in-place", load.rivals],
      ["rename", "rename", load.rivals],
    ];
    for (const [at, [side, strategy, writers]] of rounds.entries()) {
      progress(`${writers} writers, ${side === "subject" ? "as tested" : strategy}`, at / rounds.length);
      await contend(
        stage,
        side,
        strategy,
        writers,
        side === "subject" && writers === 8 ? load.updates : Math.ceil(load.updates / 4),
      );
    }
  },
};

async function contend(
  stage: Stage,
  side: Side,
  strategy: StrategyName,
  writers: number,
  times: number,
): Promise<void> {
  const folder = stage.list("load");
  stage.task(folder);
  const parts = Array.from(
    { length: writers },
    (_, worker) => ({ act: "update", strategy, folder, id: "1", worker, times }) as const,
  );
  const told = await stage.together<Updated[]>(parts);
  const metadata = stage.document(folder, "1")?.metadata ?? {};
  for (const [worker, made] of told.entries())
    for (const { i, ms, accepted } of made)
      stage.probe.observe({
        case: "T06",
        side,
        writers,
        worker,
        i,
        ms,
        accepted,
        kept: Object.hasOwn(metadata, `w${worker}-${i}`),
      });
}

export const beside: Case = {
  name: "T07",
  title: "beside the agent's own updates",
  seconds: 5,
  checks: [
    requiredSetting(
      "t07-beside-the-tool",
      "While the agent's tool updates a task, background processes update it too, and neither side loses an update or is turned away.",
      [
        countedAs("updates lost or refused", { case: "T07", side: "subject", kept: false }),
        countedAs("updates", { case: "T07", side: "subject" }),
        countedAs("updates of the tool", { case: "T07", side: "subject", by: "tool" }),
        bound("upper bound of the lost share (95 %)", "kept", { case: "T07", side: "subject" }),
        countedAs("updates lost or refused beside the naive control", { case: "T07", side: "control", kept: false }),
      ],
      [none("updates lost or refused")],
      [
        countAtLeast("updates of the tool", 50),
        countAtLeast("updates", 200),
        some("updates lost or refused beside the naive control"),
      ],
    ),
  ],
  async play(stage, { driver, subject, load, progress }) {
    for (const [side, strategy, writers] of [
      ["subject", subject, 3],
      ["control", "in-place", Math.min(3, load.rivals)],
    ] as const) {
      progress(side, side === "subject" ? 0 : 0.5);
      const folder = stage.list("beside");
      stage.task(folder);
      const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
      const actors = await Promise.all(
        Array.from({ length: writers }, (_, worker) =>
          stage.actor({ act: "update", strategy, folder, id: "1", worker, times: load.updates / 2 }),
        ),
      );
      const told = actors.map((actor) => actor.done<Updated[]>());
      for (const actor of actors) actor.begin();
      const accepted: boolean[] = [];
      for (let i = 0; i < 60; i += 1) {
        accepted.push(await session.update("1", { metadata: { [`tool-${i}`]: i } }).catch(() => false));
        await stage.rest(2);
      }
      const written = await Promise.all(told);
      const metadata = stage.document(folder, "1")?.metadata ?? {};
      for (const [i, was] of accepted.entries())
        stage.probe.observe({
          case: "T07",
          side,
          by: "tool",
          i,
          accepted: was,
          kept: was && Object.hasOwn(metadata, `tool-${i}`),
        });
      for (const [worker, made] of written.entries())
        for (const { i, accepted: was } of made)
          stage.probe.observe({
            case: "T07",
            side,
            by: "background",
            worker,
            i,
            accepted: was,
            kept: was && Object.hasOwn(metadata, `w${worker}-${i}`),
          });
      for (const actor of actors) stage.end(actor.child);
      await session.close();
    }
  },
};

export const creation: Case = {
  name: "T08",
  title: "concurrent creation",
  seconds: 3,
  checks: [
    requiredSetting(
      "t08-distinct-ids",
      "Of tasks that many processes create at once, none is overwritten, and no id is given twice.",
      [
        countedAs("tasks overwritten", { case: "T08", side: "subject", kept: false }),
        countedAs("tasks created", { case: "T08", side: "subject" }),
        over("ids given", "distinct", "id", { case: "T08", side: "subject" }),
        bound("upper bound of the overwritten share (95 %)", "kept", { case: "T08", side: "subject" }),
        countedAs("tasks overwritten by the naive control", { case: "T08", side: "control", kept: false }),
      ],
      [none("tasks overwritten")],
      [countAtLeast("tasks created", 200), some("tasks overwritten by the naive control")],
    ),
  ],
  async play(stage, { subject, load }) {
    for (const [side, strategy, writers] of [
      ["subject", subject, 8],
      ["control", "in-place", load.rivals],
    ] as const) {
      const folder = stage.list("creation");
      const times = Math.ceil(load.updates / 4);
      const parts = Array.from(
        { length: writers },
        (_, worker) => ({ act: "create", strategy, folder, worker, times }) as const,
      );
      for (const [worker, ids] of (await stage.together<string[]>(parts)).entries())
        for (const [i, id] of ids.entries())
          stage.probe.observe({
            case: "T08",
            side,
            worker,
            i,
            id,
            kept: stage.document(folder, id)?.subject === `w${worker}-${i}`,
          });
    }
  },
};
