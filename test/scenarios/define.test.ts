/** What a scenario of one's own must declare, how it is told what is missing, and what the compiler knows of it. */
import { describe, expect, test } from "vitest";
import { defineScenario, type ScenarioDefinition } from "../../src/index.js";
import { describe as described } from "../../src/harness/scenario/define.js";
import { CRITERION } from "../core/counting.js";

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
  const WORD = "at most 128 lowercase letters, digits and . _ / -, no sign first as checks.0.id";

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "expected a scenario: title, hypothesis, checks, run, found nothing"],
    ["a function", () => GOOD, "expected a scenario: title, hypothesis, checks, run, found a function"],
    ["a list", [GOOD], "expected a scenario: title, hypothesis, checks, run, found [ { title: 'Sorting', "],
    ["no title", { ...GOOD, title: undefined }, "expected a text as title, found nothing"],
    ["an empty title", { ...GOOD, title: " \u200b" }, "expected a text that is not empty as title, found ' \u200b'"],
    ["no hypothesis", { ...GOOD, hypothesis: 3 }, "expected a text as hypothesis, found 3"],
    ["no checks", { ...GOOD, checks: undefined }, "expected a list of checks as checks, found nothing"],
    ["an empty list", { ...GOOD, checks: [] }, "expected at least one check as checks, found []"],
    [
      "a check that is a text",
      { ...GOOD, checks: ["a"] },
      "expected a check: id, claim, expected as checks.0, found 'a'",
    ],
    ["an id of another form", { ...GOOD, ...id("Is Stable") }, `expected ${WORD}, found 'Is Stable'`],
    ["an id that begins with a sign", { ...GOOD, ...id("-a") }, `expected ${WORD}, found '-a'`],
    ["a long id", { ...GOOD, ...id("a".repeat(129)) }, `expected ${WORD}, found 'aaaa`],
    ["no id", { ...GOOD, ...id(undefined) }, "expected a text as checks.0.id, found nothing"],
    ["our own id", { ...GOOD, ...id("run-completed") }, "expected another id of a check, found 'run-completed', which"],
    ["one id twice", { ...GOOD, checks: [CHECK, CHECK] }, "expected ids of checks that differ, found 'stable' twice"],
    [
      "an empty claim",
      { ...GOOD, checks: [{ ...CHECK, claim: "" }] },
      "expected a text that is not empty as checks.0.claim, found ''",
    ],
    [
      "nothing that is expected",
      { ...GOOD, checks: [{ id: "a", claim: "A." }] },
      "expected either what is expected, in words, or a criterion as checks.0, found { id: 'a', claim: 'A.' }",
    ],
    [
      "both",
      { ...GOOD, checks: [{ ...CHECK, criterion: CRITERION }] },
      "expected either what is expected, in words, or a criterion as checks.0, found { id: 'stable'",
    ],
    [
      "half a criterion",
      { ...GOOD, checks: [{ id: "a", claim: "A.", criterion: { measures: [] } }] },
      "expected a criterion: measures, holds, needs as checks.0.criterion, found { measures: [] }",
    ],
    [
      "a word where there are two answers",
      { ...GOOD, checks: [{ ...CHECK, required: "yes" }] },
      "expected true or false as checks.0.required, found 'yes'",
    ],
    ["a member of another name", { ...GOOD, notchecked: [] }, "expected no member 'notchecked', found one"],
    [
      "a member of another name in a check",
      { ...GOOD, checks: [{ ...CHECK, expect: "" }] },
      "expected no member 'expect' in checks.0, found one",
    ],
    [
      "a text for a list",
      { ...GOOD, notChecked: "the sea" },
      "expected a list of texts as notChecked, found 'the sea'",
    ],
    ["an empty subject", { ...GOOD, subject: [] }, "expected at least one file or descriptor as subject, found []"],
    [
      "a subject without a digest",
      { ...GOOD, subject: [{ name: "a" }] },
      "expected the path of a file, or a descriptor with a digest as subject.0, found { name: 'a' }",
    ],
    ["nothing to run", { ...GOOD, run: undefined }, "expected a function as run, found nothing"],
  ])("%s", (_, definition, message) => {
    expect(() => defineScenario(definition as ScenarioDefinition)).toThrow(
      expect.objectContaining({ code: "scenario-format", message: expect.stringContaining(message) }),
    );
  });
});

test("the compiler knows which checks there are", () => {
  const definition = defineScenario({
    ...{ title: "T", hypothesis: "H." },
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
