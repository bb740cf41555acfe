/** T01 to T04: the published steps, and what the agent's tools show of an update. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { Task } from "../../../tasks/document.js";
import { countAtLeast, countAtMost, bound, countedAs, none, over, requiredSetting, type Case } from "../stage/case.js";
import { computed } from "../../../harness/scenario/scenario.js";
import { launch } from "../stage/launch.js";
import { listOf, type Stage } from "../stage/stage.js";
import { strategy } from "../stage/strategies.js";

export const replay: Case = {
  name: "T01",
  title: "the published steps again",
  seconds: 2,
  checks: [
    requiredSetting(
      "t01-replay",
      "A background process completes a task while the foreground goes on working, and the task keeps its subject and description.",
      [
        countedAs("runs that were not completed", { case: "T01", completed: false }),
        countedAs("runs in which subject or description changed", { case: "T01", kept: false }),
        over("units of foreground work", "min", "units", { case: "T01" }),
        over("longest gap in the foreground", "max", "longestGapMs", { case: "T01" }, "ms"),
        over("start to visible", "max", "visibleMs", { case: "T01" }, "ms"),
        countedAs("runs", { case: "T01" }),
      ],
      [
        none("runs that were not completed"),
        none("runs in which subject or description changed"),
        countAtMost("longest gap in the foreground", 1000),
      ],
      [countAtLeast("units of foreground work", 1), countAtLeast("runs", 1)],
    ),
  ],
  async play(stage, { driver, subject }) {
    const folder = stage.list("replay");
    const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
    try {
      const made = { subject: "BACKGROUND: Long-running process", description: "updated from the background" };
      const id = await session.create(made);
      const started = performance.now();
      await launch(stage, subject, folder, id, ["sleep", "2"]);
      let [units, longestGapMs, last, chain] = [0, 0, performance.now(), Buffer.alloc(32)];
      let view = await session.get(id);
      while (view?.status !== "completed" && performance.now() - started < 20_000 && !stage.probe.signal.aborted) {
        for (let round = 0; round < 200; round += 1) chain = createHash("sha256").update(chain).digest();
        await turn();
        view = await session.get(id);
        units += 1;
        longestGapMs = Math.max(longestGapMs, performance.now() - last);
        last = performance.now();
      }
      stage.probe.observe({
        case: "T01",
        completed: view?.status === "completed",
        kept: view?.subject === made.subject && view.description === made.description,
        units,
        longestGapMs: Math.round(longestGapMs),
        visibleMs: Math.round(performance.now() - started),
      });
    } finally {
      await session.close();
    }
  },
};

export const visibility: Case = {
  name: "T02",
  title: "what was written is what is read",
  seconds: 1,
  checks: [
    requiredSetting(
      "t02-visibility",
      "Once a write has returned, the next TaskGet shows it.",
      [
        countedAs("stale reads", { case: "T02", fresh: false }),
        countedAs("writes", { case: "T02" }),
        bound("upper bound of the stale share (95 %)", "fresh", { case: "T02" }),
        over("time of a read, median", "p50", "ms", { case: "T02" }, "ms"),
        over("time of a read, 99th percentile", "p99", "ms", { case: "T02" }, "ms"),
      ],
      [none("stale reads"), countAtMost("time of a read, 99th percentile", 500)],
      [countAtLeast("writes", 100)],
    ),
  ],
  async play(stage, { driver, subject, progress }) {
    const folder = stage.list("visibility");
    stage.task(folder);
    const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
    try {
      const writer = await stage.actor({ act: "announce", strategy: subject, folder, id: "1" });
      let wrote: (seq: number) => void = () => undefined;
      writer.onReport((report) => {
        if ("wrote" in report) wrote(report.wrote);
      });
      const ended = writer.done();
      writer.begin();
      for (let seq = 1; seq <= 150; seq += 1) {
        const returned = new Promise<number>((resolve) => (wrote = resolve));
        writer.begin(seq);
        await Promise.race([returned, ended]);
        const asked = performance.now();
        const view = await session.get("1");
        const ms = Math.round((performance.now() - asked) * 1000) / 1000;
        stage.probe.observe({ case: "T02", seq, fresh: view?.description.startsWith(`seq ${seq} `) ?? false, ms });
        progress(`${seq} of 150 writes`, seq / 150);
      }
      stage.end(writer.child);
    } finally {
      await session.close();
    }
  },
};

/** Members that no current task tool writes, as later versions may. */
const FOREIGN = { priority: 3, labels: ["a", "b"], "x-vendor": { nested: { deep: [1, null, "ü"] } } };

export const preservation: Case = {
  name: "T03",
  title: "members of others",
  seconds: 1,
  checks: [
    requiredSetting(
      "t03-members-survive",
      "An update keeps every member that it does not change, also those that it does not know.",
      [
        countedAs("members changed or lost", { case: "T03", side: "subject", kept: false }),
        countedAs("members compared", { case: "T03", side: "subject" }),
        countedAs("tasks that the printed minimal document took from TaskGet", {
          case: "T03",
          side: "control",
          gone: true,
        }),
      ],
      [none("members changed or lost")],
      [
        countAtLeast("members compared", 100),
        countAtLeast("tasks that the printed minimal document took from TaskGet", 1),
      ],
    ),
  ],
  async play(stage, { driver, subject }) {
    const folder = stage.list("members");
    const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
    try {
      for (let trial = 1; trial <= 20; trial += 1) {
        const id = String(trial);
        const before = stage.task(folder, { ...FOREIGN, id, owner: "somebody", metadata: { theirs: trial } });
        if (subject === "hardened")
          await strategy(subject).update(folder, id, { status: "completed", metadata: { ours: 1 } });
        else {
          await launch(stage, subject, folder, id, ["true"]);
          await stage.until(() => stage.status(folder, id) === "completed", "the update");
        }
        const after = JSON.parse(readFileSync(join(folder, `${id}.json`), "utf8")) as Task;
        for (const member of Object.keys(before).filter((name) => name !== "status" && name !== "metadata"))
          seen(stage, trial, member, same(before[member], after[member]));
        seen(stage, trial, "metadata.theirs", after.metadata?.["theirs"] === trial);
      }
      for (let trial = 21; trial <= 25; trial += 1) {
        const id = String(trial);
        stage.task(folder, { id });
        const there = (await session.get(id)) !== null;
        writeFileSync(join(folder, `${id}.json`), `{"id": "${id}", "status": "completed"}`);
        stage.probe.observe({ case: "T03", side: "control", trial, gone: there && (await session.get(id)) === null });
      }
    } finally {
      await session.close();
    }
  },
};

function seen(stage: Stage, trial: number, member: string, kept: boolean): void {
  stage.probe.observe({ case: "T03", side: "subject", trial, member, kept });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export const projection: Case = {
  name: "T04",
  title: "what TaskGet does not show",
  seconds: 1,
  checks: [
    computed({
      id: "t04-completion-time",
      claim: "The time of completion that an update puts into the metadata is on the disk; TaskGet does not show it.",
      required: false,
      criterion: {
        measures: [
          countedAs("tasks whose metadata is on the disk", { case: "T04", onDisk: true }),
          countedAs("tasks whose metadata TaskGet shows", { case: "T04", throughTool: true }),
        ],
        holds: [countAtLeast("tasks whose metadata is on the disk", 1), none("tasks whose metadata TaskGet shows")],
        needs: [],
      },
    }),
  ],
  async play(stage, { driver, subject }) {
    const folder = stage.list("projection");
    stage.task(folder);
    const session = await driver.open(stage.probe.home, listOf(folder), stage.probe.signal);
    try {
      await strategy(subject).update(folder, "1", {
        status: "completed",
        metadata: { completedAt: "2026-01-01T00:00:00Z" },
      });
      const onDisk = readFileSync(join(folder, "1.json"), "utf8").includes("completedAt");
      const throughTool = JSON.stringify(await session.get("1")).includes("completedAt");
      stage.probe.observe({ case: "T04", onDisk, throughTool });
    } finally {
      await session.close();
    }
  },
};
