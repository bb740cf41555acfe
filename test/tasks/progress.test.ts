/** Progress in a command's output: lines of one form, wherever the chunks were cut; everything else is output. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { progressIn, ProgressReader } from "../../src/tasks/progress.js";

describe("a line", () => {
  test.each<[string, number, number, string]>([
    ["attest:progress 12/24 linking", 12, 24, "linking"],
    ["attest:progress 0/1", 0, 1, ""],
    ["attest:progress 24/24 done\r", 24, 24, "done"],
    ["attest:progress 1/2   two words ", 1, 2, "two words"],
    ["attest:progress 999999999999999/999999999999999", 999999999999999, 999999999999999, ""],
    [`attest:progress 1/2 ${"🌳".repeat(300)}`, 1, 2, "🌳".repeat(200)],
  ])("%s", (line, done, total, text) => {
    expect(progressIn(line)).toEqual({ done, total, text });
  });

  test.each([
    "attest:progress 5/0",
    "attest:progress 0/0 nothing",
    "attest:progress 30/24 too much",
    "attest:progress 1/10000000000000000",
    `attest:progress ${"9".repeat(400)}/${"9".repeat(400)}`,
    "attest:progress -1/2",
    "attest:progress 1.5/2",
    "attest:progress 1/2x",
    "attest:progress 1 / 2",
    "attest:progress",
    " attest:progress 1/2",
    "say attest:progress 1/2",
    "",
  ])("is none: %s", (line) => {
    expect(progressIn(line)).toBeUndefined();
  });
});

describe("a stream", () => {
  const output = Buffer.from(
    "compiling\nattest:progress 1/3 ä\nnoise \u{1f333}\nattest:progress 3/2\nattest:progress 2/3 ö\nrest",
  );

  test("says the same however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(output.length)), (cuts) => {
        const reader = new ProgressReader();
        const edges = [0, ...cuts.sort((a, b) => a - b), output.length];
        const found = edges.map((from, at) => reader.feed(output.subarray(from, edges[at + 1]))).filter(Boolean);
        expect(found.at(-1)).toEqual({ done: 2, total: 3, text: "ö" });
        expect(reader.end()).toBeUndefined();
      }),
    );
  });

  test("may end without a line feed", () => {
    const reader = new ProgressReader();
    expect(reader.feed(Buffer.from("attest:progress 2/2 al"))).toBeUndefined();
    expect(reader.feed(Buffer.from("l"))).toBeUndefined();
    expect(reader.end()).toEqual({ done: 2, total: 2, text: "all" });
    expect(reader.end()).toBeUndefined();
  });

  test("a line without end is not kept, and the next one is read", () => {
    const reader = new ProgressReader();
    const endless = Buffer.alloc(1024, "x");
    for (let n = 0; n < 64; n += 1) expect(reader.feed(endless)).toBeUndefined();
    expect(reader.feed(Buffer.from(" attest:progress 1/2\nattest:progress 2/2\n"))).toEqual({
      done: 2,
      total: 2,
      text: "",
    });
  });
});
