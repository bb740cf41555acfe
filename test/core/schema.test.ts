/** A refused value is named by its place, also where that is the whole document; zod's "Invalid input" tells nobody anything. */
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { faultIn } from "../../src/core/schema.js";

const schema = z.strictObject({ version: z.literal(1), one: z.optional(z.strictObject({ a: z.string() })) });

const LONG = "x".repeat(5000);

test("what a document is long in makes no sentence long", () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`${LONG}${at}`, at]));
  const inside = z.record(z.string(), z.strictObject({ a: z.number() }));
  for (const { error } of [schema.safeParse({ version: 1, ...many }), inside.safeParse({ [LONG]: { a: "" } })])
    expect((error && faultIn(error))?.length).toBeLessThan(400);
});

test.each<[string, unknown, RegExp]>([
  ["the whole document", [], /^the top level: .*object/],
  ["a member beside the known ones", { version: 1, more: 2 }, /^the top level: .*more/],
  ["a member that is missing", {}, /^version: .*1/],
  ["a deep one", { version: 1, one: { a: 2 } }, /^one\.a: .*string/],
])("%s", (_, value, expected) => {
  const { error } = schema.safeParse(value);
  const fault = error && faultIn(error);
  expect(fault).toMatch(expected);
  expect(fault).not.toContain("Invalid input");
});
