/** Outcomes that follow from measurements, and measurements that follow from the observations: each lie has its code. */
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8, type Bytes } from "../../../src/core/bytes.js";
import type { Code } from "../../../src/core/codes.js";
import type { Measurement } from "../../../src/core/statement/criterion.js";
import type { JsonObject } from "../../../src/core/json.js";
import type { CheckName, Report } from "../../../src/core/verify/report.js";
import type { Outcome } from "../../../src/core/statement/verdict.js";
import { archive, BAD, counted, CRITERION, FEW, GOOD, numbersOf, type Check } from "../counting.js";
import { engines } from "../engines.js";
import { replaced } from "../log/entries.js";
import { check, faults, look, marks, yours } from "../looking.js";
import { sealed, signer } from "../making.js";
import { naming } from "../refusal.js";

/** Its numbers are others, and its outcome is not. */
const A_NUMBERS = /^a: (?!.*\b(?:passed|failed|errored|skipped)\b)/;

const me = signer();
const EVIDENCE = ["predicate", "f3", "evidence", 0];

const asked = (payload: JsonObject, observations: (sha256: string) => Bytes | undefined): Report =>
  look(sealed(payload, me), [yours(me)], { observations });

/** The one check `a` as its observations give it, but for the changes. */
const about = (text: string, changes: Check = {}): JsonObject =>
  counted({ a: { criterion: CRITERION, measurements: numbersOf(text), ...changes } }, { "observations.ndjson": text });

describe("asked for", () => {
  test.each(engines)("a good one, by $name", (engine) => {
    const report = look(sealed(about(GOOD), me), [yours(me)], { engine, observations: archive(GOOD) });
    expect(report).toMatchObject({ outcome: "accepted", audit: "not-checked", verdict: "VALIDATED" });
    expect(check(report, "recompute")).toEqual({
      name: "recompute",
      status: "passed",
      code: "ok",
      detail: "1 of 1 checks follow again from 2 observations",
      values: { observations: "2", "computed again": "1", "stated without a criterion": "0" },
    });
    expect(marks(report)).toBe("++++++++.+.+....");
  });

  test.each<[string, string, Outcome]>([
    ["a failure", BAD, "failed"],
    ["what could not be shown", FEW, "errored"],
  ])("%s follows as well as a pass", (_, text, outcome) => {
    const report = asked(about(text, { outcome }), archive(text));
    expect([report.outcome, check(report, "recompute").status]).toEqual(["accepted", "passed"]);
  });

  test("the checks without a criterion are counted, and rest on the run's own word", () => {
    const payload = counted(
      { a: { criterion: CRITERION, measurements: numbersOf(GOOD) }, b: {}, c: { outcome: "skipped" } },
      { "observations.ndjson": GOOD },
    );
    const report = asked(payload, archive(GOOD));
    expect(check(report, "recompute")).toMatchObject({
      status: "passed",
      detail: expect.stringMatching(naming("1 of 3", 2)),
      values: { "stated without a criterion": "2" },
    });
  });

  test("several files are one list, in the order of the evidence", () => {
    const [first = "", second = ""] = GOOD.split(/(?<=\n)/);
    const payload = counted(
      { a: { criterion: CRITERION, measurements: numbersOf(GOOD) } },
      { "one.ndjson": first, "two.ndjson": second },
    );
    expect(check(asked(payload, archive(first, second)), "recompute")).toMatchObject({
      status: "passed",
      values: { observations: "2" },
    });
    const report = asked(payload, archive(first));
    expect(check(report, "recompute")).toMatchObject({ code: "recompute-impossible" });
    expect(check(report, "recompute").detail).toMatch(naming("two.ndjson"));
  });

  test("observations without a newline at the end are the same ones", () => {
    const text = GOOD.trimEnd();
    expect(asked(about(text), archive(text)).outcome).toBe("accepted");
  });
});

test("not asked for, it is not made, and nothing is the worse for it", () => {
  const report = look(sealed(about(GOOD), me), [yours(me)]);
  expect(check(report, "recompute")).toMatchObject({ status: "not-checked", code: "no-recompute" });
  expect(report.outcome).toBe("accepted");
});

test("it is not reached before the signature, nor for a statement that contradicts itself", () => {
  const touched: string[] = [];
  const observations = (sha256: string): undefined => void touched.push(sha256);
  const edited = utf8(fromUtf8(sealed(about(GOOD), me)).replace("a holds.", "a fails."));
  for (const bytes of [edited, sealed(about(BAD, { outcome: "passed" }), me)]) {
    const report = look(bytes, [yours(me)], { observations });
    expect(check(report, "recompute")).toMatchObject({ status: "not-checked", code: "not-reached" });
    expect(report.outcome).toBe("invalid");
  }
  expect(touched).toEqual([]);
});

describe("what cannot be computed again, though it was asked for, is 4", () => {
  const withEvidence = (text: string, role?: string): JsonObject =>
    counted({ a: { criterion: CRITERION, measurements: numbersOf(text) } }, { "observations.ndjson": text }, role);
  test.each<[string, JsonObject, (sha256: string) => Bytes | undefined, string]>([
    ["no archive", about(GOOD), () => undefined, "observations.ndjson is not in the archive"],
    [
      "other bytes in the archive",
      about(GOOD),
      () => utf8(BAD),
      "observations.ndjson is not the bytes that were signed",
    ],
    [
      "one byte more in the archive",
      about(GOOD),
      () => utf8(`${GOOD}\n`),
      "observations.ndjson is not the bytes that were signed",
    ],
    [
      "nothing in the archived file",
      about(GOOD),
      () => utf8(""),
      "observations.ndjson is not the bytes that were signed",
    ],
    [
      "no check with a criterion",
      counted({ a: {}, b: {} }, { "observations.ndjson": GOOD }),
      archive(GOOD),
      "the statement has no check with a criterion over observations",
    ],
    [
      "no evidence",
      counted({ a: { criterion: CRITERION, measurements: numbersOf(GOOD) } }, {}),
      archive(GOOD),
      "the statement has no check with a criterion over observations",
    ],
    [
      "no evidence of that role",
      withEvidence(GOOD, "observation"),
      archive(GOOD),
      "the statement has no check with a criterion over observations",
    ],
    [
      "observations under another digest than SHA-256",
      replaced(about(GOOD), [...EVIDENCE, "digest"], { sha512: "ee".repeat(64) }) as JsonObject,
      () => utf8(GOOD),
      "observations.ndjson is not in the archive",
    ],
  ])("%s", (_, payload, observations, detail) => {
    const report = asked(payload, observations);
    expect(faults(report)).toEqual([["recompute", "recompute-impossible"]]);
    expect(check(report, "recompute")).toMatchObject({ status: "not-checked", detail });
    expect(report).toMatchObject({ outcome: "unchecked", audit: "not-checked", signature: "ok", verdict: "VALIDATED" });
  });
});

describe("what the observations do not give is 5", () => {
  const more = (changes: readonly Measurement[]): Measurement[] =>
    numbersOf(GOOD).map((one) => changes.find(({ name }) => name === one.name) ?? one);

  test.each<[string, JsonObject, string, RegExp]>([
    [
      "observations that fit their digest and give a failure, under numbers that give a pass",
      counted({ a: { criterion: CRITERION, measurements: numbersOf(GOOD) } }, { "observations.ndjson": BAD }),
      BAD,
      A_NUMBERS,
    ],
    [
      "one trial more than there was",
      about(GOOD, { measurements: more([{ name: "trials", value: 3 }]) }),
      GOOD,
      A_NUMBERS,
    ],
    [
      "a time that was not measured, though no outcome depends on it",
      about(GOOD, { measurements: more([{ name: "time", value: 2.4, unit: "ms" }]) }),
      GOOD,
      A_NUMBERS,
    ],
    [
      "a time in another unit",
      about(GOOD, { measurements: more([{ name: "time", value: 2.5, unit: "µs" }]) }),
      GOOD,
      A_NUMBERS,
    ],
    ["a time without its unit", about(GOOD, { measurements: more([{ name: "time", value: 2.5 }]) }), GOOD, A_NUMBERS],
    ["a measurement left out", about(GOOD, { measurements: numbersOf(GOOD).slice(0, 2) }), GOOD, A_NUMBERS],
    [
      "a measurement too many",
      about(GOOD, { measurements: [...numbersOf(GOOD), { name: "beauty", value: 10 }] }),
      GOOD,
      A_NUMBERS,
    ],
    ["the measurements in another order", about(GOOD, { measurements: numbersOf(GOOD).toReversed() }), GOOD, A_NUMBERS],
    [
      "a failure, stated as skipped without numbers",
      about(BAD, { outcome: "skipped", measurements: undefined }),
      BAD,
      /^a: .*\bfailed\b.*\bskipped\b/,
    ],
    [
      "a failure, stated as errored without numbers",
      about(BAD, { outcome: "errored", measurements: undefined }),
      BAD,
      /^a: .*\bfailed\b.*\berrored\b/,
    ],
    [
      "numbers where nothing was observed",
      counted({ a: { criterion: CRITERION, measurements: numbersOf(GOOD) } }, { "observations.ndjson": "" }),
      "",
      A_NUMBERS,
    ],
    [
      "a file that holds no observations",
      counted(
        { a: { criterion: CRITERION, measurements: numbersOf(GOOD) } },
        { "observations.ndjson": "it went well\n" },
      ),
      "it went well\n",
      naming("observations.ndjson", "line 1", "column 1"),
    ],
    [
      "the second of two checks",
      counted(
        {
          a: { criterion: CRITERION, measurements: numbersOf(GOOD) },
          b: { criterion: CRITERION, measurements: more([{ name: "time", value: 1, unit: "ms" }]) },
        },
        { "observations.ndjson": GOOD },
      ),
      GOOD,
      /^b: /,
    ],
  ])("%s", (_, payload, text, detail) => {
    const report = asked(payload, archive(text));
    expect(faults(report)).toEqual([["recompute", "recompute-mismatch"]]);
    expect(check(report, "recompute")).toMatchObject({ status: "failed", detail: expect.stringMatching(detail) });
    expect(report).toMatchObject({ outcome: "findings", audit: "findings", signature: "ok" });
    // Nobody who did not ask is told.
    expect(look(sealed(payload, me), [yours(me)]).outcome).toBe("accepted");
  });

  test("less than the observations give is no lie: skipped without numbers, errored with them", () => {
    for (const changes of [
      { outcome: "skipped", measurements: undefined },
      { outcome: "skipped" },
      { outcome: "errored", measurements: undefined },
      { outcome: "errored" },
    ] as const)
      expect(asked(about(GOOD, changes), archive(GOOD)).outcome).toBe("accepted");
  });
});

describe("an outcome that the stated measurements do not permit is 1, asked for or not", () => {
  test.each<[string, JsonObject, RegExp]>([
    ["passed, with a measurement that fails", about(BAD, { outcome: "passed" }), /\bfailed\b.*\bpassed\b/],
    ["passed, with too few trials", about(FEW, { outcome: "passed" }), /\berrored\b.*\bpassed\b/],
    ["passed, without measurements", about(GOOD, { measurements: undefined }), /\berrored\b.*\bpassed\b/],
    ["passed, with an empty list of measurements", about(GOOD, { measurements: [] }), /\berrored\b.*\bpassed\b/],
    ["skipped, which hides a failure", about(BAD, { outcome: "skipped" }), /\bfailed\b.*\bskipped\b/],
    ["errored, which hides a failure", about(BAD, { outcome: "errored" }), /\bfailed\b.*\berrored\b/],
    ["failed, where nothing failed", about(GOOD, { outcome: "failed" }), /\bpassed\b.*\bfailed\b/],
    [
      "failed, without measurements",
      about(BAD, { outcome: "failed", measurements: undefined }),
      /\berrored\b.*\bfailed\b/,
    ],
    [
      "a claim about something that is not measured",
      about(GOOD, { criterion: { ...CRITERION, holds: [{ measure: "beauty", is: "≥", value: 10 }] } }),
      /\berrored\b.*\bpassed\b/,
    ],
  ])("%s", (_, payload, detail) => {
    for (const options of [{}, { observations: () => undefined }]) {
      const report = look(sealed(payload, me), [yours(me)], options);
      expect(faults(report)).toEqual<[CheckName, Code][]>([["verdict", "outcome-mismatch"]]);
      expect(check(report, "verdict").detail).toMatch(detail);
      expect(report).toMatchObject({ outcome: "invalid", signature: "ok" });
      expect(report).not.toHaveProperty("verdict");
      expect(report).not.toHaveProperty("statement");
    }
  });

  test.each<[Outcome, string]>([
    ["errored", GOOD],
    ["skipped", GOOD],
    ["errored", FEW],
    ["skipped", FEW],
  ])("%s is less than they give, and may stand", (outcome, text) => {
    expect(look(sealed(about(text, { outcome }), me), [yours(me)])).toMatchObject({
      outcome: "accepted",
      verdict: "INCONCLUSIVE",
    });
  });

  test("a check without a criterion may say what it wants: it rests on the run's own word", () => {
    const payload = counted({ a: { measurements: numbersOf(BAD) } }, { "observations.ndjson": BAD });
    expect(look(sealed(payload, me), [yours(me)])).toMatchObject({ outcome: "accepted", verdict: "VALIDATED" });
  });
});
