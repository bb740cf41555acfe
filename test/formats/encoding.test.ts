/** A report in another encoding is the same report, where its bytes say which. */
import { expect, test } from "vitest";
import { readResults } from "../../src/formats/results.js";
import { attempt } from "./reading.js";

const xml = (encoding: string): string =>
  `<?xml version="1.0" encoding="${encoding}"?><testsuite><testcase name="größer"/></testsuite>`;
const wide = (text: string): Buffer => Buffer.from(text, "utf16le");

test.each([
  ["ISO-8859-1", Buffer.from(xml("ISO-8859-1"), "latin1")],
  ["windows-1252", Buffer.from(xml("windows-1252"), "latin1")],
  ["UTF-16 with a mark", wide(`\ufeff${xml("UTF-16")}`)],
  ["UTF-16 with a mark, the other way round", wide(`\ufeff${xml("UTF-16")}`).swap16()],
  ["UTF-16 without a mark", wide(xml("UTF-16LE"))],
  ["UTF-8 that is called UTF-16", Buffer.from(xml("utf-16"))],
  ["TAP in UTF-16", wide("\ufeff1..1\nok 1 - größer\n")],
])("%s", (_, bytes) => {
  expect(readResults(bytes).cases[0]?.name).toBe("größer");
});

test.each([
  ["several bytes for a character", Buffer.from(xml("Shift_JIS"))],
  ["an encoding that nobody knows", Buffer.from(xml("UTF-7"))],
  ["half a character", wide(`\ufeff${xml("UTF-16")}`).subarray(0, -1)],
  ["no declaration", Buffer.from(`<testsuite name="größer"/>`, "latin1")],
])("refused: %s", (_, bytes) => {
  expect(attempt(bytes)).toBeUndefined();
});
