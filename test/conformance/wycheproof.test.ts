// The one Ed25519 rule beside Project Wycheproof's vectors, through every engine.
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/core/bytes.js";
import { engines } from "../core/engines.js";
import { vector } from "./vectors.js";

interface Wycheproof {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly flags: readonly string[];
      readonly msg: string;
      readonly sig: string;
      readonly result: "valid" | "acceptable" | "invalid";
    }[];
  }[];
}

const { numberOfTests, testGroups } = JSON.parse(
  vector("wycheproof", "ed25519_test.json").toString("utf8"),
) as Wycheproof;
const cases = testGroups.flatMap(({ publicKey, tests }) => tests.map((one) => ({ ...one, pk: publicKey.pk })));

test("all of them are valid or invalid: none is left to taste", () => {
  expect(cases).toHaveLength(numberOfTests);
  expect(new Set(cases.map(({ result }) => result))).toEqual(new Set(["valid", "invalid"]));
});

describe.each(engines)("$name", (engine) => {
  test.each(cases)("$tcId $flags $comment: $result", ({ pk, msg, sig, result }) => {
    expect(engine.verify(fromHex(pk), fromHex(msg), fromHex(sig))).toBe(result === "valid");
  });
});
