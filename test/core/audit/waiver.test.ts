/** Waivers against findings: whose are heeded, until when, for what; and that each of them is shown. */
import { NoticeSet } from "../../../src/core/verify/notice-set.js";
import { NoticeEntries } from "../../../src/core/log/notice-entries.js";
import { describe, expect, test } from "vitest";
import { concat, utf8, type Bytes } from "../../../src/core/bytes.js";
import { UNWAIVABLE, type Finding } from "../../../src/core/statement/audit-rules.js";
import { applyWaivers, MAX_WAIVERS, waiverWords, type Judged, type Parties } from "../../../src/core/audit/waiver.js";
import { summarize } from "../../../src/core/log/summary.js";
import { nobleEngine, type Engine } from "../../../src/core/engine.js";
import { formatEnvelope, parseEnvelope } from "../../../src/core/statement/envelope.js";
import { canonical, type Json, type JsonObject } from "../../../src/core/json.js";
import { formatKey } from "../../../src/core/keys/key.js";
import { formatEntry, entryOf, parseEntry, type LogEntry } from "../../../src/core/log/entry.js";
import { keyHistory } from "../../../src/core/verify/key-history.js";
import { noticeStatement, readNotice, type Notice } from "../../../src/core/statement/notice.js";
import { Owners } from "../../../src/core/keys/owner.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { statusOf } from "../../../src/core/verify/retraction.js";
import { identify } from "../../../src/core/statement/statement.js";
import { look, sites, yours } from "../looking.js";
import { sealed, signer, statement, type TestSigner } from "../making.js";

const [me, next, site, unknown] = [signer(), signer(), signer(), signer()];
const ABOUT = "ab".repeat(32);
const PLACE = "/predicate/f3/evidence/0";
const finding = (rule: Finding["rule"] = "evidence-gone", pointer = PLACE, about = ABOUT): Finding => ({
  rule,
  about,
  pointer,
  detail: "nothing is there",
});
type Waive = Extract<Notice, { action: "waive" }>;
const waive = (given: Partial<Waive> = {}): Waive => ({
  version: 1,
  action: "waive",
  about: ABOUT,
  rule: "evidence-gone",
  reason: "a copy is in the library",
  until: "2026-09-01T00:00:00Z",
  signedAt: "2026-03-02T00:00:00Z",
  ...given,
});
const payload = (notice: Notice): JsonObject => noticeStatement(notice, nobleEngine) as Json as JsonObject;
const say = (given: Partial<Waive> = {}, ...by: TestSigner[]): Bytes =>
  sealed(payload(waive(given)), ...(by.length === 0 ? [me] : by));

const KEYS: readonly TrustedKey[] = [yours(me), sites(site)];
/** Somebody else signed what is waived. */
const STRANGERS: Parties = {
  signersOf: () => [unknown.key.keyid],
  own: new Set(),
  owners: new Owners(),
  proven: new Owners(),
};
const judge = (
  notices: readonly Bytes[],
  findings: readonly Finding[] = [finding()],
  keys: readonly TrustedKey[] = KEYS,
  now = new Date("2026-06-01T00:00:00Z"),
  parties: Parties = STRANGERS,
): Judged => applyWaivers(findings, NoticeSet.read(notices, nobleEngine), keys, parties, now);
/** Of the first finding: whether it is waived, and how each waiver stands. */
const standing = (judged: Judged): string =>
  [judged.findings[0]?.waived, ...(judged.findings[0]?.waivers ?? []).map((one) => one.standing)].join(" ");

describe("a waiver is heeded", () => {
  test("by an auditor who confirmed its key, until it ends", () => {
    expect(judge([say()])).toEqual({
      findings: [
        {
          finding: finding(),
          waived: true,
          waivers: [
            {
              digest: identify(canonical(payload(waive())), nobleEngine).digest,
              rule: "evidence-gone",
              about: ABOUT,
              reason: "a copy is in the library",
              until: "2026-09-01T00:00:00Z",
              by: me.key.keyid,
              standing: "honoured",
            },
          ],
        },
      ],
      idle: [],
      skipped: 0,
    });
  });

  test("up to its last moment", () => {
    const at = (now: string): string => standing(judge([say()], [finding()], KEYS, new Date(now)));
    expect(at("2026-09-01T00:00:00.000Z")).toBe("true honoured");
    expect(at("2026-09-01T00:00:00.001Z")).toBe("false expired");
  });

  test("at the place that it names, or at whatever place", () => {
    const two = [finding(), finding("evidence-gone", "/predicate/f3/evidence/1")];
    const waived = (given: Partial<Waive>): boolean[] => judge([say(given)], two).findings.map((one) => one.waived);
    expect(waived({})).toEqual([true, true]);
    expect(waived({ pointer: PLACE })).toEqual([true, false]);
    expect(waived({ pointer: "" })).toEqual([false, false]);
  });

  test("by the key that came after a confirmed one, and not by one that is revoked", () => {
    const common = { version: 1, reason: "planned", signedAt: "2026-03-01T00:00:00Z" } as const;
    const rotate = sealed(
      payload({ ...common, action: "rotate", from: me.key.keyid, to: formatKey(next.key) }),
      ...[me, next],
    );
    const revoke = sealed(
      payload({ ...common, action: "revoke", key: me.key.keyid, since: "2026-03-01T00:00:00Z" }),
      me,
    );
    const after = (notices: readonly Bytes[]): readonly TrustedKey[] =>
      keyHistory(NoticeSet.read(notices, nobleEngine), KEYS, nobleEngine).keys;
    expect(standing(judge([say({}, next)], [finding()], after([rotate])))).toBe("true honoured");
    expect(standing(judge([say()], [finding()], after([revoke])))).toBe("false not-yours");
    // One that handed over signs no more.
    expect(standing(judge([say()], [finding()], after([rotate])))).toBe("false not-yours");
  });
});

describe("a waiver is shown and changes nothing", () => {
  test("where the site alone lists its key", () => {
    const judged = judge([say({}, site)]);
    expect(standing(judged)).toBe("false not-yours");
    expect(judged.findings[0]?.waivers[0]).toMatchObject({ by: site.key.keyid, name: "lab" });
  });

  test.each([...UNWAIVABLE])("of the rule %s, whoever signs it", (rule) => {
    expect(standing(judge([say({ rule })], [finding(rule as Finding["rule"])]))).toBe("false refused");
  });

  test("where it is dated in the future, which would put its end off for ever", () => {
    const ahead = say({ signedAt: "2026-08-01T00:00:00Z" });
    expect(standing(judge([ahead]))).toBe("false refused");
    expect(waiverWords(judge([ahead]).findings[0]!.waivers[0]!)).toContain("it is dated in the future");
    expect(standing(judge([ahead], [finding()], KEYS, new Date("2026-08-02T00:00:00Z")))).toBe("true honoured");
  });

  test("where no finding is like it, and a later version's rule too", () => {
    const judged = judge([say({ rule: "of-2031" }), say({ about: "cd".repeat(32) })]);
    expect(standing(judged)).toBe("false");
    expect(judged.idle.map(({ rule, about }) => [rule, about.slice(0, 2)])).toEqual(
      expect.arrayContaining([
        ["of-2031", "ab"],
        ["evidence-gone", "cd"],
      ]),
    );
  });

  test("in words that say who, why and until when", () => {
    const words = [say(), say({}, site), say({ until: "2026-05-01T00:00:00Z" })].map((one) =>
      judge([one]).findings[0]!.waivers.map(waiverWords).join(),
    );
    expect(words).toEqual([
      `waived by ${me.key.keyid} until 2026-09-01T00:00:00Z: a copy is in the library`,
      `waived by lab (${site.key.keyid}), so it still counts: you have not confirmed that key (--key, attest trust add), or it has ended: a copy is in the library`,
      `waived by ${me.key.keyid} until 2026-05-01T00:00:00Z, which has passed, so it counts again: a copy is in the library`,
    ]);
  });
});

describe("of whoever signed what is waived, a waiver counts where they are the auditor alone", () => {
  const rotate = sealed(
    payload({
      version: 1,
      action: "rotate",
      reason: "planned",
      signedAt: "2026-03-01T00:00:00Z",
      from: me.key.keyid,
      to: formatKey(next.key),
    }),
    ...[me, next],
  );
  const { keys, owners } = keyHistory(NoticeSet.read([rotate], nobleEngine), KEYS, nobleEngine);
  const by = (
    signers: readonly TestSigner[] | undefined,
    own: readonly TestSigner[],
    waiver: Bytes,
    all = KEYS,
  ): string =>
    standing(
      judge([waiver], [finding()], all, new Date("2026-06-01T00:00:00Z"), {
        signersOf: (digest) => (digest === ABOUT ? signers?.map(({ key }) => key.keyid) : []),
        owners,
        proven: owners,
        own: new Set(own.map(({ key }) => key.keyid)),
      }),
    );
  test("with the key that signed it", () => {
    expect(by([me], [], say())).toBe("false interested");
    expect(by([unknown, me], [], say())).toBe("false interested");
    expect(by([me], [me], say())).toBe("true honoured");
    expect(by([me], [unknown], say())).toBe("false interested");
    expect(by([unknown], [], say())).toBe("true honoured");
  });

  test("with a key to which that one handed over", () => {
    expect(by([me], [], say({}, next), keys)).toBe("false interested");
    expect(by([me], [me], say({}, next), keys)).toBe("true honoured");
    expect(by([unknown], [], say({}, next), keys)).toBe("true honoured");
  });

  test("with the key that handed over to the one that signed it", () => {
    const before = say({ signedAt: "2026-02-01T00:00:00Z" });
    expect(by([next], [], before, keys)).toBe("false interested");
    expect(by([unknown], [], before, keys)).toBe("true honoured");
  });

  test("and a log's entry does not make its signer the auditor", () => {
    const joined = new Owners([{ from: me.key.keyid, to: unknown.key.keyid }]);
    const by = (proven: Owners): string =>
      standing(
        judge([say()], [finding()], KEYS, new Date("2026-06-01T00:00:00Z"), {
          signersOf: () => [me.key.keyid],
          own: new Set([unknown.key.keyid]),
          owners: joined,
          proven,
        }),
      );
    expect([by(new Owners()), by(joined)]).toEqual(["false interested", "true honoured"]);
  });

  test("and where nobody knows who signed it, it may be the same", () => {
    expect(by(undefined, [], say())).toBe("false signer-unknown");
    expect(by(undefined, [me], say())).toBe("true honoured");
  });

  test("and the words say so", () => {
    const parties: Parties = { ...STRANGERS, signersOf: () => [me.key.keyid] };
    const { findings } = judge([say()], [finding()], KEYS, new Date("2026-06-01T00:00:00Z"), parties);
    expect(findings[0]?.waivers.map(waiverWords)).toEqual([
      `waived by ${me.key.keyid}, who signed it: its own signer's word does not count for you: a copy is in the library`,
    ]);
  });
});

describe("nobody else is heard", () => {
  const forged = (): Bytes =>
    formatEnvelope({ ...parseEnvelope(say()), signatures: parseEnvelope(say({ reason: "another one" })).signatures });
  test.each<[string, () => Bytes]>([
    ["a key that is not at hand", () => say({}, unknown)],
    ["a signature over something else", forged],
    ["a notice of another kind", () => sealed(payload({ ...waive(), action: "retract" }), me)],
    ["a result", () => sealed(statement(), me)],
    ["no document", () => utf8("{")],
    ["more bytes than a notice has", () => concat(say(), utf8(" ".repeat(16 * 1024)))],
  ])("%s", (_, notice) => {
    expect(judge([notice()])).toEqual({
      findings: [{ finding: finding(), waivers: [], waived: false }],
      idle: [],
      skipped: 0,
    });
  });

  test("and one that is heard twice is one", () => {
    expect(judge([say(), say()]).findings[0]?.waivers).toHaveLength(1);
  });

  test("the same in whatever order", () => {
    const all = [say(), say({}, site), say({ reason: "another" }), say({ until: "2026-05-01T00:00:00Z" })];
    expect(judge([...all].reverse())).toEqual(judge(all));
    expect(standing(judge(all))).toBe("true honoured honoured expired not-yours");
  });
});

test("a flood by the site's keys does not crowd out the auditor's own, and what is passed over is counted", () => {
  let verified = 0;
  // The signatures are looked at elsewhere; here it counts which of them, and how many.
  const quick: Engine = { ...nobleEngine, verify: () => (verified += 1) > 0 };
  const flooded = parseEnvelope(say({}, site));
  const flood = Array.from({ length: MAX_WAIVERS + 20 }, (_, at) =>
    formatEnvelope({ ...flooded, payload: payload(waive({ reason: `no ${at}` })) }),
  );
  const judged = applyWaivers(
    [finding()],
    NoticeSet.read([...flood, say()], quick),
    KEYS,
    STRANGERS,
    new Date("2026-06-01T00:00:00Z"),
  );
  expect([judged.findings[0]?.waived, judged.skipped, verified]).toEqual([true, 21, MAX_WAIVERS]);
});

describe("the notice itself", () => {
  const read = (given: Partial<Waive> & Record<string, unknown>, subject?: Json) =>
    readNotice({ ...payload(waive(given)), ...(subject !== undefined && { subject }) }, nobleEngine);

  test("is about one payload, and verifies", () => {
    expect(payload(waive())["subject"]).toEqual([{ name: "payload", digest: { sha256: ABOUT } }]);
    expect(look(say(), [yours(me)])).toMatchObject({
      outcome: "accepted",
      notice: { action: "waive", rule: "evidence-gone" },
    });
  });

  test.each<[string, Partial<Waive> & Record<string, unknown>]>([
    ["a rule that only a later version knows", { rule: "of-2031" }],
    ["the whole of the document", { pointer: "" }],
    ["a member with a slash in its name", { pointer: "/a~1b/~0" }],
    ["an end after a year", { until: "2027-03-02T00:00:00Z" }],
  ])("may have %s", (_, given) => {
    expect(read(given)).toHaveProperty("notice");
  });

  test.each<[string, Partial<Waive> & Record<string, unknown>, string]>([
    ["no end", { until: undefined as never }, "predicate.until"],
    ["an end before it was signed", { until: "2026-03-01T00:00:00Z" }, "predicate.until"],
    ["an end at the moment that it was signed", { until: "2026-03-02T00:00:00Z" }, "predicate.until"],
    ["an end that is as good as none", { until: "2027-03-04T00:00:00Z" }, "predicate.until"],
    ["no reason", { reason: " " }, "predicate.reason"],
    ["a rule in words", { rule: "Evidence gone" }, "predicate.rule"],
    ["a place that is no pointer", { pointer: "evidence" }, "predicate.pointer"],
    ["an escape that is none", { pointer: "/~2" }, "predicate.pointer"],
  ])("may not have %s", (_, given, where) => {
    expect(read(given)).toEqual({ fault: expect.stringContaining(where) as string });
  });

  test("may not have another subject", () => {
    expect(read({}, [{ digest: { sha256: "cd".repeat(32) } }])).toHaveProperty("fault");
  });

  test("is entered in a log with what it is about, and takes nothing back there", () => {
    const bytes = say();
    const { payload: said, payloadBytes, signatures } = parseEnvelope(bytes);
    const { digest } = identify(payloadBytes, nobleEngine);
    const leaf = entryOf({ payload: said, digest, keyid: me.key.keyid, sig: signatures[0]!.sig }, nobleEngine)!;
    expect(leaf).toMatchObject({ kind: "notice", action: "waive", about: ABOUT, at: "2026-03-02T00:00:00Z" });
    expect(parseEntry(formatEntry(leaf))).toEqual(leaf);
    const result: LogEntry = {
      kind: "result",
      payload: ABOUT,
      signature: "ee".repeat(32),
      keyid: me.key.keyid,
      at: "2026-03-01T00:00:00Z",
      verdict: "VALIDATED",
    };
    const account = summarize([result, leaf].map((one, index) => ({ shard: 0, index, entry: one })));
    expect(account).toMatchObject({ retracted: new Set(), superseded: new Set(), findings: [] });
  });

  test("changes nothing of what its signer stands by", () => {
    const { digest } = identify(canonical(statement()), nobleEngine);
    const notice = say({ about: digest });
    expect(
      statusOf(
        ...[
          digest,
          [me.key.keyid],
          {
            notices: NoticeSet.read([notice], nobleEngine),
            entries: NoticeEntries.NONE,
            keys: KEYS,
            owners: new Owners(),
            atHand: new Set<string>(),
          },
        ],
      ),
    ).toEqual({ word: "in-force", remarks: [], contradictions: [], withheld: [], undecided: [] });
  });
});
