/** Arbitrary JSON values of the kind that may be signed, for fast-check. */
import * as fc from "fast-check";
import type { Json, JsonObject } from "../../src/core/json.js";

/** Unicode text: any code point, no half of a surrogate pair. */
/** Of what I-JSON has. */
export const text: fc.Arbitrary<string> = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((any) => any.replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd"));

export const number: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value))
    .map((value) => (value === 0 ? 0 : value)), // -0 has no spelling of its own
);

/** Names that JavaScript itself gives a meaning come up often. */
const name: fc.Arbitrary<string> = fc
  .oneof(
    text,
    fc.constantFrom("constructor", "toString", "valueOf", "toJSON", "hasOwnProperty", "length", "1", "10", "9"),
  )
  .filter((member) => member !== "__proto__");

const { value, object } = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));

export const json: fc.Arbitrary<Json> = value;
export const jsonObject: fc.Arbitrary<JsonObject> = object;
