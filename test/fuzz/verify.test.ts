/** Thousands of spoilt attestations, other ones in every run: none is taken for what was not signed, and nothing is thrown. */
import { expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-status.js";
import { base64 } from "../../src/core/bytes.js";
import { parseEnvelope } from "../../src/core/statement/envelope.js";
import { canonical, readable } from "../../src/core/json.js";
import { verify } from "../../src/core/verify/verify.js";
import { nodeEngine } from "../../src/node/engine.js";
import { NOW, signer } from "../core/making.js";
import { agreed, Counting, DOCUMENTS, judged, KEYS } from "./attestations.js";
import { cases, looking, mutation, mutations, SEED } from "./mutate.js";

const CASES = cases(3000);

test("as they were signed, four of the seven pass, in either format", () => {
  const exits = DOCUMENTS.map((bytes) => EXIT[judged(bytes).outcome]);
  expect(exits).toEqual([0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 4, 4]);
});

test(`${CASES} spoilt attestations, ATTEST_FUZZ_SEED=${SEED}`, () => {
  const ends = new Map<string, number>();
  for (const one of mutations(SEED, DOCUMENTS, CASES)) {
    looking(one, (bytes) => {
      const report = judged(bytes);
      const end = report.checks.find(({ status }) => status === "failed")?.code ?? report.outcome;
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (one.seed % (report.outcome === "accepted" ? 5 : 40) === 0) agreed(bytes, report);
    });
  }
  // Were all of them refused at the door, nothing behind it would have been looked at.
  for (const end of ["accepted", "signature-bad", "json-syntax", "json-duplicate", "envelope-member", "base64"])
    expect(ends.get(end) ?? 0, end).toBeGreaterThan(CASES / 1000);
}, 300_000);

test("signatures that name no key are not all tried with a hundred keys", () => {
  const { payload, payloadType, signatures } = parseEnvelope(DOCUMENTS[0]!);
  const sig = base64(signatures[0]!.sig);
  const [known] = KEYS;
  const keys = Array.from({ length: 128 }, () => ({ ...known!, key: signer().key }));
  const tried = (count: number): [string, number] => {
    const engine = new Counting(nodeEngine);
    const nameless = Array.from({ length: count }, () => ({ sig }));
    const bytes = readable({ payload: base64(canonical(payload)), payloadType, signatures: nameless });
    return [verify(bytes, { engine, keys: [...keys, known!], now: NOW }).outcome, engine.verified];
  };
  expect(tried(1)).toEqual(["accepted", 129]);
  expect(tried(16)).toEqual(["error", 0]);
});

test("a seed gives the same case again", () => {
  for (const seed of [0, 1, 2 ** 31, 2 ** 32 - 1]) expect(mutation(seed, DOCUMENTS)).toEqual(mutation(seed, DOCUMENTS));
});
