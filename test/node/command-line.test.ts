import { expect, test } from "vitest";
import { commandLine } from "../../src/node/command-line.js";

test.each([
  [["attest", "sign", "/tmp/a-b/statement.json"], "attest sign /tmp/a-b/statement.json"],
  [["attest", "sign", "/my files/it's"], "attest sign '/my files/it'\\''s'"],
  [["sh", "-c", "", "$HOME"], "sh -c '' '$HOME'"],
])("%j", (words, line) => {
  expect(commandLine(words)).toBe(line);
});
