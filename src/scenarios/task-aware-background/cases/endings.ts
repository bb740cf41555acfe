/** T10: what happens to a background process when its session ends. */
import {
  countAtLeast,
  bound,
  countedAs,
  none,
  requiredSetting,
  some,
  type Case,
  type CaseSetting,
} from "../stage/case.js";
import { launch } from "../stage/launch.js";
import type { Stage } from "../stage/stage.js";

const ENDINGS = ["exit", "SIGHUP", "SIGTERM", "SIGKILL"] as const;

export const endings: Case = {
  name: "T10",
  title: "the session ends, or is killed",
  seconds: 7,
  checks: [
    requiredSetting(
      "t10-outlives-its-session",
      "The update arrives although the session that started the background process has ended: by itself, or with its whole process group killed.",
      [
        countedAs("updates that never came", { case: "T10", side: "subject", landed: false }),
        countedAs("sessions ended", { case: "T10", side: "subject" }),
        countedAs("ways of ending", { case: "T10", side: "subject", trial: 0 }),
        bound("upper bound of the lost share (95 %)", "landed", { case: "T10", side: "subject" }),
        countedAs("updates of a plain background shell that never came", {
          case: "T10",
          side: "control",
          landed: false,
        }),
      ],
      [none("updates that never came")],
      [
        countAtLeast("sessions ended", 8),
        countAtLeast("ways of ending", ENDINGS.length),
        some("updates of a plain background shell that never came"),
      ],
    ),
  ],
  async play(stage, { subject }) {
    const sides = [
      ["subject", subject],
      ["control", "in-place"],
    ] as const;
    const plays = sides.flatMap(([side, how]) =>
      [0, 1, 2].flatMap((trial) => ENDINGS.map((ending) => ({ side, how, trial, ending }))),
    );
    const landed = await Promise.all(plays.map(({ how, ending }) => endedBy(stage, how, ending)));
    for (const [at, { side, trial, ending }] of plays.entries())
      stage.probe.observe({ case: "T10", side, trial, ending, landed: landed[at] ?? false });
  },
};

async function endedBy(stage: Stage, how: CaseSetting["subject"], ending: (typeof ENDINGS)[number]): Promise<boolean> {
  const folder = stage.list("ending");
  stage.task(folder);
  const { group } = await launch(stage, how, folder, "1", ["sleep", "2"]);
  if (ending === "exit") stage.leave(group);
  else stage.kill(-group, ending);
  return await stage.within(() => stage.status(folder, "1") === "completed", 6_000);
}
