/** A million histories against the model: no path ever says more. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { history, saysMore } from "../model/standing.js";

test("no path says more than a careful reader may conclude, in a million histories", () => {
  fc.assert(
    fc.property(history, (told) => {
      expect(saysMore(told)).toEqual([]);
    }),
    { numRuns: 1_000_000 },
  );
}, 21_600_000);
