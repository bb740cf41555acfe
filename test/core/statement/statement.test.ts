/** What a statement under a good signature must be: of a known kind, complete, and saying only what its checks give. */
import { describe, expect, test } from "vitest";
import type { Bytes } from "../../../src/core/bytes.js";
import type { Code } from "../../../src/core/codes.js";
import { EXIT } from "../../../src/cli/exit-status.js";
import { formatEnvelope } from "../../../src/core/statement/envelope.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { failures, type CheckName } from "../../../src/core/verify/report.js";
import { check, faults, look, marks, yours } from "../looking.js";
import { result, sealed, signed, signer, statement, type Changes } from "../making.js";

const me = signer();

/** The one fault of what I signed, under my own key. */
function fault(payload: JsonObject): [CheckName, Code, number] {
  const report = look(sealed(payload, me), [yours(me)]);
  expect(report.signature).toBe("ok");
  expect(failures(report)).toHaveLength(1);
  return [...faults(report)[0]!, EXIT[report.outcome]];
}

describe("another kind of document under a good signature", () => {
  test.each<[string, Code, number, Bytes]>([
    ["payloadType", "payload-type", 1, formatEnvelope(signed(statement(), [me], "application/json"))],
    [
      "payloadType with a parameter",
      "payload-type",
      1,
      formatEnvelope(signed(statement(), [me], "application/vnd.in-toto+json; charset=utf-8")),
    ],
    ["_type", "statement-type", 1, sealed(statement({ _type: "https://in-toto.io/Statement/v0.1" }), me)],
    ["no _type", "statement-type", 1, sealed(statement({ _type: undefined }), me)],
    ["_type that is no text", "statement-type", 1, sealed(statement({ _type: [statement()["_type"]!] }), me)],
    ["an empty payload", "statement-type", 1, sealed({}, me)],
    ["predicateType", "predicate-type", 4, sealed(statement({ predicateType: "https://slsa.dev/provenance/v1" }), me)],
    [
      "predicateType of a later version",
      "predicate-type",
      4,
      sealed(statement({ predicateType: "https://in-toto.io/attestation/test-result/v0.2" }), me),
    ],
    ["no predicateType", "predicate-type", 4, sealed(statement({ predicateType: undefined }), me)],
    ["a later version", "version-newer", 4, sealed(result({ version: 2 }), me)],
    [
      "a later version of which nothing else is known",
      "version-newer",
      4,
      sealed(
        statement({ subject: null, predicate: { result: { a: 1 }, f3: { version: 7, checks: "none", verdict: 1 } } }),
        me,
      ),
    ],
  ])("%s: %s", (_, code, exit, file) => {
    const report = look(file, [yours(me)]);
    expect(report).toMatchObject({ signature: "ok", trust: "confirmed-by-you" });
    expect(EXIT[report.outcome]).toBe(exit);
    expect(faults(report)).toEqual([["type", code]]);
    expect(report).not.toHaveProperty("statement");
    expect(report).not.toHaveProperty("verdict");
  });

  test("newer is never called tampered: no check failed, one could not be made", () => {
    const report = look(sealed(result({ version: 2 }), me), [yours(me)]);
    expect(report.checks.filter(({ status }) => status === "failed")).toEqual([]);
    expect(check(report, "type")).toMatchObject({ status: "not-checked", code: "version-newer" });
  });

  test("changed without the key, newer is tampered", () => {
    expect(
      faults(look(formatEnvelope({ ...signed(statement(), [me]), payload: result({ version: 2 }) }), [yours(me)])),
    ).toEqual([["signature", "signature-bad"]]);
  });

  test.each([
    ["plan", "urn:f3-attest:plan:v1"],
    ["note", "urn:f3-attest:notice:v1"],
    ["test", "https://in-toto.io/attestation/test-result/v0.1"],
    ["test", "urn:example:whatever"],
  ])("its id begins with %s_ by its kind: %s", (kind, predicateType) => {
    expect(look(sealed(statement({ predicateType }), me), [yours(me)]).id).toMatch(
      new RegExp(`^${kind}_[0-9a-f]{16}$`),
    );
  });

  // JavaScript finds a member of these names in every object, and cannot make a text of the last two.
  test.each<Json>([
    "constructor",
    "toString",
    "__proto__",
    ["urn:f3-attest:plan:v1"],
    null,
    7,
    { toString: 1 },
    [{ toString: null }],
  ])("a predicateType that is %j", (predicateType) => {
    for (const keys of [[], [yours(me)]]) {
      expect(look(sealed({ ...statement(), predicateType }, me), keys).id).toMatch(/^test_[0-9a-f]{16}$/);
    }
  });
});

describe("what a result must have", () => {
  const first = (statement()["predicate"] as { f3: { checks: Json[]; evidence: Json[] } }).f3;
  const withCheck = (changes: JsonObject): JsonObject =>
    result({ checks: [{ ...(first.checks[0] as JsonObject), ...changes }, ...first.checks.slice(1)] });
  const withEvidence = (changes: JsonObject): JsonObject =>
    result({ evidence: [{ ...(first.evidence[0] as JsonObject), ...changes }] });
  const at = (changes: Changes): JsonObject => statement(changes);
  const COUNT = { name: "a", of: "count", where: {} };
  const CRITERION = { measures: [COUNT], holds: [{ measure: "a", is: "=", value: 0 }] };
  /** Of the first check, one that its measurements fulfil, but for the changes. */
  const withCriterion = (changes: JsonObject): JsonObject =>
    withCheck({ criterion: { ...CRITERION, needs: [], ...changes }, measurements: [{ name: "a", value: 0 }] });

  test.each<[string, JsonObject]>([
    ["no subject", at({ subject: undefined })],
    ["an empty subject", at({ subject: [] })],
    ["a subject without a digest", at({ subject: [{ name: "a" }] })],
    ["a subject with an empty digest", at({ subject: [{ name: "a", digest: {} }] })],
    ["a subject's SHA-256 in upper case", at({ subject: [{ digest: { sha256: "AA".repeat(32) } }] })],
    ["a subject's SHA-256 cut short", at({ subject: [{ digest: { sha256: "aa".repeat(31) } }] })],
    [
      "a member of the subject that in-toto does not know",
      at({ subject: [{ digest: { sha256: "aa".repeat(32) }, approved: true }] }),
    ],
    ["a member of the statement that in-toto does not know", at({ approved: true })],
    ["no predicate", at({ predicate: undefined })],
    ["a predicate that is a list", at({ predicate: [] })],
    ["no f3", at({ predicate: { f3: undefined } })],
    ["no result", at({ predicate: { result: undefined } })],
    ["another result", at({ predicate: { result: "passed" } })],
    ["no configuration", at({ predicate: { configuration: undefined } })],
    ["a list of tests that is none", at({ predicate: { passedTests: "adds-two-numbers" } })],
    ["no version", result({ version: undefined })],
    ["version 0", result({ version: 0 })],
    ["version 1.5", result({ version: 1.5 })],
    ["version in a text", result({ version: "2" })],
    ["no title", result({ title: undefined })],
    ["an empty title", result({ title: "" })],
    ["another verdict", result({ verdict: "valid" })],
    ["no checks", result({ checks: undefined })],
    ["a check that is null", result({ checks: [null] })],
    ["two checks of one id", result({ checks: [first.checks[0]!, first.checks[0]!] })],
    ["a check without an outcome", withCheck({ outcome: null })],
    ["another outcome", withCheck({ outcome: "Passed" })],
    ["required in a text", withCheck({ required: "true" })],
    ["an id with a line feed", withCheck({ id: "a\nb" })],
    ["an id in upper case", withCheck({ id: "A" })],
    ["an empty claim", withCheck({ claim: "" })],
    [
      "two measurements of one name",
      withCheck({
        measurements: [
          { name: "time", value: 7 },
          { name: "time", value: 8 },
        ],
      }),
    ],
    ["a measurement in words", withCheck({ measurements: [{ name: "time", value: "7" }] })],
    ["a criterion that is a sentence", withCheck({ criterion: "a = 0" })],
    ["a criterion that claims nothing", withCriterion({ holds: [] })],
    ["a criterion without needs, which could be none", withCheck({ criterion: CRITERION })],
    ["a measure twice", withCriterion({ measures: [COUNT, COUNT] })],
    ["a measure without a name", withCriterion({ measures: [{ ...COUNT, name: "" }] })],
    ["a measure of another kind", withCriterion({ measures: [{ ...COUNT, of: "mean", field: "ms" }] })],
    ["a count of a field", withCriterion({ measures: [{ ...COUNT, field: "ms" }] })],
    ["a sum of nothing", withCriterion({ measures: [{ ...COUNT, of: "sum" }] })],
    ["a sum of a field without a name", withCriterion({ measures: [{ ...COUNT, of: "sum", field: "" }] })],
    ["a measure of everything", withCriterion({ measures: [{ name: "a", of: "count" }] })],
    ["a measure where a member is null", withCriterion({ measures: [{ ...COUNT, where: { a: null } }] })],
    ["a measure where a member is a list", withCriterion({ measures: [{ ...COUNT, where: { a: [1] } }] })],
    ["a comparison in ASCII", withCriterion({ holds: [{ measure: "a", is: "<=", value: 0 }] })],
    ["a comparison with a text", withCriterion({ holds: [{ measure: "a", is: "=", value: "0" }] })],
    ["a figure without a title", result({ figures: [{ title: "", bars: [] }] })],
    ["evidence without a digest", withEvidence({ digest: {} })],
    ["evidence of a negative size", withEvidence({ size: -1 })],
    ["evidence of half a byte", withEvidence({ size: 0.5 })],
    ["a date of which nothing is known", withEvidence({ sourceDateKind: "unknown" })],
    [
      "no date, though it was observed",
      result({
        evidence: [{ name: "a", digest: { sha256: "aa".repeat(32) }, size: 1, role: "b", sourceDateKind: "observed" }],
      }),
    ],
    ["a relation of another kind", result({ relations: [{ type: "praises", target: "a" }] })],
    ["no run", result({ run: undefined })],
    ["an exit code of half", result({ run: { exitCode: 0.5 } })],
    ["an environment of numbers", result({ run: { environment: { cores: 2 } } })],
    ["no signedAt", result({ signedAt: undefined })],
    ["signedAt in another zone", result({ signedAt: "2026-03-01T10:00:03+00:00" })],
    ["signedAt without a time", result({ signedAt: "2026-03-01" })],
    ["signedAt in words", result({ signedAt: "yesterday" })],
    ["a day that no month has", result({ run: { startedAt: "2026-02-30T10:00:00Z" } })],
    ["a log without a key", result({ log: { origin: "example.org/lab" } })],
  ])("%s", (_, payload) => {
    expect(fault(payload)).toEqual(["schema", "schema", 1]);
  });

  test("a criterion as it should be", () => {
    expect(look(sealed(withCriterion({}), me), [yours(me)]).outcome).toBe("accepted");
  });

  test("the fault names its place, and the rest is not shown", () => {
    const report = look(sealed(withCheck({ claim: "" }), me), [yours(me)]);
    expect(check(report, "schema").detail).toMatch("predicate.f3.checks.0.claim");
    expect(marks(report)).toBe("++++++!.........");
    expect(report).not.toHaveProperty("statement");
    expect(JSON.stringify(report)).not.toContain("Addition");
  });

  test("what may be absent", () => {
    const f3 = {
      verdict: "INCONCLUSIVE",
      checks: [],
      evidence: [],
      relations: [],
      notChecked: [],
      sections: [],
      run: { command: undefined, exitCode: undefined },
    };
    const payload = statement({
      predicate: { url: undefined, result: "WARNED", configuration: [], passedTests: [], warnedTests: [], f3 },
    });
    expect(look(sealed(payload, me), [yours(me)])).toMatchObject({ outcome: "accepted", verdict: "INCONCLUSIVE" });
  });

  test("names of the environment to which JavaScript gives a meaning", () => {
    const environment = { constructor: "a", toString: "b", hasOwnProperty: "c" };
    const report = look(sealed(result({ run: { environment } }), me), [yours(me)]);
    expect(report.outcome).toBe("accepted");
    expect(report.statement?.predicate.f3.run.environment).toMatchObject(environment);
  });
});

describe("what is stated must follow from the checks", () => {
  const lists = (changes: Changes): JsonObject => statement({ predicate: changes });

  test.each<[string, Code, JsonObject]>([
    [
      "a verdict that is too good",
      "verdict-mismatch",
      result({ checks: [{ id: "a", claim: "b", required: true, outcome: "failed", expected: "", observed: "" }] }),
    ],
    ["a verdict that is too bad", "verdict-mismatch", result({ verdict: "REFUTED" })],
    ["VALIDATED without any check", "verdict-mismatch", result({ checks: [] })],
    ["another result", "result-mismatch", lists({ result: "FAILED" })],
    [
      "a warning without one",
      "result-mismatch",
      lists({
        result: "WARNED",
        f3: { checks: [{ id: "a", claim: "b", required: true, outcome: "passed", expected: "", observed: "" }] },
        passedTests: ["a"],
        warnedTests: [],
      }),
    ],
    [
      "one passed test too many",
      "tests-mismatch",
      lists({ passedTests: ["adds-two-numbers", "adds-in-any-order", "makes-coffee"] }),
    ],
    ["one passed test too few", "tests-mismatch", lists({ passedTests: ["adds-two-numbers"] })],
    [
      "the passed tests in another order",
      "tests-mismatch",
      lists({ passedTests: ["adds-in-any-order", "adds-two-numbers"] }),
    ],
    [
      "a passed test twice",
      "tests-mismatch",
      lists({ passedTests: ["adds-two-numbers", "adds-in-any-order", "adds-in-any-order"] }),
    ],
    ["a warned test left out", "tests-mismatch", lists({ warnedTests: [] })],
    [
      "a warned test among the passed",
      "tests-mismatch",
      lists({ passedTests: ["adds-two-numbers", "adds-in-any-order", "adds-quickly"], warnedTests: [] }),
    ],
    ["a failed test that never was", "tests-mismatch", lists({ failedTests: ["adds-quickly"] })],
    // Lists that are alike only when joined.
    ["two tests in one line", "tests-mismatch", lists({ passedTests: ["adds-two-numbers\nadds-in-any-order"] })],
    ["a test without a name", "tests-mismatch", lists({ failedTests: [""] })],
  ])("%s: %s", (_, code, payload) => {
    expect(fault(payload)).toEqual(["verdict", code, 1]);
  });
});
