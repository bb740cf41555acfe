/** What becomes of observations: checks that are computed from them, evidence, and excuses that no failure hides behind. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fromUtf8 } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, type Json } from "../../src/core/json.js";
import { checkChoices, runScenario, type Run } from "../../src/harness/scenario/run.js";
import {
  computed,
  type Observation,
  type PlannedCheckOf,
  type Probe,
  type Profile,
  type Scenario,
} from "../../src/harness/scenario/scenario.js";
import { nodeEngine } from "../../src/node/engine.js";
import { taskAwareBackground } from "../../src/scenarios/task-aware-background/index.js";
import { sha256, stamped } from "../cli/drafts.js";
import { CRITERION } from "../core/counting.js";
import { look, yours } from "../core/looking.js";
import { sealed, signer } from "../core/making.js";
import { bytesOf, checks, evidence, observations, options, outcomes, timeline } from "./running.js";
import { naming } from "../core/refusal.js";

/** What is said of a number that the criterion does not take. */
const WRONG = naming("wrong", "= 0", 1);
const few = (trials: number, ...more: readonly string[]): RegExp => naming("trials", "≥ 2", trials, ...more);

/** Of `a` nothing may be wrong in two trials or more; `b` is what the run says it is. */
const A = computed({ id: "a", claim: "Nothing is wrong.", required: true, criterion: CRITERION });
const B: PlannedCheckOf = { id: "b", claim: "B holds.", required: true, expected: "that it does" };

let home = "";
const scenario = (act: (probe: Probe) => unknown, profile: Partial<Profile> = {}): Scenario => ({
  ...taskAwareBackground,
  name: "made up",
  drivers: ["one", "two"],
  ready: () => Promise.resolve(),
  relations: [{ type: "verifies", target: "a claim" }],
  profiles: {
    plain: { describe: "plain", checks: [A, B], notChecked: ["the sea"], ...profile },
    other: { describe: "other", checks: [B], notChecked: [], quick: ["The long part: left out."] },
  },
  defaultProfile: "plain",
  run: async (probe) => {
    ({ home } = probe);
    await act(probe);
  },
  tell: () => ({ summary: "It went.", sections: [] }),
});
const run = (act: (probe: Probe) => unknown, changes: Parameters<typeof options>[0] = {}): Promise<Run> =>
  runScenario(scenario(act), options(changes));

const GOOD: readonly Observation[] = [
  { ms: 1, wrong: false },
  { ms: 2.5, wrong: false },
];
const BAD: readonly Observation[] = [...GOOD, { ms: 3, wrong: true }];
const seen = (probe: Probe, lines: readonly Observation[]): void => lines.forEach((line) => probe.observe(line));

describe("a computed check", () => {
  test("passes by what was observed, and says what its claim was held against", async () => {
    const made = await run((probe) => seen(probe, GOOD));
    expect(checks(made)[0]).toEqual({
      ...A,
      expected: "wrong = 0, given trials ≥ 2",
      outcome: "passed",
      observed: "wrong: 0",
      measurements: [
        { name: "wrong", value: 0 },
        { name: "trials", value: 2 },
        { name: "time", value: 2.5, unit: "ms" },
      ],
    });
  });

  test("fails by what was observed, and says what was missing", async () => {
    const [a] = checks(await run((probe) => seen(probe, BAD)));
    expect(a).toMatchObject({ outcome: "failed", observed: expect.stringMatching(WRONG) });
  });

  test("could not be made where too little was observed", async () => {
    const [a] = checks(await run((probe) => seen(probe, GOOD.slice(1))));
    expect(a).toMatchObject({ outcome: "errored", observed: expect.stringMatching(few(1)) });
  });

  test("could not be made where nothing was observed at all", async () => {
    const made = await run((probe) => probe.check("b", "passed", "it did"));
    expect(checks(made)[0]).toMatchObject({ outcome: "errored", observed: expect.stringMatching(few(0)) });
    expect(evidence(made).map(({ role }) => role)).not.toContain("observations");
  });

  test.each(["passed", "failed", "errored", "skipped"] as const)("cannot be reported as %s", async (outcome) => {
    const made = await run((probe) => {
      seen(probe, BAD);
      expect(() => probe.check("a", outcome, "as I say")).toThrow("the outcome of a is computed, not reported");
      probe.check("a", outcome, "as I say");
    });
    expect(outcomes(made)).toEqual({ a: "failed", b: "errored", "run-completed": "errored" });
  });
});

describe("an excuse", () => {
  type Excuse = "skip" | "fault";
  test.each<[Excuse, string, readonly Observation[], string, RegExp]>([
    ["skip", "nothing was observed", [], "skipped", /^no compiler$/],
    ["skip", "it would have passed", GOOD, "skipped", /^no compiler$/],
    ["skip", "too little was observed", GOOD.slice(1), "skipped", /^no compiler$/],
    ["skip", "a failure was observed: it stands", BAD, "failed", WRONG],
    ["fault", "nothing was observed", [], "errored", few(0, "no compiler")],
    ["fault", "it would have passed", GOOD, "errored", /^no compiler$/],
    ["fault", "too little was observed", GOOD.slice(1), "errored", few(1, "no compiler")],
    ["fault", "a failure was observed: it stands", BAD, "failed", WRONG],
  ])("%s, where %s", async (how, _, lines, outcome, said) => {
    for (const first of [true, false]) {
      const made = await run((probe) => {
        if (first) probe[how]("a", "no compiler");
        seen(probe, lines);
        if (!first) probe[how]("a", "no compiler");
      });
      expect(checks(made)[0]).toMatchObject({ outcome, observed: expect.stringMatching(said) });
      // What is skipped states no numbers; everything else states what there is.
      expect(checks(made)[0]?.measurements !== undefined).toBe(outcome !== "skipped");
      expect(timeline(made)).toContainEqual(
        expect.objectContaining({ event: how === "skip" ? "skipped" : "errored", id: "a", reason: "no compiler" }),
      );
    }
  });

  test.each<[Excuse, string]>([
    ["skip", "skipped"],
    ["fault", "errored"],
  ])("%s, of a check that is reported, is its report", async (how, outcome) => {
    const made = await run((probe) => probe[how]("b", "no compiler"));
    expect(checks(made)[1]).toEqual({ ...B, outcome, observed: "no compiler" });
  });

  test.each<[string, readonly ((probe: Probe) => void)[]]>([
    ["twice", [(probe) => probe.skip("a", "no compiler"), (probe) => probe.fault("a", "no luck")]],
    ["after a report", [(probe) => probe.check("b", "passed", "it did"), (probe) => probe.skip("b", "no compiler")]],
    ["before a report", [(probe) => probe.skip("b", "no compiler"), (probe) => probe.check("b", "passed", "it did")]],
    ["for what was not planned", [(probe) => probe.skip("c", "no compiler")]],
  ])("given %s breaks the run off", async (_, acts) => {
    const made = await run((probe) => {
      seen(probe, GOOD);
      for (const act of acts) act(probe);
    });
    expect(outcomes(made)).toMatchObject({ "run-completed": "errored" });
    expect(made.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
  });
});

describe("a run that breaks off", () => {
  test.each<[string, readonly Observation[], string, RegExp]>([
    ["before anything", [], "errored", few(0, "out of luck")],
    ["when all was well: what it would still have seen is not known", GOOD, "errored", /\bout of luck$/],
    ["after a failure", BAD, "failed", WRONG],
  ])("%s", async (_, lines, outcome, said) => {
    const made = await run((probe) => {
      probe.check("b", "passed", "it did");
      seen(probe, lines);
      throw new Error("out of luck");
    });
    expect(outcomes(made)).toEqual({ a: outcome, b: "passed", "run-completed": "errored" });
    expect(checks(made)[0]?.observed).toMatch(said);
    expect(made.draft.predicate.f3.verdict).toBe(outcome === "failed" ? "REFUTED" : "INCONCLUSIVE");
    if (lines.length > 0) expect(observations(made)).toEqual(lines);
  });

  test("with a skip before: skipped it stays", async () => {
    const made = await run((probe) => {
      probe.skip("a", "no compiler");
      throw new Error("out of luck");
    });
    expect(checks(made)[0]).toMatchObject({ outcome: "skipped", observed: "no compiler" });
  });

  test.each(["driver-missing", "scenario-unknown"] as const)(
    "for want of the driver that was asked for, there is no run at all: %s",
    async (code) => {
      const made = run((probe) => {
        seen(probe, GOOD);
        throw new AttestError(code, "no such driver");
      });
      await expect(made).rejects.toMatchObject({ code });
      expect(existsSync(home)).toBe(false);
    },
  );
});

describe("observations", () => {
  const lines: Observation[] = [{ b: 1, a: "ü\n" }, {}, { kept: false, ms: -0.5, constructor: "x" }];

  test("become evidence under the digest of their bytes: a canonical line each, in their order", async () => {
    const made = await run((probe) => seen(probe, lines));
    const text = '{"a":"ü\\n","b":1}\n{}\n{"constructor":"x","kept":false,"ms":-0.5}\n';
    expect(bytesOf(made, "observations.ndjson")).toBe(text);
    expect(evidence(made).filter(({ role }) => role === "observations")).toEqual([
      {
        name: "observations.ndjson",
        role: "observations",
        mediaType: "application/x-ndjson",
        digest: { sha256: sha256(text) },
        size: Buffer.byteLength(text),
        sourceDate: made.draft.predicate.f3.run.finishedAt,
        sourceDateKind: "observed",
      },
    ]);
  });

  test("give the outcomes again to whoever verifies the signed statement", async () => {
    for (const seen_ of [GOOD, BAD, [], GOOD.slice(1)]) {
      const made = await run((probe) => {
        seen(probe, [...lines, ...seen_]);
        probe.check("b", "passed", "it did");
      });
      const me = signer();
      const at = new Date(Date.parse(made.draft.predicate.f3.run.finishedAt) + 1000);
      const report = look(sealed(stamped(made.draft, at.toISOString()), me), [yours(me)], {
        engine: nodeEngine,
        now: at,
        observations: (digest) => made.evidence.get(digest),
      });
      expect(report.checks.find(({ name }) => name === "recompute")).toMatchObject({ status: "passed" });
      expect(report.outcome).toBe("accepted");
    }
  });

  test("say nothing of where the temporary home lay, nor does anything else that is signed", async () => {
    const made = await run((probe) => {
      probe.observe({ path: join(probe.home, "a"), twice: `${probe.home} ${probe.home}`, n: 1, kept: true });
      probe.note("seen", { path: join(probe.home, "b"), none: null });
      probe.fault("a", `could not write ${probe.home}/c`);
      throw new Error(`could not read ${probe.home}/d`);
    });
    expect(observations(made)).toEqual([{ path: "~/a", twice: "~ ~", n: 1, kept: true }]);
    expect(timeline(made)[0]).toMatchObject({ path: "~/b", none: null });
    expect(checks(made).map(({ observed }) => observed)).toEqual([
      expect.stringMatching(few(1, "could not write ~/c")),
      expect.stringContaining("could not read ~/d"),
      expect.stringContaining("could not read ~/d"),
    ]);
    const all = JSON.stringify(made.draft) + [...made.evidence.values()].map((bytes) => fromUtf8(bytes)).join("");
    expect(all).not.toContain(home);
  });

  test.each<[string, unknown]>([
    ["NaN", Number.NaN],
    ["infinity", Infinity],
    ["a number that no double holds exactly", 2 ** 53],
    ["half a surrogate pair", "\ud800"],
    ["undefined", undefined],
    ["a date", new Date(0)],
  ])("that have no form in JSON come to nothing: %s", async (_, value) => {
    const made = run((probe) => {
      seen(probe, GOOD);
      probe.check("b", "passed", "it did");
      probe.observe({ value } as never);
    });
    await expect(made.then(({ draft }) => draft.predicate.f3.verdict)).rejects.toMatchObject({ code: "not-json" });
    expect(existsSync(home)).toBe(false);
  });
});

describe("what a statement says of its run", () => {
  test("what it was configured with, after the scenario itself", async () => {
    const made = await run((probe) => probe.configure({ name: "driver one", annotations: { about: "made up" } }));
    expect(made.draft.predicate.configuration).toMatchObject([
      { name: "scenario made up", annotations: { profile: "plain", length: "full" } },
      { name: "driver one", annotations: { about: "made up" } },
    ]);
  });

  test("what it left open: what the profile says, what the run says, and what a shorter run leaves out", async () => {
    const act = (probe: Probe): void => probe.leaveOpen("the wind");
    expect((await run(act)).draft.predicate.f3.notChecked).toEqual(["the sea", "the wind"]);
    const quick = await run(act, { profile: "other", quick: true });
    expect(quick.draft.predicate.f3.notChecked).toEqual(["the wind", "The long part: left out."]);
    expect(quick.draft.predicate.configuration[0]).toMatchObject({
      annotations: { profile: "other", length: "quick" },
    });
    expect((await run(act, { profile: "other" })).draft.predicate.f3.notChecked).toEqual(["the wind"]);
  });

  test("what a profile tests instead, relates to besides, and draws", async () => {
    const subject = [{ name: "another thing", digest: { sha256: "aa".repeat(32) } }];
    const profile: Partial<Profile> = {
      subject,
      relations: [{ type: "answers", target: "a question" }],
      figures: [{ title: "Wrong ones", bars: [{ label: "wrong", check: "a", measurement: "wrong" }] }],
    };
    const { draft } = await runScenario(
      scenario(() => undefined, profile),
      options(),
    );
    expect(draft.subject).toEqual(subject);
    expect(draft.predicate.f3.relations).toEqual([
      { type: "verifies", target: "a claim" },
      { type: "answers", target: "a question" },
    ]);
    expect(draft.predicate.f3.figures).toEqual(profile.figures);
    const plain = (await run(() => undefined)).draft;
    expect(plain.subject).toEqual(taskAwareBackground.subject);
    expect(plain.predicate.f3).not.toHaveProperty("figures");
    expect(canonical(plain as unknown as Json).length).toBeGreaterThan(0);
  });

  test.each<[string, Parameters<typeof options>[0], Partial<Probe>]>([
    ["nothing: the first driver, at full length", {}, { driver: { name: "one" }, profile: "plain", quick: false }],
    ["a driver", { driver: { name: "two", path: "/x" } }, { driver: { name: "two", path: "/x" } }],
    ["a shorter run", { profile: "other", quick: true }, { profile: "other", quick: true }],
  ])("the scenario is told what was chosen: %s", async (_, chosen, told) => {
    let given: Partial<Probe> = {};
    await run((probe) => void (given = probe), chosen);
    expect(given).toMatchObject(told);
  });
});

describe("what cannot be chosen", () => {
  const there = scenario(() => undefined);

  test.each<[string, Parameters<typeof checkChoices>[1], RegExp, RegExp]>([
    ["a profile", { profile: "nothing" }, naming("profile", "made up", '"nothing"'), naming("plain", "other")],
    [
      "a profile that JavaScript has",
      { profile: "toString" },
      naming("profile", "made up", '"toString"'),
      naming("plain", "other"),
    ],
    ["a driver", { driver: { name: "three" } }, naming("driver", "made up", '"three"'), naming("one", "two")],
    ["no driver at all", { driver: { name: "" } }, naming("driver", "made up", '""'), naming("one", "two")],
    ["a shorter run of the one that has none", { quick: true }, naming("made up", "--quick"), naming("plain")],
  ])("%s", async (_, chosen, message, hint) => {
    const refused = {
      code: "scenario-unknown",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    };
    expect(() => checkChoices(there, chosen)).toThrow(expect.objectContaining(refused));
    home = "";
    await expect(runScenario(there, options(chosen as object))).rejects.toMatchObject(refused);
    expect(home).toBe("");
  });

  test("what can be gives the profile", () => {
    expect(checkChoices(there, {})).toBe(there.profiles["plain"]);
    expect(checkChoices(there, { profile: "other", driver: { name: "two" }, quick: true })).toBe(
      there.profiles["other"],
    );
    expect(checkChoices(there, { quick: false })).toBe(there.profiles["plain"]);
  });
});
