/** What notices add to the keys at hand: before or after, proven or only claimed; who may hand over, take back, and bear witness. */
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { describe, expect, test } from "vitest";
import type { Bytes } from "../../../src/core/bytes.js";
import { EXIT } from "../../../src/cli/exit-status.js";
import { hex } from "../../../src/core/bytes.js";
import { nobleEngine } from "../../../src/core/engine.js";
import { parseEnvelope } from "../../../src/core/statement/envelope.js";
import type { Json, JsonObject } from "../../../src/core/json.js";
import { formatKey } from "../../../src/core/keys/key.js";
import { keyHistory } from "../../../src/core/verify/key-history.js";
import { noticeStatement, readNotice, type Notice } from "../../../src/core/statement/notice.js";
import type { Report } from "../../../src/core/verify/report.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { verify } from "../../../src/core/verify/verify.js";
import { sites, yours } from "../looking.js";
import { NOW, sealed, signer, statement, type TestSigner } from "../making.js";
import { naming } from "../refusal.js";

const [me, next, third, witness, thief] = [signer(), signer(), signer(), signer(), signer()];

const say = (notice: Notice, ...signers: TestSigner[]): Bytes =>
  sealed(noticeStatement(notice, nobleEngine) as Json as JsonObject, ...signers);
const at = (day: string): string => `2026-${day}T00:00:00Z`;

const rotate = (from: TestSigner, to: TestSigner, day: string, ...by: TestSigner[]): Bytes =>
  say(
    { version: 1, action: "rotate", from: from.key.keyid, to: formatKey(to.key), reason: "planned", signedAt: at(day) },
    ...(by.length === 0 ? [from, to] : by),
  );
const revoke = (key: TestSigner, since: string, ...by: TestSigner[]): Bytes =>
  say(
    { version: 1, action: "revoke", key: key.key.keyid, since: at(since), reason: "stolen", signedAt: at("03-01") },
    ...by,
  );
const receipt = (of: Bytes, by: TestSigner, day: string, which = 0): Bytes => {
  const { signatures, payloadBytes } = parseEnvelope(of);
  const digest = (bytes: Bytes): string => hex(nobleEngine.sha256(bytes));
  const signature = digest(signatures[which]!.sig);
  return say({ version: 1, action: "receipt", signature, payload: digest(payloadBytes), signedAt: at(day) }, by);
};

const look = (bytes: Bytes, keys: readonly TrustedKey[], ...notices: Bytes[]): Report =>
  verify(bytes, {
    engine: nobleEngine,
    now: NOW,
    ...keyHistory(NoticeSet.read(notices, nobleEngine), keys, nobleEngine),
  });
const trustOf = ({ trust, outcome, checks }: Report): string =>
  `${trust} ${EXIT[outcome]} ${checks.find(({ name }) => name === "trust")?.code ?? ""}`;

/** Signed on 1 March, as it says itself. */
const file = sealed(statement(), me);

describe("a key that is revoked: before or after, proven or only claimed", () => {
  test.each<[string, string, string | undefined, string]>([
    ["claimed before", "03-02", undefined, "revoked 3 key-revoked-unproven"],
    ["claimed after", "02-01", undefined, "revoked 3 key-revoked"],
    ["proven before", "03-04", "03-03", "confirmed-by-you 0 ok"],
    ["first seen after", "03-02", "03-03", "revoked 3 key-revoked-late"],
    ["first seen at the very time", "03-03", "03-03", "revoked 3 key-revoked-late"],
    ["claimed after, seen before: what is seen stands", "02-28", "02-27", "confirmed-by-you 0 ok"],
  ])("%s", (_, since, seen, answer) => {
    const notices = [revoke(me, since, me), ...(seen === undefined ? [] : [receipt(file, witness, seen)])];
    expect(trustOf(look(file, [yours(me), yours(witness)], ...notices))).toBe(answer);
    expect(trustOf(look(file, [yours(me), yours(witness)], ...notices.reverse()))).toBe(answer);
    const entry = { revoked: { at: at(since), reason: "stolen" } };
    expect(trustOf(look(file, [yours(me), sites(me, entry), yours(witness)], ...notices.slice(0, -1)))).toBe(answer);
  });

  test("of several receipts the earliest counts, of several revocations too", () => {
    const seen = ["03-06", "03-03", "03-05"].map((day) => receipt(file, witness, day));
    expect(trustOf(look(file, [yours(me), yours(witness)], ...seen, revoke(me, "03-04", me)))).toBe(
      "confirmed-by-you 0 ok",
    );
    const both = [revoke(me, "03-04", me), revoke(me, "03-02", me)];
    expect(trustOf(look(file, [yours(me), yours(witness)], ...seen, ...both))).toBe("revoked 3 key-revoked-late");
  });

  test.each<[string, Bytes[], TrustedKey[]]>([
    ["by nobody whom you trust", [receipt(file, witness, "02-27")], []],
    ["by whom only the site lists", [receipt(file, witness, "02-27")], [sites(witness)]],
    ["by the key itself", [receipt(file, me, "02-27")], []],
    [
      "by a witness that is revoked",
      [receipt(file, witness, "02-27"), revoke(witness, "03-01", witness)],
      [yours(witness)],
    ],
    ["of another signature", [receipt(sealed(statement(), next), witness, "02-27")], [yours(witness)]],
    ["in the name of the witness", [receipt(file, thief, "02-27")], [yours(witness)]],
  ])("a receipt %s proves nothing", (_, receipts, keys) => {
    expect(trustOf(look(file, [yours(me), ...keys], revoke(me, "03-02", me), ...receipts))).toBe(
      "revoked 3 key-revoked-unproven",
    );
  });

  test("only by itself or a successor", () => {
    const keys = [yours(me), yours(thief), sites(third)];
    expect(trustOf(look(file, keys, revoke(me, "02-01", thief)))).toBe("confirmed-by-you 0 ok");
    expect(trustOf(look(file, keys, revoke(me, "02-01", next)))).toBe("confirmed-by-you 0 ok");
    const line = [rotate(me, next, "03-02"), rotate(next, third, "03-03")];
    expect(trustOf(look(file, keys, revoke(me, "02-01", third), ...line))).toBe("revoked 3 key-revoked");
    expect(trustOf(look(file, keys, revoke(next, "02-01", me), ...line))).toBe("confirmed-by-you 0 ok");
  });
});

describe("a key that hands over", () => {
  const later = sealed(statement({ predicate: { f3: { signedAt: "2026-03-01T20:00:00Z" } } }), next);

  test("is followed: what the new one signs is confirmed as the old one was", () => {
    const notice = rotate(me, next, "03-01");
    expect(trustOf(look(later, [yours(me)], notice))).toBe("confirmed-by-you 0 ok");
    expect(trustOf(look(later, [sites(me)], notice))).toBe("registry-only 3 key-registry-only");
    expect(trustOf(look(later, [], notice))).toBe("unknown 3 not-reached");
    expect(look(later, [yours(me)], notice).signers[0]?.source).toMatch(/^successor of /);
  });

  test("and no further: what the old one signs after that is retired, what it signed before stays", () => {
    const notice = rotate(me, next, "03-02");
    expect(trustOf(look(file, [yours(me)], notice))).toBe("confirmed-by-you 0 ok");
    expect(trustOf(look(file, [yours(me)], rotate(me, next, "02-28")))).toBe("retired 3 key-retired");
  });

  test("over several keys", () => {
    const all = [rotate(next, third, "03-02"), rotate(me, next, "03-01")];
    expect(
      trustOf(look(sealed(statement({ predicate: { f3: { signedAt: at("03-02") } } }), third), [yours(me)], ...all)),
    ).toBe("confirmed-by-you 0 ok");
  });

  test.each<[string, TestSigner[]]>([
    ["the old one alone", [me]],
    ["the new one alone", [next]],
    ["somebody else", [thief, next]],
  ])("signed by %s, it is none", (_, by) => {
    expect(look(later, [yours(me)], rotate(me, next, "03-01", ...by)).trust).toBe("unknown");
  });

  test("to two keys, it counts for neither, and what is said of its own end is heard all the same", () => {
    const notices = [rotate(me, next, "03-01"), rotate(me, thief, "02-28")];
    expect(look(later, [yours(me)], ...notices).trust).toBe("unknown");
    expect(trustOf(look(file, [yours(me)], ...notices))).toBe("retired 3 key-retired");
    expect(trustOf(look(file, [yours(me)], ...notices, revoke(me, "02-01", next)))).toBe("revoked 3 key-revoked");
  });

  test("makes one owner of two keys: they are one signer, and the new one is none before that", () => {
    const both = sealed(statement(), me, next);
    const policy = { minSigners: 2 };
    const asked = (keys: readonly TrustedKey[], ...notices: Bytes[]): string =>
      verify(both, {
        engine: nobleEngine,
        now: NOW,
        policy,
        ...keyHistory(NoticeSet.read(notices, nobleEngine), keys, nobleEngine),
      }).outcome;
    expect(asked([yours(me), yours(next)])).toBe("accepted");
    expect(asked([yours(me)], rotate(me, next, "03-02"))).toBe("untrusted");
    expect(asked([yours(me)], rotate(me, next, "03-01"))).toBe("untrusted");
    expect(look(later, [yours(me)], rotate(me, next, "03-02")).trust).toBe("retired");
  });

  test("and is revoked: the hand-over counts only if it was provably before, and never confirms the new one", () => {
    const notice = rotate(me, next, "02-27");
    const keys = [yours(me), yours(witness)];
    const lost = revoke(me, "02-28", next);
    expect(look(later, keys, notice, lost).trust).toBe("unknown");
    const seen = (day: string): Bytes => receipt(notice, witness, day, 0);
    expect(look(later, keys, notice, lost, seen("02-28")).trust).toBe("unknown");
    expect(trustOf(look(later, keys, notice, lost, seen("02-27")))).toBe("registry-only 3 key-registry-only");
    expect(trustOf(look(later, [...keys, yours(next)], notice, lost))).toBe("confirmed-by-you 0 ok");
  });

  test("in a circle, it ends, and both have handed over", () => {
    const circle = [rotate(me, next, "03-01"), rotate(next, me, "03-01")];
    expect(look(later, [yours(me)], ...circle).trust).toBe("retired");
  });
});

describe("many notices", () => {
  test("receipts, however many, keep no revocation from being heard", () => {
    const receipts = Array.from({ length: 1100 }, () => receipt(file, witness, "03-05"));
    expect(trustOf(look(file, [yours(me)], ...receipts, revoke(me, "02-01", me)))).toBe("revoked 3 key-revoked");
  });

  test("about keys, there is a limit, and it is told", () => {
    const one = revoke(thief, "02-01", thief);
    expect(() =>
      keyHistory(
        NoticeSet.read(
          Array.from({ length: 1001 }, () => one),
          nobleEngine,
        ),
        [yours(me)],
        nobleEngine,
      ),
    ).toThrow(naming(1000));
  });

  test("that are long, or whose signatures name no key, are none", () => {
    const long = revoke(me, "02-01", me);
    const padded = new Uint8Array(20_000).fill(32);
    padded.set(long);
    expect(trustOf(look(file, [yours(me)], padded))).toBe("confirmed-by-you 0 ok");
    const text = new TextDecoder().decode(long).replace(me.key.keyid + '",\n      "sig"', '",\n      "sig"');
    expect(text).not.toBe(new TextDecoder().decode(long));
    expect(trustOf(look(file, [yours(me)], new TextEncoder().encode(text)))).toBe("confirmed-by-you 0 ok");
  });
});

describe("a notice itself", () => {
  const notice = rotate(me, next, "02-28");
  test("is verified like any document, and has no verdict", () => {
    const report = look(notice, [yours(me), yours(next)]);
    expect(report).toMatchObject({
      signature: "ok",
      trust: "confirmed-by-you",
      outcome: "accepted",
      notice: { action: "rotate" },
    });
    expect(report.id).toMatch(/^note_[0-9a-f]{16}$/);
    expect(report).not.toHaveProperty("verdict");
    expect(report.statement).toBeUndefined();
  });

  test("by whom it is not about, says so", () => {
    for (const idle of [revoke(me, "02-01", thief), rotate(me, next, "03-01", me), rotate(me, next, "03-01", thief)]) {
      const report = look(idle, [yours(me), yours(next), yours(thief)]);
      expect({ outcome: report.outcome, notice: report.notice }).toEqual({ outcome: "untrusted", notice: undefined });
      expect(report.checks.map(({ code }) => code)).toContain("notice-idle");
    }
  });

  test("meets no policy", () => {
    const report = verify(notice, {
      engine: nobleEngine,
      now: NOW,
      keys: [yours(me), yours(next)],
      policy: { minSigners: 1 },
    });
    expect(report.outcome).toBe("untrusted");
  });

  test("of a later version is not taken for a bad one, and of an earlier day than today's clock", () => {
    const payload = noticeStatement(
      {
        version: 1,
        action: "revoke",
        key: me.key.keyid,
        since: at("02-01"),
        reason: "x",
        signedAt: "2027-01-01T00:00:00Z",
      },
      nobleEngine,
    ) as Json as { predicate: JsonObject } & JsonObject;
    const newer = { ...payload, predicate: { ...payload.predicate, version: 2 } };
    expect(look(sealed(newer, me), [yours(me)]).checks.map(({ code }) => code)).toContain("version-newer");
    expect(look(sealed(payload, me), [yours(me)]).checks.map(({ code }) => code)).toContain("time-future");
  });

  test.each<[string, (statement: JsonObject) => JsonObject]>([
    ["another subject", (all) => ({ ...all, subject: [{ digest: { sha256: "ab".repeat(32) } }] })],
    ["no subject", (all) => ({ ...all, subject: [] })],
    ["a member beside", (all) => ({ ...all, more: 1 })],
    [
      "the same key twice",
      (all) => ({ ...all, predicate: { ...(all["predicate"] as JsonObject), to: formatKey(me.key) } }),
    ],
    ["no key", (all) => ({ ...all, predicate: { ...(all["predicate"] as JsonObject), to: "ssh-rsa AAAA" } })],
    ["no action", (all) => ({ ...all, predicate: { version: 1, signedAt: at("02-01") } })],
  ])("with %s is refused", (_, change) => {
    const good = noticeStatement(
      {
        version: 1,
        action: "rotate",
        from: me.key.keyid,
        to: formatKey(next.key),
        reason: "planned",
        signedAt: at("02-01"),
      },
      nobleEngine,
    ) as Json as JsonObject;
    expect(readNotice(good, nobleEngine)).toHaveProperty("notice");
    expect(readNotice(change(good), nobleEngine)).toHaveProperty("fault");
    const report = look(sealed(change(good), me, next), [yours(me), yours(next)]);
    expect({ outcome: report.outcome, notice: report.notice }).toEqual({ outcome: "invalid", notice: undefined });
  });

  test("that is cut, flipped or no notice at all is without effect", () => {
    const bytes = revoke(me, "02-01", me);
    const flipped = [...bytes.keys()]
      .filter((place) => place % 7 === 0)
      .map((place) => bytes.with(place, bytes[place]! ^ 1));
    const cut = [0, 1, bytes.length >> 1, bytes.length - 2].map((length) => bytes.slice(0, length));
    for (const one of [...cut, ...flipped, file, Uint8Array.of(255)])
      expect(["confirmed-by-you 0 ok"]).toContain(trustOf(look(file, [yours(me)], one)));
    expect(trustOf(look(file, [yours(me)], bytes))).toBe("revoked 3 key-revoked");
  });
});
