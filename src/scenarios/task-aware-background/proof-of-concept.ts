/** The published steps, one by one: create the task, start the background shell, continue working, read the task back. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { PlannedCheckOf, Probe } from "../../harness/scenario/scenario.js";
import { countAtLeast, countedAs, exactly, none, over, requiredSetting } from "./stage/case.js";
import { driverListFolder, type Driver, type Session } from "./drivers/driver.js";
import { patternBytes } from "./stage/pattern.js";

const NOT_TRIED = "not tried by the published test, so not by this profile, which repeats it step by step";

const step = (name: string, seen: Readonly<Record<string, string | number | boolean>> = {}) => ({
  step: name,
  ...seen,
});

export const CHECKS: readonly PlannedCheckOf[] = [
  requiredSetting(
    "task-created",
    "A task is created, and TaskGet shows it as pending.",
    [
      countedAs("tasks created", step("created")),
      countedAs("tasks shown as pending", step("created", { status: "pending" })),
    ],
    [exactly("tasks shown as pending", 1)],
    [exactly("tasks created", 1)],
  ),
  requiredSetting(
    "shell-returns",
    "Starting the background shell does not block the caller.",
    [
      countedAs("starts", step("returned")),
      countedAs("starts that returned while the task was pending", step("returned", { exit: 0, status: "pending" })),
      over("time to return", "max", "afterMs", step("returned"), "ms"),
    ],
    [exactly("starts that returned while the task was pending", 1)],
    [exactly("starts", 1)],
  ),
  requiredSetting(
    "update-visible",
    "The status that the background process wrote becomes visible through TaskGet.",
    [
      countedAs("updates seen", step("waited", { visible: true })),
      countedAs("updates waited for", step("waited")),
      over("start to visible", "max", "afterMs", step("waited", { visible: true }), "ms"),
      over("reads through TaskGet", "sum", "reads", step("waited")),
    ],
    [exactly("updates seen", 1)],
    [exactly("updates waited for", 1)],
  ),
  requiredSetting(
    "foreground-works",
    "The foreground goes on working until the update is seen.",
    [
      over("units of work", "sum", "units", step("waited")),
      countedAs("updates seen", step("waited", { visible: true })),
      over("longest gap", "max", "longestGapMs", step("waited"), "ms"),
    ],
    [countAtLeast("units of work", 1)],
    [exactly("updates seen", 1)],
  ),
  requiredSetting(
    "completion-time",
    "The time of completion is in the task's metadata on disk.",
    [
      countedAs("tasks read after the update", step("read")),
      countedAs("tasks with a date in metadata.completedAt", step("read", { dated: true })),
    ],
    [exactly("tasks with a date in metadata.completedAt", 1)],
    [exactly("tasks read after the update", 1)],
  ),
  requiredSetting(
    "members-survive",
    "Every other member of the task survives the update.",
    [
      countedAs("members changed or lost", step("compared", { kept: false })),
      countedAs("members compared", step("compared")),
    ],
    [none("members changed or lost")],
    [countAtLeast("members compared", 6)],
  ),
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

/** What a driver's answers leave open. */
const LEFT_OPEN: Readonly<Record<Driver["name"], string>> = {
  fs: "Whether the vendor's own tools read the file as our reader does: the fs driver repeats their observed format, it is not them.",
  "claude-code":
    "Whether another version of the vendor's tools answers alike, or a model that uses them: the claude-code driver called those of one version, without a model.",
};

const STEPS_LEAVE_OPEN = [
  "How the session id is found: the run was told it.",
  "Whether ids can collide: only one task was created.",
  "What a second writer without a lock would do.",
];

/** What the driver leaves open in every profile, and what these steps leave open. */
export const notChecked = ({ name }: Pick<Driver, "name">, profile: string): readonly string[] => [
  LEFT_OPEN[name],
  ...(profile === "proof-of-concept" ? STEPS_LEAVE_OPEN : []),
];

const DEADLINE_MS = 20_000;
const SESSION = "published-proof-of-concept";
const SUBJECT = "BACKGROUND: Long-running process";
const DESCRIPTION = "Updated by a background shell while the agent works";
const ACTIVE_FORM = "Running in the background";

type Seen = {
  readonly visible: boolean;
  readonly afterMs: number;
  readonly units: number;
  readonly reads: number;
  readonly longestGapMs: number;
  /** The last hash in the chain that was the foreground work. */
  readonly chain: string;
};

export async function proofOfConcept(probe: Probe, driver: Driver): Promise<void> {
  const folder = driverListFolder(probe.home, SESSION);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".highwatermark"), "26"); // gives the task the published number, 27
  probe.progress("creating the task", 0);
  const session = await driver.open(probe.home, SESSION, probe.signal);
  try {
    await play(probe, session, folder);
  } finally {
    await session.close();
  }
  for (const untried of ["across-sessions", "concurrent-updates", "real-work"])
    probe.check(untried, "skipped", NOT_TRIED);
}

async function play(probe: Probe, session: Session, folder: string): Promise<void> {
  const id = await session.create({ subject: SUBJECT, description: DESCRIPTION, activeForm: ACTIVE_FORM });
  const file = join(folder, `${id}.json`);
  const before = await session.get(id);
  const bytesBefore = attachTask(probe, "task-before.json", file);
  probe.observe({ step: "created", id, status: before?.status ?? "" });

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
    detached: true, // its own process group, so that an interrupt also ends the background process
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
    const then = (await session.get(id))?.status;
    probe.observe({ step: "returned", exit: exit ?? -1, status: then ?? "", afterMs: returnedMs });
    const seen = await workUntil(async () => (await session.get(id))?.status === "completed", started, probe);
    probe.observe({ step: "waited", ...seen });
    compare(probe, bytesBefore, attachTask(probe, "task-after.json", file));
  } finally {
    probe.signal.removeEventListener("abort", stop);
    stop();
  }
}

/** The foreground: counts hashes of a chain, and looks at the task after each unit of work. */
async function workUntil(holds: () => Promise<boolean>, started: number, probe: Probe): Promise<Seen> {
  let [visible, units, longestGapMs, chain] = [false, 0, 0, Buffer.alloc(32)];
  let [last, said] = [performance.now(), 0];
  while (!visible && last - started < DEADLINE_MS && !probe.signal.aborted) {
    for (let round = 0; round < 200; round += 1) chain = createHash("sha256").update(chain).digest();
    units += 1;
    visible = await holds();
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
    if (now - said > 250) {
      const share = Math.min(0.95, (now - started) / 2200);
      probe.progress(`working in the foreground, ${units} units done, waiting for the background shell`, share);
      said = now;
    }
    await turn();
  }
  const afterMs = Math.round(last - started);
  return {
    visible,
    afterMs,
    units,
    reads: units,
    longestGapMs: Math.round(longestGapMs),
    chain: chain.toString("hex"),
  };
}

function compare(probe: Probe, before: Uint8Array, after: Uint8Array): void {
  const [old, now] = [documentIn(before), documentIn(after)];
  const completedAt = (now["metadata"] as Record<string, unknown> | undefined)?.["completedAt"];
  probe.observe({ step: "read", dated: typeof completedAt === "string" && !Number.isNaN(Date.parse(completedAt)) });
  for (const member of Object.keys({ ...old, ...now }).filter((name) => name !== "status" && name !== "metadata"))
    probe.observe({ step: "compared", member, kept: JSON.stringify(old[member]) === JSON.stringify(now[member]) });
}

/** The task's file on disk: TaskGet shows less. */
function attachTask(probe: Probe, name: string, file: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(readFileSync(file));
  probe.attach({
    name,
    role: "observation",
    mediaType: "application/json",
    bytes,
    source: { date: statSync(file).mtime, kind: "file-mtime" },
  });
  return bytes;
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

/** The group outlives its shell: the sleeping subshell is still in it. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it ended by itself
  }
}
