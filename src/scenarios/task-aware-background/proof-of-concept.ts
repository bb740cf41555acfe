/** The published steps, one for one: create the task, start the background shell, go on working, read the task back. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { Planned, Probe } from "../../harness/scenario.js";
import { patternBytes } from "./pattern.js";
import { publishedRecord } from "./published.js";
import { TaskList, type Task } from "./task-list.js";

const NOT_TRIED = "not tried by the published test, so not by this profile, which repeats it step by step";

export const CHECKS: readonly Planned[] = [
  {
    id: "task-created",
    required: true,
    claim: "A task is created, and TaskGet shows it as pending.",
    expected: "status pending",
  },
  {
    id: "shell-returns",
    required: true,
    claim: "Starting the background shell does not block the caller.",
    expected: "the starting shell exits with 0 while the task is still pending",
  },
  {
    id: "update-visible",
    required: true,
    claim: "The status that the background process wrote becomes visible through TaskGet.",
    expected: "status completed",
  },
  {
    id: "foreground-works",
    required: true,
    claim: "The foreground goes on working until the update is seen.",
    expected: "more than 0 units of work between start and update",
  },
  {
    id: "completion-time",
    required: true,
    claim: "The time of completion is in the task's metadata on disk.",
    expected: "metadata.completedAt is a date",
  },
  {
    id: "members-survive",
    required: true,
    claim: "Every other member of the task survives the update.",
    expected: "all members but status and metadata unchanged",
  },
  {
    id: "across-sessions",
    required: true,
    claim: "The update arrives although the session that started the process has ended.",
    expected: "tried, and status completed",
  },
  {
    id: "concurrent-updates",
    required: true,
    claim: "Concurrent updates under load lose nothing.",
    expected: "tried, and 0 updates lost",
  },
  {
    id: "real-work",
    required: true,
    claim: "It holds with a real long-running process in place of sleep.",
    expected: "tried with a real build, and status completed",
  },
];

export const NOT_CHECKED = [
  "Whether the vendor's own tools read the file as our reader does: the fs driver repeats their observed format, it is not them.",
  "How the session id is found: the run was told it.",
  "Whether ids can collide: only one task was created.",
  "What a second writer without a lock would do.",
];

const DEADLINE_MS = 20_000;
const SESSION = "published-proof-of-concept";
const SUBJECT = "BACKGROUND: Long-running process";
const DESCRIPTION = "Updated by a background shell while the agent works";
const ACTIVE_FORM = "Running in the background";

interface Seen {
  readonly units: number;
  readonly visibleMs: number | undefined;
  readonly longestGapMs: number;
  readonly reads: number;
}

export async function proofOfConcept(probe: Probe): Promise<void> {
  const list = new TaskList(probe.home, SESSION);
  list.seed(26); // so that the task gets the published number, 27
  probe.progress("creating the task", 0);
  const { id } = list.create(SUBJECT, DESCRIPTION, ACTIVE_FORM);
  const before = list.get(id);
  const bytesBefore = new Uint8Array(readFileSync(list.path(id)));
  probe.note("created", { id, status: before?.status ?? null });
  probe.attach({
    name: "task-before.json",
    role: "observation",
    mediaType: "application/json",
    bytes: bytesBefore,
    source: { date: list.modified(id), kind: "file-mtime" },
  });
  probe.attach({
    name: "published-test.json",
    role: "record",
    mediaType: "application/json",
    bytes: publishedRecord(),
  });
  probe.check(
    "task-created",
    before?.status === "pending" ? "passed" : "failed",
    `task ${id}, status ${before?.status ?? "unreadable"}`,
  );

  const script = join(probe.home, "pattern.sh");
  writeFileSync(script, patternBytes());
  probe.attach({
    name: "pattern.sh",
    role: "script",
    mediaType: "application/x-sh",
    bytes: patternBytes(),
    source: { date: statSync(script).mtime, kind: "file-mtime" },
  });
  const started = performance.now();
  const shell = spawn("/bin/sh", [script], {
    detached: true, // its own process group, so that an interrupt can end the background process with it
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      HOME: probe.home,
      SESSION,
      TASK_ID: id,
      SUBJECT,
      DESCRIPTION,
      ACTIVE_FORM,
    },
  });
  const stop = (): void => endGroup(shell);
  probe.signal.addEventListener("abort", stop);
  try {
    const exit = await exited(shell);
    const returnedMs = Math.round(performance.now() - started);
    const then = list.get(id)?.status;
    probe.note("shell-returned", { exit, ms: returnedMs, status: then ?? null });
    probe.check(
      "shell-returns",
      exit === 0 && then === "pending" ? "passed" : "failed",
      `exit ${String(exit)} after ${returnedMs} ms, status ${then ?? "unreadable"}`,
      [{ name: "time to return", value: returnedMs, unit: "ms" }],
    );
    const seen = await workUntil(() => list.get(id)?.status === "completed", started, probe);
    report(probe, list, id, before, bytesBefore, seen);
  } finally {
    probe.signal.removeEventListener("abort", stop);
    stop();
  }
  for (const untried of ["across-sessions", "concurrent-updates", "real-work"])
    probe.check(untried, "skipped", NOT_TRIED);
}

/** The foreground: a chain of hashes, counted, with a look at the task after each unit of work. */
async function workUntil(holds: () => boolean, started: number, probe: Probe): Promise<Seen> {
  let [units, longestGapMs, reads, chain] = [0, 0, 0, Buffer.alloc(32)];
  for (let last = performance.now(), said = last; performance.now() - started < DEADLINE_MS && !probe.signal.aborted;) {
    for (let round = 0; round < 200; round += 1) chain = createHash("sha256").update(chain).digest();
    units += 1;
    reads += 1;
    const now = performance.now();
    if (holds()) {
      const visibleMs = Math.round(now - started);
      probe.note("visible", {
        ms: visibleMs,
        units,
        reads,
        longestGapMs: Math.round(longestGapMs),
        chain: chain.toString("hex"),
      });
      return { units, visibleMs, longestGapMs, reads };
    }
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    if (now - said > 250) {
      probe.note("working", { ms: Math.round(now - started), units });
      probe.progress(
        `working in the foreground, ${units} units done, waiting for the background shell`,
        Math.min(0.95, (now - started) / 2200),
      );
      said = now;
    }
    await turn();
  }
  probe.note("deadline", { units, reads });
  return { units, visibleMs: undefined, longestGapMs, reads };
}

function report(
  probe: Probe,
  list: TaskList,
  id: string,
  before: Task | null,
  bytesBefore: Uint8Array,
  { units, visibleMs, longestGapMs, reads }: Seen,
): void {
  const visible = visibleMs !== undefined;
  const when = visible ? `visible ${visibleMs} ms after the start` : `not visible within ${DEADLINE_MS} ms`;
  probe.check("update-visible", visible ? "passed" : "failed", `${when}, at read ${reads}`, [
    ...(visible ? [{ name: "start to visible", value: visibleMs, unit: "ms" }] : []),
    { name: "reads through TaskGet", value: reads },
  ]);
  probe.check(
    "foreground-works",
    visible ? (units > 0 ? "passed" : "failed") : "errored",
    `${units} units of 200 hashes each, longest gap between two ${Math.round(longestGapMs)} ms`,
    [
      { name: "units of work", value: units },
      { name: "longest gap", value: Math.round(longestGapMs), unit: "ms" },
    ],
  );
  const bytesAfter = new Uint8Array(readFileSync(list.path(id)));
  probe.attach({
    name: "task-after.json",
    role: "observation",
    mediaType: "application/json",
    bytes: bytesAfter,
    source: { date: list.modified(id), kind: "file-mtime" },
  });
  const [old, now] = [documentIn(bytesBefore), documentIn(bytesAfter)];
  const completedAt = (now["metadata"] as Record<string, unknown> | undefined)?.["completedAt"];
  const dated = typeof completedAt === "string" && !Number.isNaN(Date.parse(completedAt));
  probe.check(
    "completion-time",
    dated ? "passed" : "failed",
    `metadata.completedAt is ${completedAt === undefined ? "absent" : JSON.stringify(completedAt)}`,
  );
  const changed = Object.keys({ ...old, ...now }).filter(
    (member) =>
      member !== "status" && member !== "metadata" && JSON.stringify(old[member]) !== JSON.stringify(now[member]),
  );
  const kept = Object.keys(old).length - 1;
  probe.check(
    "members-survive",
    before !== null && changed.length === 0 ? "passed" : "failed",
    changed.length === 0 ? `${kept} of ${kept} unchanged` : `changed or lost: ${changed.join(", ")}`,
  );
}

const documentIn = (bytes: Uint8Array): Record<string, unknown> => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
};

const exited = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });

/** The group outlives the shell that led it: the subshell that sleeps is still in it. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}
