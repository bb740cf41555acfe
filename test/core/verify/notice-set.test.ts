/** The notices of one place: each read once, found by what it is about, and verified once, however many documents ask. */
import { describe, expect, test } from "vitest";
import { concat, hex, type Bytes } from "../../../src/core/bytes.js";
import { nobleEngine, type Engine } from "../../../src/core/engine.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { NoticeEntries } from "../../../src/core/log/notice-entries.js";
import { formatEnvelope, parseEnvelope } from "../../../src/core/statement/envelope.js";
import { noticeStatement, type Notice } from "../../../src/core/statement/notice.js";
import { keyHistory } from "../../../src/core/verify/key-history.js";
import { MAX_NOTICE_BYTES, NoticeSet } from "../../../src/core/verify/notice-set.js";
import { statusOf } from "../../../src/core/verify/retraction.js";
import { sealed, signer } from "../making.js";

const [me, other] = [signer(), signer()];
const known = [{ key: me.key, by: "you" as const, source: "" }];
const digest = (at: number): string => at.toString(16).padStart(64, "0");
const said = (notice: Partial<Notice>): Notice =>
  ({ version: 1, signedAt: "2026-03-01T00:00:00Z", reason: "Why not.", ...notice }) as Notice;
const say = (notice: Partial<Notice>, by = me): Bytes =>
  sealed(noticeStatement(said(notice), nobleEngine) as Json as JsonObject, by);
const retract = (at: number, by = me): Bytes => say({ action: "retract", about: digest(at) }, by);

/** Counts what is asked of it. */
function counting(): { readonly engine: Engine; readonly asked: () => number } {
  let asked = 0;
  const verify: Engine["verify"] = (...given) => {
    asked += 1;
    return nobleEngine.verify(...given);
  };
  return { engine: { ...nobleEngine, verify }, asked: () => asked };
}

test.each([10, 40])("each signature is verified once, by the history and for %s documents", (count) => {
  const { engine, asked } = counting();
  const notices = NoticeSet.read(
    Array.from({ length: count }, (_, at) => retract(at)),
    engine,
  );
  const history = keyHistory(notices, known, engine);
  const heard = { ...history, notices, entries: NoticeEntries.NONE };
  for (let at = 0; at < 2 * count; at += 1)
    expect(statusOf(digest(at), [me.key.keyid], heard).word).toBe(at < count ? "retracted" : "in-force");
  keyHistory(notices, known, engine);
  expect(asked()).toBe(count);
});

describe("what is in it", () => {
  const receipt = say({ action: "receipt", signature: digest(7), payload: digest(1) });
  const successor = say({ action: "supersede", about: digest(1), by: digest(2) });
  const set = NoticeSet.read([receipt, retract(3), successor], nobleEngine);

  test("is found by document, in the order in which it came", () => {
    expect(set.concerning(digest(1)).map(({ notice }) => notice.action)).toEqual(["receipt", "supersede"]);
    expect(set.concerning(digest(2))).toEqual([]); // the successor is not what the notice is about
    expect(set.receiptsOf(digest(7)).map(({ bytes }) => bytes)).toEqual([receipt]);
    expect(set.of("retract").map(({ notice }) => notice.about)).toEqual([digest(3)]);
  });

  test("and what joins two sets is in the whole once", () => {
    const whole = NoticeSet.join([set, set.with([retract(4)])], nobleEngine);
    expect(whole.all).toHaveLength(4);
    expect(set.all).toHaveLength(3);
  });
});

describe("what is left out", () => {
  const [good] = [retract(1)];
  const envelope = parseEnvelope(good);

  test.each<[string, Bytes]>([
    ["no JSON", good.slice(1)],
    ["one that is too long", concat(good, new Uint8Array(MAX_NOTICE_BYTES).fill(0x20))],
    ["one of another payload type", formatEnvelope({ ...envelope, payloadType: "text/plain" })],
    [
      "one that names a key twice",
      formatEnvelope({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }),
    ],
    ["one that is about something else than it says", sealed({ ...envelope.payload, subject: [] }, me)],
  ])("%s", (_, bytes) => {
    expect(NoticeSet.read([bytes, good], nobleEngine).all.map((one) => hex(one.bytes))).toEqual([hex(good)]);
  });
});

test("a signature counts for the key that it names, and for no other", () => {
  const set = NoticeSet.read([retract(1)], nobleEngine);
  const [one] = set.all;
  const [signature] = one!.envelope.signatures;
  expect([set.isBy(signature!, one!, me.key), set.isBy(signature!, one!, other.key)]).toEqual([true, false]);
  const renamed = { ...signature!, keyid: other.key.keyid };
  expect(set.isBy(renamed, one!, other.key)).toBe(false);
});
