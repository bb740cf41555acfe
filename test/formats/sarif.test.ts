/** SARIF of an audit: of the form that the standard has, the same bytes for the same findings, and nothing in it that acts. */
import * as fc from "fast-check";
import type { Log, Result, Run } from "sarif";
import { describe, expect, test } from "vitest";
import { RULE_IDS, ruleOf, type Finding } from "../../src/core/statement/audit-rules.js";
import type { Waiver, WaiverWord } from "../../src/core/audit/waiver.js";
import { fromUtf8 } from "../../src/core/bytes.js";
import { formatSarif, type SarifInput } from "../../src/formats/sarif.js";

const TOOL = { name: "attest", version: "1.2.3" };
const ABOUT = "ab".repeat(32);
const waiver = (standing: WaiverWord, reason = "a copy is kept"): Waiver => ({
  digest: "cd".repeat(32),
  rule: "evidence-gone",
  about: ABOUT,
  reason,
  standing,
  until: "2027-01-31T23:59:59Z",
  by: "SHA256:key",
  name: "auditor",
});
const found = (given: Partial<Finding> = {}, waivers: Waiver[] = []): SarifInput => ({
  finding: { rule: "evidence-gone", about: ABOUT, pointer: "/predicate/f3/evidence/0", detail: "404", ...given },
  waivers,
  waived: waivers.some(({ standing }) => standing === "honoured"),
  uri: "attestations/test_0123456789abcdef.json",
});
const read = (...args: Parameters<typeof formatSarif>): Run =>
  (JSON.parse(fromUtf8(formatSarif(...args))) as Log).runs[0] ?? expect.fail("no run");
const resultsOf = (...all: SarifInput[]): readonly Result[] => read(all, TOOL).results ?? [];

test("a finding is a result, with its rule, its file and its place", () => {
  const { results, tool, invocations } = read([found()], TOOL, [
    "the address of b: no answer",
    "the address of a: no answer",
  ]);
  expect(results).toEqual([
    {
      ruleId: "evidence-gone",
      ruleIndex: RULE_IDS.indexOf("evidence-gone"),
      level: "error",
      message: { text: "404" },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "attestations/test_0123456789abcdef.json" },
            region: { startLine: 1 },
          },
          logicalLocations: [{ fullyQualifiedName: "/predicate/f3/evidence/0" }],
        },
      ],
      partialFingerprints: { "attestFinding/v1": `${ABOUT}:evidence-gone:/predicate/f3/evidence/0:1` },
      suppressions: [],
    },
  ]);
  expect(tool.driver.rules?.map(({ id }) => id)).toEqual(RULE_IDS);
  expect(tool.driver.rules?.[RULE_IDS.indexOf("evidence-gone")]).toMatchObject({
    shortDescription: { text: ruleOf("evidence-gone").means },
    help: { text: ruleOf("evidence-gone").advice },
    defaultConfiguration: { level: "error" },
  });
  expect(invocations?.[0]?.toolExecutionNotifications).toEqual([
    { level: "warning", message: { text: "not checked: the address of a: no answer" } },
    { level: "warning", message: { text: "not checked: the address of b: no answer" } },
  ]);
});

describe("waivers", () => {
  test("that are honoured suppress, with the reason", () => {
    expect(resultsOf(found({}, [waiver("honoured"), waiver("honoured")]))[0]).toMatchObject({
      message: { text: "404" },
      suppressions: [
        {
          kind: "external",
          status: "accepted",
          justification: "waived by auditor (SHA256:key) until 2027-01-31T23:59:59Z: a copy is kept",
        },
      ],
    });
  });

  test.each(["not-yours", "expired", "refused"] as const)("that are %s are told, and suppress nothing", (standing) => {
    const [result] = resultsOf(found({}, [waiver(standing)]));
    expect(result).toMatchObject({ suppressions: [] });
    expect(result?.message.text).toMatch(/^404\nwaived by auditor .*a copy is kept$/);
  });
});

test("a fingerprint stays when the words change, and two findings of one place have two", () => {
  const prints = (...all: SarifInput[]): (string | undefined)[] =>
    resultsOf(...all).map(({ partialFingerprints }) => partialFingerprints?.["attestFinding/v1"]);
  expect(prints(found({ detail: "410" }))).toEqual(prints(found({ detail: "404" })));
  const two = prints(found({ detail: "404" }), found({ detail: "410" }));
  expect(new Set(two).size).toBe(2);
});

test.each<[string, string]>([
  ["a b#c%.json", "a%20b%23c%25.json"],
  ["c:/x.json", "c%3A/x.json"],
  ["../é.json", "../%C3%A9.json"],
  ["https://example.org/a b?q=[1]", "https://example.org/a%20b?q=[1]"],
  ["https://example.org/%7Ea", "https://example.org/%7Ea"],
])("the place %j is %j", (uri, expected) => {
  const [result] = resultsOf({ ...found(), uri });
  expect(JSON.stringify(result)).toContain(`{"uri":${JSON.stringify(expected)}}`);
});

test("what a document says becomes neither link nor placeholder", () => {
  const [result] = resultsOf(found({ detail: "[read this](https://evil.example) {0} \u001b[31m\u0000" }));
  expect(result?.message.text).toBe("[read this] (https://evil.example) {{0}} \ufffd");
});

/** RFC 3986: unreserved, reserved, or an escape. */
const URI_REFERENCE = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-F]{2})*$/;
const text = fc.string({ unit: "binary", maxLength: 20 });
const inputs: fc.Arbitrary<SarifInput[]> = fc.array(
  fc
    .record({
      rule: fc.constantFrom(...RULE_IDS),
      pointer: fc.oneof(fc.constant(""), text),
      detail: fc.oneof(text, fc.string({ unit: fc.constantFrom("\ud800", "<", "\u0000", "[", "](", "{0}") })),
      uri: text,
      waivers: fc.array(fc.constantFrom(...(["honoured", "expired", "not-yours"] as const)), { maxLength: 3 }),
    })
    .map(({ uri, waivers, ...finding }) => ({
      ...found(
        finding,
        waivers.map((one) => waiver(one)),
      ),
      uri,
    })),
  { maxLength: 12 },
);

describe("whatever the findings are", () => {
  test("each of them is told once, at an address, and suppressed for each reason once", () => {
    fc.assert(
      fc.property(inputs, fc.array(text), (all, notChecked) => {
        const bytes = formatSarif(all, TOOL, notChecked);
        const results = resultsOf(...all);
        expect(results).toHaveLength(all.length);
        for (const { locations, suppressions } of results) {
          expect(locations?.[0]?.physicalLocation?.artifactLocation?.uri).toMatch(URI_REFERENCE);
          const reasons = suppressions?.map(({ justification }) => justification) ?? [];
          expect(new Set(reasons).size).toBe(reasons.length);
        }
        expect(fromUtf8(bytes)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      }),
      { numRuns: 100 },
    );
  });

  test("in whatever order they come, the bytes are the same", () => {
    const shuffled = inputs.chain((all) =>
      fc.record({
        all: fc.constant(all),
        other: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ all, other }) => {
        expect(fromUtf8(formatSarif(other, TOOL))).toBe(fromUtf8(formatSarif(all, TOOL)));
      }),
      { numRuns: 100 },
    );
  });
});
