// npm run bench: how many updates of one task a second, and how many are lost: our lock beside proper-lockfile in the same run.
//
// Processes × updates of one document under its lock, without a pause in between. Each updater reads, changes, writes a temporary file
// and renames it, without fsync; only the lock differs. Start-up is not counted: all wait until the last one is ready.
//
//     node bench/locked-update.mjs [processes] [updates]
import { fork } from "node:child_process";
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formatTask, parseTask } from "../dist/tasks/document.js";
import { TaskList } from "../dist/tasks/task-list.js";

/** @typedef {{ lock(path: string, options: object): Promise<() => Promise<void>> }} ProperLockfile it comes without types */
/** @type {unknown} */
const required = createRequire(import.meta.url)("proper-lockfile");
const lockfile = /** @type {ProperLockfile} */ (required);
const HERE = fileURLToPath(import.meta.url);

/** @typedef {() => Promise<unknown>} Update adds one to the counter in the task's metadata */

/** @type {Record<string, (folder: string) => Update>} */
const UPDATERS = {
  attest: (folder) => {
    const list = new TaskList(folder);
    return () =>
      list.update("1", ({ metadata }) => ({ metadata: { count: Number(metadata?.["count"]) + 1 } }), {
        patienceMs: 120_000,
      });
  },
  // As its own documentation has it: a number of tries, the first wait a second, each one twice as long as the last.
  "proper-lockfile, default waits": (folder) => properly(folder, { retries: 20 }),
  // As quick as it was found to get. A large number of tries instead of `forever` costs 24 ms each time: it makes a list of all of them.
  "proper-lockfile, waits of 1 ms": (folder) =>
    properly(folder, { forever: true, factor: 1, minTimeout: 1, maxTimeout: 2, randomize: true }),
};
const OURS = "attest";

/** @type {(folder: string, retries: object) => Update} */
function properly(folder, retries) {
  return async () => {
    const path = join(folder, "1.json");
    const release = await lockfile.lock(path, { retries });
    const task = parseTask(readFileSync(path, "utf8"), "1");
    const count = Number(task.metadata?.["count"]) + 1;
    writeFileSync(`${path}.${process.pid}`, formatTask({ ...task, metadata: { ...task.metadata, count } }));
    renameSync(`${path}.${process.pid}`, path);
    await release();
  };
}

const [role = "8", ...rest] = process.argv.slice(2);
if (role === "worker") await work(rest);
else await main(Number(role), Number(rest[0] ?? 200));

/** @type {(args: string[]) => Promise<void>} */
async function work([name = "", folder = "", count = "0"]) {
  const update = UPDATERS[name]?.(folder);
  process.send?.("ready");
  await new Promise((go) => process.once("message", go));
  /** @type {number[]} */
  const waits = [];
  for (let n = 1; n <= Number(count); n += 1) {
    const before = performance.now();
    await update?.();
    waits.push(performance.now() - before);
  }
  process.send?.(waits, () => process.disconnect());
}

/** @type {(root: string, name: string, processes: number, updates: number) => Promise<{ rate: number, p99: number, lost: number }>} */
async function measured(root, name, processes, updates) {
  const folder = mkdtempSync(join(root, "attest-bench-"));
  try {
    const list = new TaskList(folder);
    await list.create({ subject: "counted", description: "", metadata: { count: 0 } });
    const workers = Array.from({ length: processes }, () => fork(HERE, ["worker", name, folder, String(updates)]));
    const next = () =>
      Promise.all(
        workers.map(
          (worker) =>
            new Promise((done, failed) =>
              worker
                .once("message", done)
                .once("error", failed)
                .once("exit", (code) => failed(new Error(`a worker ended with ${String(code)}`))),
            ),
        ),
      );
    await next();
    const before = performance.now();
    const ends = next();
    for (const worker of workers) worker.send("go");
    const waits = /** @type {number[][]} */ (await ends).flat().sort((a, b) => a - b);
    const seconds = (performance.now() - before) / 1000;
    const kept = Number(list.get("1").metadata?.["count"]);
    const all = processes * updates;
    return { rate: all / seconds, p99: waits[Math.floor(waits.length * 0.99)] ?? 0, lost: all - kept };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {(processes: number, updates: number) => Promise<void>} */
async function main(processes, updates) {
  const places = [["disk", join(process.cwd(), ".cache")], ...(writable("/dev/shm") ? [["memory", "/dev/shm"]] : [])];
  mkdirSync(join(process.cwd(), ".cache"), { recursive: true });
  say(`${processes} processes × ${updates} updates of one task; node ${process.version}, ${cpus().length} processors`);
  say("");
  say("where   processes  lock                            updates/s  p99 ms  lost  attest is");
  for (const [place = "", root = ""] of places) {
    for (const count of [processes, 1]) {
      const ours = await measured(root, OURS, count, updates);
      row(place, count, OURS, ours, "");
      for (const name of Object.keys(UPDATERS).filter((other) => other !== OURS)) {
        if (count === 1 && name.includes("default")) continue; // alone nobody waits
        const theirs = await measured(root, name, count, updates);
        row(place, count, name, theirs, `${(ours.rate / theirs.rate).toFixed(1)} ×`);
      }
    }
  }
}

/** @type {(place: string, count: number, name: string, figures: { rate: number, p99: number, lost: number }, ratio: string) => void} */
function row(place, count, name, { rate, p99, lost }, ratio) {
  const columns = [
    place.padEnd(7),
    String(count).padStart(9),
    ` ${name.padEnd(30)}`,
    rate.toFixed(0).padStart(10),
    p99.toFixed(1).padStart(7),
    String(lost).padStart(5),
    ratio.padStart(10),
  ];
  say(columns.join(" ").trimEnd());
  if (lost > 0) process.exitCode = 1;
}

/** @type {(path: string) => boolean} */
function writable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** @type {(line: string) => unknown} */
function say(line) {
  return process.stdout.write(`${line}\n`);
}
