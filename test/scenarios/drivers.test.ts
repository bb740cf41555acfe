/**
 * One conformance suite for every driver: what the emulation does is what the vendor's own tools do. For those, name a program by
 * ATTEST_CLAUDE_BINARY, or have `claude` on PATH; without one, or without a sandbox for it, their half is skipped and says so.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { judge, measured, type Observation } from "../../src/core/statement/criterion.js";
import type { Probe } from "../../src/harness/scenario/scenario.js";
import {
  driverListFolder,
  type Driver,
  type Session,
} from "../../src/scenarios/task-aware-background/drivers/driver.js";
import { fsDriver } from "../../src/scenarios/task-aware-background/drivers/fs.js";
import { openDriver } from "../../src/scenarios/task-aware-background/drivers/index.js";
import { CHECKS, notChecked, proofOfConcept } from "../../src/scenarios/task-aware-background/proof-of-concept.js";

const named = process.env["ATTEST_CLAUDE_BINARY"];
const vendor = await openDriver({ name: "claude-code", ...(named && { path: named }) }).catch((error: unknown) => {
  if (named) throw error; // asked for by name: then it has to be there
  return `SKIPPED: ${(error as Error).message}`;
});
if (typeof vendor === "string") console.warn(`The vendor's own tools were not held against the emulation, ${vendor}.`);

const temporary = mkdtempSync(join(tmpdir(), "attest-drivers-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const FULL = { id: "1", subject: "s", description: "d", status: "pending", blocks: [], blockedBy: [] };
const GIVEN_UP = "Lock file is already being held";

describe.each<[string, Driver | undefined]>([
  ["fs", fsDriver],
  typeof vendor === "string" ? [`claude-code, ${vendor}`, undefined] : ["claude-code", vendor],
])("the driver %s", (_, found) => {
  const driver = found!;
  const here = describe.skipIf(found === undefined);
  const abort = new AbortController();
  const opened: Session[] = [];
  let [count, home, folder] = [0, "", ""];

  const open = async (list = "list", signal = abort.signal): Promise<Session> => {
    const session = await driver.open(home, list, signal);
    opened.push(session);
    return session;
  };
  const path = (name: string): string => join(folder, name);
  const text = (name: string): string => readFileSync(path(name), "utf8");
  const json = (name: string): Record<string, unknown> => JSON.parse(text(name)) as Record<string, unknown>;
  /** As a writer from outside, whole or not. */
  const put = (name: string, document: unknown): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path(name), typeof document === "string" ? document : JSON.stringify(document));
  };
  const hold = (name: string, ageMs: number): void => {
    mkdirSync(path(name));
    const then = new Date(Date.now() - ageMs);
    utimesSync(path(name), then, then);
  };

  beforeEach(() => {
    home = join(temporary, `${driver.name}-${(count += 1)}`);
    mkdirSync(home);
    folder = driverListFolder(home, "list");
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((session) => session.close()));
  });

  here("one session", () => {
    test("creates a task: its file, what is shown of it, and what is not", async () => {
      const session = await open();
      const metadata = { a: 1, none: null };
      expect(await session.create({ subject: "S", description: "D", activeForm: "A", metadata })).toBe("1");
      const members = { id: "1", subject: "S", description: "D", activeForm: "A" };
      const document = { ...members, status: "pending", blocks: [], blockedBy: [], metadata };
      expect(text("1.json")).toBe(JSON.stringify(document, null, 2));
      expect(readdirSync(folder).sort()).toEqual([".lock", "1.json"]);
      expect(statSync(path(".lock")).size).toBe(0);
      const shown = { id: "1", subject: "S", description: "D", status: "pending", blocks: [], blockedBy: [] };
      expect(await session.get("1")).toEqual(shown);
      expect(await session.list()).toEqual([{ id: "1", subject: "S", status: "pending" }]);
    });

    test("finds nothing in a list that is not there", async () => {
      const session = await open();
      expect(await session.list()).toEqual([]);
      expect(await session.get("1")).toBeNull();
      expect(await session.update("1", { status: "completed" })).toBe(false);
      expect(await session.remove("1")).toBe(false);
    });

    test("lists by number, and leaves out what is marked as internal", async () => {
      for (const id of ["10", "9", "2"]) put(`${id}.json`, { ...FULL, id });
      put("3.json", { ...FULL, id: "3", metadata: { _internal: true } });
      const session = await open();
      expect((await session.list()).map(({ id }) => id)).toEqual(["2", "9", "10"]);
      expect(await session.get("3")).not.toBeNull();
    });

    test("never gives the number of a removed task again, and writes the high-water mark only then", async () => {
      const session = await open();
      for (const id of ["1", "2", "3"]) expect(await session.create({ subject: id, description: "" })).toBe(id);
      expect(existsSync(path(".highwatermark"))).toBe(false);
      expect(await session.remove("3")).toBe(true);
      expect(text(".highwatermark")).toBe("3");
      expect(await session.remove("1")).toBe(true);
      expect(text(".highwatermark")).toBe("3");
      expect(await session.remove("1")).toBe(false);
      expect(await session.create({ subject: "", description: "" })).toBe("4");
      expect(text(".highwatermark")).toBe("3");
    });

    test("gives the number of a file again that somebody else removed", async () => {
      const session = await open();
      await session.create({ subject: "first", description: "" });
      unlinkSync(path("1.json"));
      expect(await session.create({ subject: "second", description: "" })).toBe("1");
    });

    test.each([
      ["26", "27"],
      ["500\n", "501"],
      [" 900", "901"],
      ["1e9", "8"],
      ["3.9", "8"],
      ["-7", "8"],
      ["junk", "8"],
      ["", "8"],
    ])("beside task 7, after the high-water mark %j, comes task %s", async (mark, next) => {
      put(".highwatermark", mark);
      put("7.json", { ...FULL, id: "7" });
      const session = await open();
      expect(await session.create({ subject: "", description: "" })).toBe(next);
      expect(text(".highwatermark")).toBe(mark);
    });

    test("updates by putting a new file into the place of the old, with what it does not change as it was", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D", metadata: { a: 1 } });
      const before = statSync(path("1.json"), { bigint: true }).ino;
      expect(await session.update("1", { status: "in_progress", activeForm: "A", owner: "me" })).toBe(true);
      const members = { subject: "S", description: "D", activeForm: "A", owner: "me", metadata: { a: 1 } };
      expect(json("1.json")).toEqual({ ...FULL, ...members, status: "in_progress" });
      expect(statSync(path("1.json"), { bigint: true }).ino).not.toBe(before);
      expect(readdirSync(folder).sort()).toEqual([".lock", "1.json"]);
    });

    test("merges metadata; null in a change removes, null in a task stays", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D", metadata: { a: 1, b: { deep: true }, none: null } });
      await session.update("1", { metadata: { a: null, b: { other: 1 }, c: [2] } });
      expect(json("1.json")["metadata"]).toEqual({ b: { other: 1 }, none: null, c: [2] });
      await session.update("1", { metadata: { b: null, c: null, none: null } });
      expect(json("1.json")["metadata"]).toEqual({});
    });

    test("keeps foreign members in metadata; those beside it are gone after an update", async () => {
      put("1.json", { before: 1, ...FULL, metadata: { foreign: { deep: [1] } }, after: 2 });
      const session = await open();
      expect(await session.update("1", { status: "completed" })).toBe(true);
      expect(json("1.json")).toEqual({ ...FULL, status: "completed", metadata: { foreign: { deep: [1] } } });
    });

    test("removes a task from those that waited for it", async () => {
      put("1.json", { ...FULL, blocks: ["2"], blockedBy: ["3"] });
      put("2.json", { ...FULL, id: "2", blockedBy: ["1", "3"], metadata: { kept: 1 } });
      const session = await open();
      await session.remove("1");
      expect(json("2.json")).toEqual({ ...FULL, id: "2", blockedBy: ["3"], metadata: { kept: 1 } });
    });

    const without = (member: string): unknown =>
      Object.fromEntries(Object.entries(FULL).filter(([name]) => name !== member));
    test.each<[string, unknown]>([
      ["an empty file", ""],
      ["a torn file", JSON.stringify(FULL).slice(0, 20)],
      ["null", "null"],
      ["an array", "[]"],
      ["a byte order mark", `\ufeff${JSON.stringify(FULL)}`],
      ["the minimal document of the published pattern", { id: "1", status: "completed" }],
      ...Object.keys(FULL).map((member): [string, unknown] => [`no ${member}`, without(member)]),
      ["a number for an id", { ...FULL, id: 1 }],
      ["another status", { ...FULL, status: "done" }],
      ["numbers in blocks", { ...FULL, blocks: [1] }],
      ["an owner of null", { ...FULL, owner: null }],
      ["an activeForm of null", { ...FULL, activeForm: null }],
      ["metadata of null", { ...FULL, metadata: null }],
      ["an array for metadata", { ...FULL, metadata: [] }],
      ["a text for metadata", { ...FULL, metadata: "m" }],
    ])("takes for no task: %s", async (_name, document) => {
      put("1.json", document);
      const before = text("1.json");
      const session = await open();
      expect(await session.get("1")).toBeNull();
      expect(await session.list()).toEqual([]);
      expect(await session.update("1", { status: "completed" })).toBe(false);
      expect(await session.remove("1")).toBe(false);
      expect(text("1.json")).toBe(before);
      expect(await session.create({ subject: "", description: "" })).toBe("2");
    });

    test("sees at once what another process has put into the place of the file", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D" });
      for (let round = 0; round < 30; round += 1) {
        put("1.json.new", { ...FULL, subject: `round ${round}` });
        renameSync(path("1.json.new"), path("1.json"));
        expect(await session.get("1")).toEqual({ ...FULL, subject: `round ${round}` });
      }
    });

    test.each([["../list/1"], ["a/../1"], ["./1"], ["1.json"], [""]])("does not follow the id %j", async (id) => {
      put("1.json", FULL);
      expect(await (await open()).get(id)).toBeNull();
    });
  });

  here("two sessions", () => {
    test("on one list see each other's tasks, on another see nothing", async () => {
      const [one, two, other] = [await open(), await open(), await open("other")];
      expect(await one.create({ subject: "S", description: "D" })).toBe("1");
      expect(await two.get("1")).toEqual(await one.get("1"));
      expect(await two.update("1", { status: "completed" })).toBe(true);
      expect((await one.list()).map(({ status }) => status)).toEqual(["completed"]);
      expect([await other.get("1"), await other.list()]).toEqual([null, []]);
      expect(await other.create({ subject: "S", description: "D" })).toBe("1");
    });

    test("on one list lose nothing: each creation has its own number, each update stays", async () => {
      const sessions = [await open(), await open()];
      const ids = await Promise.all(
        Array.from({ length: 20 }, (_slot, n) => sessions[n % 2]!.create({ subject: String(n), description: "" })),
      );
      expect(ids.map(Number).sort((a, b) => a - b)).toEqual(ids.map((_id, n) => n + 1));
      await Promise.all(
        sessions.map(async (session, who) => {
          for (let n = 0; n < 10; n += 1) await session.update("1", { metadata: { [`${who}.${n}`]: n } });
        }),
      );
      expect(Object.keys(json("1.json")["metadata"] as object)).toHaveLength(20);
    });

    test("a list's name becomes a folder's name", async () => {
      await (await open("a.b/../ü_C-1")).create({ subject: "S", description: "D" });
      expect(readdirSync(join(home, ".claude", "tasks"))).toEqual(["a-b-----_C-1"]);
    });
  });

  here("a lock that somebody else holds", () => {
    test.each([
      ["1.json.lock", "update", (session: Session) => session.update("1", { status: "completed" })],
      [".lock.lock", "create", (session: Session) => session.create({ subject: "T", description: "" })],
    ])("%s: %s gives up after 2.7 seconds, or takes it once it is ten seconds old", async (lock, _tool, act) => {
      const session = await open();
      await session.create({ subject: "S", description: "D" });
      const before = text("1.json");
      hold(lock, 0);
      const started = performance.now();
      await expect(act(session)).rejects.toThrow(GIVEN_UP);
      expect(performance.now() - started).toBeGreaterThan(2600);
      expect(performance.now() - started).toBeLessThan(8000);
      expect(readdirSync(folder).sort()).toEqual([".lock", "1.json", lock].sort());
      expect(text("1.json")).toBe(before);

      rmdirSync(path(lock));
      hold(lock, 11_000);
      expect(await act(session)).toBeTruthy();
      expect(existsSync(path(lock))).toBe(false);
    });

    test("is waited for as long as it is young", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D" });
      hold("1.json.lock", 0);
      const updated = session.update("1", { status: "completed" });
      await sleep(300);
      expect(json("1.json")["status"]).toBe("pending");
      rmdirSync(path("1.json.lock"));
      expect(await updated).toBe(true);
      expect(json("1.json")["status"]).toBe("completed");
    });

    test("is in the way neither of reading, nor of an update that changes nothing, nor of removing", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D" });
      for (const lock of ["1.json.lock", ".lock.lock"]) hold(lock, 0);
      expect(await session.get("1")).not.toBeNull();
      expect(await session.update("1", { status: "pending", subject: "S" })).toBe(true);
      expect(await session.remove("1")).toBe(true);
      expect(readdirSync(folder).sort()).toEqual([".highwatermark", ".lock", ".lock.lock", "1.json.lock"]);
    });
  });

  here("the end of a session", () => {
    const running = (): string[] =>
      readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid))
        .filter((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(home);
          } catch {
            return false;
          }
        });

    test("leaves no process, and takes no more calls", async () => {
      const session = await open();
      await session.create({ subject: "S", description: "D" });
      hold("1.json.lock", 0);
      const waiting = expect(session.update("1", { status: "completed" })).rejects.toThrow();
      await session.close();
      await session.close();
      await waiting;
      expect(running()).toEqual([]);
      await expect(session.get("1")).rejects.toThrow();
    });

    test("by an interrupt leaves no process either, and ends the call that is waiting", async () => {
      const interrupt = new AbortController();
      const session = await open("list", interrupt.signal);
      await session.create({ subject: "S", description: "D" });
      hold("1.json.lock", 0);
      const waiting = session.update("1", { status: "completed" });
      setTimeout(() => interrupt.abort(), 200);
      await expect(waiting).rejects.not.toThrow(GIVEN_UP);
      await expect(session.get("1")).rejects.toThrow();
      await session.close();
      expect(running()).toEqual([]);
      await expect(open("list", interrupt.signal)).rejects.toThrow();
    });
  });

  here("the proof of concept", () => {
    test("passes what it tries", async () => {
      const seen: Observation[] = [];
      const skipped: string[] = [];
      const probe = { home, signal: abort.signal, attach: vi.fn(), progress: vi.fn() };
      const observe = (observation: Observation): unknown => seen.push(observation);
      const check = (id: string, outcome: string): unknown => outcome === "skipped" && skipped.push(id);
      await proofOfConcept({ ...probe, observe, check } as unknown as Probe, driver);
      const outcomes = CHECKS.map(({ id, criterion }) =>
        criterion === undefined ? [id, "skipped"] : [id, judge(criterion, measured(criterion, seen))],
      );
      expect(outcomes.filter(([, outcome]) => outcome === "passed")).toHaveLength(6);
      expect(outcomes.filter(([, outcome]) => outcome === "skipped").map(([id]) => id)).toEqual(skipped);
      expect(notChecked(driver, "proof-of-concept")[0]).toContain(`the ${driver.name} driver`);
    });
  });

  here("what the statement says", () => {
    test("names the implementation that answered, and in which version", () => {
      const { name, uri, annotations, digest } = driver.descriptor;
      expect([name, driver.name]).toEqual([`driver ${driver.name}`, driver.name]);
      expect(uri).toMatch(/^pkg:npm\/%40anthropic-ai\/claude-code@\d+\.\d+\.\d+$/);
      expect(annotations?.["about"]).toContain(driver.name === "fs" ? "not the vendor's tools" : "the vendor's own");
      if (driver.name === "fs") return void expect(digest).toBeUndefined();
      expect(digest?.["sha256"]).toMatch(/^[0-9a-f]{64}$/);
      expect(annotations?.["sandbox"]).toMatch(/^bubblewrap [\d.]+: no network/);
    });
  });
});
