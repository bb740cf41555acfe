/** A plan, and each way in which a result is not of the test that it announced. */
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { departures, planOf, readPlan, type PlanStatement } from "../../../src/core/statement/plan.js";
import { readStatement, type ResultStatement } from "../../../src/core/statement/statement.js";
import { statement, type Changes } from "../making.js";

const read = (changes: Changes = {}): ResultStatement => {
  const found = readStatement(statement(changes));
  if ("fault" in found) throw new Error(found.fault);
  return found.statement;
};
const done = read();
const { f3 } = done.predicate;

const announced = {
  _type: "https://in-toto.io/Statement/v1",
  subject: done.subject,
  predicateType: "urn:f3-attest:plan:v1",
  predicate: {
    version: 1,
    title: f3.title,
    hypothesis: f3.hypothesis,
    configuration: done.predicate.configuration,
    checks: f3.checks.map(({ id, claim, required, expected }) => ({ id, claim, required, expected })),
    command: ["some-program", "add.js"],
    nonce: "0".repeat(32),
    signedAt: "2026-03-01T09:59:59Z",
    deadline: "2026-03-02T10:00:00Z",
  },
} as const;
const plain = JSON.parse(JSON.stringify(announced)) as JsonObject & { predicate: JsonObject };

function plan(changes: Record<string, Json | undefined> = {}, subject = announced.subject): PlanStatement {
  const found = readPlan({ ...plain, subject, predicate: { ...plain.predicate, ...changes } });
  if ("fault" in found) throw new Error(found.fault);
  return found.plan;
}
const checks = plain.predicate["checks"] as JsonObject[];
const withCheck = (at: number, change: JsonObject): PlanStatement =>
  plan({ checks: checks.map((one, index) => (index === at ? { ...one, ...change } : one)) });

describe("a result of the test that was announced", () => {
  test("departs from nothing", () => {
    expect(departures(plan(), done)).toEqual([]);
  });

  test("may have more checks, and require more", () => {
    expect(departures(plan({ checks: checks.slice(1) }), done)).toEqual([]);
    expect(departures(withCheck(0, { required: false }), done)).toEqual([]);
    expect(departures(plan({ checks: [] }), done)).toEqual([]);
  });

  test("may have more configuration", () => {
    expect(departures(plan({ configuration: [] }), done)).toEqual([]);
  });

  test("may call its subject otherwise: a digest is what counts", () => {
    const renamed = done.subject.map((one) => ({ ...one, name: "another name" }));
    expect(departures(plan({}, renamed), done)).toEqual([]);
  });
});

describe("each departure is said", () => {
  const other = { sha256: "ff".repeat(32) };
  test.each<[string, PlanStatement, string]>([
    ["subject", plan({}, [{ name: "file:add.js", digest: other }]), "another subject was tested"],
    ["one subject more", plan({}, [...done.subject, { name: "b", digest: other }]), "another subject was tested"],
    ["hypothesis", plan({ hypothesis: "It fails." }), "the hypothesis is another one"],
    [
      "a check dropped",
      plan({ checks: [...checks, { id: "more", claim: "c", required: true, expected: "e" }] }),
      "the check more was dropped",
    ],
    ["a claim", withCheck(0, { claim: "Another." }), "the criterion of the check adds-two-numbers was changed"],
    ["an expectation", withCheck(0, { expected: "5" }), "the criterion of the check adds-two-numbers was changed"],
    [
      "a check that need not pass any more",
      withCheck(2, { required: true }),
      "the check adds-quickly is not required any more",
    ],
    [
      "configuration",
      plan({ configuration: [{ name: "profile quick", digest: other }] }),
      "the configuration profile quick is another one",
    ],
    [
      "configuration without a name",
      plan({ configuration: [{ digest: other }] }),
      "the configuration without a name is another one",
    ],
    ["command", plan({ command: ["some-program", "sub.js"] }), "another command was run"],
    ["begun before", plan({ signedAt: "2026-03-01T10:00:01Z" }), "the run began before the plan was signed"],
    ["late", plan({ deadline: "2026-03-01T10:00:02Z" }), "the result is later than 2026-03-01T10:00:02Z"],
  ])("%s", (_, planned, sentence) => {
    expect(departures(planned, done)).toEqual([sentence]);
  });

  test("all of them", () => {
    const planned = plan({ hypothesis: "It fails.", command: ["x"], deadline: "2026-03-01T10:00:02Z" });
    expect(departures(planned, done)).toHaveLength(3);
  });
});

describe("its form", () => {
  test.each<[string, Record<string, Json | undefined>, RegExp]>([
    ["another version", { version: 2 }, /^predicate\.version: /],
    ["no hypothesis", { hypothesis: " " }, /^predicate\.hypothesis: /],
    ["a nonce that can be guessed", { nonce: "1" }, /^predicate\.nonce: /],
    ["no deadline", { deadline: undefined }, /^predicate\.deadline: /],
    ["a time that is none", { signedAt: "yesterday" }, /^predicate\.signedAt: /],
    ["a check twice", { checks: [...checks, checks[0]!] }, /^predicate\.checks: /],
  ])("refuses %s", (_, changes, fault) => {
    expect(() => plan(changes)).toThrow(fault);
  });

  test("drops what this version does not know, and refuses it where in-toto does", () => {
    expect(plan({ mood: "good" }).predicate).not.toHaveProperty("mood");
    expect(readPlan({ ...plain, mood: "good" })).toHaveProperty("fault");
    expect(readPlan({ ...plain, subject: [] })).toHaveProperty("fault");
    for (const value of [null, 1, "plan", [], {}]) expect(readPlan(value)).toHaveProperty("fault");
  });

  test("is named by a result with its digest, by the first relation that has one", () => {
    const named = (...digests: (string | undefined)[]): string | undefined =>
      planOf(
        read({
          predicate: {
            f3: {
              relations: digests.map((sha256) => ({
                type: "planned-by",
                target: "plan_0",
                ...(sha256 !== undefined && { digest: { sha256 } }),
              })),
            },
          },
        }),
      );
    expect(planOf(done)).toBeUndefined();
    expect(named(undefined)).toBeUndefined();
    expect(named(undefined, "ab".repeat(32), "cd".repeat(32))).toBe("ab".repeat(32));
  });
});
