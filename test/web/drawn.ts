/** A result whose outcomes follow from numbers by a criterion, with figures of them. */
import { wording, type Criterion } from "../../src/core/statement/criterion.js";
import type { Findings } from "../../src/core/statement/statement.js";
import { findings } from "./making.js";

const [passed, order, slow] = findings().f3.checks;

const never: Criterion = {
  measures: [
    { name: "sums lost", of: "count", where: { lost: true } },
    { name: "sums", of: "count", where: {} },
    { name: "sums lost without a carry", of: "count", where: { carry: false, lost: true } },
    { name: "sums without a carry", of: "count", where: { carry: false } },
  ],
  holds: [{ measure: "sums lost", is: "=", value: 0 }],
  needs: [{ measure: "sums", is: "≥", value: 1000 }],
};

/** Of shares and of times; one bar is of what nobody measured, and one of a check that could not be made. */
export const drawnFindings = (): Findings =>
  findings({
    title: "Addition, drawn",
    checks: [
      {
        ...passed!,
        expected: wording(never),
        criterion: never,
        measurements: [
          { name: "sums lost", value: 0 },
          { name: "sums", value: 71385 },
          { name: "sums lost without a carry", value: 257 },
          { name: "sums without a carry", value: 400 },
        ],
      },
      {
        ...order!,
        expected: "soon enough for us",
        criterion: {
          measures: [{ name: "time", of: "max", field: "ms", where: {}, unit: "ms" }],
          holds: [{ measure: "time", is: "≤", value: 14000 }],
          needs: [],
        },
        measurements: [
          { name: "time", value: 401.137, unit: "ms" },
          { name: "time at best", value: 0.053, unit: "ms" },
        ],
      },
      { ...slow!, outcome: "errored", measurements: [{ name: "tries", value: 3 }] },
    ],
    figures: [
      {
        title: "Sums lost",
        bars: [
          { label: "as tested", check: "adds", measurement: "sums lost", of: "sums" },
          {
            label: "without a carry",
            check: "adds",
            measurement: "sums lost without a carry",
            of: "sums without a carry",
          },
          { label: "by hand", check: "adds", measurement: "sums lost by hand", of: "sums by hand" },
        ],
      },
      {
        title: "Time, and what it took",
        bars: [
          { label: "at most", check: "commutes", measurement: "time" },
          { label: "at best", check: "commutes", measurement: "time at best" },
          { label: "tries", check: "quick", measurement: "tries", of: "tries" },
        ],
      },
      { title: "Time, alone", bars: [{ label: "at most", check: "commutes", measurement: "time" }] },
    ],
  });
