/** Every code that core can answer with, and one way to earn it: a code that nothing produces is a promise that nobody keeps. */
import { describe, expect, test } from "vitest";
import { fromHex, fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import { CODES, meaningOf, outcomeOf, OUTCOMES, worst, type Code, type ReportOutcome } from "../../src/core/codes.js";
import { AttestError } from "../../src/core/errors.js";
import { formatEnvelope } from "../../src/core/statement/envelope.js";
import { canonical, MAX_BYTES, type Json, type JsonObject } from "../../src/core/json.js";
import { noticeStatement } from "../../src/core/statement/notice.js";
import { failures } from "../../src/core/verify/report.js";
import type { TrustedKey } from "../../src/core/verify/signatures.js";
import type { VerifyOptions } from "../../src/core/verify/verify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { parseAnyEnvelope } from "../../src/formats/envelope-formats.js";
import { archive, BAD, counted, CRITERION, GOOD, numbersOf } from "./counting.js";
import { engine, look, sites, yours } from "./looking.js";
import { result, sealed, signed, signer, statement } from "./making.js";

const me = signer();
const stranger = signer();
const made = signed(statement(), [me]);
const [mine] = made.signatures;

/** What verify() says of a document, under my key if nothing else is said. */
const of =
  (bytes: Bytes | string, keys: TrustedKey[] = [yours(me)], options: Partial<VerifyOptions> = {}) =>
  (): Code[] =>
    failures(look(typeof bytes === "string" ? utf8(bytes) : bytes, keys, options)).map(({ code }) => code);

/** What a function of core throws, for the two codes that no document can produce. */
const by = (call: () => unknown) => (): Code[] => {
  try {
    call();
  } catch (error) {
    if (error instanceof AttestError) return [error.code];
  }
  return [];
};

/** Of a check that is computed: what is stated, and what was observed. */
const computed = (stated: string, observed: string): Bytes =>
  sealed(
    counted({ a: { criterion: CRITERION, measurements: numbersOf(stated) } }, { "observations.ndjson": observed }),
    me,
  );

const changedBundle = (changes: JsonObject): string =>
  JSON.stringify({ ...(JSON.parse(fromUtf8(formatBundle(made))) as JsonObject), ...changes });

const WAYS = {
  "too-large": of(new Uint8Array(MAX_BYTES + 1)),
  "not-utf8": of(Uint8Array.of(0xff)),
  bom: of("\ufeff{}"),
  "json-syntax": of("{"),
  "json-duplicate": of('{"payload":{},"payload":{}}'),
  "json-surrogate": of('"\\ud800"'),
  "json-noncharacter": of('"\\ufffe"'),
  "json-number-range": of("9007199254740992"),
  "json-number-spelling": of("1.0"),
  "json-proto": of('{"__proto__":{}}'),
  "json-depth": of("[".repeat(65)),
  "not-json": by(() => canonical(undefined as unknown as Json)),
  hex: by(() => fromHex("0A")),
  base64: of('{"payload":{},"payloadType":"","signatures":[{"keyid":"","sig":"-"}]}'),
  "envelope-unknown": of("{}"),
  "envelope-member": of('{"payload":{}}'),
  "envelope-mixed": of('{"payload":{},"dsseEnvelope":{}}'),
  "envelope-material": of(changedBundle({ verificationMaterial: { certificate: {} } }), undefined, {
    parse: parseAnyEnvelope,
  }),
  "envelope-signify": of("untrusted comment: ", undefined, { parse: parseAnyEnvelope }),
  "envelope-message": of("DSSEv1 ", undefined, { parse: parseAnyEnvelope }),
  "not-canonical": of(`{"payload":"${btoa('{"a": 1}')}","payloadType":"","signatures":[]}`),
  "signature-missing": of(sealed(statement())),
  "signature-count": of(formatEnvelope({ ...made, signatures: Array.from({ length: 17 }, () => mine!) })),
  "signature-duplicate": of(sealed(statement(), me, me)),
  "signature-bad": of(formatEnvelope({ ...made, payload: statement({ _type: "another" }) })),
  "signature-weak": of(formatEnvelope({ ...made, signatures: [{ ...mine!, sig: new Uint8Array(64) }] })),
  "engines-disagree": of(sealed(statement(), me), [yours(me)], { second: { name: "another", verify: () => false } }),
  "key-unknown": of(sealed(statement(), me), []),
  "key-registry-only": of(sealed(statement(), me), [sites(me)]),
  "key-retired": of(sealed(statement(), me), [sites(me, { validUntil: "2026-02-01T00:00:00Z" })]),
  "key-revoked": of(sealed(statement(), me), [sites(me, { revoked: { at: "2026-02-01T00:00:00Z", reason: "lost" } })]),
  "key-revoked-unproven": of(sealed(statement(), me), [
    sites(me, { revoked: { at: "2026-04-01T00:00:00Z", reason: "lost" } }),
  ]),
  "key-revoked-late": of(
    sealed(statement(), me),
    [sites(me, { revoked: { at: "2026-04-01T00:00:00Z", reason: "lost" } })],
    { seen: () => ({ at: "2026-04-02T00:00:00Z", by: "SHA256:", source: "" }) },
  ),
  "payload-type": of(formatEnvelope(signed(statement(), [me], "text/plain"))),
  "statement-type": of(sealed({}, me)),
  "predicate-type": of(sealed(statement({ predicateType: "urn:example:another" }), me)),
  "version-newer": of(sealed(result({ version: 2 }), me)),
  schema: of(sealed(result({ title: "" }), me)),
  "verdict-mismatch": of(sealed(result({ verdict: "REFUTED" }), me)),
  "result-mismatch": of(sealed(statement({ predicate: { result: "FAILED" } }), me)),
  "tests-mismatch": of(sealed(statement({ predicate: { passedTests: [] } }), me)),
  "outcome-mismatch": of(computed(BAD, BAD)),
  "notice-idle": of(
    sealed(
      noticeStatement(
        {
          version: 1,
          action: "revoke",
          key: stranger.key.keyid,
          since: "2026-02-01T00:00:00Z",
          reason: "lost",
          signedAt: "2026-03-01T00:00:00Z",
        },
        engine,
      ) as Json as JsonObject,
      me,
    ),
  ),
  "name-mismatch": of(sealed(statement(), me), [yours(me)], { fileName: "another.json", named: true }),
  "time-order": of(sealed(result({ signedAt: "2026-02-01T00:00:00Z" }), me)),
  "time-future": of(sealed(statement(), me), [yours(me)], { now: new Date(0) }),
  "recompute-mismatch": of(computed(GOOD, BAD), [yours(me)], { observations: archive(BAD) }),
  "recompute-impossible": of(computed(GOOD, GOOD), [yours(me)], { observations: archive() }),
  "evidence-converted": of(sealed(statement(), me), [yours(me)], { archived: () => "converted" }),
  "evidence-changed": of(sealed(statement(), me), [yours(me)], { archived: () => "changed" }),
} satisfies Partial<Record<Code, () => Code[]>>;

test.each(Object.entries(WAYS))("%s", (code, answers) => {
  expect(answers()).toEqual([code]);
});

test("that is all of them, in their order", () => {
  expect(Object.keys(WAYS)).toEqual(CODES.slice(0, CODES.indexOf("evidence-changed") + 1));
});

describe("the outcome", () => {
  test("each code has one, and a meaning", () => {
    for (const code of CODES) {
      expect(OUTCOMES).toContain(outcomeOf(code));
      expect(meaningOf(code)).toMatch(/^\S.*[^.\s]$/);
    }
  });

  test.each<[ReportOutcome[], ReportOutcome]>([
    [[], "accepted"],
    [["accepted", "accepted"], "accepted"],
    [["accepted", "findings"], "findings"],
    [["findings", "unchecked"], "unchecked"],
    [["unchecked", "untrusted", "findings"], "untrusted"],
    [["untrusted", "invalid", "unchecked"], "invalid"],
    [[...OUTCOMES].reverse(), "error"],
  ])("of %j is %s", (outcomes, whole) => {
    expect(worst(outcomes)).toBe(whole);
  });
});
