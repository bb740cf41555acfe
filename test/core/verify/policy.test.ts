/** The gate: each requirement where it alone decides, that a refuted result never passes for a pass, and that nothing asked is nothing said. */
import { describe, expect, test } from "vitest";
import type { Policy } from "../../../src/core/verify/policy.js";
import { RETRIED, RETRIES, TESTS } from "../../../src/core/statement/tally.js";
import { check, faults, look, sites, yours } from "../looking.js";
import { NOW, sealed, signer, statement, type Changes } from "../making.js";
import { naming } from "../refusal.js";

const [me, other] = [signer(), signer()];
const SUBJECT = "aa11".repeat(16);
const DAY = 86_400_000;

const failed: Changes = {
  predicate: {
    result: "FAILED",
    passedTests: [],
    warnedTests: [],
    failedTests: ["it"],
    f3: {
      verdict: "REFUTED",
      checks: [{ id: "it", claim: "it works", required: true, outcome: "failed", expected: "so", observed: "not so" }],
    },
  },
};

/** A command's result, with as many tests of each kind. */
const counting = (skipped: number, retried: number): Changes => {
  const about = { claim: "it works", expected: "so", observed: "so" };
  const numbers = { [TESTS]: 1 + skipped, passed: 1, failed: 0, errored: 0, skipped };
  const measurements = Object.entries(numbers).map(([name, value]) => ({ name, value }));
  const again = { id: RETRIES, required: false, outcome: retried > 0 ? "errored" : "passed" };
  return {
    predicate: {
      result: retried > 0 ? "WARNED" : "PASSED",
      passedTests: retried > 0 ? [TESTS] : [TESTS, RETRIES],
      warnedTests: retried > 0 ? [RETRIES] : [],
      f3: {
        checks: [
          { ...about, id: TESTS, required: true, outcome: "passed", measurements },
          { ...about, ...again, measurements: [{ name: RETRIED, value: retried }] },
        ],
      },
    },
  };
};

const report = (policy: Policy, changes: Changes = {}, more: Parameters<typeof look>[2] = {}, by = [me]) =>
  look(sealed(statement(changes), ...by), [yours(me)], { policy, archived: () => "same", ...more });

describe.each<
  [what: string, policy: Policy, met: ReturnType<typeof report>, unmet: ReturnType<typeof report>, said: RegExp]
>([
  [
    "validated",
    { validated: true },
    report({ validated: true }),
    report({ validated: true }, failed),
    naming("VALIDATED", "REFUTED"),
  ],
  [
    "a subject",
    { subjects: [SUBJECT] },
    report({ subjects: [SUBJECT] }),
    report({ subjects: [SUBJECT, "bb22".repeat(16)] }),
    naming("bb22".repeat(16), `file:add.js sha256:${SUBJECT}`),
  ],
  [
    "a recent signature",
    { maxAgeMs: 30 * DAY },
    report({ maxAgeMs: 30 * DAY }),
    report({ maxAgeMs: 30 * DAY }, {}, { now: new Date(NOW.getTime() + 40 * DAY) }),
    naming("30 days", "claimed"),
  ],
  [
    "nothing skipped",
    { noSkips: true },
    report({ noSkips: true }, counting(0, 1)),
    report({ noSkips: true }, counting(1, 0)),
    naming(1),
  ],
  [
    "nothing tried again",
    { noRetries: true },
    report({ noRetries: true }, counting(1, 0)),
    report({ noRetries: true }, counting(0, 2)),
    naming(2),
  ],
  [
    "signers",
    { minSigners: 1 },
    report({ minSigners: 1 }),
    report({ minSigners: 2 }, {}, {}, [me, other]), // the other is unknown
    naming(1, 2),
  ],
])("%s", (_, __, met, unmet, said) => {
  test("met", () => {
    expect(met).toMatchObject({ outcome: "accepted" });
    expect(check(met, "policy").status).toBe("passed");
  });
  test("not met: not accepted, and the signature is as good as it was", () => {
    expect(unmet).toMatchObject({ outcome: "untrusted", signature: "ok", trust: "confirmed-by-you" });
    expect(faults(unmet)).toEqual([["policy", "policy-unmet"]]);
    expect(check(unmet, "policy").detail).toMatch(said);
  });
});

describe("evidence", () => {
  const asked = { evidence: true };
  test("at hand and unchanged", () => expect(report(asked).outcome).toBe("accepted"));
  test("not at hand could not be checked", () => {
    expect(faults(report(asked, {}, { archived: () => "missing" }))).toEqual([["policy", "policy-open"]]);
    expect(look(sealed(statement(), me), [yours(me)], { policy: asked }).outcome).toBe("unchecked");
  });
  test("that changed is a finding, and the policy is not met", () => {
    expect(report(asked, {}, { archived: () => "changed" })).toMatchObject({ outcome: "untrusted", audit: "findings" });
  });
});

test("of several requirements each that is not met is named", () => {
  const { detail, values } = check(report({ validated: true, minSigners: 3, subjects: [SUBJECT] }, failed), "policy");
  expect(detail).toMatch(naming("VALIDATED", "REFUTED", 3, 1));
  expect(values).toEqual({
    validated: expect.stringMatching(naming("VALIDATED", "REFUTED")),
    [`subject ${SUBJECT}`]: "met",
    "no other subject": "met",
    "min-signers": expect.stringMatching(naming(3, 1)),
  });
});

test("a key that only the site knows is no signer, and met requirements give no trust", () => {
  const policy = { validated: true, minSigners: 1 };
  const by = look(sealed(statement(), me), [sites(me)], { policy });
  expect(by.outcome).toBe("untrusted");
  expect(faults(by).map(([name]) => name)).toEqual(["trust", "policy"]);
});

test.each([[undefined], [{}], [{ subjects: [] }], [{ validated: false }]])(
  "nothing asked, %j, is not checked",
  (policy) => {
    const found = look(sealed(statement(failed), me), [yours(me)], policy === undefined ? {} : { policy });
    expect(found.outcome).toBe("accepted");
    expect(check(found, "policy")).toMatchObject({ status: "not-checked", code: "no-policy" });
  },
);

test("of a document whose signature does not fit, no policy is looked at", () => {
  const bytes = sealed(statement(), me);
  const bad = bytes.map((byte, at) => (at === bytes.length - 40 ? byte ^ 1 : byte));
  const found = look(bad, [yours(me)], { policy: { validated: true } });
  expect(check(found, "policy").code).toBe("not-reached");
  expect(found.outcome).not.toBe("accepted");
});
