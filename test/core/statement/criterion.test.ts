/** Criteria as data: what is measured on observations, what follows from the measurements, and what is no observation at all. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUtf8, utf8, type Bytes } from "../../../src/core/bytes.js";
import {
  criterion as schema,
  judge,
  measured,
  missing,
  parseObservations,
  permits,
  wording,
  type Condition,
  type Criterion,
  type Measure,
  type Measurement,
  type Observation,
} from "../../../src/core/statement/criterion.js";
import { AttestError } from "../../../src/core/errors.js";
import { canonical } from "../../../src/core/json.js";
import type { Outcome } from "../../../src/core/statement/verdict.js";
import { number, text } from "../arbitrary.js";
import { naming, refusal } from "../refusal.js";

const of = (measures: readonly Measure[]): Criterion => ({
  measures: [...measures],
  holds: [{ measure: "a", is: "=", value: 0 }],
  needs: [],
});
/** The one measure, taken. */
const value = (measure: Omit<Measure, "name">, observations: readonly Observation[]): number | undefined =>
  measured(of([{ name: "it", ...measure }]), observations)[0]?.value;

describe("a measure", () => {
  const RUNS: readonly Observation[] = [
    { case: "A", side: "us", ms: 10, kept: true, id: "1" },
    { case: "A", side: "us", ms: 2.5, kept: true, id: "2" },
    { case: "A", side: "us", ms: 40, kept: true, id: "2" },
    { case: "A", side: "us", ms: 30, kept: true, id: 2 },
    { case: "A", side: "them", ms: 100, kept: false, id: "9" },
    { case: "B", side: "us", ms: "slow", id: true },
    { case: "B", side: "us", n: 1 },
  ];
  const ours = { case: "A", side: "us" };

  test.each<[string, Measure["of"], string | undefined, Measure["where"], number | undefined]>([
    ["all of them", "count", undefined, {}, 7],
    ["those of one kind", "count", undefined, ours, 4],
    ["those of no kind", "count", undefined, { case: "C" }, 0],
    ["those where a member is false", "count", undefined, { kept: false }, 1],
    ["not those that lack the member", "count", undefined, { kept: true }, 4],
    ["a text is not the number that it spells", "count", undefined, { id: 2 }, 1],
    ["a number is not the text that spells it", "count", undefined, { id: "2" }, 2],
    ["a truth is not the word", "count", undefined, { kept: "true" }, 0],
    ["the sum", "sum", "ms", ours, 82.5],
    ["the sum over all, of what are numbers", "sum", "ms", {}, 182.5],
    ["the sum of one", "sum", "n", {}, 1],
    ["the greatest", "max", "ms", ours, 40],
    ["the least", "min", "ms", ours, 2.5],
    ["the median of four is the second", "p50", "ms", ours, 10],
    ["the median of five is the third", "p50", "ms", { case: "A" }, 30],
    ["the 99th percentile of four is the last", "p99", "ms", ours, 40],
    ["different values", "distinct", "id", ours, 3],
    ["different values of any kind", "distinct", "id", {}, 5],
    ["three over four trials", "bound", "kept", ours, 0.75],
    ["no bound where one went wrong", "bound", "kept", { case: "A" }, undefined],
    ["no bound where one says nothing of it", "bound", "kept", { side: "us" }, undefined],
    ["no bound over words", "bound", "side", ours, undefined],
    ["the sum of texts", "sum", "side", {}, undefined],
    ["the greatest of nothing", "max", "ms", { case: "C" }, undefined],
    ["the least of nothing", "min", "gone", {}, undefined],
    ["the sum of nothing", "sum", "ms", { case: "C" }, undefined],
    ["the median of nothing", "p50", "ms", { case: "C" }, undefined],
    ["the percentile of nothing", "p99", "ms", { case: "C" }, undefined],
    ["the different ones of none", "distinct", "gone", {}, undefined],
    ["a bound over no trial", "bound", "kept", { case: "C" }, undefined],
  ])("%s: %s of %s", (_, kind, field, where, expected) => {
    expect(value({ of: kind, ...(field !== undefined && { field }), where }, RUNS)).toBe(expected);
  });

  test.each([
    [1, 1, 1],
    [2, 1, 2],
    [3, 2, 3],
    [99, 50, 99],
    [100, 50, 99],
    [101, 51, 100],
    [200, 100, 198],
    [201, 101, 199],
    [1000, 500, 990],
  ])("nearest rank: of 1 to %i the median is %i and the 99th percentile %i", (n, median, last) => {
    const numbers = Array.from({ length: n }, (_, at) => ({ ms: n - at }));
    expect(value({ of: "p50", field: "ms", where: {} }, numbers)).toBe(median);
    expect(value({ of: "p99", field: "ms", where: {} }, numbers)).toBe(last);
  });

  test("its unit goes with it, and measurements come in the order of the measures", () => {
    const measures: Measure[] = [
      { name: "time", of: "max", field: "ms", where: {}, unit: "ms" },
      { name: "nothing", of: "max", field: "gone", where: {} },
      { name: "all", of: "count", where: {} },
    ];
    expect(measured(of(measures), RUNS)).toEqual([
      { name: "time", value: 100, unit: "ms" },
      { name: "all", value: 7 },
    ]);
  });

  // JavaScript finds these in every object; an observation has them only if it says so.
  test.each(["constructor", "__proto__", "toString", "hasOwnProperty", "length"])(
    "a member named %s is there only when it was written",
    (member) => {
      const where = Object.fromEntries([[member, 1]]);
      const with_ = Object.fromEntries([[member, 1]]) as Observation;
      expect(value({ of: "count", where }, [{ a: 1 }, with_])).toBe(1);
      for (const kind of ["sum", "max", "distinct"] as const) {
        expect(value({ of: kind, field: member, where: {} }, [{ a: 1 }])).toBe(undefined);
        expect(value({ of: kind, field: member, where: {} }, [{ a: 1 }, with_])).toBe(1);
      }
      expect(value({ of: "bound", field: member, where: {} }, [{ a: 1 }])).toBe(undefined);
    },
  );

  /** The same again, in the plainest way: no sort, no floating-point rank. */
  function naive({ of: kind, field = "", where }: Measure, observations: readonly Observation[]): number | undefined {
    const among: Observation[] = [];
    for (const one of observations) {
      let fits = true;
      for (const member of Object.keys(where))
        if (new Map(Object.entries(one)).get(member) !== where[member]) fits = false;
      if (fits) among.push(one);
    }
    const values = among.map((one) => new Map(Object.entries(one)).get(field)).filter((one) => one !== undefined);
    const numbers = values.filter((one) => typeof one === "number");
    /** The least number that `percent` per cent of them do not exceed. */
    const rank = (percent: number): number | undefined =>
      numbers
        .filter((one) => numbers.filter((other) => other <= one).length * 100 >= percent * numbers.length)
        .reduce<number | undefined>((least, one) => (least === undefined || one < least ? one : least), undefined);
    switch (kind) {
      case "count":
        return among.length;
      case "bound":
        return among.length === 0 || values.length < among.length || values.some((one) => one !== true)
          ? undefined
          : 3 / among.length;
      case "distinct":
        return values.length === 0 ? undefined : values.filter((one, at) => values.indexOf(one) === at).length;
      case "p50":
        return rank(50);
      case "p99":
        return rank(99);
      case "max":
        return rank(100);
      case "min":
        return numbers.find((one) => numbers.every((other) => one <= other));
      case "sum":
        return numbers.length === 0 ? undefined : numbers.reduce((total, one) => total + one);
    }
  }

  const member = fc.constantFrom("case", "side", "ms", "kept", "constructor", "toString");
  const scalar = fc.oneof(
    fc.constantFrom("A", "B", "1", "true"),
    fc.boolean(),
    fc.integer({ min: -3, max: 3 }),
    number,
    text,
  );
  const observation: fc.Arbitrary<Observation> = fc.dictionary(member, scalar, { maxKeys: 5, noNullPrototype: true });
  const measure: fc.Arbitrary<Measure> = fc
    .record({
      of: fc.constantFrom("count", "sum", "max", "min", "p50", "p99", "distinct", "bound" as const),
      field: member,
      where: fc.dictionary(member, scalar, { maxKeys: 1, noNullPrototype: true }),
    })
    .map(({ of: kind, field, where }) => ({ name: "it", of: kind, where, ...(kind !== "count" && { field }) }));

  test("gives what a naive second one gives", () => {
    fc.assert(
      fc.property(measure, fc.array(observation, { maxLength: 40 }), (one, observations) => {
        const [given] = measured(of([one]), observations);
        expect(given?.value).toBe(naive(one, observations));
      }),
      { numRuns: 1000 },
    );
  });

  test("of many numbers too, and in whatever order they came", () => {
    const kinds = ["count", "max", "min", "p50", "p99", "distinct"] as const;
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 250 }), (numbers) => {
        const [forth, back] = [numbers, numbers.toReversed()].map((all) => all.map((ms) => ({ ms })));
        for (const kind of kinds) {
          const one: Measure = { name: "it", of: kind, where: {}, ...(kind !== "count" && { field: "ms" }) };
          expect(value(one, forth!)).toBe(naive(one, forth!));
          expect(value(one, back!)).toBe(value(one, forth!));
        }
      }),
    );
  });

  test("is the same after its observations were written and read", () => {
    fc.assert(
      fc.property(
        fc.array(measure, { maxLength: 4 }),
        fc.array(observation, { maxLength: 10 }),
        (all, observations) => {
          const measures = all.map((one, at) => ({ ...one, name: String(at) }));
          const written = utf8(observations.map((one) => `${fromUtf8(canonical(one))}\n`).join(""));
          expect(measured(of(measures), parseObservations(written))).toEqual(measured(of(measures), observations));
        },
      ),
    );
  });
});

describe("a condition", () => {
  test.each<[Condition["is"], boolean, boolean, boolean]>([
    // 4      5      6, against 5
    ["=", false, true, false],
    ["<", true, false, false],
    ["≤", true, true, false],
    [">", false, false, true],
    ["≥", false, true, true],
  ])("a %s 5", (is, ...expected) => {
    const one: Criterion = { measures: [], holds: [{ measure: "a", is, value: 5 }], needs: [] };
    const judged = [4, 5, 6].map((value) => judge(one, [{ name: "a", value }]));
    expect(judged).toEqual(expected.map((holding) => (holding ? "passed" : "failed")));
    // What was not measured neither holds nor fails.
    expect(judge(one, [{ name: "b", value: 5 }])).toBe("errored");
  });
});

/** The claim is that `wrong` is 0; it takes 3 trials, and a control in which something went wrong. */
const CLAIM: Criterion = {
  measures: [
    { name: "wrong", of: "count", where: { wrong: true } },
    { name: "trials", of: "count", where: {} },
    { name: "control", of: "count", where: { control: true } },
  ],
  holds: [{ measure: "wrong", is: "=", value: 0 }],
  needs: [
    { measure: "trials", is: "≥", value: 3 },
    { measure: "control", is: ">", value: 0 },
  ],
};
const numbers = (all: Readonly<Record<string, number>>): Measurement[] =>
  Object.entries(all).map(([name, value]) => ({ name, value }));

/** What a run may state beside measurements that give something. */
const GIVEN: Readonly<Record<"passed" | "failed" | "errored", Measurement[]>> = {
  passed: numbers({ wrong: 0, trials: 3, control: 1 }),
  failed: numbers({ wrong: 1, trials: 3, control: 1 }),
  errored: numbers({ wrong: 0, trials: 3, control: 0 }),
};

describe("the outcome", () => {
  test.each<[string, Readonly<Record<string, number>>, Outcome]>([
    ["everything as claimed, and shown", { wrong: 0, trials: 3, control: 1 }, "passed"],
    ["one went wrong", { wrong: 1, trials: 3, control: 1 }, "failed"],
    ["one went wrong, in too few trials", { wrong: 1, trials: 1, control: 1 }, "failed"],
    ["one went wrong, and the control did not fire", { wrong: 1, trials: 3, control: 0 }, "failed"],
    ["one went wrong, and nothing else was measured", { wrong: 1 }, "failed"],
    ["too few trials", { wrong: 0, trials: 2, control: 1 }, "errored"],
    ["the control did not fire", { wrong: 0, trials: 3, control: 0 }, "errored"],
    ["the control was not measured", { wrong: 0, trials: 3 }, "errored"],
    ["the claim was not measured", { trials: 3, control: 1 }, "errored"],
    ["nothing was measured", {}, "errored"],
    ["something else was measured", { right: 0 }, "errored"],
  ])("%s", (_, all, outcome) => {
    expect(judge(CLAIM, numbers(all))).toBe(outcome);
  });

  test("one of two claims refuted is failed, whatever the other is", () => {
    const two: Criterion = { ...CLAIM, holds: [...CLAIM.holds, { measure: "late", is: "≤", value: 5 }] };
    const shown = { trials: 3, control: 1 };
    expect(judge(two, numbers({ ...shown, wrong: 0, late: 6 }))).toBe("failed");
    expect(judge(two, numbers({ ...shown, wrong: 1 }))).toBe("failed");
    expect(judge(two, numbers({ ...shown, wrong: 0 }))).toBe("errored");
    expect(judge(two, numbers({ ...shown, wrong: 0, late: 5 }))).toBe("passed");
  });

  test("does not depend on the order of the measurements", () => {
    for (const [outcome, all] of Object.entries(GIVEN)) expect(judge(CLAIM, all.toReversed())).toBe(outcome);
  });

  test("more trials in which nothing is wrong never make a pass less, and one that is wrong ends it", () => {
    const line = fc.record({ wrong: fc.constant(false), control: fc.boolean() });
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (some, more) => {
        const outcome = (all: readonly Observation[]): Outcome => judge(CLAIM, measured(CLAIM, all));
        if (outcome(some) === "passed") expect(outcome([...some, ...more])).toBe("passed");
        expect(outcome([...some, ...more, { wrong: true }])).toBe("failed");
      }),
    );
  });
});

describe("beside the measurements a run may state", () => {
  // It may say less than they give, never more, and it never hides a failure.
  test.each<[Outcome, "passed" | "failed" | "errored", boolean]>([
    ["passed", "passed", true],
    ["failed", "passed", false],
    ["errored", "passed", true],
    ["skipped", "passed", true],
    ["passed", "failed", false],
    ["failed", "failed", true],
    ["errored", "failed", false],
    ["skipped", "failed", false],
    ["passed", "errored", false],
    ["failed", "errored", false],
    ["errored", "errored", true],
    ["skipped", "errored", true],
  ])("%s, where they give %s: %s", (stated, given, permitted) => {
    expect(judge(CLAIM, GIVEN[given])).toBe(given);
    expect(permits(stated, CLAIM, GIVEN[given])).toBe(permitted);
  });

  test("without any, only that nothing was shown", () => {
    const stated: Outcome[] = ["passed", "failed", "errored", "skipped"];
    expect(stated.filter((outcome) => permits(outcome, CLAIM, []))).toEqual(["errored", "skipped"]);
  });
});

describe("in words", () => {
  test("the criterion", () => {
    expect(wording(CLAIM)).toBe("wrong = 0, given trials ≥ 3 and control > 0");
    expect(wording({ ...CLAIM, needs: [] })).toBe("wrong = 0");
    expect(wording({ ...CLAIM, holds: [...CLAIM.holds, { measure: "late", is: "≤", value: 0.5 }], needs: [] })).toBe(
      "wrong = 0 and late ≤ 0.5",
    );
  });

  test("what is missing for a pass, which is nothing for one", () => {
    expect(missing(CLAIM, GIVEN.passed)).toEqual([]);
    expect(missing(CLAIM, GIVEN.failed)).toEqual([expect.stringMatching(naming("wrong", "= 0", 1))]);
    expect(missing(CLAIM, numbers({ wrong: 2, trials: 1 }))).toEqual([
      expect.stringMatching(naming("wrong", "= 0", 2)),
      expect.stringMatching(naming("trials", "≥ 3", 1)),
      expect.stringMatching(naming("control", "> 0")),
    ]);
  });

  test("something is missing exactly where it is no pass", () => {
    const some = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ wrong: some, trials: some, control: some }), (all) => {
        const there = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
        expect(missing(CLAIM, there).length === 0).toBe(judge(CLAIM, there) === "passed");
      }),
    );
  });
});

describe("observations are lines, each a flat JSON object", () => {
  const parsed = (...lines: readonly string[]): Observation[] => parseObservations(utf8(lines.join("\n")));

  test.each<[string, string, readonly Observation[]]>([
    ["none", "", []],
    ["one", '{"a":1}\n', [{ a: 1 }]],
    ["without a newline at the end", '{"a":1}\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ["with CRLF", '{"a":1}\r\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
    ["with spaces", '  {"a" : 1 }\t\n', [{ a: 1 }]],
    ["empty ones", "{}\n{}\n", [{}, {}]],
    ["each kind of value", '{"b":true,"n":-0.5,"s":"\\u00fc\\n"}\n', [{ b: true, n: -0.5, s: "ü\n" }]],
    ["names that JavaScript knows", '{"constructor":1,"toString":2}\n', [{ constructor: 1, toString: 2 }]],
  ])("%s", (_, written, expected) => {
    expect(parseObservations(utf8(written))).toEqual(expected);
  });

  test.each<[string, string | Bytes, RegExp]>([
    ["an empty line at the end", '{"a":1}\n\n', /in line 2 of the observations, found .*the end of the text$/],
    ["an empty line in between", '{"a":1}\n\n{"a":2}\n', naming("line 2")],
    ["nothing but an empty line", "\n", naming("line 1")],
    ["a line of spaces", '{"a":1}\n  \n', naming("line 2")],
    ["a carriage return alone", "\r\n", naming("line 1")],
    ["a list", "[1]\n", naming("line 1")],
    ["a number", "1\n", naming("line 1")],
    ["a text", '"a"\n', naming("line 1")],
    ["null", "null\n", naming("line 1")],
    ["an object in it", '{"a":1,"b":{}}\n', naming('"b"')],
    ["a list in it", '{"b":[]}\n', naming('"b"')],
    ["null in it", '{"a":null}\n', naming('"a"')],
    ["two in a line", '{"a":1}{"a":2}\n', naming("line 1", "column 8")],
    ["one over two lines", '{"a":\n1}\n', naming("line 1")],
    ["a member twice", '{"a":1,"a":2}\n', naming("line 1", "column 8", '"a"')],
    ["a member that is no name", '{"__proto__":1}\n', /__proto__/],
    ["half a surrogate pair", '{"a":"\\ud800"}\n', /surrogate/],
    ["a number that no double holds", '{"a":9007199254740993}\n', /a double holds exactly/],
    ["a number in another spelling", '{"a":1.0}\n', /spelled 1/],
    ["NaN", '{"a":NaN}\n', naming("line 1", "column 6", "N")],
    ["a comment", '// said\n{"a":1}\n', naming("line 1")],
    ["a byte order mark", '\ufeff{"a":1}\n', /byte order mark/],
    ["a byte order mark further on", '{"a":1}\n\ufeff{"a":1}\n', /line 2\b.*byte order mark/],
    ["no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /UTF-8/],
    ["UTF-16", Uint8Array.of(0x7b, 0, 0x7d, 0), naming("line 1")],
    ["an array that is deep", `{"a":${"[".repeat(70)}${"]".repeat(70)}}\n`, /nesting/],
  ])("%s is refused", (_, written, said) => {
    const { code, message } = refusal(() => parseObservations(typeof written === "string" ? utf8(written) : written));
    expect(code).toBe("observations");
    expect(message).toMatch(/\bline \d+\b/);
    expect(message).toMatch(said);
  });

  test("the line that is none is named by its number", () => {
    expect(refusal(() => parsed('{"a":1}', '{"a":2}', '{"a":', '{"a":4}')).message).toMatch(naming("line 3"));
  });

  const SMALL = utf8('{"case":"T1","kept":true,"ms":12.5}\n{"case":"ü","i":-7,"s":"\\u001f"}\n{}\n');

  /** Observations, each of them flat; or the one error. */
  function sound(bytes: Bytes): readonly Observation[] | undefined {
    try {
      const given = parseObservations(bytes);
      for (const one of given)
        for (const member of Object.values(one)) expect(["string", "number", "boolean"]).toContain(typeof member);
      return given;
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      expect(error.code).toBe("observations");
      return undefined;
    }
  }

  test("each beginning of a file is refused, or is its first observations", () => {
    const whole = parseObservations(SMALL);
    for (let length = 0; length <= SMALL.length; length += 1) {
      const given = sound(SMALL.subarray(0, length));
      if (given !== undefined) expect(given).toEqual(whole.slice(0, given.length));
    }
    expect(sound(SMALL)).toHaveLength(3);
  });

  test("each byte of a file changed in any way gives observations or the one error", () => {
    for (let at = 0; at < SMALL.length; at += 1)
      for (let mask = 1; mask < 256; mask += 1) {
        const copy = SMALL.slice();
        copy[at]! ^= mask;
        sound(copy);
      }
  });

  test("noise gives observations or the one error", () => {
    const word = fc.constantFrom(
      "{",
      "}",
      '"a"',
      '"b"',
      ":",
      ",",
      "1",
      "-0",
      "true",
      "null",
      "[",
      "]",
      "\n",
      "\r",
      " ",
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void sound(bytes)));
    fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => void sound(utf8(words.join("")))));
  });
});

test("the criterion of these tests is one that a statement may hold", () => {
  expect(schema.safeParse(CLAIM).data).toEqual(CLAIM);
});
