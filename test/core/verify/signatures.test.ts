/** The signatures of a document: which of them count, which refuse it, and what is then left unsaid. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../src/cli/exit-status.js";
import { fromUtf8, type Bytes } from "../../../src/core/bytes.js";
import type { Code } from "../../../src/core/codes.js";
import { formatEnvelope, parseEnvelope, type Signature } from "../../../src/core/statement/envelope.js";
import { readable, type JsonObject } from "../../../src/core/json.js";
import { failures, type Report } from "../../../src/core/verify/report.js";
import type { TrustedKey } from "../../../src/core/verify/signatures.js";
import { leaves } from "../log/entries.js";
import { check, engine, faults, look, sites, yours } from "../looking.js";
import { dsse, result, sealed, signed, signer, statement, type Signed } from "../making.js";
import { withOrderAdded } from "../torsion.js";

const me = signer();
const other = signer();
const stranger = signer();

/** The document with other signatures. */
const resigned = (made: Signed, change: (signatures: readonly Signature[]) => readonly Signature[]): Bytes =>
  formatEnvelope({ ...made, signatures: change(made.signatures) });
const members = (file: Bytes): JsonObject => JSON.parse(fromUtf8(file)) as JsonObject;

describe("signatures", () => {
  const made = signed(statement(), [me]);
  const both = signed(statement(), [me, other]);
  const broken = ({ keyid, sig }: Signature): Signature => ({
    keyid,
    sig: sig.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
  });

  test.each<[string, Bytes, TrustedKey[], Code, number]>([
    ["none", resigned(made, () => []), [yours(me)], "signature-missing", 1],
    [
      "a payload that was changed",
      formatEnvelope({ ...made, payload: result({ title: "Addition subtracts" }) }),
      [yours(me)],
      "signature-bad",
      1,
    ],
    ["a signature that was changed", resigned(made, (all) => all.map(broken)), [yours(me)], "signature-bad", 1],
    [
      "a payloadType that was changed",
      formatEnvelope({ ...made, payloadType: "text/plain" }),
      [yours(me)],
      "signature-bad",
      1,
    ],
    [
      "over the payload without DSSE's head",
      resigned(made, () => [{ keyid: me.key.keyid, sig: me.sign(made.payloadBytes) }]),
      [yours(me)],
      "signature-bad",
      1,
    ],
    [
      "another's under my keyid",
      resigned(signed(statement(), [other]), ([one]) => [{ ...one!, keyid: me.key.keyid }]),
      [yours(me), yours(other)],
      "signature-bad",
      1,
    ],
    [
      "64 zeros",
      resigned(made, () => [{ keyid: me.key.keyid, sig: new Uint8Array(64) }]),
      [yours(me)],
      "signature-weak",
      1,
    ],
    [
      "no bytes at all",
      resigned(made, () => [{ keyid: me.key.keyid, sig: new Uint8Array() }]),
      [yours(me)],
      "signature-bad",
      1,
    ],
    [
      "S + L in the place of S",
      resigned(made, ([one]) => [{ ...one!, sig: withOrderAdded(one!.sig) }]),
      [yours(me)],
      "signature-weak",
      1,
    ],
    [
      "two good ones and a broken one by a key at hand",
      resigned(both, (all) => [...all, { keyid: stranger.key.keyid, sig: new Uint8Array(64).fill(7) }]),
      [yours(me), yours(other), yours(stranger)],
      "signature-bad",
      1,
    ],
    [
      "a good one, and a broken one by a key of the site",
      resigned(both, ([one, two]) => [one!, broken(two!)]),
      [yours(me), sites(other)],
      "signature-bad",
      1,
    ],
    ["one keyid twice", resigned(made, ([one]) => [one!, one!]), [yours(me)], "signature-duplicate", 2],
    [
      "an unknown keyid twice",
      resigned(both, ([one, two]) => [one!, two!, two!]),
      [yours(me)],
      "signature-duplicate",
      2,
    ],
    [
      "17 of them",
      readable({
        ...members(formatEnvelope(made)),
        signatures: Array.from({ length: 17 }, (_, at) => ({ keyid: `key ${at}`, sig: "" })),
      }),
      [yours(me)],
      "signature-count",
      2,
    ],
  ])("%s", (_, file, keys, code, exit) => {
    const report = look(file, keys);
    expect(failures(report)).toMatchObject([{ code, status: "failed" }]);
    expect(EXIT[report.outcome]).toBe(exit);
    expect(report).not.toHaveProperty("statement");
    expect(report).not.toHaveProperty("verdict");
  });

  test("two keys, both yours", () => {
    const report = look(formatEnvelope(both), [yours(me), yours(other)]);
    expect(report).toMatchObject({
      outcome: "accepted",
      signers: [
        { keyid: me.key.keyid, trust: "confirmed-by-you" },
        { keyid: other.key.keyid, trust: "confirmed-by-you" },
      ],
    });
  });

  test("one that you trust is enough; each has its own word", () => {
    const report = look(formatEnvelope(both), [
      sites(me, { revoked: { at: "2026-01-02T00:00:00Z", reason: "" } }),
      yours(other),
    ]);
    expect(report).toMatchObject({
      outcome: "accepted",
      trust: "confirmed-by-you",
      signers: [{ trust: "revoked" }, { trust: "confirmed-by-you" }],
    });
  });

  test("none that you trust is not: the best word of the site's decides", () => {
    const report = look(formatEnvelope(both), [
      sites(me, { revoked: { at: "2026-01-02T00:00:00Z", reason: "" } }),
      sites(other),
    ]);
    expect(report).toMatchObject({ outcome: "untrusted", trust: "registry-only" });
  });

  test("one by an unknown key, good or broken, is without effect", () => {
    for (const change of [(one: Signature) => one, broken]) {
      const report = look(
        resigned(both, ([one, two]) => [one!, change(two!)]),
        [yours(me)],
      );
      expect(report).toMatchObject({
        outcome: "accepted",
        signature: "ok",
        verdict: "VALIDATED",
        signers: [{ signature: "ok" }, { keyid: other.key.keyid, signature: "not-checked", trust: "unknown" }],
      });
    }
  });

  test("16 are taken", () => {
    const crowd = Array.from({ length: 15 }, (_, at): Signature => ({ keyid: `key ${at}`, sig: new Uint8Array(64) }));
    expect(
      look(
        resigned(made, (all) => [...crowd, ...all]),
        [yours(me)],
      ),
    ).toMatchObject({ outcome: "accepted", signature: "ok" });
  });

  test("a second signature by one key under a made-up keyid is nobody's", () => {
    const report = look(
      resigned(made, ([one]) => [one!, { ...one!, keyid: "SHA256:somebody-else" }]),
      [yours(me)],
    );
    expect(report.outcome).toBe("accepted");
    expect(report.signers.map(({ signature }) => signature)).toEqual(["ok", "not-checked"]);
  });

  test("keys are counted by their bytes: with and without keyid it is still one key", () => {
    const [one] = made.signatures;
    expect(faults(look(dsse({ ...made, signatures: [one!, { ...one!, keyid: undefined }] }), [yours(me)]))).toEqual([
      ["signature", "signature-duplicate"],
    ]);
    expect(
      faults(
        look(dsse({ ...made, signatures: [one!, one!].map(({ sig }) => ({ keyid: undefined, sig })) }), [yours(me)]),
      ),
    ).toEqual([["signature", "signature-duplicate"]]);
  });

  test("without a keyid every key at hand is tried", () => {
    const bare = made.signatures.map(({ sig }) => ({ keyid: undefined, sig }));
    expect(look(dsse({ ...made, signatures: bare }), [yours(stranger), yours(other), yours(me)])).toMatchObject({
      outcome: "accepted",
      signers: [{ keyid: me.key.keyid, signature: "ok" }],
    });
    expect(faults(look(dsse({ ...made, signatures: bare }), [yours(other)]))).toEqual([["signature", "key-unknown"]]);
  });

  // A keyid stands outside of what is signed: whoever serves the file may write anything there.
  test("a keyid that nobody vouches for is not among the signing keys", () => {
    const claim = "SHA256:approved-by-everybody";
    const report = look(
      resigned(made, (all) => [...all, { keyid: claim, sig: new Uint8Array(64) }]),
      [yours(me)],
    );
    expect(check(report, "signature")).toMatchObject({ status: "passed", values: { "signing key": me.key.keyid } });
  });
});

describe("a second engine", () => {
  const file = sealed(statement(), me);

  test("that agrees, or cannot tell, changes nothing", () => {
    for (const answer of [true, undefined]) {
      expect(look(file, [yours(me)], { second: { name: "the second", verify: () => answer } })).toMatchObject({
        outcome: "accepted",
        verdict: "VALIDATED",
      });
    }
  });

  test("that disagrees: could not check, which is a state of its own", () => {
    const report = look(file, [yours(me)], { second: { name: "the second", verify: () => false } });
    expect(report).toMatchObject({
      outcome: "unchecked",
      signature: "not-checked",
      trust: "not-checked",
      signers: [{ signature: "not-checked" }],
    });
    expect(faults(report)).toEqual([["signature", "engines-disagree"]]);
  });

  test("is asked about the same bytes, and only after the first said yes", () => {
    const made = signed(statement(), [me]);
    const asked: unknown[] = [];
    const second = { name: "the second", verify: (...call: unknown[]) => void asked.push(call) };
    look(
      resigned(made, () => [{ keyid: me.key.keyid, sig: new Uint8Array(64) }]),
      [yours(me)],
      { second },
    );
    look(formatEnvelope({ ...made, payloadType: "text/plain" }), [yours(me)], { second });
    look(file, [yours(other)], { second });
    expect(asked).toEqual([]);
    look(file, [yours(me)], { second });
    expect(asked).toHaveLength(1);
    expect(engine.verify(...(asked[0] as [Bytes, Bytes, Bytes]))).toBe(true);
  });

  test("does not hide a signature that is bad for both", () => {
    const both = signed(statement(), [me, other]);
    const mixed = resigned(both, ([one, two]) => [one!, { keyid: two!.keyid, sig: one!.sig }]);
    const report = look(mixed, [yours(me), yours(other)], { second: { name: "the second", verify: () => false } });
    expect(report).toMatchObject({ outcome: "invalid", signature: "bad" });
    expect(faults(report)).toEqual([["signature", "signature-bad"]]);
  });
});

describe("of a document whose signature is bad or not checked nothing is said", () => {
  const made = signed(statement(), [me, other]);
  const second = { name: "the second", verify: () => false };

  /** "passed" is also a word of the report's own. */
  const texts = leaves(parseEnvelope(formatEnvelope(made)).payload).flatMap(({ value }) =>
    typeof value === "string" && value !== "passed" ? [value] : [],
  );

  test.each<[string, Report]>([
    [
      "no signature",
      look(
        resigned(made, () => []),
        [yours(me)],
      ),
    ],
    ["the key is unknown", look(formatEnvelope(made), [])],
    [
      "a bad signature",
      look(
        resigned(made, ([one, two]) => [one!, { ...two!, sig: one!.sig }]),
        [yours(me), yours(other)],
      ),
    ],
    ["a changed payload", look(formatEnvelope({ ...made, payload: result({ verdict: "REFUTED" }) }), [yours(me)])],
    [
      "a weak signature",
      look(
        resigned(made, ([one]) => [{ ...one!, sig: withOrderAdded(one!.sig) }]),
        [yours(me)],
      ),
    ],
    [
      "one key twice",
      look(
        resigned(made, ([one]) => [one!, one!]),
        [yours(me)],
      ),
    ],
    ["engines that disagree", look(formatEnvelope(made), [yours(me)], { second })],
    ["a member too many", look(readable({ ...members(formatEnvelope(made)), more: 1 }), [yours(me)])],
  ])("%s", (_, report) => {
    expect(report.signature).not.toBe("ok");
    expect(report.outcome).not.toBe("accepted");
    expect(report).not.toHaveProperty("statement");
    expect(report).not.toHaveProperty("verdict");
    const said = JSON.stringify(report);
    expect(texts.length).toBeGreaterThan(40);
    expect(texts.filter((text) => said.includes(JSON.stringify(text).slice(1, -1)))).toEqual([]);
  });
});
