/** A task's document, whole and spoilt: it is a task, or it is told as `task-format`; and what we do not know in it is carried along. */
import * as fc from "fast-check";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Code } from "../../src/core/codes.js";
import { AttestError } from "../../src/core/errors.js";
import { changed, formatTask, parseTask, type Task } from "../../src/tasks/document.js";
import { TaskList } from "../../src/tasks/task-list.js";
import { temporary } from "../cli/attest.js";
import { jsonObject } from "../core/arbitrary.js";

const TASK: Task = {
  id: "1",
  subject: "Bäume 🌳",
  description: "a\nb",
  activeForm: "c",
  status: "in_progress",
  owner: "d",
  blocks: ["2"],
  blockedBy: [],
  metadata: { runId: "run_1", deep: { a: [1, null, true] } },
};

function codeOf(act: () => unknown): Code | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof AttestError) return error.code;
    throw error;
  }
}

function fileWith(bytes: string | Uint8Array): TaskList {
  const folder = join(temporary(), "list");
  mkdirSync(folder);
  writeFileSync(join(folder, "1.json"), bytes);
  return new TaskList(folder);
}

describe("what is no task", () => {
  test.each<[string, unknown]>([
    ["nothing", ""],
    ["half of one", formatTask(TASK).slice(0, 80)],
    ["a null", null],
    ["a list", []],
    ["a text", "1"],
    ["the least that the pattern was published with", { id: "1", status: "completed" }],
    ["another's id", { ...TASK, id: "2" }],
    ["an id that is a number", { ...TASK, id: 1 }],
    ["no subject", { ...TASK, subject: undefined }],
    ["no description", { ...TASK, description: undefined }],
    ["a status that there is not", { ...TASK, status: "done" }],
    ["blocks that are numbers", { ...TASK, blocks: [2] }],
    ["no blockedBy", { ...TASK, blockedBy: undefined }],
    ["metadata that is a list", { ...TASK, metadata: [] }],
    ["metadata that is null", { ...TASK, metadata: null }],
  ])("%s", (_, document) => {
    const text = typeof document === "string" && document !== "1" ? document : JSON.stringify(document);
    expect(codeOf(() => parseTask(text, "1"))).toBe("task-format");
  });

  test.each<[string, (list: TaskList) => unknown]>([
    ["bytes that are not UTF-8", (list) => writeFileSync(list.path("2"), Buffer.from([0x22, 0xff, 0x22]))],
    [
      "a byte order mark before one",
      (list) => writeFileSync(list.path("2"), `\ufeff${formatTask({ ...TASK, id: "2" })}`),
    ],
    ["a folder", (list) => mkdirSync(list.path("2"))],
    ["a link, even to a task", (list) => symlinkSync(list.path("1"), list.path("2"))],
    ["more than anybody writes", (list) => writeFileSync(list.path("2"), " ".repeat(16 * 1024 * 1024 + 1))],
  ])("%s, for reading and for writing alike", async (_, make) => {
    const list = fileWith(formatTask(TASK));
    make(list);
    expect(codeOf(() => list.get("2"))).toBe("task-format");
    await expect(list.update("2", { owner: "me" })).rejects.toMatchObject({ code: "task-format" });
    expect(list.list()).toEqual([TASK]);
  });

  test("one that is nested deeper than can be written is refused, and stays as it is", async () => {
    const deep = formatTask(TASK).replace('"d"', `${"[".repeat(20_000)}${"]".repeat(20_000)}`);
    await expect(fileWith(deep).update("1", { subject: "e" })).rejects.toMatchObject({ code: "task-format" });
  });
});

describe("mangled", () => {
  const whole = new TextEncoder().encode(formatTask(TASK));
  const list = fileWith("");

  test("each end cut off, and each byte changed: a task or `task-format`, and nothing else", () => {
    const told: Partial<Record<Code | "a task", number>> = {};
    const look = (bytes: Uint8Array): void => {
      writeFileSync(list.path("1"), bytes);
      const code = codeOf(() => list.get("1")) ?? "a task";
      told[code] = (told[code] ?? 0) + 1;
    };
    for (let length = 0; length < whole.length; length += 1) look(whole.subarray(0, length));
    for (const mask of [0x01, 0x80]) {
      for (let at = 0; at < whole.length; at += 1) {
        const copy = whole.slice();
        copy[at]! ^= mask;
        look(copy);
      }
    }
    expect(Object.keys(told).sort()).toEqual(["a task", "task-format"]);
    expect(told["task-format"]).toBeGreaterThan(whole.length * 2);
  });
});

describe("a change", () => {
  const members = jsonObject.filter((value) => !Object.keys(value).some((name) => name in TASK));

  test("leaves all else as it is, and where it is", () => {
    fc.assert(
      fc.property(members, jsonObject, fc.string(), (others, metadata, subject) => {
        const document = parseTask(JSON.stringify({ ...others, ...TASK, metadata }), "1");
        const next = parseTask(formatTask(changed(document, { subject, metadata: { ours: 1 } })), "1");
        expect(Object.keys(next)).toEqual(Object.keys(document));
        expect(next).toEqual({ ...document, subject, metadata: { ...metadata, ours: 1 } });
      }),
    );
  });

  test("of metadata merges it; null removes, and one that was there is somebody's value", () => {
    expect(changed({ ...TASK, metadata: { theirs: null } }, { metadata: { a: null } }).metadata).toEqual({
      theirs: null,
    });
    expect(changed(TASK, { metadata: { runId: null, deep: 1, more: [2] } }).metadata).toEqual({ deep: 1, more: [2] });
    expect(changed({ ...TASK, metadata: {} }, {}).metadata).toEqual({});
  });

  test("keeps a member named __proto__ a member", () => {
    const task = parseTask(formatTask(TASK).replace('"owner"', '"__proto__"'), "1");
    expect(formatTask(changed(task, { subject: "x" }))).toContain('"__proto__": "d"');
  });
});
