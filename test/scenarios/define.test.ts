/** What a scenario of one's own must declare, how it is told what is missing, and what the compiler knows of it. */
import { describe, expect, test } from "vitest";
import { defineScenario, type ScenarioDefinition } from "../../src/index.js";
import { describe as described } from "../../src/harness/scenario/define.js";
import { CRITERION } from "../core/counting.js";
import { naming, refusal } from "../core/refusal.js";

const CHECK = { id: "stable", claim: "It is stable.", expected: "no pair out of order" };
const GOOD = { title: "Sorting", hypothesis: "It sorts.", checks: [CHECK], run: () => undefined };

test("a definition comes back as it is", () => {
  expect(defineScenario(GOOD)).toBe(GOOD);
});

test("what is left out is required checks, nothing beside them, and the git tree", () => {
  expect(described(GOOD)).toEqual({
    title: "Sorting",
    hypothesis: "It sorts.",
    checks: [{ ...CHECK, required: true }],
    notChecked: [],
    subject: [],
  });
});

test("what is said is kept; a criterion says what is expected", () => {
  const subject = ["a.js", { name: "a package", digest: { sha256: "aa".repeat(32) } }];
  const checks = [
    { ...CHECK, required: false },
    { id: "computed/1", claim: "Nothing is wrong.", criterion: CRITERION },
  ];
  const said = { title: "Sorting", hypothesis: "It sorts.", subject, notChecked: ["the sea"], checks };
  expect(described({ ...said, run: () => undefined })).toEqual({
    ...said,
    checks: [
      { ...CHECK, required: false },
      { ...checks[1], required: true, expected: "wrong = 0, given trials ≥ 2" },
    ],
  });
});

describe("refused", () => {
  const id = (given: unknown): object => ({ checks: [{ ...CHECK, id: given }] });

  test.each<[string, unknown, ...facts: (string | number)[]]>([
    ["nothing", undefined, "title", "hypothesis", "checks", "run"],
    ["a function", () => GOOD, "title", "hypothesis", "checks", "run", "function"],
    ["a list", [GOOD], "title", "hypothesis", "checks", "run", "[ { title: 'Sorting'"],
    ["no title", { ...GOOD, title: undefined }, "title"],
    ["an empty title", { ...GOOD, title: " \u200b" }, "title", "' \u200b'"],
    ["no hypothesis", { ...GOOD, hypothesis: 3 }, "hypothesis", 3],
    ["no checks", { ...GOOD, checks: undefined }, "checks"],
    ["an empty list", { ...GOOD, checks: [] }, "checks", "[]"],
    ["a check that is a text", { ...GOOD, checks: ["a"] }, "id", "claim", "checks.0", "'a'"],
    ["an id of another form", { ...GOOD, ...id("Is Stable") }, "checks.0.id", 128, "'Is Stable'"],
    ["an id that begins with a sign", { ...GOOD, ...id("-a") }, "checks.0.id", 128, "'-a'"],
    ["a long id", { ...GOOD, ...id("a".repeat(129)) }, "checks.0.id", 128],
    ["no id", { ...GOOD, ...id(undefined) }, "checks.0.id"],
    ["our own id", { ...GOOD, ...id("run-completed") }, "id", "'run-completed'"],
    ["one id twice", { ...GOOD, checks: [CHECK, CHECK] }, "'stable'"],
    ["an empty claim", { ...GOOD, checks: [{ ...CHECK, claim: "" }] }, "checks.0.claim", "''"],
    [
      "nothing that is expected",
      { ...GOOD, checks: [{ id: "a", claim: "A." }] },
      "criterion",
      "checks.0",
      "{ id: 'a', claim: 'A.' }",
    ],
    ["both", { ...GOOD, checks: [{ ...CHECK, criterion: CRITERION }] }, "criterion", "checks.0", "{ id: 'stable'"],
    [
      "half a criterion",
      { ...GOOD, checks: [{ id: "a", claim: "A.", criterion: { measures: [] } }] },
      "holds",
      "needs",
      "checks.0.criterion",
      "{ measures: [] }",
    ],
    [
      "a word where there are two answers",
      { ...GOOD, checks: [{ ...CHECK, required: "yes" }] },
      "checks.0.required",
      "'yes'",
    ],
    ["a member of another name", { ...GOOD, notchecked: [] }, "'notchecked'"],
    ["a member of another name in a check", { ...GOOD, checks: [{ ...CHECK, expect: "" }] }, "'expect'", "checks.0"],
    ["a text for a list", { ...GOOD, notChecked: "the sea" }, "notChecked", "'the sea'"],
    ["an empty subject", { ...GOOD, subject: [] }, "subject", "[]"],
    ["a subject without a digest", { ...GOOD, subject: [{ name: "a" }] }, "digest", "subject.0", "{ name: 'a' }"],
    ["nothing to run", { ...GOOD, run: undefined }, "function", "run"],
  ])("%s", (_, definition, ...facts) => {
    const { code, message } = refusal(() => defineScenario(definition as ScenarioDefinition));
    expect(code).toBe("scenario-format");
    expect(message).toMatch(naming(...facts));
  });
});

test("the compiler knows which checks there are", () => {
  const definition = defineScenario({
    title: "T",
    hypothesis: "H.",
    checks: [
      { id: "a", claim: "A.", expected: "a" },
      { id: "b", claim: "B.", criterion: CRITERION },
    ],
    run(probe) {
      probe.check("a", true, "seen");
      probe.skip("b", "no time");
      // @ts-expect-error: there is no such check
      probe.check("c", true, "seen");
      // @ts-expect-error: nor here
      probe.measure("c", "n", 1);
      // @ts-expect-error: nor here
      probe.skip("typo", "no time");
      // @ts-expect-error: an outcome is none of these words
      probe.check("a", "pass", "seen");
      // @ts-expect-error: what was observed is always said
      probe.check("a", true);
    },
  });
  const known: ScenarioDefinition<"a" | "b"> = definition;
  const any: ScenarioDefinition = known;
  expect(any.checks).toHaveLength(2);

  const rest = { title: "T", hypothesis: "H.", run: () => undefined };
  // @ts-expect-error: neither what is expected nor a criterion
  expect(() => defineScenario({ ...rest, checks: [{ id: "a", claim: "A." }] })).toThrow();
  const both = { id: "a", claim: "A.", expected: "a", criterion: CRITERION };
  // @ts-expect-error: what is expected in words, and as a criterion
  expect(() => defineScenario({ ...rest, checks: [both] })).toThrow();
});
