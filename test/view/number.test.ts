/** Numbers for people: no digit is lost where they are listed, and no rounding says all or nothing of what is neither. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exact, percent, rounded, withUnit } from "../../src/view/number.js";
import { number } from "../core/arbitrary.js";

test.each([
  [0, "0", "0"],
  [9978, "9978", "9978"],
  [10000, "10,000", "10,000"],
  [-71385, "-71,385", "-71,385"],
  [9007199254740991, "9,007,199,254,740,991", "9,007,199,254,740,991"],
  [0.0011111111111111111, "0.0011111111111111111", "0.00111"],
  [401.137, "401.137", "401"],
  [12345.678, "12,345.678", "12,300"],
  [-2.8925, "-2.8925", "-2.89"],
  [0.1 + 0.2, "0.30000000000000004", "0.3"],
  [5e-324, "5e-324", "5e-324"],
])("%d is listed as %s and compared as %s", (value, listed, compared) => {
  expect([exact(value), rounded(value)]).toEqual([listed, compared]);
});

test("whatever is listed can be read back", () => {
  fc.assert(fc.property(number, (value) => Number(exact(value).replaceAll(",", "")) === value));
});

test.each([
  [257, 400, "64.3 %"],
  [0, 2700, "0 %"],
  [7, 100, "7 %"],
  [1, 2700, "0.037 %"],
  [1, 9007199254740991, "< 0.001 %"],
  [400, 400, "100 %"],
  [399999, 400000, "> 99.9 %"],
  [400001, 400000, "> 100 %"],
  [400, 120, "333 %"],
])("%d of %d is %s", (part, whole, said) => {
  expect(percent(part, whole)).toBe(said);
});

test("a unit comes after the number, where there is one", () => {
  expect(["ms", "", undefined].map((unit) => withUnit("3", unit))).toEqual(["3 ms", "3", "3"]);
});
