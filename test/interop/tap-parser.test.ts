/** Our reader of TAP against perl's own, TAP::Parser: they agree, or the difference has a name and a line in docs/reports.md. */
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DIFFERENCES, perlReads, readByPerl, readByUs, streams } from "./tap-parser.js";

/** A stream of each difference, in which the two do differ. */
const SAMPLES: Readonly<Record<keyof typeof DIFFERENCES, string>> = {
  order: "1..2\nok 2\nok 1\n",
  version: "TAP version 14\n1..1\nok 1\n",
  "words after the directive": "1..1\nok 1 # Skipped: why\n",
  "no space before the directive": "1..1\nnot ok 1 - a# TODO\n",
  "first mark": "1..1\nnot ok 1 https://example.org/#a # TODO\n",
  "not ok and skipped": "1..1\nnot ok 1 # SKIP\n",
  "reason of a plan": "1..1 # why\nok 1\n",
  subtests: "1..1\n    1..2\n    not ok 1\nok 1\n",
  "bail-out in small letters": "1..1\nok 1\nbail out!\n",
  "point without a space": "1..1\nok 1\nok, so far\n",
  braces: "1..1\nok 1 {\n",
  pragma: "pragma +strict\n1..1\nok 1\nhello\n",
  diagnostics: "1..1\nok 1\n  ---\n  x\n",
};

test.for([...Array(Number(process.env["ATTEST_TAP_STREAMS"] ?? 1) || 1).keys()])(
  "they agree on streams by chance",
  { timeout: 300_000 },
  (seed, context) => {
    if (!perlReads) return context.skip("NOT CHECKED: perl with TAP::Parser is not here");
    const all = fc.sample(streams, { numRuns: 1000, seed });
    const compared = all.filter((stream) => !Object.values(DIFFERENCES).some((applies) => applies(stream)));
    const perls = readByPerl(compared);
    const ours = compared.map(readByUs);
    for (const [at, stream] of compared.entries()) {
      const what = JSON.stringify([stream, perls[at]?.errors, ours[at]?.errors]);
      expect([ours[at]?.good, ...(ours[at]?.outcomes ?? [])], what).toEqual([
        perls[at]?.good,
        ...(perls[at]?.outcomes ?? []),
      ]);
    }
    // Of what is left out nothing would be learned; nor of failures alone.
    expect(compared.length).toBeGreaterThan(300);
    expect(ours.filter(({ good }) => good).length).toBeGreaterThan(50);
  },
);

test("each difference is one, and has a line in the docs", (context) => {
  if (!perlReads) return context.skip("NOT CHECKED: perl with TAP::Parser is not here");
  const docs = readFileSync(new URL("../../docs/reports.md", import.meta.url), "utf8");
  const perls = readByPerl(Object.values(SAMPLES));
  expect(Object.keys(SAMPLES)).toEqual(Object.keys(DIFFERENCES));
  for (const [at, [name, stream]] of Object.entries(SAMPLES).entries()) {
    const { good, outcomes } = readByUs(stream);
    expect([good, outcomes], name).not.toEqual([perls[at]?.good, perls[at]?.outcomes]);
    expect(DIFFERENCES[name]?.(stream), name).toBe(true);
    expect(docs).toContain(`| ${name} |`);
  }
});
