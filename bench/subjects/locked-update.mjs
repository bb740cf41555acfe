/**
 * Updates of one task under its lock, without a pause in between, and how many are lost: our lock beside proper-lockfile. Each updater reads,
 * changes, writes a temporary file and renames it, without fsync; only the lock differs. Starting is not counted: all wait until the last one
 * is ready. On disk, and in memory where there is such a place.
 */
import { fork } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formatTask, parseTask } from "../../dist/tasks/document.js";
import { TaskList } from "../../dist/tasks/task-list.js";
import { median } from "../measure.mjs";

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
const THEIRS = "proper-lockfile, waits of 1 ms";

/** @type {(folder: string, retries: object) => Update} */
function properly(folder, retries) {
  const path = join(folder, "1.json");
  return async () => {
    const release = await lockfile.lock(path, { retries });
    const task = parseTask(readFileSync(path, "utf8"), "1");
    const count = Number(task.metadata?.["count"]) + 1;
    writeFileSync(`${path}.${process.pid}`, formatTask({ ...task, metadata: { ...task.metadata, count } }));
    renameSync(`${path}.${process.pid}`, path);
    await release();
  };
}

/** @type {(sizes: import("../subject.mjs").Sizes) => readonly { place: string, root: string | undefined, name: string, processes: number, theirs: string }[]} */
function rowsOf({ pick }) {
  const processes = pick(8, 2);
  return ["disk", "memory"].flatMap((place) =>
    [
      { name: "crowd", processes, theirs: THEIRS },
      { name: "waits", processes, theirs: "proper-lockfile, default waits" },
      { name: "alone", processes: 1, theirs: THEIRS },
    ].map((row) => ({ ...row, place, root: place === "disk" ? undefined : "/dev/shm", name: `${place}-${row.name}` })),
  );
}

/** @type {import("../subject.mjs").Subject} */
const subject = {
  name: "locked-update",
  rows: (sizes) =>
    rowsOf(sizes).map(({ name, place, processes, theirs }) => ({
      id: `lock-${name}`,
      what: `locked updates ${place === "disk" ? "on disk" : "in memory"}, ${processes === 1 ? "one writer" : `${processes} writers`}`,
      against: theirs,
    })),
  async *run(bench) {
    for (const { name, root, processes, theirs } of rowsOf(bench)) {
      const place = root ?? bench.place;
      if (!isWritable(place)) {
        yield [`lock-${name}`, { skipped: `${place} cannot be written to` }];
        continue;
      }
      /** @type {{ readonly ours: number, readonly theirs: number }[]} */
      const turns = [];
      for (let round = 0; round < bench.pick(3, 1); round += 1)
        turns.push({
          ours: await rate(place, OURS, processes, bench.pick(200, 3)),
          theirs: await rate(place, theirs, processes, bench.pick(200, 3)),
        });
      const facts = { "updates a second": Math.round(median(turns.map(({ ours }) => ours))) };
      yield [`lock-${name}`, { ratios: turns.map((turn) => turn.ours / turn.theirs), facts }];
    }
  },
};
export default subject;

/** Updates a second. @type {(root: string, name: string, processes: number, updates: number) => Promise<number>} */
async function rate(root, name, processes, updates) {
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
    await ends;
    const seconds = (performance.now() - before) / 1000;
    const all = processes * updates;
    const lost = all - Number(list.get("1").metadata?.["count"]);
    if (lost > 0) throw new Error(`${name} lost ${lost} of ${all} updates`);
    return all / seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @type {(args: string[]) => Promise<void>} */
async function work([name = "", folder = "", count = "0"]) {
  const update = UPDATERS[name]?.(folder);
  process.send?.("ready");
  await new Promise((go) => process.once("message", go));
  for (let n = 1; n <= Number(count); n += 1) await update?.();
  process.send?.("done", () => process.disconnect());
}

/** @type {(path: string) => boolean} */
function isWritable(path) {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === HERE && process.argv[2] === "worker") await work(process.argv.slice(3));
