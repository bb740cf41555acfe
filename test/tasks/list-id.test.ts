/** Which list is meant: the first of the sources that says so, and no name that leads out of the folder of lists. */
import { mkdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listFolder, listId, listsOn, tasksFolder } from "../../src/tasks/list-id.js";
import { temporary } from "../cli/attest.js";

/** A folder of lists, the last one the latest. */
function lists(...names: readonly string[]): string {
  const tasks = join(temporary(), "tasks");
  names.forEach((name, at) => {
    mkdirSync(join(tasks, name), { recursive: true });
    utimesSync(join(tasks, name), at + 1, at + 1);
  });
  return tasks;
}

const LIST = "CLAUDE_CODE_TASK_LIST_ID";
const SESSION = "CLAUDE_CODE_SESSION_ID";
const hook = '{"session_id":"hooked","cwd":"/"}';

describe("the sources, in their order", () => {
  test.each<[string, Parameters<typeof listId>[0], string]>([
    ["--list", { given: "g", env: { [LIST]: "l", [SESSION]: "s" }, hook, tasks: lists("d") }, "g"],
    [LIST, { env: { [LIST]: "l", [SESSION]: "s" }, hook, tasks: lists("d") }, "l"],
    [SESSION, { env: { [SESSION]: "s" }, hook, tasks: lists("d") }, "s"],
    [SESSION, { env: { [LIST]: "", [SESSION]: "s" }, tasks: lists("d") }, "s"],
    ["hook input", { env: {}, hook, tasks: lists("d") }, "hooked"],
    ["the only list on disk", { env: {}, hook: " ", tasks: lists("d") }, "d"],
  ])("%s", (source, sources, id) => {
    expect(listId(sources)).toEqual({ id, source });
  });

  test("several lists on the disk are named, the latest first; none is said to be none", () => {
    expect(() => listId({ env: {}, tasks: lists("old", "mid", "new") })).toThrow(/3 in .*: new, mid, old$/);
    expect(() => listId({ env: {}, tasks: lists() })).toThrow(/: none in /);
  });

  test.each(["nonsense", "[]", "null", "{}", '{"session_id":1}'])("a hook that does not say: %s", (input) => {
    expect(() => listId({ env: {}, hook: input, tasks: lists("d") })).toThrow(/\bsession_id\b/);
  });
});

describe("an id that is no name", () => {
  const evil = ["", ".", "..", "../other", "a/b", "a\\b", "/etc", "-x", ".hidden", "a\0b", "a b", "ü", "x".repeat(129)];

  test.each(evil)("%j", (id) => {
    const tasks = lists("d");
    expect(() => listId({ given: id, env: {}, tasks })).toThrow(/id of a task list/);
    if (id !== "") expect(() => listId({ env: { [LIST]: id }, tasks })).toThrow(/id of a task list/);
    expect(() => listId({ env: {}, hook: JSON.stringify({ session_id: id }), tasks })).toThrow(/id of a task list/);
    expect(() => listFolder(tasks, id)).toThrow(/id of a task list/);
  });
});

test("a list that is a link out of the folder is refused; a folder of lists that is a link is the user's own", () => {
  const tasks = lists("d");
  const elsewhere = temporary();
  symlinkSync(elsewhere, join(tasks, "out"));
  symlinkSync(tasks, join(elsewhere, "tasks"));
  expect(() => listFolder(tasks, "out")).toThrow(/\ba link\b/);
  expect(listsOn(tasks)).toEqual(["d"]);
  expect(listFolder(join(elsewhere, "tasks"), "d")).toBe(join(elsewhere, "tasks", "d"));
  expect(listFolder(tasks, "new")).toBe(join(tasks, "new"));
});

test("the folder of all lists", () => {
  expect(tasksFolder("/x/tasks", { CLAUDE_CONFIG_DIR: "/c", HOME: "/h" })).toBe("/x/tasks");
  expect(tasksFolder(undefined, { CLAUDE_CONFIG_DIR: "/c", HOME: "/h" })).toBe("/c/tasks");
  expect(tasksFolder(undefined, { CLAUDE_CONFIG_DIR: "", HOME: "/h" })).toBe("/h/.claude/tasks");
});
