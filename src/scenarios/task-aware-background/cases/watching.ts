/** T16: how soon a watcher sees an update, and whether the last one can be missed. */
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
  type CaseSetting,
} from "../stage/case.js";
import type { ActorSeen } from "../stage/actor.js";
import type { Stage } from "../stage/stage.js";
import type { StrategyName } from "../stage/strategies.js";

type How = "watch" | "poll" | "watch-file";

export const notification: Case = {
  name: "T16",
  title: "watching a task",
  seconds: 9,
  checks: [
    requiredSetting(
      "t16-final-state-seen",
      "Whoever watches a task sees the last of several quick updates, every time, without asking all the while.",
      [
        countedAs("last states missed", { case: "T16", side: "subject", seen: false }),
        countedAs("bursts of three updates", { case: "T16", side: "subject" }),
        bound("upper bound of the missed share (95 %)", "seen", { case: "T16", side: "subject" }),
        over("update to seen, median", "p50", "ms", { case: "T16", side: "subject", seen: true }, "ms"),
        over("update to seen, 99th percentile", "p99", "ms", { case: "T16", side: "subject", seen: true }, "ms"),
        countedAs("last states missed by a watch on the file", { case: "T16", side: "control", seen: false }),
        over(
          "update to seen by asking every 250 ms, median",
          "p50",
          "ms",
          { case: "T16", side: "poll", seen: true },
          "ms",
        ),
      ],
      [none("last states missed"), countAtMost("update to seen, 99th percentile", 2000)],
      [countAtLeast("bursts of three updates", 20), some("last states missed by a watch on the file")],
    ),
  ],
  async play(stage, setting) {
    // The published pattern has no notification, so its reader polls.
    await followed(
      stage,
      setting,
      "subject",
      setting.subject === "hardened" ? "watch" : "poll",
      setting.subject,
      30,
      0,
    );
    await followed(stage, setting, "control", "watch-file", "hardened", 4, 0.6);
    await followed(stage, setting, "poll", "poll", "hardened", 10, 0.8);
  },
};

async function followed(
  stage: Stage,
  { progress }: CaseSetting,
  side: string,
  how: How,
  strategy: StrategyName,
  bursts: number,
  share: number,
): Promise<void> {
  const folder = stage.list("watching");
  stage.task(folder);
  const writer = await stage.actor({ act: "announce", strategy, folder, id: "1" });
  const follower = await stage.actor({ act: "follow", how, folder, id: "1" });
  const seen = new Map<string, ActorSeen>();
  follower.onReport((report) => {
    if ("seen" in report) seen.set(report.seen.description.replace(/^(seq \d+) .*$/, "$1"), report.seen);
  });
  const written = new Set<number>();
  writer.onReport((report) => {
    if ("wrote" in report) written.add(report.wrote);
  });
  writer.begin();
  follower.begin();
  await stage.rest(300); // until the watcher follows
  for (let burst = 0; burst < bursts; burst += 1) {
    progress(`${side}, ${burst} of ${bursts}`, share + (0.2 * burst) / bursts);
    const last = burst * 3 + 3;
    for (const seq of [last - 2, last - 1, last]) {
      writer.begin(seq);
      await stage.until(() => written.has(seq), "the write");
      await stage.rest(3);
    }
    const found = await stage.within(() => seen.has(`seq ${last}`), side === "control" ? 600 : 5000);
    const at = seen.get(`seq ${last}`);
    const stamped = Number(at?.description.split(" ")[2] ?? 0);
    stage.probe.observe({ case: "T16", side, burst, seen: found, ...(at && { ms: at.at - stamped }) });
    await stage.rest(Math.random() * 20);
  }
  for (const actor of [writer, follower]) stage.end(actor.child);
}
