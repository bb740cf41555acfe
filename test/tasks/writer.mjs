// A writer of its own, run by the tests as a process: says "ready", waits for a line, does its work, prints what it did as JSON.
//
//     add FOLDER KEY COUNT       adds one to metadata.count and to metadata.KEY of task 1, COUNT times
//     endless FOLDER KEY         the same until it is killed; prints each number when it stands in the file
//     create FOLDER NAME COUNT   makes tasks, and prints their ids
//     read FOLDER                reads task 1's file over and over until stdin ends; prints how often, and what was no task
//     hold FOLDER KEY            adds one, but stops itself (SIGSTOP) while it holds the lock; goes on when it is continued
import { readFileSync } from "node:fs";
import { argv, kill, pid, stdin, stdout } from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { parseTask } from "../../dist/tasks/document.js";
import { TaskList } from "../../dist/tasks/task-list.js";

const [verb = "", folder = "", key = "", count = "0"] = argv.slice(2);
const list = new TaskList(folder);
/** @type {(value: unknown) => unknown} */
const say = (value) => stdout.write(`${JSON.stringify(value)}\n`);
/** @type {(metadata: Readonly<Record<string, unknown>>) => Record<string, number>} */
const more = (metadata) => ({ count: Number(metadata["count"]) + 1, [key]: Number(metadata[key] ?? 0) + 1 });
const add = () => list.update("1", ({ metadata = {} }) => ({ metadata: more(metadata) }), { patienceMs: 60_000 });

say("ready");
await new Promise((go) => stdin.once("data", go));

if (verb === "add") {
  for (let n = 0; n < Number(count); n += 1) await add();
  say(Number(count));
} else if (verb === "endless") {
  for (;;) say((await add()).metadata?.[key]);
} else if (verb === "create") {
  const ids = [];
  for (let n = 0; n < Number(count); n += 1)
    ids.push((await list.create({ subject: `${key}-${n}`, description: "" }, { patienceMs: 60_000 })).id);
  say(ids);
} else if (verb === "read") {
  stdin.resume();
  const seen = { reads: 0, bad: /** @type {string[]} */ ([]) };
  for (; !stdin.readableEnded; seen.reads += 1) {
    const text = readFileSync(list.path("1"), "utf8");
    try {
      parseTask(text, "1");
    } catch {
      seen.bad.push(text);
    }
    if (seen.reads % 20 === 0) await turn();
  }
  say(seen);
} else if (verb === "hold") {
  let tries = 0;
  await list.update("1", ({ metadata = {} }) => {
    tries += 1;
    if (tries === 1) kill(pid, "SIGSTOP"); // the signal is delivered before the call returns
    return { metadata: more(metadata) };
  });
  say(tries);
}
stdin.destroy();
