// The canonical form beside the vectors of RFC 8785's author.
import { describe, expect, test } from "vitest";
import { hex, type Bytes } from "../../src/core/bytes.js";
import { canonical, parseJson, readable, type Json } from "../../src/core/json.js";
import { refusal } from "../core/refusal.js";
import { vector, vectorNames } from "./vectors.js";

const names = vectorNames("jcs", "input").map((file) => file.replace(/\.json$/, ""));
const input = (name: string): Json => JSON.parse(vector("jcs", "input", `${name}.json`).toString("utf8")) as Json;
const output = (name: string): Bytes => new Uint8Array(vector("jcs", "output", `${name}.json`));

/** I-JSON (RFC 7493 section 2.2) leaves integers beyond 2^53 to chance, so this one is refused before it is spelled. */
const BEYOND = { name: "values", number: "1e+30" };
const within = names.filter((name) => name !== BEYOND.name);

test("the vectors are there", () => {
  expect(names).toEqual(["arrays", "french", "structures", "unicode", "values", "weird"]);
});

describe.each(within)("%s", (name) => {
  test("has these canonical bytes", () => {
    expect(canonical(input(name))).toEqual(output(name));
    expect(hex(output(name))).toBe(vector("jcs", "outhex", `${name}.txt`).toString("utf8").replace(/\s/g, ""));
  });

  test("in its canonical form is read as JSON.parse reads it, and is its own canonical form", () => {
    expect(parseJson(output(name))).toEqual(input(name));
    expect(canonical(parseJson(output(name)))).toEqual(output(name));
    expect(canonical(parseJson(readable(input(name))))).toEqual(output(name));
  });
});

describe(BEYOND.name, () => {
  const { name, number } = BEYOND;

  test(`is refused for ${number}, in any spelling`, () => {
    expect(refusal(() => canonical(input(name))).code).toBe("not-json");
    expect(refusal(() => parseJson(output(name))).message).toMatch(number);
  });

  test("has these canonical bytes but for that number", () => {
    const { numbers, ...rest } = input(name) as { numbers: number[] };
    const left = { numbers: numbers.filter((one) => Math.abs(one) < 2 ** 53), ...rest };
    const expected = Buffer.from(output(name)).toString("utf8").replace(`${number},`, "");
    expect(Buffer.from(canonical(left)).toString("utf8")).toBe(expected);
    expect(canonical(parseJson(canonical(left)))).toEqual(canonical(left));
  });
});
