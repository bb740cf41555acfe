/** A sample of what test/soak does at length: writers of a log that are killed at any moment, and many at once. */
import { test } from "vitest";
import { killedAgainAndAgain, sideBySide } from "./appending.js";

test("ten writers, killed at any moment: what is published verifies, and nothing that was acknowledged is lost", async () => {
  await killedAgainAndAgain(10);
}, 120_000);

test("four processes at once: every entry once, in one order", async () => {
  await sideBySide(4, 10);
}, 120_000);
