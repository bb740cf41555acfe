/** Whether an attestation is still what its signer stands by: who may take it back, and who only says so. */
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { NoticeEntries } from "../../../src/core/log/notice-entries.js";
import { describe, expect, test } from "vitest";
import { concat, utf8, type Bytes } from "../../../src/core/bytes.js";
import { nobleEngine } from "../../../src/core/engine.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { noticeStatement, type Notice } from "../../../src/core/statement/notice.js";
import { Owners } from "../../../src/core/keys/owner.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { statusOf } from "../../../src/core/verify/retraction.js";
import { sealed, signer, statement, type TestSigner } from "../making.js";

const [me, heir, stranger, unknown] = [signer(), signer(), signer(), signer()];
const known = ({ key }: TestSigner): TrustedKey => ({ key, by: "site", source: "a test" });
const keys = [known(me), known(heir), known(stranger)];
const owners = new Owners([{ from: me.key.keyid, to: heir.key.keyid }]);

const DIGEST = "ab".repeat(32);
const NEXT = "cd".repeat(32);
const say = (notice: Notice, ...by: TestSigner[]): Bytes =>
  sealed(noticeStatement(notice, nobleEngine) as Json as JsonObject, ...by);
const common = (day: string) => ({ version: 1, signedAt: `2026-${day}T00:00:00Z`, reason: `said on ${day}` }) as const;
const retract = (by: TestSigner, day = "03-01", about = DIGEST): Bytes =>
  say({ ...common(day), action: "retract", about }, by);
const supersede = (by: TestSigner, day = "03-01"): Bytes =>
  say({ ...common(day), action: "supersede", about: DIGEST, by: NEXT }, by);

const look = (...notices: Bytes[]) =>
  statusOf(DIGEST, [me.key.keyid], {
    notices: NoticeSet.read(notices, nobleEngine),
    entries: NoticeEntries.NONE,
    keys,
    owners,
    atHand: new Set<string>(),
  });

describe("it is in force", () => {
  test.each<[string, readonly Bytes[]]>([
    ["where nothing is said", []],
    ["where another one is taken back", [retract(me, "03-01", NEXT)]],
    ["where a plan is given up", [say({ ...common("03-01"), action: "abandon", about: DIGEST }, me)]],
    ["where nobody at hand says otherwise", [retract(unknown)]],
    ["where what is said is no notice", [sealed(statement(), me), new Uint8Array(), new Uint8Array(20_000)]],
    ["where a notice is larger than any need be", [concat(retract(me), utf8(" ".repeat(16 * 1024)))]],
  ])("%s", (_, notices) => {
    expect(look(...notices)).toEqual({
      word: "in-force",
      remarks: [],
      contradictions: [],
      withheld: [],
      undecided: [],
    });
  });
});

describe("it is taken back, or replaced", () => {
  test("by its signer", () => {
    expect(look(retract(me))).toMatchObject({
      word: "retracted",
      remarks: [{ action: "retract", by: me.key.keyid, reason: "said on 03-01", at: "2026-03-01T00:00:00Z" }],
      contradictions: [],
    });
    expect(look(supersede(me))).toMatchObject({ word: "superseded", remarks: [{ successor: NEXT }] });
  });

  test("by the key that came after", () => {
    expect(look(retract(heir)).word).toBe("retracted");
  });

  test("not by the one before it", () => {
    const { word, contradictions } = statusOf(
      ...[
        DIGEST,
        [heir.key.keyid],
        {
          notices: NoticeSet.read([retract(me)], nobleEngine),
          entries: NoticeEntries.NONE,
          keys,
          owners,
          atHand: new Set<string>(),
        },
      ],
    );
    expect([word, contradictions.length]).toEqual(["in-force", 1]);
  });

  test("for good: what is taken back is not replaced any more", () => {
    const { word, remarks } = look(retract(me, "03-01"), supersede(me, "03-05"));
    expect(word).toBe("retracted");
    expect(remarks.map(({ action }) => action)).toEqual(["supersede", "retract"]); // the latest first
  });

  test("the same in whatever order it is heard", () => {
    const notices = [retract(me), supersede(me), retract(heir, "03-02"), supersede(stranger)];
    expect(look(...notices)).toEqual(look(...[...notices].reverse()));
  });
});

describe("others change nothing", () => {
  test("and are heard as a contradiction", () => {
    expect(look(retract(stranger), supersede(stranger, "03-02"))).toMatchObject({
      word: "in-force",
      remarks: [],
      contradictions: [{ by: stranger.key.keyid }, { by: stranger.key.keyid }],
    });
  });

  test("also beside the signer", () => {
    const both = say({ ...common("03-01"), action: "retract", about: DIGEST }, me, stranger);
    const { word, remarks, contradictions } = look(both);
    expect([word, remarks.length, contradictions.length]).toEqual(["retracted", 1, 1]);
  });

  test("nor does a signature that does not fit", () => {
    const [mine, theirs] = [retract(me), retract(unknown)].map(
      (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as { signatures: { keyid: string; sig: string }[] },
    );
    const forged = { ...mine, signatures: [{ keyid: me.key.keyid, sig: theirs!.signatures[0]!.sig }] };
    expect(look(new TextEncoder().encode(JSON.stringify(forged))).word).toBe("in-force");
  });

  test("nor does a notice in which a byte of what is said was changed", () => {
    const text = new TextDecoder().decode(retract(me));
    for (const [said, other] of [
      ["said on 03-01", "said on 03-02"],
      [DIGEST, NEXT],
      ["retract", "abandon"],
      ["2026-03-01T", "2026-03-02T"],
    ] as const) {
      expect(text).toContain(said);
      expect(look(utf8(text.replaceAll(said, other))).word, said).toBe("in-force");
    }
  });

  test("nor does one that is cut short", () => {
    const bytes = retract(me);
    for (let length = 0; length < bytes.length - 1; length += 1)
      expect(look(bytes.slice(0, length)).word).toBe("in-force");
  });
});
