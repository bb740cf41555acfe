/** Every format of one signature: written and read back to the byte, and refused as soon as there is anything beside it. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base64, concat, fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import { message, PAYLOAD_TYPE, type Signature } from "../../src/core/statement/envelope.js";
import { readable, type Json, type JsonObject } from "../../src/core/json.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { openMessage } from "../../src/formats/message.js";
import { formatPem, formatRaw, parsePem, parseRaw } from "../../src/formats/raw.js";
import { formatSignify, formatSignifyKey } from "../../src/formats/signify.js";
import { formatBundle, parseBundle } from "../../src/formats/sigstore.js";
import { parseAnyEnvelope } from "../../src/formats/envelope-formats.js";
import { jsonObject, text } from "../core/arbitrary.js";
import { engine, faults, look, yours } from "../core/looking.js";
import { dsse, sealed, signed, signer, statement } from "../core/making.js";
import { naming, refusal } from "../core/refusal.js";
import { ENVELOPES } from "./envelope-samples.js";

const me = signer();
const other = signer();
const made = signed(statement(), [me]);
const both = signed(statement(), [me, other]);
const code = (read: () => unknown): string => refusal(read).code;

describe.each(ENVELOPES)("$format", ({ format, write, parse }) => {
  const file = write(made, me.key);

  test("holds payload and signature as they are, and says which format it was", () => {
    expect(parse(file)).toEqual({ ...made, format });
  });

  test("is the same bytes when it is written again", () => {
    expect(write(parse(file), me.key)).toEqual(file);
  });

  test("verifies as the readable one does: the same checks, with the same words but for the format's name", () => {
    const [one, two] = [sealed(statement(), me), file].map((bytes) =>
      look(bytes, [yours(me)], { parse: bytes === file ? parse : parseAnyEnvelope }),
    );
    const told = (report: typeof one): unknown => ({
      ...report,
      checks: report!.checks.filter(({ name }) => name !== "encoding" && name !== "envelope"),
    });
    expect(two!.outcome).toBe("accepted");
    expect(told(two)).toEqual(told(one));
  });

  test("any payload and payloadType come back, whatever they are", () => {
    fc.assert(
      fc.property(jsonObject, text, (payload, payloadType) => {
        const any = signed(payload, [me], payloadType);
        expect(parse(write(any, me.key))).toEqual({ ...any, format });
      }),
    );
  });

  test("any 64 bytes come back as the signature", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (sig) => {
        const any = { ...made, signatures: [{ keyid: me.key.keyid, sig }] };
        expect(parse(write(any, me.key)).signatures).toEqual(any.signatures);
      }),
    );
  });
});

describe("DSSE", () => {
  test("is written as core reads it, with every signature, named or not", () => {
    expect(formatDsse(both)).toEqual(dsse(both));
    const unnamed = { ...made, signatures: made.signatures.map(({ sig }): Signature => ({ keyid: undefined, sig })) };
    expect(parseAnyEnvelope(formatDsse(unnamed))).toEqual({ ...unnamed, format: "dsse" });
  });
});

describe.each(ENVELOPES.filter(({ format }) => ["sigstore", "signify", "raw"].includes(format)))(
  "$format",
  ({ format, write }) => {
    test("holds one signature: none and several are refused", () => {
      expect(code(() => write({ ...made, signatures: [] }, me.key))).toBe("signature-missing");
      expect(code(() => write(both, me.key))).toBe("signature-count");
    });

    test("names the key, or needs no name", () => {
      const unnamed = { ...made, signatures: made.signatures.map(({ sig }): Signature => ({ keyid: undefined, sig })) };
      if (format === "raw") expect(parseRaw(formatRaw(unnamed), engine)).toEqual({ ...unnamed, format });
      else expect(code(() => write(unnamed, me.key))).toBe("envelope-member");
    });
  },
);

describe("a Sigstore bundle", () => {
  const good = JSON.parse(fromUtf8(formatBundle(made))) as JsonObject & {
    readonly dsseEnvelope: JsonObject & { readonly signatures: readonly JsonObject[] };
  };
  const { dsseEnvelope } = good;
  const [mine] = dsseEnvelope.signatures;
  const material = { publicKey: { hint: me.key.keyid }, tlogEntries: [] };

  test("is what protobuf-specs says, and nothing more", () => {
    expect(good).toEqual({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: material,
      dsseEnvelope: { payload: base64(made.payloadBytes), payloadType: PAYLOAD_TYPE, signatures: [mine] },
    });
    expect(mine).toEqual({ keyid: me.key.keyid, sig: base64(made.signatures[0]!.sig) });
  });

  test.each(["+json;version=0.1", "+json;version=0.2", "+json;version=0.3", ".v0.3+json"])(
    "is read under the media type that ends in %s",
    (end) => {
      const older = readable({ ...good, mediaType: `application/vnd.dev.sigstore.bundle${end}` });
      expect(parseBundle(older)).toEqual(parseBundle(readable(good)));
    },
  );

  test.each<[string, string, JsonObject]>([
    [
      "a media type of no version that there is",
      "envelope-member",
      { mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.4" },
    ],
    ["a media type that is no text", "envelope-member", { mediaType: 3 }],
    ["a member more", "envelope-member", { extra: 1 }],
    ["a member in another case", "envelope-member", { media_type: good["mediaType"]! }],
    ["a message signature beside", "envelope-member", { messageSignature: {} }],
    ["a payload beside", "envelope-mixed", { payload: {} }],
    ["no material", "envelope-material", { verificationMaterial: null }],
    [
      "a certificate",
      "envelope-material",
      { verificationMaterial: { certificate: { rawBytes: "" }, tlogEntries: [] } },
    ],
    ["a certificate beside the key", "envelope-material", { verificationMaterial: { ...material, certificate: {} } }],
    ["a chain", "envelope-material", { verificationMaterial: { ...material, x509CertificateChain: {} } }],
    ["timestamps", "envelope-material", { verificationMaterial: { ...material, timestampVerificationData: {} } }],
    ["entries of a log", "envelope-material", { verificationMaterial: { ...material, tlogEntries: [{}] } }],
    ["entries that are no list", "envelope-material", { verificationMaterial: { ...material, tlogEntries: {} } }],
    ["entries alone", "envelope-material", { verificationMaterial: { tlogEntries: [] } }],
    [
      "the key itself",
      "envelope-material",
      { verificationMaterial: { ...material, publicKey: { ...material.publicKey, rawBytes: "" } } },
    ],
    [
      "another hint",
      "envelope-material",
      { verificationMaterial: { ...material, publicKey: { hint: other.key.keyid } } },
    ],
    ["an empty hint", "envelope-material", { verificationMaterial: { ...material, publicKey: { hint: "" } } }],
    [
      "no name of the key in the signature",
      "envelope-material",
      { dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig: mine!["sig"]! }] } },
    ],
    ["no signature", "signature-missing", { dsseEnvelope: { ...dsseEnvelope, signatures: [] } }],
    ["two signatures", "signature-count", { dsseEnvelope: { ...dsseEnvelope, signatures: [mine!, mine!] } }],
    ["a readable payload", "envelope-mixed", { dsseEnvelope: { ...dsseEnvelope, payload: made.payload } }],
    ["a member more in the envelope", "envelope-member", { dsseEnvelope: { ...dsseEnvelope, extra: 1 } }],
    ["an envelope that is none", "envelope-unknown", { dsseEnvelope: [] }],
  ])("with %s is refused: %s", (_, expected, changes) => {
    const changed = readable({ ...good, ...changes });
    expect(code(() => parseAnyEnvelope(changed))).toBe(expected);
    const report = look(changed, [yours(me)], { parse: parseAnyEnvelope });
    expect(faults(report)).toEqual([["envelope", expected]]);
    expect(JSON.stringify(report)).not.toContain("Addition");
  });

  test.each(["mediaType", "verificationMaterial", "dsseEnvelope"])("without %s is refused", (name) => {
    const rest = Object.entries(good).filter(([member]) => member !== name);
    expect(code(() => parseAnyEnvelope(readable(Object.fromEntries(rest))))).toBe("envelope-member");
  });

  test("may leave out the list that is empty, as protobuf's own writers do", () => {
    const { publicKey } = material;
    expect(parseAnyEnvelope(readable({ ...good, verificationMaterial: { publicKey } }))).toEqual({
      ...made,
      format: "sigstore",
    });
  });

  test("is known by its members", () => {
    for (const value of [null, [], {}, 1, "bundle"] as Json[]) {
      expect(code(() => parseBundle(readable(value)))).toBe("envelope-member");
      expect(code(() => parseAnyEnvelope(readable(value)))).toBe("envelope-unknown");
    }
  });
});

describe("a signify file", () => {
  const good = formatSignify(made);
  const [comment, encoded, ...rest] = fromUtf8(good).split("\n");
  const lines = (...changed: (string | undefined)[]): Bytes => utf8(changed.join("\n"));
  const body = rest.join("\n");

  test("has the numbers of the fingerprint as the number of the key, in signature and key alike", () => {
    const number = (line: string | undefined): string =>
      Buffer.from(line ?? "", "base64")
        .subarray(0, 10)
        .toString("hex");
    const fingerprint = Buffer.from(me.key.keyid.slice(7), "base64").toString("hex");
    expect(number(encoded)).toBe(`4564${fingerprint.slice(0, 16)}`);
    expect(number(fromUtf8(formatSignifyKey(me.key)).split("\n")[1])).toBe(number(encoded));
  });

  test.each<[string, string, Bytes]>([
    ["another comment", "envelope-signify", lines("untrusted comment: verify with me.pub", encoded, body)],
    ["more after the comment", "envelope-signify", lines(`${comment} and others`, encoded, body)],
    [
      "another's fingerprint",
      "envelope-signify",
      lines(comment?.replace(me.key.keyid, other.key.keyid), encoded, body),
    ],
    ["another algorithm", "envelope-signify", lines(comment, encoded?.replace(/^RW/, "RX"), body)],
    ["line ends of DOS", "envelope-signify", lines(`${comment}\r`, encoded, body)],
    ["two signatures", "envelope-message", lines(comment, encoded, encoded, body)],
    ["a line feed at the end", "envelope-message", lines(comment, encoded, body, "")],
    ["no message", "envelope-message", lines(comment, encoded, "")],
    ["another message format", "envelope-message", lines(comment, encoded, body.replace("DSSEv1", "DSSEv2"))],
    ["a zero before a length", "envelope-message", lines(comment, encoded, body.replace(" 28 ", " 028 "))],
    ["only a public key", "envelope-signify", formatSignifyKey(me.key)],
    ["nothing after the comment", "envelope-signify", utf8(`${comment ?? ""}\n`)],
    ["bytes that are no text", "not-utf8", concat(utf8("untrusted comment: "), Uint8Array.of(0xff), utf8("\n\n"))],
  ])("with %s is refused: %s", (_, expected, bytes) => {
    expect(code(() => parseAnyEnvelope(bytes))).toBe(expected);
  });

  test("is not made of what it cannot hold", () => {
    const [mine] = made.signatures;
    const withKeyid = (keyid: string): unknown => formatSignify({ ...made, signatures: [{ ...mine!, keyid }] });
    for (const keyid of ["ab".repeat(32), "SHA256:short", `${me.key.keyid}\nuntrusted`])
      expect(code(() => withKeyid(keyid))).toBe("envelope-signify");
    const short = { ...made, signatures: [{ ...mine!, sig: mine!.sig.slice(1) }] };
    expect(code(() => formatSignify(short))).toBe("envelope-signify");
    expect(code(() => formatRaw(short))).toBe("envelope-message");
  });
});

describe("a message", () => {
  const good = message(PAYLOAD_TYPE, made.payloadBytes);

  test("comes back to payloadType and payload", () => {
    expect(openMessage(good)).toEqual({
      payloadType: PAYLOAD_TYPE,
      payload: made.payload,
      payloadBytes: made.payloadBytes,
    });
    const wide = message("\u00e9/\ud83d\ude00", utf8("{}"));
    expect(openMessage(wide).payloadType).toBe("\u00e9/\ud83d\ude00");
  });

  test.each<[string, string, Bytes]>([
    ["nothing", "envelope-message", utf8("")],
    ["no length", "envelope-message", utf8("DSSEv1 a")],
    ["a length that is too long", "envelope-message", utf8("DSSEv1 99999999 a 2 {}")],
    ["a length of many digits", "envelope-message", utf8("DSSEv1 000000001 a 2 {}")],
    ["a sign", "envelope-message", utf8("DSSEv1 +1 a 2 {}")],
    ["two spaces", "envelope-message", utf8("DSSEv1 1 a  2 {}")],
    ["a shorter body", "envelope-message", good.slice(0, -1)],
    ["a longer body", "envelope-message", concat(good, utf8(" "))],
    ["a type that is no text", "not-utf8", concat(utf8("DSSEv1 1 "), Uint8Array.of(0xff), utf8(" 2 {}"))],
    ["a body that is no JSON", "json-syntax", message("a", utf8("hello world"))],
    ["a body in another spelling", "not-canonical", message("a", utf8('{"a": 1}'))],
    ["a body that is no object", "envelope-member", message("a", utf8("[]"))],
  ])("of %s is refused: %s", (_, expected, bytes) => {
    expect(code(() => openMessage(bytes))).toBe(expected);
  });

  test("alone is no attestation", () => {
    const alone = refusal(() => parseAnyEnvelope(good));
    expect(alone).toMatchObject({ code: "envelope-message", message: expect.stringMatching(naming("signature")) });
    expect(alone.hint).toMatch(naming("raw"));
  });
});

describe("a key in PEM", () => {
  test("comes back", () => {
    expect(parsePem(formatPem(me.key), engine)).toEqual(me.key);
  });

  test.each<[string, (pem: string) => string]>([
    ["a line feed less", (pem) => pem.trimEnd()],
    ["text before it", (pem) => `a key:\n${pem}`],
    ["another type", (pem) => pem.replaceAll("PUBLIC", "PRIVATE")],
    ["another algorithm", (pem) => pem.replace("MCowBQYDK2Vw", "MCowBQYDK2Vu")],
    ["two keys", (pem) => pem + pem],
    ["nothing", () => ""],
  ])("with %s is refused", (_, change) => {
    expect(code(() => parsePem(utf8(change(fromUtf8(formatPem(me.key)))), engine))).toBe("key-format");
  });
});
