/** One signature, several formats: each document is exactly one of them, and all give back the very same bytes. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base64, fromUtf8, utf8 } from "../../../src/core/bytes.js";
import {
  formatEnvelope,
  MAX_SIGNATURES,
  message,
  parseEnvelope,
  PAYLOAD_TYPE,
  type Envelope,
} from "../../../src/core/statement/envelope.js";
import { canonical, readable, type Json, type JsonObject } from "../../../src/core/json.js";
import { jsonObject, text } from "../arbitrary.js";
import { dsse, sealed, signed, signer, statement } from "../making.js";
import { refusal } from "../refusal.js";

describe("the signed message (DSSE v1.0.2, PAE)", () => {
  test("the vector of DSSE's protocol.md", () => {
    expect(fromUtf8(message("http://example.com/HelloWorld", utf8("hello world")))).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
  });

  test.each([
    ["", "", "DSSEv1 0  0 "],
    [PAYLOAD_TYPE, "{}", "DSSEv1 28 application/vnd.in-toto+json 2 {}"],
    // Lengths count bytes: two for é, four for an emoji.
    ["text/\u00e9", "\ud83d\ude00", "DSSEv1 7 text/\u00e9 4 \ud83d\ude00"],
  ])("%j, %j", (type, payload, expected) => {
    expect(fromUtf8(message(type, utf8(payload)))).toBe(expected);
  });

  test("no two pairs of type and payload give one message", () => {
    const pair = fc.tuple(text, text);
    fc.assert(
      fc.property(pair, pair, ([typeA, payloadA], [typeB, payloadB]) => {
        const same = fromUtf8(message(typeA, utf8(payloadA))) === fromUtf8(message(typeB, utf8(payloadB)));
        expect(same).toBe(typeA === typeB && payloadA === payloadB);
      }),
    );
    // What a message without lengths would confuse.
    expect(message("a", utf8("b 1 c"))).not.toEqual(message("a b", utf8("1 c")));
  });
});

describe("readable and DSSE", () => {
  const made = signed(statement(), [signer(), signer()]);

  test("a published file, read and written, is the same file", () => {
    const file = sealed(statement(), signer());
    expect(formatEnvelope(parseEnvelope(file))).toEqual(file);
    expect(fromUtf8(file)).toMatch(/^\{\n {2}"payload": \{\n[^]*\n\}\n$/);
  });

  test("both give the bytes that were signed", () => {
    for (const [format, bytes] of [
      ["readable", formatEnvelope(made)],
      ["dsse", dsse(made)],
    ] as const) {
      const envelope = parseEnvelope(bytes);
      expect(envelope).toEqual({ ...made, format });
      expect(envelope.payloadBytes).toEqual(canonical(statement()));
    }
  });

  test("for any payload, type and signatures", () => {
    const envelope = fc
      .record({
        payload: jsonObject,
        payloadType: text,
        signatures: fc.array(fc.record({ keyid: fc.string({ minLength: 1 }), sig: fc.uint8Array({ maxLength: 70 }) }), {
          maxLength: 4,
        }),
      })
      .map((one): Omit<Envelope, "format"> => ({ ...one, payloadBytes: canonical(one.payload) }));
    fc.assert(
      fc.property(envelope, (one) => {
        expect(parseEnvelope(formatEnvelope(one))).toEqual({ ...one, format: "readable" });
        expect(parseEnvelope(dsse(one))).toEqual({ ...one, format: "dsse" });
      }),
    );
  });

  test("a respelled readable file holds the same bytes: spaces, order, escapes", () => {
    const { payload, payloadType, signatures } = JSON.parse(fromUtf8(formatEnvelope(made))) as Record<string, unknown>;
    const respelled = JSON.stringify({ signatures, payloadType, payload }).replace("Addition", "\\u0041ddition");
    expect(parseEnvelope(utf8(respelled))).toEqual({ ...made, format: "readable" });
  });

  test("DSSE may use the URL-safe alphabet, and leave out the keyid", () => {
    const [first] = made.signatures;
    const urlSafe = (bytes: Uint8Array): string => base64(bytes).replaceAll("+", "-").replaceAll("/", "_");
    const bytes = readable({
      payload: urlSafe(made.payloadBytes),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig: urlSafe(first!.sig) }, { keyid: "", sig: "-_-_" }],
    });
    const { payloadBytes, signatures } = parseEnvelope(bytes);
    expect(payloadBytes).toEqual(made.payloadBytes);
    expect(signatures).toEqual([
      { keyid: undefined, sig: first!.sig },
      { keyid: undefined, sig: Uint8Array.of(0xfb, 0xff, 0xbf) },
    ]);
  });

  test("no signature, and 16, are for the verifier to judge", () => {
    for (const count of [0, MAX_SIGNATURES]) {
      const signatures = Array.from({ length: count }, (_, at) => ({ keyid: `key ${at}`, sig: new Uint8Array(64) }));
      expect(parseEnvelope(formatEnvelope({ ...made, signatures })).signatures).toHaveLength(count);
      expect(parseEnvelope(dsse({ ...made, signatures })).signatures).toHaveLength(count);
    }
  });

  test("names to which JavaScript gives a meaning are names like others", () => {
    for (const member of ["constructor", "toString", "hasOwnProperty", "valueOf", "toJSON"]) {
      for (const value of [null, 1, "x", {}, { prototype: null }, { prototype: { isPrototypeOf: 1 } }] as const) {
        const payload: JsonObject = { [member]: value };
        expect(parseEnvelope(formatEnvelope({ ...made, payload })).payloadBytes).toEqual(canonical(payload));
        expect(parseEnvelope(dsse({ ...made, payload, payloadBytes: canonical(payload) })).payloadBytes).toEqual(
          canonical(payload),
        );
      }
    }
  });
});

describe("what is refused", () => {
  const sig = base64(new Uint8Array(64));
  const good = { payload: { a: 1 }, payloadType: PAYLOAD_TYPE, signatures: [{ keyid: "SHA256:x", sig }] };
  const packed = { ...good, payload: base64(utf8('{"a":1}')) };
  const without = (object: JsonObject, member: string): Json =>
    Object.fromEntries(Object.entries(object).filter(([name]) => name !== member));
  const around = (payload: string): Json => ({ ...good, payload: base64(utf8(payload)) });
  const signedBy = (...signatures: Json[]): Json => ({ ...good, signatures });
  const nested = (depth: number): Json => (depth === 0 ? 1 : { a: nested(depth - 1) });

  test("these are not", () => {
    expect(parseEnvelope(readable(good)).format).toBe("readable");
    expect(parseEnvelope(readable(packed)).format).toBe("dsse");
    expect(parseEnvelope(utf8(JSON.stringify({ ...good, payload: nested(63) }))).payloadBytes).toHaveLength(63 * 6 + 1);
    expect(parseEnvelope(readable(around(JSON.stringify(nested(63))))).payloadBytes).toHaveLength(63 * 6 + 1);
  });

  test.each<[string, string, Json]>([
    ["envelope-unknown", "null", null],
    ["envelope-unknown", "a text", "attestation"],
    ["envelope-unknown", "an array", [good]],
    ["envelope-unknown", "an empty object", {}],
    ["envelope-unknown", "a statement without its envelope", statement()],
    [
      "envelope-unknown",
      "a Sigstore bundle",
      { mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", dsseEnvelope: packed, verificationMaterial: {} },
    ],
    ["envelope-mixed", "readable and bundle", { ...good, dsseEnvelope: packed }],
    ["envelope-mixed", "DSSE and bundle", { ...packed, dsseEnvelope: packed }],
    ["envelope-mixed", "with a bundle's media type", { ...good, mediaType: "application/json" }],
    ["envelope-mixed", "with a bundle's key", { ...packed, verificationMaterial: {} }],
    ["envelope-mixed", "with a bundle's other signature", { ...good, messageSignature: {} }],
    ["envelope-member", "a member too many", { ...good, comment: "all is well" }],
    ["envelope-member", "a member too many in DSSE", { ...packed, payloadDigest: "" }],
    ["envelope-member", "the payload a second time, by another name", { ...good, payloadBytes: packed.payload }],
    ["envelope-member", "no payloadType", without(good, "payloadType")],
    ["envelope-member", "no signatures", without(good, "signatures")],
    ["envelope-member", "payload is null", { ...good, payload: null }],
    ["envelope-member", "payload is a number", { ...good, payload: 1 }],
    ["envelope-member", "payload is true", { ...good, payload: true }],
    ["envelope-member", "payload is an array", { ...good, payload: [] }],
    ["envelope-member", "payloadType is a number", { ...good, payloadType: 28 }],
    ["envelope-member", "signatures is an object", { ...good, signatures: { keyid: "", sig } }],
    ["envelope-member", "a signature is a text", signedBy(sig)],
    ["envelope-member", "a signature is null", signedBy(null)],
    ["envelope-member", "no keyid in the readable format", signedBy({ sig })],
    ["envelope-member", "no sig", signedBy({ keyid: "" })],
    ["envelope-member", "keyid is a number", signedBy({ keyid: 1, sig })],
    ["envelope-member", "keyid is null in DSSE", { ...packed, signatures: [{ keyid: null, sig }] }],
    ["envelope-member", "sig is null", signedBy({ keyid: "", sig: null })],
    ["envelope-member", "the key beside the signature", signedBy({ keyid: "", sig, publicKey: "ssh-ed25519 AAAA" })],
    [
      "envelope-member",
      "a certificate beside the signature in DSSE",
      { ...packed, signatures: [{ keyid: "", sig, cert: "" }] },
    ],
    ["envelope-member", "the payload's bytes are an array", around("[]")],
    ["envelope-member", "the payload's bytes are a text", around('"a"')],
    ["signature-count", "17 signatures", signedBy(...Array.from({ length: 17 }, () => ({ keyid: "", sig })))],
    [
      "signature-count",
      "17 signatures in DSSE",
      { ...packed, signatures: Array.from({ length: 17 }, () => ({ sig })) },
    ],
    ["base64", "sig without padding", signedBy({ keyid: "", sig: sig.slice(0, -2) })],
    ["base64", "sig with a line feed", signedBy({ keyid: "", sig: `${sig}\n` })],
    ["base64", "sig in the URL-safe alphabet, in the readable format", signedBy({ keyid: "", sig: "-_-_" })],
    ["base64", "sig in both alphabets at once", { ...packed, signatures: [{ sig: "+_+_" }] }],
    ["base64", "a payload in both alphabets at once", { ...packed, payload: "+_+_" }],
    ["base64", "a payload that is no base64", { ...packed, payload: "{}" }],
    ["base64", "a payload without padding", { ...packed, payload: packed.payload.replace(/=+$/, "") }],
    ["not-canonical", "a space in the payload's bytes", around('{"a": 1}')],
    ["not-canonical", "a final newline", around('{"a":1}\n')],
    ["not-canonical", "members in another order", around('{"b":1,"a":1}')],
    ["not-canonical", "members in the order of code points", around('{"\ufb33":1,"\ud83d\ude00":1}')],
    ["not-canonical", "an escape that need not be", around('{"\\u0061":1}')],
    ["not-canonical", "an escaped slash", around('{"a":"\\/"}')],
    ["not-canonical", "an escape in upper case", around('{"a":"\\u001F"}')],
    ["json-number-spelling", "a number in another spelling", around('{"a":1.0}')],
    ["json-duplicate", "a member twice", around('{"a":1,"a":1}')],
    ["json-surrogate", "half a surrogate pair", around('{"a":"\\ud800"}')],
    ["json-proto", "__proto__", around('{"__proto__":1}')],
    ["bom", "a byte order mark", around('\ufeff{"a":1}')],
    ["json-syntax", "no JSON", around("a")],
    ["json-syntax", "nothing", around("")],
    ["json-depth", "deeper than the readable format could hold", around(JSON.stringify(nested(64)))],
  ])("%s: %s", (code, _, value) => {
    expect(refusal(() => parseEnvelope(utf8(JSON.stringify(value)))).code).toBe(code);
  });

  test.each([
    ["json-depth", "a payload one level too deep", JSON.stringify({ ...good, payload: nested(64) })],
    ["json-duplicate", "two payloads", '{"payload":{},"payload":{},"payloadType":"","signatures":[]}'],
    [
      "json-duplicate",
      "a readable payload and one in base64",
      '{"payload":{},"payload":"e30=","payloadType":"","signatures":[]}',
    ],
    [
      "json-duplicate",
      "two payloads, one with an escape",
      '{"payload":{},"p\\u0061yload":{},"payloadType":"","signatures":[]}',
    ],
    [
      "json-duplicate",
      "a member of the payload twice, deep inside",
      '{"payload":{"a":[{"b":1,"b":1}]},"payloadType":"","signatures":[]}',
    ],
    ["json-syntax", "two documents", `${JSON.stringify(good)}\n${JSON.stringify(good)}`],
  ])("%s: %s", (code, _, document) => {
    expect(refusal(() => parseEnvelope(utf8(document))).code).toBe(code);
  });

  test("a payload in bytes that are not UTF-8", () => {
    const latin1 = Uint8Array.of(0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d);
    expect(refusal(() => parseEnvelope(readable({ ...good, payload: base64(latin1) }))).code).toBe("not-utf8");
  });

  test("nothing is written that could not be read", () => {
    for (const [code, payload] of [
      ["not-json", nested(64)],
      ["not-json", { a: "\ud800" }],
      ["not-json", { a: 2 ** 53 }],
    ] as const) {
      expect(
        refusal(() => formatEnvelope({ payload: payload as JsonObject, payloadType: PAYLOAD_TYPE, signatures: [] }))
          .code,
      ).toBe(code);
    }
  });
});
