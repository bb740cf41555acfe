/** Two hundred writers of a log, killed at any moment; and eight at once. */
import { expect, test } from "vitest";
import { killedAgainAndAgain, sideBySide } from "../store/appending.js";

test("two hundred writers, killed at any moment", async () => {
  const midst = await killedAgainAndAgain(200);
  console.info(`killed in the midst of a commit: ${midst} of 200`);
  expect(midst).toBeGreaterThan(50);
});

test("eight processes at once, fifty entries each", async () => {
  await sideBySide(8, 50);
});
