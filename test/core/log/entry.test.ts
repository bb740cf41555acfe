/** An entry of a log: one spelling, nothing beside what it may say, and the same words as the document that it is of. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hex, utf8, type Bytes } from "../../../src/core/bytes.js";
import { nobleEngine } from "../../../src/core/engine.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { formatEntry, entryOf, parseAnyEntry, parseEntry, type LogEntry } from "../../../src/core/log/entry.js";
import { noticeStatement, type Notice } from "../../../src/core/statement/notice.js";
import { VERDICTS } from "../../../src/core/statement/verdict.js";
import { json } from "../arbitrary.js";
import { mangled, outcome } from "../mangling.js";
import { result, signed as sign, signer, statement } from "../making.js";

const sha = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(hex);
const keyid = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `SHA256:${hex(bytes).slice(0, 43)}`);
const time = fc
  .date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true })
  .map((at) => at.toISOString());
const signed = { payload: sha, signature: sha, keyid, at: time };
const leaf: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.record({ kind: fc.constant("result" as const), ...signed, verdict: fc.constantFrom(...VERDICTS) }),
  fc.record({
    kind: fc.constant("result" as const),
    ...signed,
    verdict: fc.constantFrom(...VERDICTS),
    plan: sha,
    test: sha,
  }),
  fc.record({ kind: fc.constant("plan" as const), ...signed, deadline: time, test: sha }),
  fc.record({
    kind: fc.constant("notice" as const),
    ...signed,
    action: fc.constantFrom("retract", "waive"),
    about: sha,
  }),
  fc.record({ kind: fc.constant("notice" as const), ...signed, action: fc.constant("rotate"), from: keyid, to: keyid }),
  fc.record({
    kind: fc.constant("notice" as const),
    ...signed,
    action: fc.constant("revoke"),
    key: keyid,
    since: time,
  }),
  fc.record({
    kind: fc.constant("shard" as const),
    origin: fc.string({ unit: "grapheme" }),
    size: fc.maxSafeNat(),
    root: sha,
    key: fc.string({ unit: "grapheme" }),
  }),
);

describe("its form", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(leaf, (one) => {
        expect(parseEntry(formatEntry(one))).toEqual(one);
      }),
    );
  });

  test("has one spelling: whatever is changed is refused, or is another entry", () => {
    const one = fc.sample(leaf, { numRuns: 1, seed: 7 })[0]!;
    const bytes = formatEntry(one);
    for (const changed of mangled(bytes)) {
      const got = outcome(() => parseEntry(changed));
      if (got === "leaf-format") continue;
      expect(formatEntry(got as LogEntry)).toEqual(changed);
      expect(got).not.toEqual(one);
    }
  });

  test("is read in the short way as by its schema: each, whatever is changed in it, and members of one in another", () => {
    const same = (bytes: Bytes): void =>
      expect(outcome(() => parseEntry(bytes))).toEqual(outcome(() => parseAnyEntry(bytes)));
    for (const one of fc.sample(leaf, { numRuns: 6, seed: 3 }))
      for (const changed of mangled(formatEntry(one))) same(changed);
    const day = fc.constantFrom(
      "2026-02-28",
      "2026-02-29",
      "2024-02-29",
      "2026-02-30",
      "2026-04-31",
      "0000-01-01",
      "2026-13-01",
    );
    const hour = fc.constantFrom(
      "T00:00:00Z",
      "T23:59:60Z",
      "T24:00:00Z",
      "T10:00:00.123456789Z",
      "T10:00:00.Z",
      "T10:00:00",
    );
    const odd = fc.tuple(day, hour).map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        leaf,
        fc.dictionary(fc.constantFrom("at", "deadline", "plan", "test", "verdict"), odd),
        leaf,
        (one, members, other) => {
          same(formatEntry({ ...one, ...members }));
          same(formatEntry({ ...other, ...one, ...members }));
          same(utf8(`\ufeff${new TextDecoder().decode(formatEntry(one))}`));
        },
      ),
    );
  });

  test("is refused for any other JSON", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(outcome(() => parseEntry(utf8(JSON.stringify(value))))).toBe("leaf-format");
      }),
    );
  });

  const common = {
    payload: "ab".repeat(32),
    signature: "cd".repeat(32),
    keyid: `SHA256:${"A".repeat(43)}`,
    at: "2026-03-01T10:00:00Z",
  } as const;
  const good = { kind: "plan", ...common, deadline: "2026-03-02T10:00:00Z", test: "ef".repeat(32) } as const;
  const notice = { kind: "notice", ...common };
  test.each<[string, JsonObject]>([
    ["a member more", { ...good, verdict: "VALIDATED" }],
    ["a verdict that is none", { ...good, kind: "result", verdict: "PASSED" }],
    ["a digest in capitals", { ...good, payload: "AB".repeat(32) }],
    ["no key", { ...good, keyid: "" }],
    ["30 February", { ...good, at: "2026-02-30T10:00:00Z" }],
    [
      "a result of a plan that does not say of which test",
      { ...good, kind: "result", verdict: "VALIDATED", plan: "ab".repeat(32) },
    ],
    ["a hand-over without its keys", { ...notice, action: "rotate" }],
    ["keys of a hand-over beside another action", { ...notice, action: "retract", from: good.keyid, to: good.keyid }],
    ["a revocation that does not say since when", { ...notice, action: "revoke", key: good.keyid }],
    ["a kind that there is not", { ...good, kind: "result2" }],
    ["a negative size", { kind: "shard", origin: "o", size: -1, root: "ab".repeat(32), key: "k" }],
    ["half an entry's size", { kind: "shard", origin: "o", size: 0.5, root: "ab".repeat(32), key: "k" }],
    ["more than 4096 bytes", { kind: "shard", origin: "o".repeat(5000), size: 1, root: "ab".repeat(32), key: "k" }],
  ])("refuses %s", (_, value) => {
    expect(outcome(() => parseEntry(formatEntry(value as unknown as LogEntry)))).toBe("leaf-format");
    expect(parseEntry(formatEntry(good))).toEqual(good);
  });

  test("refuses white space, another order, and a member twice", () => {
    const text = new TextDecoder().decode(formatEntry(good));
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace(":", ": "),
      JSON.stringify(good),
      text.replace("{", '{"at":"2026-03-01T10:00:00Z",'),
    ])
      expect(
        outcome(() => parseEntry(utf8(other))),
        other,
      ).toBe("leaf-format");
  });
});

describe("the entry of a document", () => {
  const me = signer();
  const digest = "ef".repeat(32);
  const of = (payload: JsonObject, by = me.key.keyid): LogEntry | undefined =>
    entryOf({ payload, digest, keyid: by, sig: sign(payload, [me]).signatures[0]!.sig }, nobleEngine);

  test("of a result has its verdict, its time, and its plan", () => {
    expect(of(statement())).toMatchObject({
      kind: "result",
      payload: digest,
      keyid: me.key.keyid,
      at: "2026-03-01T10:00:03Z",
      verdict: "VALIDATED",
    });
    expect(of(statement())).not.toHaveProperty("plan");
    const planned = { type: "planned-by", target: "plan_0", digest: { sha256: "ab".repeat(32) } };
    expect(of(result({ relations: [planned] }))).toMatchObject({ plan: "ab".repeat(32) });
    const unnamed = { type: "planned-by", target: "plan_0" };
    expect(of(result({ relations: [unnamed] }))).not.toHaveProperty("plan");
  });

  test("of a notice has what it does, and about what", () => {
    const say = (notice: Notice): LogEntry | undefined =>
      of(noticeStatement(notice, nobleEngine) as Json as JsonObject);
    const common = { version: 1, signedAt: "2026-03-01T10:00:00Z", reason: "wrong" } as const;
    const about = "ab".repeat(32);
    expect(say({ ...common, action: "retract", about })).toMatchObject({ kind: "notice", action: "retract", about });
    expect(say({ ...common, action: "supersede", about, by: "cd".repeat(32) })).toMatchObject({
      action: "supersede",
      about,
    });
    const revoke = say({ ...common, action: "revoke", key: me.key.keyid, since: "2026-03-01T10:00:00Z" });
    expect(revoke).toMatchObject({ action: "revoke" });
    expect(revoke).not.toHaveProperty("about");
  });

  test("is one that can be read again", () => {
    const one = of(statement());
    expect(one && parseEntry(formatEntry(one))).toEqual(one);
  });

  test("is none for what is no statement, or names no key: it could never be taken out again", () => {
    expect(of({ predicateType: "urn:f3-attest:plan:v1" })).toBeUndefined();
    expect(of({ predicateType: "urn:f3-attest:notice:v1" })).toBeUndefined();
    expect(of({})).toBeUndefined();
    for (const by of ["", "SHA256:", "me", `${me.key.keyid}=`]) expect(of(statement(), by)).toBeUndefined();
  });
});
