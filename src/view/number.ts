/** Numbers for people: all digits in lists, three digits for comparison at a glance. */

/** @example exact(71385)   // "71,385"; four digits have no separator */
export const exact = (value: number): string =>
  String(value).replace(/^-?\d{5,}(?=\.|$)/, (whole) => whole.replace(/\B(?=(?:\d{3})+$)/g, ","));

/** Keeps integers. @example rounded(401.137)   // "401" */
export const rounded = (value: number): string => exact(Number.isInteger(value) ? value : Number(value.toPrecision(3)));

/** Never rounds a part to nothing or to the whole. @example percent(399999, 400000)   // "> 99.9 %" */
export function percent(part: number, whole: number): string {
  const value = (part / whole) * 100;
  if (value < 0.001 && part !== 0) return "< 0.001 %";
  const text = rounded(value);
  if (text !== "100" || part === whole) return `${text} %`;
  return part < whole ? "> 99.9 %" : "> 100 %";
}

export const withUnit = (text: string, unit: string | undefined): string =>
  unit === undefined || unit === "" ? text : `${text} ${unit}`;
