/** The published proof of concept, run for real in this process, and what the harness makes of a scenario that goes wrong. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fromUtf8, utf8 } from "../../src/core/bytes.js";
import { judge, measured, wording } from "../../src/core/statement/criterion.js";
import { runScenario, type Run } from "../../src/harness/scenario/run.js";
import type { Probe, Scenario } from "../../src/harness/scenario/scenario.js";
import { runNamed } from "../../src/pipeline/run/built-in.js";
import { scenarios } from "../../src/scenarios/index.js";
import { taskAwareBackground } from "../../src/scenarios/task-aware-background/index.js";
import { sha256 } from "../cli/drafts.js";
import { bytesOf, checks, evidence, observations, options, outcomes, timeline } from "./running.js";
import { naming } from "../core/refusal.js";

let temporary = "";

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), "attest-scenario-"));
  vi.stubEnv("TMPDIR", temporary);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

describe("the proof of concept", () => {
  let run: Run;
  const shares: number[] = [];
  beforeAll(async () => {
    run = await runScenario(taskAwareBackground, options({ progress: (_, share) => shares.push(share) }));
  });

  test("is INCONCLUSIVE, which follows from its checks", () => {
    expect(run.draft.predicate).toMatchObject({
      result: "WARNED",
      failedTests: [],
      f3: { verdict: "INCONCLUSIVE", version: 1 },
    });
  });

  test("passed what the published test did, and skipped what that did not try", () => {
    expect(outcomes(run)).toEqual({
      "task-created": "passed",
      "shell-returns": "passed",
      "update-visible": "passed",
      "foreground-works": "passed",
      "completion-time": "passed",
      "members-survive": "passed",
      "across-sessions": "skipped",
      "concurrent-updates": "skipped",
      "real-work": "skipped",
    });
    expect(checks(run).every(({ required }) => required)).toBe(true);
    expect(run.draft.predicate.warnedTests).toEqual(["across-sessions", "concurrent-updates", "real-work"]);
    for (const { observed } of checks(run).filter(({ outcome }) => outcome === "skipped"))
      expect(observed).toContain("not tried by the published test");
  });

  test("created task 27, and every other member of it survived", () => {
    const [before, after] = ["task-before.json", "task-after.json"].map(
      (name) => JSON.parse(bytesOf(run, name)) as Record<string, unknown>,
    );
    expect(before).toMatchObject({ id: "27", subject: "BACKGROUND: Long-running process", status: "pending" });
    expect(after).toEqual({
      ...before,
      status: "completed",
      metadata: { completedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
    });
    expect(checks(run).find(({ id }) => id === "members-survive")?.measurements).toEqual([
      { name: "members changed or lost", value: 0 },
      { name: "members compared", value: 6 },
    ]);
  });

  test("went on working: some work was done between the start and the update", () => {
    const measured = checks(run).find(({ id }) => id === "foreground-works")?.measurements;
    expect(measured?.find(({ name }) => name === "units of work")?.value).toBeGreaterThan(0);
    const steps = observations(run).map(({ step }) => step);
    expect([...new Set(steps)]).toEqual(["created", "returned", "waited", "read", "compared"]);
    expect(observations(run).find(({ step }) => step === "waited")).toMatchObject({
      visible: true,
      chain: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(timeline(run).map(({ ms }) => ms)).toEqual(
      timeline(run)
        .map(({ ms }) => ms)
        .sort((a, b) => a - b),
    );
  });

  test("what it passed follows from its observations, by criteria that stand in the statement", () => {
    for (const { outcome, expected, criterion, measurements } of checks(run)) {
      expect(criterion === undefined).toBe(outcome === "skipped");
      if (criterion === undefined) continue;
      expect(expected).toBe(wording(criterion));
      expect(measured(criterion, observations(run))).toEqual(measurements);
      expect(judge(criterion, measurements ?? [])).toBe(outcome);
    }
  });

  test("keeps its evidence under the digest of the bytes, each with what is known of its date", () => {
    const kinds = Object.fromEntries(
      evidence(run).map(({ name, role, sourceDateKind }) => [name, `${role}, ${sourceDateKind}`]),
    );
    expect(kinds).toEqual({
      "task-before.json": "observation, file-mtime",
      "task-after.json": "observation, file-mtime",
      "pattern.sh": expect.stringMatching(/^script, /),
      "published-test.json": "record, unknown",
      "observations.ndjson": "observations, observed",
      "timeline.ndjson": "timeline, observed",
      "environment.json": "environment, observed",
    });
    for (const { digest, size, sourceDate, sourceDateKind } of evidence(run)) {
      const bytes = run.evidence.get(digest.sha256!)!;
      expect([sha256(bytes), bytes.length]).toEqual([digest.sha256, size]);
      expect(sourceDate === undefined).toBe(sourceDateKind === "unknown");
    }
    expect(run.evidence.size).toBe(evidence(run).length);
  });

  test("carries the record of the published test: both of its verdicts, and no date", () => {
    const record = JSON.parse(bytesOf(run, "published-test.json")) as {
      verdicts: { verdict: string }[];
      sourceDate: unknown;
      page: { digest: { sha256: string } };
    };
    expect(record.verdicts.map(({ verdict }) => verdict)).toEqual(["INCONCLUSIVE", "VALIDATED"]);
    expect(record.sourceDate).toBeNull();
    expect(run.draft.predicate.f3.relations).toContainEqual(
      expect.objectContaining({ type: "reproduces", digest: record.page.digest }),
    );
  });

  test("names what was tested by its bytes, and what it did not look at in words", () => {
    expect(run.draft.subject).toMatchObject([{ digest: { sha256: sha256(bytesOf(run, "pattern.sh")) } }]);
    expect(run.draft.predicate.f3.notChecked.length).toBeGreaterThan(0);
    expect(run.draft.predicate.configuration[0]).toMatchObject({
      name: "scenario task-aware-background",
      digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(run.draft.predicate.f3.run).toMatchObject({
      command: ["some", "command"],
      environment: { tool: "a tool 1.0", node: process.version },
    });
  });

  test("says nothing of whose machine it was, nor where on it", () => {
    const all = JSON.stringify(run.draft) + [...run.evidence.values()].map(fromUtf8).join("");
    for (const name of [
      temporary,
      hostname(),
      process.cwd(),
      ...(userInfo().username === "root" ? [] : [userInfo().username]),
    ])
      expect(all).not.toContain(name);
  });

  test("leaves nothing behind", () => {
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("told how far it was, never backwards", () => {
    expect(shares.length).toBeGreaterThan(0);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
  });
});

describe("a scenario that goes wrong", () => {
  const CHECKS = ["a", "b"].map((id) => ({ id, claim: `${id} holds.`, required: true, expected: "that it does" }));
  let home = "";

  const scenario = (act: (probe: Probe) => void | Promise<void>): Scenario => ({
    ...taskAwareBackground,
    name: "made up",
    profiles: { quick: { describe: "quick", checks: CHECKS, notChecked: [] } },
    defaultProfile: "quick",
    run: async (probe) => {
      ({ home } = probe);
      writeFileSync(join(home, "left"), "behind");
      await act(probe);
    },
    tell: () => ({ summary: "It went.", sections: [] }),
  });

  test("that throws midway: what was seen stays, what was not is errored, and the reason is in the timeline", async () => {
    const run = await runScenario(
      scenario((probe) => {
        probe.check("a", "passed", "it did");
        throw new Error("out of luck");
      }),
      options(),
    );
    expect(outcomes(run)).toEqual({ a: "passed", b: "errored", "run-completed": "errored" });
    expect(checks(run)[1]?.observed).toBe("the run broke off: out of luck");
    expect(run.draft.predicate.f3.verdict).toBe("INCONCLUSIVE");
    expect(timeline(run).at(-1)).toMatchObject({ event: "error", message: "out of luck" });
    expect(existsSync(home)).toBe(false);
  });

  test("that breaks off after a failure: REFUTED all the same", async () => {
    const run = await runScenario(
      scenario((probe) => {
        probe.check("a", "failed", "it did not");
        throw new Error("out of luck");
      }),
      options(),
    );
    expect(run.draft.predicate.f3.verdict).toBe("REFUTED");
  });

  test("that forgets a check: it is errored", async () => {
    const run = await runScenario(
      scenario((probe) => probe.check("b", "passed", "it did")),
      options(),
    );
    expect(checks(run).map(({ outcome, observed }) => [outcome, observed])).toEqual([
      ["errored", "the run ended without reporting it"],
      ["passed", "it did"],
    ]);
  });

  /** Every check passed, and then something happened that must not: whatever becomes of the run, it is not VALIDATED. */
  test.each<[string, (probe: Probe) => unknown]>([
    ["reports a check that was not planned", (probe) => probe.check("c", "passed", "it did")],
    ["reports a check twice", (probe) => probe.check("a", "failed", "it did not, after all")],
    ["throws when all is reported", () => Promise.reject(new Error("out of luck"))],
  ])("that %s", async (_, then) => {
    const made = runScenario(
      scenario(async (probe) => {
        for (const { id } of CHECKS) probe.check(id, "passed", "it did");
        await then(probe);
      }),
      options(),
    );
    expect(
      await made.then(
        (run) => run.draft.predicate.f3.verdict,
        () => "a fault",
      ),
    ).not.toBe("VALIDATED");
  });

  test("as long as nothing happens, it is VALIDATED", async () => {
    const run = await runScenario(
      scenario((probe) => CHECKS.forEach(({ id }) => probe.check(id, "passed", "it did"))),
      options(),
    );
    expect(run.draft.predicate.f3.verdict).toBe("VALIDATED");
  });

  test("that is interrupted: nothing comes of it, and its home is removed", async () => {
    const controller = new AbortController();
    const made = runScenario(
      scenario((probe) => {
        CHECKS.forEach(({ id }) => probe.check(id, "passed", "it did"));
        controller.abort();
      }),
      options({ signal: controller.signal }),
    );
    await expect(made).rejects.toMatchObject({ code: "interrupted" });
    expect(existsSync(home)).toBe(false);
  });

  test("whose notes cannot say when they were made, nor what they are", async () => {
    const run = await runScenario(
      scenario((probe) => probe.note("seen", { ms: -1, event: "something else" })),
      options(),
    );
    expect(timeline(run)[0]).toMatchObject({ event: "seen", ms: expect.toSatisfy((ms: number) => ms >= 0) });
  });

  test("two pieces of evidence with the same bytes are two names for one", async () => {
    const piece = { role: "output", mediaType: "text/plain", bytes: utf8("same") };
    const run = await runScenario(
      scenario((probe) => ["one.txt", "two.txt"].forEach((name) => probe.attach({ name, ...piece }))),
      options(),
    );
    expect(evidence(run).map(({ name }) => name)).toEqual(expect.arrayContaining(["one.txt", "two.txt"]));
    expect(run.evidence.size).toBe(evidence(run).length - 1);
  });
});

describe("what there is to run", () => {
  test.each(["nothing", "", "__proto__", "constructor", "Proof-Of-Concept"])("no profile %j", async (profile) => {
    await expect(runScenario(taskAwareBackground, options({ profile }))).rejects.toMatchObject({
      code: "scenario-unknown",
      message: expect.stringMatching(naming("profile", "task-aware-background", JSON.stringify(profile))),
      hint: expect.stringContaining("proof-of-concept"),
    });
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("no test of another name", async () => {
    await expect(async () => runNamed("nothing", options())).rejects.toMatchObject({
      code: "scenario-unknown",
      hint: "there is: task-aware-background",
    });
  });

  test.each(
    scenarios.flatMap((scenario) =>
      Object.entries(scenario.profiles).map(([name, profile]) => [`${scenario.name}, ${name}`, profile] as const),
    ),
  )("%s: each check has an id of its own, a claim and a criterion", (_, profile) => {
    expect(new Set(profile.checks.map(({ id }) => id)).size).toBe(profile.checks.length);
    for (const { claim, expected } of profile.checks) {
      expect(claim).toMatch(/^[A-Z].*\.$/);
      expect(expected).not.toBe("");
    }
    expect(profile.describe).not.toBe("");
  });
});
