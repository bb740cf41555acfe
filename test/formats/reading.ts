/** What every test of a reader needs: reading a text, and what holds of all results whatever was read. */
import { expect } from "vitest";
import { utf8, type Bytes } from "../../src/core/bytes.js";
import { AttestError } from "../../src/core/errors.js";
import { canonical, type Json } from "../../src/core/json.js";
import { readResults, type Results } from "../../src/formats/results.js";

export const read = (text: string): Results => readResults(utf8(text));

/** Undefined for what is refused, for one of the two reasons that there are; any other fault fails the test. */
export function attempt(bytes: Bytes): Results | undefined {
  try {
    return readResults(bytes);
  } catch (error) {
    if (error instanceof AttestError && ["report-format", "too-large"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Each case as `outcome name`, or `outcome again name`: what most tests look at. */
export const outcomes = ({ cases }: Results): string[] =>
  cases.map(({ outcome, retried, name }) => `${outcome}${retried ? " again" : ""} ${name}`);

export const failures = ({ cases }: Results): number =>
  cases.filter(({ outcome }) => outcome === "failed" || outcome === "errored").length;

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** Fit for a statement: I-JSON without control characters, with names that are unique and not empty. */
export function sound(results: Results): void {
  canonical(results as unknown as Json);
  const names = results.cases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain("");
  const { cases, discrepancies, tool = "" } = results;
  const texts = [...cases.flatMap(({ name, suite = "", message = "", file = "" }) => [name, suite, message, file])];
  for (const text of [...texts, ...discrepancies, tool]) expect(text).not.toMatch(CONTROL);
  expect(texts.every((text) => text.length <= 10_000)).toBe(true);
}
