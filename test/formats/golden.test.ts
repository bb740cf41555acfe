/**
 * Reports that the real tools wrote of a sample with tests that pass, fail, are skipped, cannot be set up, and a file that does not load.
 * The version stands in the name; paths of the machine are replaced by /srv/sample, and surefire's list of properties is left out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readResults } from "../../src/formats/results.js";
import { failures, sound } from "./reading.js";

const folder = new URL("golden/", import.meta.url);
const reports = readdirSync(folder).filter((name) => !name.endsWith(".expected.json"));

test.each(reports)("%s", (name) => {
  const results = readResults(readFileSync(new URL(name, folder)), name);
  expect(results).toEqual(JSON.parse(readFileSync(new URL(`${name}.expected.json`, folder), "utf8")));
  sound(results);
  expect(failures(results)).toBeGreaterThan(0);
  expect(JSON.stringify(results.cases.map(({ name, file }) => [name, file]))).not.toContain("/srv/");
});

describe("what a tool leaves out of its report", () => {
  const names = (report: string): string =>
    readResults(readFileSync(new URL(report, folder)))
      .cases.map(({ name }) => name)
      .join("\n");

  test("jest-junit and the CTRF of jest do not mention a file that did not load; jest's own JSON does", () => {
    expect(names("jest-junit-17.0.0.xml")).not.toContain("broken");
    expect(names("jest-ctrf-json-reporter-0.0.11.json")).not.toContain("broken");
    expect(names("jest-30.5.2.json")).toContain("broken.test.cjs");
  });
});
