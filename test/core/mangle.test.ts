/** Every byte changed, every end cut off, and plain noise: a document says the same, or is refused, and nothing is thrown. */
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { base64, equal, fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import type { Engine } from "../../src/core/engine.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../../src/core/statement/envelope.js";
import { json, jsonObject } from "./arbitrary.js";
import { archive, counted, CRITERION, GOOD, numbersOf } from "./counting.js";
import { engines } from "./engines.js";
import { leaves, replaced } from "./log/entries.js";
import { engine, look, yours } from "./looking.js";
import { dsse, signed, signer, statement } from "./making.js";

const me = signer();

/** As little as a result may hold, with a character that must be escaped. */
const SMALL = statement({
  subject: [{ digest: { sha256: "aa".repeat(32) } }],
  predicate: {
    url: undefined,
    configuration: [],
    passedTests: ["a"],
    warnedTests: [],
    f3: {
      title: "\u001f",
      hypothesis: "b",
      summary: "",
      sections: [],
      notChecked: [],
      evidence: [],
      relations: [],
      checks: [{ id: "a", claim: "b", required: true, outcome: "passed", expected: "", observed: "" }],
      run: { command: undefined, exitCode: undefined },
    },
  },
});
const made = signed(SMALL, [me]);

/** Ed25519 as one wishes it to be, and quick: yes to what was signed, no to all else. Of the real ones ed25519.test.ts flips the bytes. */
class Ideal implements Engine {
  readonly name = "ideal";
  refused = 0;

  sha256(data: Bytes): Bytes {
    return engine.sha256(data);
  }

  verify(key: Bytes, signedBytes: Bytes, sig: Bytes): boolean {
    const yes =
      equal(key, me.key.bytes) &&
      equal(signedBytes, message(PAYLOAD_TYPE, made.payloadBytes)) &&
      equal(sig, made.signatures[0]!.sig);
    if (!yes) this.refused += 1;
    return yes;
  }
}

function* mangled(file: Bytes): Generator<Bytes> {
  for (const mask of [0x01, 0x20, 0xff]) {
    for (let at = 0; at < file.length; at += 1) {
      const copy = file.slice();
      copy[at]! ^= mask;
      yield copy;
    }
  }
  for (let length = 0; length < file.length; length += 1) yield file.subarray(0, length);
}

describe.each([
  // U+001F is the one character of the statement that is spelled with a letter of two cases.
  { format: "readable", file: formatEnvelope(made), respelled: ["\\u001F"] },
  { format: "DSSE", file: dsse(made), respelled: [] },
])("the $format format", ({ file, respelled }) => {
  const accepted: string[] = [];
  /** Refused for their signature alone: what was signed is not what they say. */
  const forgeries: Bytes[] = [];

  beforeAll(() => {
    const ideal = new Ideal();
    for (const bytes of mangled(file)) {
      const before = ideal.refused;
      if (look(bytes, [yours(me)], { engine: ideal }).outcome === "accepted") accepted.push(fromUtf8(bytes));
      if (ideal.refused > before) forgeries.push(bytes);
    }
  });

  test("no byte can change, nor the end be missing, unless the very same bytes are signed", () => {
    expect(look(file, [yours(me)], { engine: new Ideal() }).outcome).toBe("accepted");
    const plain = fromUtf8(file);
    const withoutNewline = plain.slice(0, -1);
    expect(accepted).toEqual([
      ...respelled.map((spelling) => plain.replace(spelling.toLowerCase(), spelling)),
      withoutNewline,
    ]);
  });

  test.each(engines)("$name refuses what the ideal one refuses; every 40th", (one) => {
    expect(forgeries.length).toBeGreaterThan(500);
    for (let at = 0; at < forgeries.length; at += 40)
      expect(look(forgeries[at]!, [yours(me)], { engine: one }).outcome).toBe("invalid");
  });
});

describe("noise never throws, and never passes", () => {
  /** Says yes to everything, so that noise gets as far as it can. */
  const gullible: Engine = { name: "gullible", sha256: (data) => engine.sha256(data), verify: () => true };
  const passes = (bytes: Bytes): boolean => look(bytes, [yours(me)], { engine: gullible }).outcome === "accepted";
  const enveloped = (payload: unknown): Bytes =>
    utf8(
      JSON.stringify({
        payload,
        payloadType: PAYLOAD_TYPE,
        signatures: [{ keyid: me.key.keyid, sig: base64(new Uint8Array(64)) }],
      }),
    );

  test("bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !passes(bytes)));
  });

  test("bytes that look like JSON", () => {
    const word = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"payload"',
      '"payloadType"',
      '"signatures"',
      '"keyid"',
      '"sig"',
      '"a"',
      '""',
      "1",
      "-0",
      "1e999",
      "null",
      " ",
    );
    fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => !passes(utf8(words.join("")))));
  });

  test("JSON", () => {
    fc.assert(fc.property(json, (value) => !passes(utf8(JSON.stringify(value)))));
  });

  test("JSON in the place of envelope, payload, predicate, f3", () => {
    fc.assert(
      fc.property(jsonObject, json, (object, value) => {
        const documents = [
          { payload: object, payloadType: value, signatures: value },
          { payload: value, payloadType: PAYLOAD_TYPE, signatures: [value] },
        ].map((document) => utf8(JSON.stringify(document)));
        const payloads = [
          value,
          object,
          { ...statement(), predicateType: value },
          { ...statement(), predicate: value },
          statement({ predicate: { f3: null } }),
        ];
        return [...documents, ...payloads.map(enveloped)].every((bytes) => !passes(bytes));
      }),
    );
  });

  const statements: [string, ReturnType<typeof statement>][] = [
    ["reported", statement()],
    [
      "computed",
      counted({ a: { criterion: CRITERION, measurements: numbersOf(GOOD) } }, { "observations.ndjson": GOOD }),
    ],
  ];

  /** What a schema's check of a length would compare, were it not for the type. */
  test.each(statements)("an object with a length in the place of any leaf, %s: nothing is thrown", (_, good) => {
    for (const { path } of leaves(good)) {
      for (const length of [{ toString: null }, 0, 1e9, null, []])
        look(enveloped(replaced(good, path, { length })), [yours(me)], { engine: gullible });
    }
  });

  test.each(statements)(
    "any JSON in the place of any leaf of a good statement whose checks are %s: nothing is thrown",
    (_, good) => {
      fc.assert(
        fc.property(fc.constantFrom(...leaves(good)), json, ({ path }, value) => {
          const report = look(enveloped(replaced(good, path, value)), [yours(me)], { engine: gullible });
          expect(report.outcome === "accepted").toBe(report.statement !== undefined && report.verdict !== undefined);
          look(enveloped(replaced(good, path, value)), [yours(me)], { engine: gullible, observations: archive(GOOD) });
        }),
        { numRuns: 300 },
      );
    },
  );
});
