/** T12 to T14: writers that are killed or stopped in the middle. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  countAtLeast,
  countAtMost,
  bound,
  countedAs,
  none,
  over,
  requiredSetting,
  some,
  type Case,
} from "../stage/case.js";
import { parseTask } from "../../../tasks/document.js";
import type { Stage } from "../stage/stage.js";
import { pathOf, type StrategyName } from "../stage/strategies.js";

export const midWrite: Case = {
  name: "T12",
  title: "killed in the middle of a write",
  seconds: 8,
  checks: [
    requiredSetting(
      "t12-killed-writer",
      "A writer that is killed at any moment leaves a whole document.",
      [
        countedAs("documents left torn or empty", { case: "T12", side: "subject", whole: false }),
        countedAs("writers killed", { case: "T12", side: "subject" }),
        bound("upper bound of the torn share (95 %)", "whole", { case: "T12", side: "subject" }),
        over("temporary files left", "sum", "left", { case: "T12", side: "subject" }),
        countedAs("documents that the naive control left torn or empty", {
          case: "T12",
          side: "control",
          whole: false,
        }),
      ],
      [none("documents left torn or empty")],
      [countAtLeast("writers killed", 15), some("documents that the naive control left torn or empty")],
    ),
  ],
  async play(stage, { subject, load, progress }) {
    const kill = async (side: "subject" | "control", strategy: StrategyName, kills: number): Promise<number> => {
      const both = await Promise.all([0, 1].map(() => killedWriting(stage, strategy)));
      for (const [at, seen] of both.entries()) stage.probe.observe({ case: "T12", side, trial: kills + at, ...seen });
      return both.filter(({ whole }) => !whole).length;
    };
    for (let kills = 0; kills < load.kills; kills += 2) {
      progress(`${kills} of ${load.kills}`, kills / load.kills / 2);
      await kill("subject", subject, kills);
    }
    // As often as for the subject, and on until a document was torn: the moment is short, and all kills may miss it.
    for (let [kills, torn] = [0, 0]; kills < load.kills || (torn === 0 && kills < load.kills * 5); kills += 2) {
      progress(`control, ${kills}`, 0.5 + Math.min(0.5, kills / load.kills / 2));
      torn += await kill("control", "in-place", kills);
    }
  },
};

async function killedWriting(stage: Stage, strategy: StrategyName): Promise<{ whole: boolean; left: number }> {
  const folder = stage.list("killed");
  stage.task(folder);
  const writer = await stage.actor({ act: "rewrite", strategy, folder, id: "1", size: 200_000 });
  writer.begin();
  await stage.until(() => stage.size(pathOf(folder, "1")) > 1000, "the first write");
  await sleep(Math.random() * 40);
  await stage.killed(writer.child);
  return { whole: stage.document(folder, "1") !== undefined, left: stage.names(folder, ".tmp.").length };
}

/** Longer than the protocol's limit for a silent holder. */
const STALE_MS = 10_000;

const deadHolder: Case = {
  name: "T13",
  title: "killed while it holds the lock",
  seconds: 13,
  long: true,
  checks: [
    requiredSetting(
      "t13-dead-holder",
      "After the holder of the lock was killed, the next writer gets through, and nothing that was accepted is lost.",
      [
        countedAs("writers that never got through", { case: "T13", side: "subject", through: false }),
        countedAs("accepted updates lost", { case: "T13", side: "subject", kept: false }),
        countedAs("holders killed", { case: "T13", side: "subject" }),
        over("time to get through, at most", "max", "ms", { case: "T13", side: "subject", through: true }, "ms"),
        countedAs("writers behind a bare lock file that never got through", {
          case: "T13",
          side: "control",
          through: false,
        }),
      ],
      [
        none("writers that never got through"),
        none("accepted updates lost"),
        countAtMost("time to get through, at most", STALE_MS + 4000),
      ],
      [countAtLeast("holders killed", 3), some("writers behind a bare lock file that never got through")],
    ),
  ],
  async play(stage, { subject }) {
    const sides: ["subject" | "control", StrategyName][] = [
      ...Array.from({ length: 3 }, (): ["subject", StrategyName] => ["subject", subject]),
      ["control", "bare-lock"],
    ];
    const seen = await Promise.all(sides.map(([, strategy]) => afterDeath(stage, strategy)));
    for (const [trial, [side]] of sides.entries())
      stage.probe.observe({ case: "T13", side, trial, ...(seen[trial] ?? {}) });
  },
};

async function afterDeath(stage: Stage, strategy: StrategyName): Promise<Record<string, boolean | number>> {
  const folder = stage.list("holder");
  stage.task(folder, { metadata: { before: true } });
  const [holding, never] = [stage.fresh("holding"), stage.fresh("never")];
  const holder = await stage.actor({ act: "hold", strategy, folder, id: "1", key: "dead", holding, release: never });
  holder.begin();
  await stage.appears(holding, "the holder to hold");
  await stage.killed(holder.child);
  const started = performance.now();
  const next = await stage.actor({ act: "update", strategy, folder, id: "1", worker: 1, times: 1 });
  next.begin();
  const told = await Promise.race([next.done<{ accepted: boolean }[]>(), stage.rest(STALE_MS + 4000)]);
  stage.end(next.child);
  const metadata = stage.document(folder, "1")?.metadata ?? {};
  const through = told?.[0]?.accepted === true;
  return {
    through,
    ms: Math.round(performance.now() - started),
    kept: !through || ("w1-0" in metadata && "before" in metadata),
  };
}

const pausedHolder: Case = {
  name: "T14",
  title: "stopped while it holds the lock; a clock that is wrong",
  seconds: 16,
  long: true,
  checks: [
    requiredSetting(
      "t14-paused-holder",
      "A holder that was stopped for longer than its lock lives, and a waiter whose clock is an hour ahead, cost no accepted update.",
      [
        countedAs("accepted updates lost", { case: "T14", side: "subject", accepted: true, kept: false }),
        countedAs("accepted updates", { case: "T14", side: "subject", accepted: true }),
        countedAs("holders stopped or overtaken", { case: "T14", side: "subject", first: true }),
        countedAs("updates lost under a lock whose holder does not look again", {
          case: "T14",
          side: "control",
          kept: false,
        }),
      ],
      [none("accepted updates lost")],
      [
        countAtLeast("holders stopped or overtaken", 4),
        some("updates lost under a lock whose holder does not look again"),
      ],
    ),
  ],
  async play(stage, { subject }) {
    const plays = (["stopped", "skewed"] as const).flatMap((how) => [
      ...[0, 1].map((trial) => ({ side: "subject", how, trial, strategy: subject })),
      { side: "control", how, trial: 0, strategy: "stale-lock" as const },
    ]);
    const seen = await Promise.all(plays.map(({ how, strategy }) => overtaken(stage, strategy, how)));
    for (const [at, { side, how, trial }] of plays.entries())
      for (const [who, fate] of Object.entries(seen[at] ?? {}))
        stage.probe.observe({ case: "T14", side, how, trial, first: who === "first", ...fate });
  },
};

/** Both cases mostly wait for locks to become stale, so they run together. */
export const holders: Case = {
  name: "T13 and T14",
  title: "holders of the lock that are killed, stopped, or overtaken by a wrong clock",
  seconds: 16,
  long: true,
  checks: [...deadHolder.checks, ...pausedHolder.checks],
  play: async (stage, setting) => {
    await Promise.all([deadHolder.play(stage, setting), pausedHolder.play(stage, setting)]);
  },
};

type Fate = { readonly outcome: string; readonly accepted: boolean; readonly kept: boolean };

/** The first holder is stopped, or overtaken by a waiter with a fast clock, between its read and its write. */
async function overtaken(
  stage: Stage,
  strategy: StrategyName,
  how: "stopped" | "skewed",
): Promise<{ first: Fate; second: Fate }> {
  const folder = stage.list("paused");
  stage.task(folder);
  const part = (key: string, more: object = {}) =>
    ({ act: "hold", strategy, folder, id: "1", key, holding: stage.fresh("holding"), ...more }) as const;
  const release = stage.fresh("release");
  const told = part("first", { release });
  const first = await stage.actor(told);
  first.begin();
  await stage.appears(told.holding, "the first to hold");
  const second = await stage.actor(part("second", how === "skewed" ? { skewMs: 3_600_000 } : {}));
  if (how === "stopped") first.child.kill("SIGSTOP");
  second.begin();
  const overtook = second.done<{ outcome: string }>();
  await Promise.race([overtook, stage.rest(how === "skewed" ? 1500 : STALE_MS + 3000)]);
  stage.mark(release);
  first.child.kill("SIGCONT");
  const outcomes = await Promise.all([first.done<{ outcome: string }>(), overtook]);
  for (const actor of [first, second]) stage.end(actor.child);
  const metadata = parseTask(JSON.stringify(stage.document(folder, "1")), "1").metadata ?? {};
  const fate = (at: 0 | 1, key: string): Fate => {
    const { outcome } = outcomes[at];
    return { outcome, accepted: outcome === "written", kept: key in metadata };
  };
  return { first: fate(0, "first"), second: fate(1, "second") };
}
