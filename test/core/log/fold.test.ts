/** A log folded in parts, with what is kept in between as a file, says what it says as a whole; and a file that is not that one says nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromUtf8, hex, utf8, type Bytes } from "../../../src/core/bytes.js";
import { nobleEngine as engine } from "../../../src/core/engine.js";
import { formatEntry, type LogEntry } from "../../../src/core/log/entry.js";
import {
  beginning,
  LogFold,
  MAX_NOTICES_KEPT,
  type FoldedLog,
  type FoldState,
  type NumberedNotice,
  type Wanted,
} from "../../../src/core/log/fold.js";
import { formatFoldState, parseFoldState } from "../../../src/core/log/fold-state.js";
import { openCheckpoint, sealCheckpoint, type OpenedCheckpoint } from "../../../src/core/log/checkpoint.js";
import { leafHash, treeHead } from "../../../src/core/log/merkle.js";
import { consistencySince } from "../../../src/core/log/read-all.js";
import { logKey, named, operators } from "../histories.js";
import { mangled, outcome } from "../mangling.js";

const [operator] = operators;
const key = logKey();
const sha = (text: string): string => hex(engine.sha256(utf8(text)));
const payloads = ["a", "b", "c", "d"].map(sha);
const keyids = ["A", "B", "C"].map((letter) => `SHA256:${letter.repeat(43)}`);

const signed = fc.record({
  payload: fc.constantFrom(...payloads),
  signature: fc.nat(1000).map((at) => sha(`signature ${at}`)),
  keyid: fc.constantFrom(...keyids),
  at: fc.constant("2026-03-01T10:00:00Z"),
});
const entry: fc.Arbitrary<LogEntry> = fc.oneof(
  signed.map((one) => ({ kind: "result" as const, ...one, verdict: "VALIDATED" as const })),
  signed.map((one) => ({ kind: "notice" as const, ...one, action: "retract", about: sha("a") })),
  signed.map((one) => ({ kind: "shard" as const, origin: "o", size: 3, root: one.payload, key: "k" })),
);
const log = fc.array(entry, { maxLength: 40 }).map((entries) => entries.map(formatEntry));
const wanted: fc.Arbitrary<Wanted> = fc.record({
  payloads: fc.subarray(payloads).map((all) => new Set(all)),
  keys: fc.subarray(keyids).map((all) => new Set(all)),
});

function headed(entries: readonly Bytes[]): OpenedCheckpoint {
  const head = treeHead(
    entries.map((one) => leafHash(one, engine.sha256)),
    engine.sha256,
  );
  const checkpoint = sealCheckpoint({ origin: key.name, ...head }, key, (message) => operator.sign(message));
  return openCheckpoint(checkpoint, key, [], engine);
}

function folded(from: FoldState, entries: readonly Bytes[], sizes?: number[]): FoldedLog {
  const fold = new LogFold(engine, from, sizes);
  for (const one of entries.slice(from.size)) fold.add(one);
  return fold.under(key, headed(entries));
}
const said = ({ size, range, first, notices, signers, wanted }: FoldedLog): FoldState => ({
  size,
  range,
  first,
  notices,
  signers,
  wanted,
});
const kept = (state: FoldState): Bytes => formatFoldState(named(), state, engine) ?? new Uint8Array();

describe("a log", () => {
  test("in two parts says what it says in one", () => {
    fc.assert(
      fc.property(log, wanted, fc.nat(40), (entries, wants, at) => {
        const first = folded(beginning(wants), entries.slice(0, at));
        const state = parseFoldState(kept(first), named(), engine);
        expect(state).toEqual(said(first));
        expect(said(folded(state!, entries))).toEqual(said(folded(beginning(wants), entries)));
      }),
    );
  });

  test("has of the signers of all those that are wanted, and no other", () => {
    fc.assert(
      fc.property(log, wanted, (entries, wants) => {
        if (wants === "all") return;
        const all = folded(beginning("all"), entries);
        const some = folded(beginning(wants), entries);
        for (const [payload, by] of all.signers)
          expect(some.signers.get(payload) ?? []).toEqual(
            wants.payloads.has(payload) ? by : by.filter((one) => wants.keys.has(one)),
          );
        expect(some.notices).toEqual(all.notices);
      }),
    );
  });

  test("is compared with an earlier head of it at the sizes that were named, and where it was gone on from", () => {
    const entries = fc.sample(entry, { numRuns: 20, seed: 1 }).map(formatEntry);
    const at = (size: number) => headed(entries.slice(0, size)).checkpoint;
    const some = { payloads: new Set<string>(), keys: new Set<string>() };
    const whole = folded(beginning(some), entries, [7]);
    const further = folded(folded(beginning(some), entries.slice(0, 12)), entries);
    const since = (size: number, one: FoldedLog): string => consistencySince(at(size), one);
    expect([0, 7, 20].map((size) => since(size, whole))).toEqual(["grown", "grown", "same"]);
    expect(since(12, further)).toBe("grown");
    expect(consistencySince({ ...at(7), root: at(8).root }, whole)).toBe("rewritten");
    expect(since(8, whole)).toBe("rewritten"); // what nobody looked at is never a continuation
    expect(consistencySince(at(20), folded(beginning(some), entries.slice(0, 12)))).toBe("backwards");
  });

  test("of other entries than its root is of counts for nothing, and neither does an unreadable entry", () => {
    const entries = fc.sample(entry, { numRuns: 9, seed: 1 }).map(formatEntry);
    const under = (all: readonly Bytes[], opened: OpenedCheckpoint): unknown =>
      outcome(() => {
        const fold = new LogFold(engine, beginning("all"));
        for (const one of all) fold.add(one);
        return fold.under(key, opened).size;
      });
    expect(under(entries, headed(entries))).toBe(9);
    expect(under(entries.slice(1), headed(entries))).toBe("log-damaged");
    expect(under(entries.toReversed(), headed(entries))).toBe("log-damaged");
    expect(under([...entries, utf8("{}")], headed(entries))).toBe("log-damaged");
    expect(under([...entries, utf8("{}")], headed([...entries, utf8("{}")]))).toBe("leaf-format");
  });
});

/** As somebody who wants to be believed would write it. */
function withDigest(text: string): Bytes {
  const members = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(([name]) => name !== "digest");
  const digest = hex(engine.sha256(utf8(JSON.stringify(Object.fromEntries(members)))));
  const all = [...members, ["digest", digest] as const].sort(([one], [other]) => (one < other ? -1 : 1));
  return utf8(JSON.stringify(Object.fromEntries(all)));
}

describe("what is kept of it", () => {
  const entries = [
    ...fc.sample(entry, { numRuns: 5, seed: 4 }),
    { kind: "notice", ...fc.sample(signed, { numRuns: 1, seed: 4 })[0]!, action: "retract", about: sha("a") } as const,
  ].map(formatEntry);
  const state = folded(beginning({ payloads: new Set([sha("a")]), keys: new Set([keyids[0]!]) }), entries);
  const bytes = kept(state);

  test("is refused whatever is changed in it", () => {
    expect(parseFoldState(bytes, named(), engine)).toEqual(said(state));
    for (const changed of mangled(bytes)) expect(parseFoldState(changed, named(), engine)).toBeUndefined();
  });

  test("is of that log under that key", () => {
    expect(parseFoldState(bytes, named(operators[1]), engine)).toBeUndefined();
    expect(parseFoldState(bytes, { ...named(), origin: "example.org/other" }, engine)).toBeUndefined();
  });

  test.each<[string, (text: string) => string]>([
    ["another size", (text) => text.replace('"size":6', '"size":7')],
    ["a hash less", (text) => text.replace(/"range":\["[^"]*",/, '"range":[')],
    [
      "a notice that is another kind of entry",
      (text) => text.replaceAll("retract", "refract").replace(/\\"kind\\":\\"notice/, '\\"kind\\":\\"plan'),
    ],
    ["a payload twice", (text) => text.replace(/"payloads":\[("[0-9a-f]+")/, '"payloads":[$1,$1')],
    ["another version", (text) => text.replace('"version":1', '"version":2')],
  ])("is refused with %s, even if the digest fits", (_, change) => {
    const before = fromUtf8(bytes);
    expect(change(before)).not.toBe(before);
    expect(parseFoldState(withDigest(before), named(), engine)).toBeDefined();
    expect(parseFoldState(withDigest(change(before)), named(), engine)).toBeUndefined();
  });

  test("is not made of the signers of all", () => {
    expect(formatFoldState(named(), folded(beginning("all"), entries), engine)).toBeUndefined();
  });
});

test("a log whose notices do not end is not kept whole", () => {
  const notice = {
    payload: sha("n"),
    signature: sha("s"),
    keyid: keyids[0]!,
    at: "2026-03-01T10:00:00Z",
    action: "retract",
  };
  const one: NumberedNotice = { index: 0, entry: { kind: "notice", ...notice } };
  const fold = new LogFold(engine, {
    ...beginning("all"),
    notices: Array.from({ length: MAX_NOTICES_KEPT - 1 }, () => one),
  });
  fold.add(formatEntry(one.entry));
  expect(outcome(() => fold.add(formatEntry(one.entry)))).toBe("too-large");
});
