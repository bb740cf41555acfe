/** `attest task`: reads and writes the task lists of Claude Code safely beside other writers. */
import { Option, type Command } from "commander";
import { AttestError } from "../core/errors.js";
import { STATUSES, type Change, type TaskStatus } from "../tasks/document.js";
import { taskState } from "../tasks/run.js";
import { collect, milliseconds, withExamples } from "./options.js";
import { findList, taskLine, withList, type ListOptions } from "./task-context.js";
import { follow, runInBackground } from "./task-run.js";
import { answer, answerForeign, talk } from "./ui.js";

interface MemberOptions extends ListOptions {
  readonly description?: string;
  readonly activeForm?: string;
  readonly metadata?: readonly string[];
}

const withMembers = (command: Command): Command =>
  command
    .option("--description <text>", "what is to be done")
    .option("--active-form <text>", "what is shown while it is being done")
    .option("--metadata <key=value>", "JSON or plain text; null removes the key (repeatable)", collect);

export function task(attest: Command): void {
  const verb = attest
    .command("task")
    .description("read and write tasks of Claude Code, and work on them in the background");
  withExamples(
    verb,
    "attest task create 'Build it' --list demo",
    "attest task run --task 1 --list demo --wait -- sh -c 'echo built'",
    "attest task list --list demo",
  );

  withExamples(
    withList(withMembers(verb.command("create <subject>").description("create a task, and print its number"))),
    "attest task create 'Build it' --list demo",
    "attest task create 'Test it' --list demo --description 'all of it' --metadata level=2",
  ).action(async (subject: string, options: MemberOptions) => {
    const { id, list } = await findList(options);
    const { description = "", activeForm } = options;
    const made = await list.create({
      subject,
      description,
      ...(activeForm !== undefined && { activeForm }),
      ...(options.metadata && { metadata: withoutNulls(metadataOf(options.metadata)) }),
    });
    if (options.json) return answerForeign({ list: id, path: list.path(made.id), task: made });
    answer(made.id);
  });

  withExamples(
    withList(verb.command("get <id>").description("show a task completely, including what the task tools hide")),
    "attest task get 1 --list demo",
    "attest task get 1 --list demo --json",
  ).action(async (number: string, options: ListOptions) => {
    const { id, list } = await findList(options);
    const found = list.get(number);
    if (options.json) return answerForeign({ list: id, path: list.path(number), state: taskState(found), task: found });
    const { metadata = {}, ...members } = found;
    const shown = (name: string, value: unknown): string =>
      `${name}\t${typeof value === "string" ? value : JSON.stringify(value)}`;
    answer(
      ...Object.entries({ ...members, status: taskState(found) }).map(([name, value]) => shown(name, value)),
      ...Object.entries(metadata).map(([name, value]) => shown(`metadata.${name}`, value)),
    );
  });

  withExamples(
    withList(verb.command("list").description("list the tasks of a list")),
    "attest task list --list demo",
    "attest task list --list demo --json",
  ).action(async (options: ListOptions) => {
    const { id, list } = await findList(options);
    const tasks = list.list();
    if (options.json) return answerForeign({ list: id, folder: list.folder, tasks });
    answer(...tasks.map(taskLine));
    if (tasks.length === 0) talk(`no tasks in ${list.folder}; make one with: attest task create SUBJECT --list ${id}`);
  });

  withExamples(
    withList(
      withMembers(verb.command("update <id>").description("change a task under its lock; all else in it stays"))
        .addOption(new Option("--status <status>", "its new status").choices(STATUSES))
        .option("--subject <text>", "what it is about")
        .option("--owner <name>", "who works on it")
        .option("--fence <run>", "only while the task belongs to this run"),
    ),
    "attest task update 1 --list demo --status in_progress --owner me",
    "attest task update 1 --list demo --status completed --metadata note='all of it' --metadata level=null",
  ).action(update);

  withExamples(
    withList(
      verb
        .command("watch <id>")
        .description("follow a task to its end: 0 completed, 1 failed; with --json an object on a line for each state")
        .option("--timeout <seconds>", "stop waiting after that, with exit 4", milliseconds),
    ),
    "attest task update 1 --list demo --status completed && attest task watch 1 --list demo --timeout 600",
  ).action(follow);

  withExamples(
    withList(
      verb
        .command("run <command...>")
        .description("run a command for a task, detached from this session; print the run's id and its log")
        .requiredOption("--task <id>", "the task that it works on")
        .option("--wait", "wait for its end, and exit with the command's own status")
        .option("--log <file>", "append its output to this file; else one below $XDG_STATE_HOME/f3-attest/runs"),
    ),
    "attest task run --task 1 --list demo --wait -- sh -c 'echo attest:progress 1/2 compiling; sleep 1'",
    "attest task run --task 1 --list demo -- sleep 1",
  ).action(runInBackground);
}

interface UpdateOptions extends MemberOptions {
  readonly status?: TaskStatus;
  readonly subject?: string;
  readonly owner?: string;
  readonly fence?: string;
}

async function update(number: string, options: UpdateOptions): Promise<void> {
  const { json, fence, status, subject, description, activeForm, owner, metadata } = options;
  const change: Change = {
    ...(status !== undefined && { status }),
    ...(subject !== undefined && { subject }),
    ...(description !== undefined && { description }),
    ...(activeForm !== undefined && { activeForm }),
    ...(owner !== undefined && { owner }),
    ...(metadata !== undefined && { metadata: metadataOf(metadata) }),
  };
  if (Object.keys(change).length === 0) {
    throw new AttestError("usage", "nothing to change", "attest task update --help lists what can be changed");
  }
  const { id, list } = await findList(options);
  const changed = await list.update(number, change, fence === undefined ? {} : { fence });
  if (json) return void answerForeign({ list: id, path: list.path(number), state: taskState(changed), task: changed });
  answer(taskLine(changed));
}

/** `key=value` pairs in order; a value that is not JSON is text. */
function metadataOf(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) {
        throw new AttestError(
          "usage",
          `--metadata takes key=value, not ${JSON.stringify(pair)}`,
          "key=null removes the key",
        );
      }
      return [pair.slice(0, at), valueOf(pair.slice(at + 1))];
    }),
  );
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const withoutNulls = (metadata: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
