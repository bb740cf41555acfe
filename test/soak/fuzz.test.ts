/** A million spoilt attestations, and as many again with every run: the same must hold as of the thousands of test/fuzz. */
import { expect, test } from "vitest";
import { agreed, DOCUMENTS, judged } from "../fuzz/attestations.js";
import { cases, looking, mutations, SEED } from "../fuzz/mutate.js";

const CASES = cases(1_000_000);

test(
  `${CASES} spoilt attestations, ATTEST_FUZZ_SEED=${SEED}`,
  () => {
    const began = performance.now();
    const ends = new Map<string, number>();
    let seen = 0;
    for (const one of mutations(SEED, DOCUMENTS, CASES)) {
      looking(one, (bytes) => {
        const report = judged(bytes);
        const failed = report.checks.find(({ status }) => status === "failed");
        const end = `${report.outcome} ${failed?.code ?? "nothing failed"}`;
        ends.set(end, (ends.get(end) ?? 0) + 1);
        if (one.seed % 100 === 0) agreed(bytes, report);
      });
      seen += 1;
      if (seen % 50_000 === 0) console.log(`${seen} of ${CASES}, ${rate(seen, began)} a second`);
    }
    const table = [...ends].sort(([, a], [, b]) => b - a).map(([end, count]) => `${count}\t${end}`);
    console.log(`${seen} looked at, ${rate(seen, began)} a second\n${table.join("\n")}`);
    expect(ends.get("accepted nothing failed")).toBeGreaterThan(CASES / 1000);
  },
  2 * 3_600_000,
);

const rate = (seen: number, began: number): number => Math.round((seen / (performance.now() - began)) * 1000);
