/** SARIF of an audit: of the form that the standard has, the same bytes for the same findings, and nothing in it that acts. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RULE_IDS, ruleOf, type Finding } from "../../src/core/statement/audit-rules.js";
import type { Waiver, WaiverWord } from "../../src/core/audit/waiver.js";
import { fromUtf8 } from "../../src/core/bytes.js";
import { isObject, parseJson, type Json, type JsonObject } from "../../src/core/json.js";
import { formatSarif, type SarifInput } from "../../src/formats/sarif.js";

const TOOL = { name: "attest", version: "1.2.3" };
const ABOUT = "ab".repeat(32);
const waiver = (standing: WaiverWord, reason = "a copy is kept"): Waiver => ({
  ...{ digest: "cd".repeat(32), rule: "evidence-gone", about: ABOUT, reason, standing },
  ...{ until: "2027-01-31T23:59:59Z", by: "SHA256:key", name: "auditor" },
});
const found = (given: Partial<Finding> = {}, waivers: Waiver[] = []): SarifInput => ({
  finding: { rule: "evidence-gone", about: ABOUT, pointer: "/predicate/f3/evidence/0", detail: "404", ...given },
  waivers,
  waived: waivers.some(({ standing }) => standing === "honoured"),
  uri: "attestations/test_0123456789abcdef.json",
});
interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly JsonObject[] } };
      readonly invocations: readonly [{ readonly toolExecutionNotifications: readonly JsonObject[] }];
      readonly results: readonly JsonObject[];
    },
  ];
}
const read = (...args: Parameters<typeof formatSarif>): Log => parseJson(formatSarif(...args)) as unknown as Log;
const resultsOf = (...all: SarifInput[]): readonly JsonObject[] => read(all, TOOL).runs[0].results;

/**
 * What the OASIS schema says of the objects that are written here: their members, and which of them must be there. Every object of these is
 * closed (`additionalProperties: false`) but for the fingerprints.
 */
const SHAPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  log: { $schema: "text?", version: "2.1.0", runs: "run[]" },
  run: { tool: "tool", invocations: "invocation[]?", results: "result[]?" },
  tool: { driver: "component" },
  component: { name: "text", version: "text?", rules: "rule[]?" },
  rule: { id: "text", shortDescription: "string?", help: "string?", defaultConfiguration: "configuration?" },
  string: { text: "text" },
  configuration: { level: "none|note|warning|error" },
  invocation: { executionSuccessful: "boolean", toolExecutionNotifications: "notification[]?" },
  notification: { message: "string", level: "none|note|warning|error" },
  result: {
    ...{ ruleId: "text?", ruleIndex: "number?", level: "none|note|warning|error", message: "string" },
    ...{ locations: "location[]?", partialFingerprints: "texts?", suppressions: "suppression[]?" },
  },
  location: { physicalLocation: "physical?", logicalLocations: "logical[]?" },
  physical: { artifactLocation: "artifact", region: "region?" },
  artifact: { uri: "reference" },
  region: { startLine: "number" },
  logical: { fullyQualifiedName: "text?" },
  suppression: { kind: "inSource|external", status: "accepted|underReview|rejected", justification: "text?" },
};

function faults(value: Json | undefined, shape: string, where: string): string[] {
  const kind = shape.replace(/\?$/, "");
  if (value === undefined) return shape.endsWith("?") ? [] : [`${where}: missing`];
  if (kind.endsWith("[]")) {
    if (!Array.isArray(value)) return [`${where}: no array`];
    const all = value as readonly Json[];
    const repeated = new Set(all.map((one) => JSON.stringify(one))).size !== all.length;
    return [
      ...(repeated && ["suppression[]", "rule[]", "logical[]"].includes(kind) ? [`${where}: not unique`] : []),
      ...all.flatMap((one, at) => faults(one, kind.slice(0, -2), `${where}/${at}`)),
    ];
  }
  const members = SHAPES[kind];
  if (members !== undefined) {
    if (!isObject(value)) return [`${where}: no object`];
    return [
      ...Object.keys(value).flatMap((name) => (name in members ? [] : [`${where}/${name}: not of the schema`])),
      ...Object.entries(members).flatMap(([name, inner]) => faults(value[name], inner, `${where}/${name}`)),
    ];
  }
  const good =
    kind === "text"
      ? typeof value === "string"
      : kind === "number"
        ? Number.isInteger(value)
        : kind === "boolean"
          ? typeof value === "boolean"
          : kind === "texts"
            ? isObject(value) && Object.values(value).every((one) => typeof one === "string")
            : kind === "reference" // RFC 3986: unreserved, reserved, or an escape
              ? typeof value === "string" && /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[0-9A-F]{2})*$/.test(value)
              : typeof value === "string" && kind.split("|").includes(value);
  return good ? [] : [`${where}: ${JSON.stringify(value)} is no ${kind}`];
}
const schemaFaults = (bytes: Uint8Array): string[] => faults(parseJson(bytes), "log", "");

test("a finding is a result, with its rule, its file and its place", () => {
  const { runs } = read([found()], TOOL, ["the address of b: no answer", "the address of a: no answer"]);
  expect(runs[0].results).toEqual([
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
  expect(runs[0].tool.driver.rules.map(({ id }) => id)).toEqual(RULE_IDS);
  expect(runs[0].tool.driver.rules[RULE_IDS.indexOf("evidence-gone")]).toMatchObject({
    shortDescription: { text: ruleOf("evidence-gone").means },
    help: { text: ruleOf("evidence-gone").advice },
    defaultConfiguration: { level: "error" },
  });
  expect(runs[0].invocations[0].toolExecutionNotifications).toEqual([
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
          ...{ kind: "external", status: "accepted" },
          justification: "waived by auditor (SHA256:key) until 2027-01-31T23:59:59Z: a copy is kept",
        },
      ],
    });
  });

  test.each(["not-yours", "expired", "refused"] as const)("that are %s are told, and suppress nothing", (standing) => {
    const [result] = resultsOf(found({}, [waiver(standing)]));
    expect(result).toMatchObject({ suppressions: [] });
    expect((result?.["message"] as JsonObject)["text"]).toMatch(/^404\nwaived by auditor .*a copy is kept$/);
  });
});

test("a fingerprint stays when the words change, and two findings of one place have two", () => {
  const prints = (...all: SarifInput[]): Json[] =>
    resultsOf(...all).map(({ partialFingerprints }) => (partialFingerprints as JsonObject)["attestFinding/v1"] ?? null);
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
  expect((result?.["message"] as JsonObject)["text"]).toBe("[read this] (https://evil.example) {{0}} \ufffd");
});

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
  test("it is of the standard's form, and has each of them once", () => {
    fc.assert(
      fc.property(inputs, fc.array(text), (all, notChecked) => {
        const bytes = formatSarif(all, TOOL, notChecked);
        expect(schemaFaults(bytes)).toEqual([]);
        expect(read(all, TOOL).runs[0].results).toHaveLength(all.length);
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

test("the checker of the form finds what is wrong", () => {
  expect(faults({ version: "2.0.0", runs: [{ results: [{ more: 1 }] }] }, "log", "")).toEqual([
    '/version: "2.0.0" is no 2.1.0',
    "/runs/0/tool: missing",
    "/runs/0/results/0/more: not of the schema",
    "/runs/0/results/0/level: missing",
    "/runs/0/results/0/message: missing",
  ]);
});
