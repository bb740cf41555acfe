/** Tests that a cited document counts: those of a report, and none that a person's text shows. */
import { expect, test } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { readCited } from "../../src/formats/cited.js";

const TAP = "1..2\nok 1 - a\nnot ok 2 - b\n";
const counts = { passed: 1, failed: 1, errored: 0, skipped: 0 };

test.each([
  ["a report between other lines", "text/plain", `> test\n> run\n\n${TAP}done\n`, [{ format: "tap", counts }]],
  [
    "several in one file",
    "text/plain",
    `${TAP}<testsuite><testcase name="a"/></testsuite>\n`,
    [
      { format: "junit", counts: { ...counts, failed: 0 } },
      { format: "tap", counts },
    ],
  ],
  [
    "many by their names",
    "application/json",
    JSON.stringify({ "a.tap": TAP, "b.tap": TAP }),
    Array(2).fill({ format: "tap", counts }),
  ],
  ["an example in a text", "text/markdown", `# How it ran\n\n\`\`\`\n${TAP}\`\`\`\n`, undefined],
])("%s", (_, mediaType, text, found) => {
  expect(readCited({ role: "report", mediaType }, utf8(text)).counts).toEqual(found);
});
