/**
 * The matrix, played for real with little load, in both of its profiles: that a pass is earned, that what is signed can be computed
 * again, and that nothing is left behind. From `dist`, as on a user's machine: its actors are processes of built files.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi, type TestContext } from "vitest";
import { hex, utf8 } from "../../dist/core/bytes.js";
import { judge, measured, type Observation } from "../../dist/core/statement/criterion.js";
import { canonical, type Json } from "../../dist/core/json.js";
import { MAX_PAYLOAD } from "../../dist/core/statement/statement.js";
import { verify } from "../../dist/core/verify/verify.js";
import { runScenario, type Run, type ScenarioRunOptions } from "../../dist/harness/scenario/run.js";
import { nodeEngine } from "../../dist/node/engine.js";
import type { Case, Load } from "../../dist/scenarios/task-aware-background/stage/case.js";
import { taskAwareBackgroundWith } from "../../dist/scenarios/task-aware-background/index.js";
import { launch } from "../../dist/scenarios/task-aware-background/stage/launch.js";
import { CASES, LEFT_OUT } from "../../dist/scenarios/task-aware-background/matrix.js";
import { tree } from "../cli/attest.js";
import { stamped } from "../cli/drafts.js";
import { processesWith } from "../cli/processes.js";
import { sealed, signer } from "../core/making.js";
import { bytesOf, checks, observations, options, outcomes, timeline } from "./running.js";
import { naming } from "../core/refusal.js";

type Profile = "as-published" | "hardened";

/** Just what the criteria need. */
const LOAD: Load = { writers: [8], updates: 126, rivals: 8, trials: 5, kills: 16, readMs: 300 };

const named = (...names: readonly string[]): Case[] => CASES.filter(({ name }) => names.includes(name));

const play = (
  profile: Profile,
  cases: readonly Case[],
  load: Partial<Load> = {},
  changes: Partial<ScenarioRunOptions> = {},
): Promise<Run> =>
  runScenario(taskAwareBackgroundWith({ cases, load: { ...LOAD, ...load } }), options({ profile, ...changes }));

let temporary = "";
let user = "";
let users: ReturnType<typeof tree>;
const runs = {} as Record<Profile, Run>;

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), "attest-matrix-"));
  user = mkdtempSync(join(tmpdir(), "attest-matrix-user-"));
  // A user who has lists of their own, and a session that points at one of them.
  mkdirSync(join(user, ".claude/tasks/mine"), { recursive: true });
  writeFileSync(join(user, ".claude/tasks/mine/1.json"), '{"id":"1","subject":"mine","status":"pending"}\n');
  writeFileSync(join(user, ".claude/tasks/mine/.highwatermark"), "1");
  users = tree(user);
  vi.stubEnv("TMPDIR", temporary);
  vi.stubEnv("HOME", user);
  vi.stubEnv("CLAUDE_CONFIG_DIR", join(user, ".claude"));
  vi.stubEnv("CLAUDE_CODE_TASK_LIST_ID", "mine");
  vi.stubEnv("CLAUDE_CODE_SESSION_ID", "mine");
  const everyQuickOne = ["T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T17", "T18"];
  runs.hardened = await play("hardened", named(...everyQuickOne));
  runs["as-published"] = await play("as-published", named("T03", "T05", "T09", "T10", "T11", "T17", "T18"));
}, 300_000);

afterAll(() => {
  vi.unstubAllEnvs();
  for (const folder of [temporary, user]) rmSync(folder, { recursive: true, force: true });
});

/** Whatever a run has started has a home below the folder for temporary files of these tests. */
const living = (): number[] => processesWith(`HOME=${temporary}/`).map(({ pid }) => pid);

describe("the two ways of writing differ where they should", () => {
  test("hardened: every required check passed", () => {
    for (const { id, outcome, observed } of checks(runs.hardened))
      expect([id, outcome], observed).toEqual([id, "passed"]);
    expect(runs.hardened.draft.predicate.f3.verdict).toBe("VALIDATED");
  });

  test("as published: each of these failed", () => {
    for (const { id, outcome, observed } of checks(runs["as-published"]))
      expect([id, outcome], observed).toEqual([id, "failed"]);
    expect(runs["as-published"].draft.predicate.f3.verdict).toBe("REFUTED");
  });

  test("they name what they tested, what they answer, and who played the tools", () => {
    for (const { draft } of Object.values(runs)) {
      expect(draft.predicate.f3.relations.map(({ type }) => type)).toEqual(["verifies", "answers"]);
      expect(draft.predicate.configuration.map(({ name }) => name)).toContain("driver fs");
    }
    expect(runs.hardened.draft.subject).not.toEqual(runs["as-published"].draft.subject);
  });

  test("each case has a line in the timeline and lines among the observations, in the order of the matrix", () => {
    for (const run of Object.values(runs)) {
      const played = timeline(run).flatMap(({ event, case: name }) => (event === "case" ? [name] : []));
      expect(played).toEqual(CASES.map(({ name }) => name).filter((name) => played.includes(name)));
      expect([...new Set(observations(run).map((line) => line["case"]))]).toEqual(played);
    }
  });
});

describe("a pass means something: each has a negative control", () => {
  const controls = (check: Case["checks"][number]): string[] =>
    (check.criterion?.measures ?? []).flatMap(({ name, where }) => (where["side"] === "control" ? [name] : []));

  test("without one there are four checks, which could be refuted by what they look at", () => {
    const without = CASES.flatMap((one) => one.checks).filter(
      (check) =>
        !(check.criterion?.needs ?? []).some(
          ({ measure, is, value }) => controls(check).includes(measure) && (is === ">" || value > 0),
        ),
    );
    expect(without.map(({ id }) => id)).toEqual([
      "t01-replay",
      "t02-visibility",
      "t04-completion-time",
      "t15-real-build",
    ]);
  });

  test.each<[string, string, Partial<Load>, string]>([
    ["one writer alone", "T06", { rivals: 1, updates: 16 }, "updates lost in place"],
    ["no writer beside the tool", "T07", { rivals: 0 }, "updates lost or refused beside the naive control"],
    ["one creator alone", "T08", { rivals: 1 }, "tasks overwritten by the naive control"],
  ])(
    "%s loses nothing, and then %s shows nothing",
    async (_, name, load, missing) => {
      const run = await play("hardened", named(name), load);
      const [only] = checks(run);
      expect(only?.outcome).toBe("errored");
      expect(only?.observed.split("; ")).toContainEqual(expect.stringMatching(naming(missing, "> 0", 0)));
      expect(run.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
    },
    120_000,
  );

  test("no check that has one passes without it, or with one that did not fire", () => {
    const lines = observations(runs.hardened);
    /** As a control that went well would have been seen. */
    const tame = (line: Observation): Observation =>
      line["side"] !== "control"
        ? line
        : {
            ...line,
            ...Object.fromEntries(
              ["kept", "whole", "landed", "found", "intact", "told"].map((member) => [member, true]),
            ),
            ...Object.fromEntries(["wronged", "back", "gone"].map((member) => [member, false])),
            ...("torn" in line && { torn: 0 }),
          };
    let judged = 0;
    for (const check of checks(runs.hardened)) {
      const { criterion, id } = check;
      if (criterion === undefined || controls(check).length === 0) continue;
      const given = (seen: readonly Observation[]): string => `${id} ${judge(criterion, measured(criterion, seen))}`;
      expect(given(lines)).toBe(`${id} passed`);
      expect(given(lines.filter(({ side }) => side !== "control"))).toBe(`${id} errored`);
      expect(given(lines.map(tame))).toBe(`${id} errored`);
      judged += 1;
    }
    expect(judged).toBe(11);
  });

  test("a failure stands, whatever becomes of the control", () => {
    for (const { id, criterion } of checks(runs["as-published"])) {
      const seen = observations(runs["as-published"]).filter(({ side }) => side !== "control");
      expect([id, judge(criterion!, measured(criterion!, seen))]).toEqual([id, "failed"]);
    }
  });
});

describe("signed, it can be computed again", () => {
  const me = signer();
  const OBSERVATIONS = "observations.ndjson";

  /** What a stranger is told of this run, and of these bytes as its observations. */
  function told(run: Run, changed?: string): { code: string; outcome: string; detail: string } {
    const copy = structuredClone(run.draft);
    const archive = new Map(run.evidence);
    if (changed !== undefined) {
      const bytes = utf8(changed);
      const digest = { sha256: hex(nodeEngine.sha256(bytes)) };
      archive.set(digest.sha256, bytes);
      copy.predicate.f3.evidence = copy.predicate.f3.evidence.map((item) =>
        item.name === OBSERVATIONS ? { ...item, digest, size: bytes.length } : item,
      );
    }
    const now = new Date();
    const report = verify(sealed(stamped(copy, now.toISOString()), me), {
      engine: nodeEngine,
      keys: [{ key: me.key, by: "you", source: "--key" }],
      now,
      archived: (sha256) => (archive.has(sha256) ? "same" : "missing"),
      observations: (sha256) => archive.get(sha256),
    });
    const { code, detail } = report.checks.find(({ name }) => name === "recompute")!;
    return { code, outcome: report.outcome, detail };
  }

  test.each<Profile>(["hardened", "as-published"])("%s: every outcome follows from the archived bytes", (profile) => {
    const run = runs[profile];
    expect(told(run)).toEqual({
      code: "ok",
      outcome: "accepted",
      detail: `${checks(run).length} of ${checks(run).length} checks follow again from ${observations(run).length} observations`,
    });
  });

  test("no line of what was tested can be left out, whoever signs it again", () => {
    const lines = bytesOf(runs.hardened, OBSERVATIONS).split(/(?<=\n)/);
    const tested = lines.flatMap((line, at) =>
      /"case":"T(?:03|09|11|17|18)"/.test(line) && line.includes('"side":"subject"') ? [at] : [],
    );
    expect(tested.length).toBeGreaterThan(100);
    for (const at of tested.filter((_, place) => place % 10 === 0))
      expect(told(runs.hardened, lines.toSpliced(at, 1).join(""))).toMatchObject({
        code: "recompute-mismatch",
        outcome: "findings",
      });
  });

  test.each<[string, RegExp, string, string]>([
    [
      "a member that was kept becomes one that was lost",
      /("case":"T03",.*"kept":)true/,
      "$1false",
      "t03-members-survive",
    ],
    ["a session that found the task finds it no more", /("case":"T11","found":)true/, "$1false", "t11-new-session"],
    ["a deleted task comes back", /("back":)false(.*"side":"subject")/, "$1true$2", "t18-not-resurrected"],
    [
      "the updates took longer",
      /("case":"T06".*"ms":)[\d.]+(,"side":"subject")/g,
      "$199999$2",
      "t06-concurrent-updates",
    ],
    ["a control that fired does not", /("intact":)false(.*"side":"control")/, "$1true$2", "t17-failed-writes"],
  ])("%s: it is noticed", (_, from, to, id) => {
    const text = bytesOf(runs.hardened, OBSERVATIONS);
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(told(runs.hardened, changed)).toEqual({
      code: "recompute-mismatch",
      outcome: "findings",
      detail: `${id}: the observations give other numbers`,
    });
  });

  test("failures cannot be taken out of what was seen", () => {
    const text = bytesOf(runs["as-published"], OBSERVATIONS);
    const better = text.replaceAll(/^.*"kept":false.*\n/gm, "");
    expect(better).not.toBe(text);
    expect(told(runs["as-published"], better).code).toBe("recompute-mismatch");
  });
});

describe("what is signed stays small enough to be signed anywhere", () => {
  const size = ({ draft }: Run): number => canonical(draft as Json).length;

  /** A stand-in for a run of every case, in which each measure of each check has a long number: no process is started. */
  const everything = CASES.map((one): Case => ({
    ...one,
    play: async ({ probe }) => {
      for (const { measures } of one.checks.flatMap(({ criterion }) => criterion ?? []))
        for (const { field, where } of measures)
          probe.observe({ ...where, ...(field !== undefined && !(field in where) && { [field]: 123_456.789 }) });
    },
  }));

  test.each<Profile>(["hardened", "as-published"])("%s, with every case and every number", async (profile) => {
    const run = await play(profile, everything);
    expect(checks(run)).toHaveLength(CASES.flatMap((one) => one.checks).length);
    expect(run.draft.predicate.f3.verdict).toBe("REFUTED"); // which takes more words than a pass
    expect(size(run)).toBeLessThan(MAX_PAYLOAD - 5000);
    expect(size(runs[profile])).toBeLessThan(size(run));
  });
});

describe("an interrupted run", () => {
  /** Work that nobody waits for: only whoever started it can end it. */
  const long: Case = {
    name: "T00",
    title: "work for ten minutes",
    seconds: 600,
    checks: [],
    play: async (stage, { subject }) => {
      const folder = stage.list("long");
      stage.task(folder);
      await launch(stage, subject, folder, "1", ["sleep", "600"]);
      await stage.rest(600_000);
    },
  };

  async function interrupted(
    profile: Profile,
    cases: readonly Case[],
    processes: number,
    context: TestContext,
    load: Partial<Load> = {},
  ): Promise<void> {
    if (process.platform !== "linux") context.skip("NOT CHECKED: the processes of a run can be found in /proc only");
    const controller = new AbortController();
    const run = play(profile, cases, load, { signal: controller.signal });
    const end = expect(run).rejects.toMatchObject({ code: "interrupted" });
    await vi.waitUntil(() => living().length >= processes, { timeout: 60_000, interval: 5 });
    controller.abort();
    await end;
    expect(readdirSync(temporary)).toEqual([]);
    await vi.waitUntil(() => living().length === 0, { timeout: 20_000, interval: 5 });
  }

  describe.each<Profile>(["hardened", "as-published"])("%s", (profile) => {
    // A supervisor or a subshell, each in a session or a group of its own, and what it runs.
    test("ends work that has left its group, and removes its home", (context) =>
      interrupted(profile, [long], 2, context));

    test.for<[string, string, number, Partial<Load>]>([
      ["reading while somebody writes", "T05", 1, { readMs: 60_000 }],
      ["with eight writers at once", "T06", 8, { updates: 5000 }],
      ["beside the tool", "T07", 3, { updates: 500 }],
      ["with eight creators at once", "T08", 8, { updates: 20000 }],
      ["with sessions that end", "T10", 10, {}],
      ["between a kill and the next", "T12", 2, { kills: 500 }],
      ["with holders that are stopped, and others that wait for them", "T13 and T14", 8, {}],
    ])("%s", ([, name, processes, load], context) => interrupted(profile, named(name), processes, context, load));
  });

  test("before it began plays nothing", async () => {
    const run = play(
      "hardened",
      [{ ...long, play: () => Promise.reject(new Error("played")) }],
      {},
      { signal: AbortSignal.abort() },
    );
    await expect(run).rejects.toMatchObject({ code: "interrupted" });
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe("a case that cannot be played", () => {
  const [deletion] = named("T18");

  test("that breaks off: its check is errored and says why, and the next one is played", async () => {
    const broken: Case = { ...named("T03")[0]!, play: () => Promise.reject(new Error("out of luck")) };
    const run = await play("hardened", [broken, deletion!]);
    expect(outcomes(run)).toEqual({ "t03-members-survive": "errored", "t18-not-resurrected": "passed" });
    expect(checks(run)[0]?.observed).toMatch(/^the case broke off: out of luck; /);
    expect(run.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });

  test("that breaks off after a failure was seen: the failure stands", async () => {
    const [members] = named("T03");
    const broken: Case = {
      ...members!,
      play: async (stage, setting) => {
        await members!.play(stage, setting);
        throw new Error("out of luck");
      },
    };
    expect(outcomes(await play("as-published", [broken]))).toEqual({ "t03-members-survive": "failed" });
  });

  test("in the shorter run: skipped, and the statement says what was left out", async () => {
    const run = await play("hardened", [...named("T13 and T14"), deletion!], {}, { quick: true });
    expect(outcomes(run)).toEqual({
      "t13-dead-holder": "skipped",
      "t14-paused-holder": "skipped",
      "t18-not-resurrected": "passed",
    });
    expect(checks(run)[0]?.observed).toBe("left out of the shorter run");
    expect(run.draft.predicate.f3.notChecked).toEqual(expect.arrayContaining([...LEFT_OUT]));
    expect(run.draft.predicate.configuration[0]?.annotations).toEqual({ profile: "hardened", length: "quick" });
    expect(run.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });

  test("a build where there is no compiler: skipped, with the reason", async () => {
    const bin = join(user, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "cc"), "", { mode: 0o644 }); // a file of that name is no compiler
    symlinkSync("/bin/sh", join(bin, "sh"));
    vi.stubEnv("PATH", bin);
    const run = await play("hardened", named("T15")).finally(() => vi.stubEnv("PATH", undefined));
    rmSync(bin, { recursive: true });
    expect(checks(run)).toMatchObject([
      { outcome: "skipped", observed: "there is no C compiler here: none of cc, gcc and clang is on the PATH" },
    ]);
    expect(run.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });

  test("with a driver whose program is not there: there is no run, and no trace of one", async () => {
    vi.stubEnv("PATH", user);
    const run = play("hardened", [deletion!], {}, { driver: { name: "claude-code" } });
    await expect(run.finally(() => vi.stubEnv("PATH", undefined))).rejects.toMatchObject({
      code: "driver-missing",
      hint: "name the program of Claude Code: --driver claude-code=PATH",
    });
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test("it says how far it is, never backwards", async () => {
  const shares: number[] = [];
  await play("hardened", named("T03", "T09", "T11"), {}, { progress: (_, share) => shares.push(share) });
  expect(shares.length).toBeGreaterThan(3);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
});

test("nothing is left behind, and the user's own lists were not touched", () => {
  expect(readdirSync(temporary)).toEqual([]);
  expect(living()).toEqual([]);
  expect(tree(user)).toEqual(users);
  expect(existsSync(join(user, ".claude/tasks/mine/1.json"))).toBe(true);
});
