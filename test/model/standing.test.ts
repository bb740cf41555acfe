/** No path ever says more than the model allows, in a thousand histories at night and in three hundred on a push; `npm run soak` tries a million. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atRegistry } from "../core/histories.js";
import { allowed, history, saysMore, shownOf, type History } from "./standing.js";
import { NIGHT } from "../night.js";

test("no path says more than a careful reader may conclude", () => {
  fc.assert(
    fc.property(history, (told) => {
      expect(saysMore(told)).toEqual([]);
    }),
    { numRuns: NIGHT ? 1000 : 300 },
  );
}, 120_000);

describe("the model is not content with everything", () => {
  const told = (by: number[], ...events: History["events"]): History => ({ by, events, log: "whole" });
  const over = (by: number, key: number, served = true) => ({ act: "hand over", by, key, served }) as const;
  const retract = (by: number, served = true) => ({ act: "retract", by, key: 0, served }) as const;
  test.each<[string, History, ReturnType<typeof allowed>]>([
    ["one key", told([0]), { accepted: true, inForce: true, owners: 1 }],
    ["a stranger's", told([1]), { accepted: false, inForce: true, owners: 0 }],
    ["a successor's", told([1], over(0, 1)), { accepted: true, inForce: true, owners: 1 }],
    ["one of two successors", told([1], over(0, 1), over(0, 2)), { accepted: false, inForce: true, owners: 0 }],
    [
      "taken back by the other",
      told([0], over(0, 1), over(0, 2), retract(2, false)),
      { accepted: true, inForce: false, owners: 1 },
    ],
    ["both keys of one owner", told([0, 1], over(0, 1)), { accepted: true, inForce: true, owners: 1 }],
  ])("%s", (_, one, most) => {
    expect(allowed(one)).toEqual(most);
  });

  test("and what it allows is said, where all is served", () => {
    expect(atRegistry(shownOf(told([0], over(0, 1)), { notRetracted: true })).outcome).toBe("accepted");
    expect(atRegistry(shownOf(told([0], over(0, 1), retract(1)), { notRetracted: true })).outcome).toBe("untrusted");
    const early = { ...over(0, 1), early: true };
    expect(atRegistry(shownOf(told([1], early), { notRetracted: true })).outcome).toBe("accepted");
    expect(atRegistry(shownOf(told([1], early, over(0, 2, false)), { notRetracted: true })).outcome).toBe("untrusted");
  });
});
