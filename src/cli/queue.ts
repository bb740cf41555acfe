/** `attest queue`: runs that wait for workers on other machines. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { Queue, RUN_STATES, type QueueStatus } from "../queue/queue.js";
import { exitWith } from "./io.js";
import { withExamples, withJson } from "./options.js";
import { queueAdd } from "./queue-add.js";
import { addressOf, withOpenQueue, withQueue, type QueueOptions } from "./queue-options.js";
import { interruptible } from "./signals.js";
import { answer, answerBytes, answerForeign, answerJson, talk } from "./ui.js";
import { utf8 } from "../core/bytes.js";

interface Options extends QueueOptions {
  readonly print?: true;
  readonly watch?: true;
  readonly json?: true;
}

export function queueCommand(attest: Command): void {
  const verb = attest.command("queue").description("runs that wait for workers on other machines, in PostgreSQL");
  withExamples(verb, "attest queue init", "attest queue add -- npm test");

  withExamples(
    withQueue(
      verb.command("init").description("make the queue in a database, and the roles attest_submit and attest_work"),
    ).option("--print", "print the SQL for an administrator instead; nothing is changed"),
    "attest queue init",
    "attest queue init --print",
  ).action(async (options: Options) => {
    if (options.print) return answerBytes(utf8(await Queue.sql()));
    await Queue.init(addressOf(options));
    talk(
      "the queue is there; give each machine a user of the database with one of these roles:",
      "  GRANT attest_submit TO …   adds runs",
      "  GRANT attest_work TO …     takes them",
    );
  });

  queueAdd(verb);

  withExamples(
    withJson(
      withQueue(verb.command("status").description("what waits, what runs, and what became of the rest")),
    ).option("--watch", "go on until Ctrl-C"),
    "attest queue status",
    "attest queue status --json",
  ).action(async (options: Options) => {
    await withOpenQueue(options, async (queue) => {
      const once = async (): Promise<void> => {
        tell(await queue.status(), options);
      };
      if (!options.watch) {
        await once();
        return;
      }
      await interruptible(async (signal) => {
        while (!signal.aborted) {
          await once();
          await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined);
        }
      });
      exitWith(0);
    });
  });

  const change = (name: "retry" | "cancel", description: string, done: string): void => {
    withExamples(
      withJson(withQueue(verb.command(`${name} <run>`).description(description))),
      `attest queue ${name} plan_0123456789abcdef`,
    ).action(async (run: string, options: Options) => {
      const id = await withOpenQueue(options, (queue) => queue[name](run));
      if (options.json) return answerJson({ id, state: done });
      talk(`${id} is ${done}`);
    });
  };
  change("retry", "queue a run again that failed or was cancelled, or whose result was not signed", "queued");
  change("cancel", "take a run out of the queue; a worker that has it ends it, and publishes nothing", "cancelled");
}

const WATCH_MS = 2000;

function tell({ counts, runs }: QueueStatus, { json, watch }: Options): void {
  if (json) {
    if (watch) answerForeign({ counts, runs }, "line");
    else answerJson({ counts, runs });
    return;
  }
  for (const { id, state, ageS, machines, needs, told } of runs) {
    const attempt = machines.length > 0 ? `${machines.at(-1) ?? ""} (attempt ${machines.length})` : needs.join(",");
    answer([id, state.padEnd(9), age(ageS).padStart(7), attempt, told ?? ""].join("\t").trimEnd());
  }
  answer(RUN_STATES.map((state) => `${counts[state]} ${state}`).join(", "));
}

const age = (seconds: number): string =>
  seconds < 120
    ? `${seconds} s`
    : seconds < 7200
      ? `${Math.floor(seconds / 60)} min`
      : seconds < 172_800
        ? `${Math.floor(seconds / 3600)} h`
        : `${Math.floor(seconds / 86_400)} d`;
