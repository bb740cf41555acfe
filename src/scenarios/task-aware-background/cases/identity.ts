/** T09, T11 and T18: whether a late writer still refers to the current task, and whether another session finds it. */
import { rmSync } from "node:fs";
import { countAtLeast, countedAs, none, requiredSetting, some, type Case } from "../stage/case.js";
import { listOf, type Stage } from "../stage/stage.js";
import { pathOf, type StrategyName } from "../stage/strategies.js";

const SIDES = (subject: StrategyName) =>
  [
    ["subject", subject],
    ["control", "in-place"],
  ] as const;

export const reuse: Case = {
  name: "T09",
  title: "an id that means another task by now",
  seconds: 2,
  checks: [
    requiredSetting(
      "t09-late-writer",
      "A background process whose task was deleted, and its number given to another, does not complete the other.",
      [
        countedAs("other tasks completed by a late writer", { case: "T09", side: "subject", wronged: true }),
        countedAs("late writers", { case: "T09", side: "subject" }),
        countedAs("numbers that were given again", { case: "T09", side: "subject", reused: true }),
        countedAs("other tasks completed by the naive control", { case: "T09", side: "control", wronged: true }),
      ],
      [none("other tasks completed by a late writer")],
      [
        countAtLeast("late writers", 5),
        some("numbers that were given again"),
        some("other tasks completed by the naive control"),
      ],
    ),
  ],
  async play(stage, { driver, subject, load, progress }) {
    for (const [side, strategy] of SIDES(subject)) {
      for (let trial = 0; trial < Math.min(load.trials, 10); trial += 1) {
        progress(`${side}, ${trial + 1}`, (trial / 10 + (side === "control" ? 1 : 0)) / 2);
        const folder = stage.list("reuse");
        const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
        try {
          const id = await session.create({
            subject: "the first",
            description: "of a run",
            metadata: { runId: "first" },
          });
          rmSync(pathOf(folder, id));
          const next = await session.create({ subject: "another", description: "not of that run" });
          const job = {
            act: "hold",
            strategy,
            folder,
            id,
            key: "late",
            holding: stage.fresh("holding"),
            fence: "first",
          } as const;
          const [told] = await stage.together<{ outcome: string }>([job]);
          const wronged = next === id && (await session.get(next))?.status === "completed";
          stage.probe.observe({ case: "T09", side, trial, reused: next === id, wronged, outcome: told?.outcome ?? "" });
        } finally {
          await session.close();
        }
      }
    }
  },
};

export const discovery: Case = {
  name: "T11",
  title: "another session looks for the task",
  seconds: 1,
  checks: [
    requiredSetting(
      "t11-new-session",
      "A process of another session finds the list and sees that the task is completed.",
      [
        countedAs("sessions that did not find it", { case: "T11", side: "subject", found: false }),
        countedAs("sessions", { case: "T11", side: "subject" }),
        countedAs("default lists of a new session in which it is not", { case: "T11", side: "control", found: false }),
      ],
      [none("sessions that did not find it")],
      [countAtLeast("sessions", 4), some("default lists of a new session in which it is not")],
    ),
  ],
  async play(stage, { driver, subject }) {
    const tasks = stage.path(".claude/tasks-of-one/tasks");
    const other = "00000000-0000-4000-8000-000000000002";
    const folder = stage.listIn(tasks, "00000000-0000-4000-8000-000000000001");
    stage.task(folder, { status: "completed" });
    const list = listOf(folder);
    const ways: [string, Readonly<Record<string, string>>, string?][] = [
      ["CLAUDE_CODE_TASK_LIST_ID", { CLAUDE_CODE_TASK_LIST_ID: list, CLAUDE_CODE_SESSION_ID: other }],
      ["CLAUDE_CODE_SESSION_ID of the session that resumed", { CLAUDE_CODE_SESSION_ID: list }],
      ["hook input", {}, JSON.stringify({ session_id: list, cwd: "/" })],
      ["the only list on the disk", {}],
    ];
    for (const [way, env, hook] of ways) {
      let found;
      if (subject === "hardened") {
        const actor = await stage.actor({ act: "discover", tasks, ...(hook !== undefined && { hook }) }, { env });
        actor.begin();
        const told = await actor.done<{ list: string; status: string }>();
        found = told.list === list && told.status === "completed";
        stage.end(actor.child);
      } else {
        // The published pattern looks only in the list of its own session.
        const look = `grep -q '"status": "completed"' "$TASKS/$SESSION/1.json"`;
        const session = { TASKS: tasks, SESSION: env["CLAUDE_CODE_SESSION_ID"] ?? other };
        found = await stage.succeeds("/bin/sh", ["-c", look], session);
      }
      stage.probe.observe({ case: "T11", side: "subject", way, found });
    }
    const session = await driver.open(stage.probe.home, other, stage.probe.signal);
    try {
      const seen = await session.list();
      stage.probe.observe({
        case: "T11",
        side: "control",
        way: "default list",
        found: seen.some(({ id }) => id === "1"),
      });
    } finally {
      await session.close();
    }
  },
};

export const deletion: Case = {
  name: "T18",
  title: "a task deleted under its writer",
  seconds: 2,
  checks: [
    requiredSetting(
      "t18-not-resurrected",
      "A task that is deleted while somebody is about to write it stays deleted, and the writer is told.",
      [
        countedAs("tasks that came back", { case: "T18", side: "subject", back: true }),
        countedAs("writers that were not told", { case: "T18", side: "subject", told: false }),
        countedAs("deletions", { case: "T18", side: "subject" }),
        countedAs("tasks that the naive control brought back", { case: "T18", side: "control", back: true }),
      ],
      [none("tasks that came back"), none("writers that were not told")],
      [countAtLeast("deletions", 5), some("tasks that the naive control brought back")],
    ),
  ],
  async play(stage, { subject, load }) {
    for (const [side, strategy] of SIDES(subject))
      for (let trial = 0; trial < Math.min(load.trials, 10); trial += 1) {
        const [back, outcome] = await deletedUnder(stage, strategy);
        stage.probe.observe({ case: "T18", side, trial, back, told: outcome !== "written", outcome });
      }
  },
};

async function deletedUnder(stage: Stage, strategy: StrategyName): Promise<[boolean, string]> {
  const folder = stage.list("deletion");
  stage.task(folder);
  const [holding, release] = [stage.fresh("holding"), stage.fresh("release")];
  const writer = await stage.actor({ act: "hold", strategy, folder, id: "1", key: "late", holding, release });
  writer.begin();
  await stage.appears(holding, "the writer to have read");
  rmSync(pathOf(folder, "1"));
  stage.mark(release);
  const { outcome } = await writer.done<{ outcome: string }>();
  stage.end(writer.child);
  return [stage.exists(pathOf(folder, "1")), outcome];
}
