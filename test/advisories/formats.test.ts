/** Advisories about other verifiers in which the form of a document decided what was believed: each could have been ours. */
import { describe, expect, test } from "vitest";
import { base64, concat, fromUtf8, utf8, type Bytes } from "../../src/core/bytes.js";
import { formatEnvelope, message, PAYLOAD_TYPE } from "../../src/core/statement/envelope.js";
import { readable, type JsonObject } from "../../src/core/json.js";
import type { Report } from "../../src/core/verify/report.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { formatSignify, formatSignifyKey } from "../../src/formats/signify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { parseAnyEnvelope } from "../../src/formats/envelope-formats.js";
import { faults, look, yours } from "../core/looking.js";
import { result, signed, signer, statement } from "../core/making.js";
import { ENVELOPES } from "../formats/envelope-samples.js";

const me = signer();
const attacker = signer();
const made = signed(statement(), [me]);
const [mine] = made.signatures;
const verified = (bytes: Bytes, by = [yours(me)]): Report => look(bytes, by, { parse: parseAnyEnvelope });
const object = (bytes: Bytes): JsonObject => JSON.parse(fromUtf8(bytes)) as JsonObject;

const bundle = object(formatBundle(made));
const envelope = object(formatDsse(made));
const signify = fromUtf8(formatSignify(made));
/** The other forms of a text: JSON and signify. */
const TEXTS = [
  ["readable", fromUtf8(formatEnvelope(made))],
  ["dsse", fromUtf8(formatDsse(made))],
  ["sigstore", fromUtf8(formatBundle(made))],
  ["signify", signify],
] as const;

/** Refused, and nothing of what it says is in the report. */
function refused(report: Report, code?: string): void {
  expect(report.outcome).not.toBe("accepted");
  expect(report.statement).toBeUndefined();
  expect(report.verdict).toBeUndefined();
  if (code !== undefined) expect(faults(report).map(([, found]) => found)).toEqual([code]);
}

describe("GHSA-fx35-mq7g-6g98 (cosign: a public key inside a bundle was honoured)", () => {
  const theirs = signed(result({ title: "Forged" }), [attacker]);
  const material = (publicKey: JsonObject, more: JsonObject = {}): Bytes =>
    readable({ ...object(formatBundle(theirs)), verificationMaterial: { publicKey, tlogEntries: [], ...more } });
  const hint = attacker.key.keyid;

  test.each(ENVELOPES)(
    "$format: the signer's own key, in it or named by it, makes nobody trusted",
    ({ write, parse }) => {
      const report = look(write(theirs, attacker.key), [yours(me)], { parse });
      refused(report, "key-unknown");
      expect([report.signature, report.trust, report.outcome]).toEqual(["not-checked", "unknown", "untrusted"]);
    },
  );

  test.each<[string, Bytes]>([
    ["a key beside its name", material({ hint, rawBytes: base64(attacker.key.bytes) })],
    ["a certificate", material({ hint }, { certificate: { rawBytes: "AA==" } })],
    ["a chain of certificates", material({ hint }, { x509CertificateChain: { certificates: [] } })],
  ])("%s in a bundle is refused, not ignored", (_, bytes) => refused(verified(bytes), "envelope-material"));

  test("another's key under my name, in a raw export", () => {
    const { write, parse } = ENVELOPES.find(({ format }) => format === "raw")!;
    refused(look(write({ ...made, signatures: theirs.signatures }, me.key), [yours(me)], { parse }), "signature-bad");
  });
});

describe("GHSA-r2xv-vpr2-42m9 (slsa-verifier: the signature was not over the encoding, and the payload could be edited)", () => {
  const over = (what: Bytes): typeof made => ({ ...made, signatures: [{ ...mine!, sig: me.sign(what) }] });
  const text = base64(made.payloadBytes);

  describe.each(ENVELOPES)("$format", ({ write, parse }) => {
    test.each<[string, Bytes]>([
      ["the payload alone", made.payloadBytes],
      ["the payload in base64", utf8(text)],
      ["the encoding of the base64", message(PAYLOAD_TYPE, utf8(text))],
      ["the encoding without its type", message("", made.payloadBytes)],
      ["nothing", new Uint8Array()],
    ])("a good signature over %s", (_, what) => {
      refused(look(write(over(what), me.key), [yours(me)], { parse }), "signature-bad");
    });

    test("an edited payload", () => {
      const edited = { ...signed(result({ verdict: "REFUTED" }), []), signatures: made.signatures };
      refused(look(write(edited, me.key), [yours(me)], { parse }), "signature-bad");
    });
  });
});

describe("CVE-2026-44309 (gitsign: verified an object that it had encoded again; of a doubled header, others read the other one)", () => {
  const respelled = utf8(JSON.stringify(made.payload, null, 1));
  const over = { keyid: me.key.keyid, sig: base64(me.sign(message(PAYLOAD_TYPE, respelled))) };

  test("a payload in another spelling is refused, even if those very bytes were signed", () => {
    const dsse = { payload: base64(respelled), payloadType: PAYLOAD_TYPE, signatures: [over] };
    refused(verified(readable(dsse)), "not-canonical");
    refused(verified(readable({ ...bundle, dsseEnvelope: dsse })), "not-canonical");
    const [comment, line] = signify.split("\n");
    refused(verified(concat(utf8(`${comment!}\n${line!}\n`), message(PAYLOAD_TYPE, respelled))), "not-canonical");
  });

  test.each(TEXTS.filter(([format]) => format !== "signify"))("%s: a member that stands twice", (_, text) => {
    for (const name of ["payload", "payloadType", "signatures", "sig", "keyid"])
      refused(verified(utf8(text.replace(`"${name}":`, `"${name}": null, "${name}":`))), "json-duplicate");
  });

  test("sigstore: a member of the bundle itself that stands twice", () => {
    const text = fromUtf8(formatBundle(made));
    for (const name of ["mediaType", "verificationMaterial", "dsseEnvelope", "publicKey", "hint", "tlogEntries"])
      refused(verified(utf8(text.replace(`"${name}":`, `"${name}": null, "${name}":`))), "json-duplicate");
  });

  test("signify: a header that stands twice", () => {
    const [comment, line, ...rest] = signify.split("\n");
    for (const lines of [
      [comment, comment, line],
      [comment, line, line],
      [comment, line, comment, line],
    ])
      refused(verified(utf8([...lines, ...rest].join("\n"))));
  });
});

describe("CVE-2025-47934, CVE-2023-41037 (OpenPGP.js: what was shown was not what was signed)", () => {
  const LIE = "Everything was VALIDATED";

  test.each(TEXTS)("%s: text before or after it", (_, text) => {
    for (const more of [`${LIE}\n${text}`, `${text}${LIE}`, `${text}\n${text}`]) {
      const report = verified(utf8(more));
      refused(report);
      expect(JSON.stringify(report)).not.toContain("VALIDATED");
    }
  });

  test.each<[string, JsonObject]>([
    ["readable", object(formatEnvelope(made))],
    ["dsse", envelope],
    ["sigstore", bundle],
  ])("%s: a member beside the signed ones", (_, document) => {
    refused(verified(readable({ ...document, summary: LIE })), "envelope-member");
  });

  test("sigstore: another envelope, or another message, beside the signed one", () => {
    refused(verified(readable({ ...bundle, dsse_envelope: envelope })), "envelope-member");
    refused(verified(readable({ ...bundle, messageSignature: { messageDigest: {} } })), "envelope-member");
    refused(verified(readable({ ...bundle, ...envelope })), "envelope-mixed");
  });

  test("signify: words in the comment, which nobody signed", () => {
    refused(verified(utf8(signify.replace("signature by", `${LIE}, signature by`))), "envelope-signify");
  });

  test("the report holds what was verified, of every form the same", () => {
    for (const [, text] of TEXTS) expect(verified(utf8(text)).statement).toEqual(made.payload);
  });
});

describe("CVE-2025-29774, CVE-2025-29775, CVE-2026-9487, CVE-2025-40934 (xml-crypto, XML::Sig: two signature blocks, a skipped one, none)", () => {
  const forged = signed(result({ title: "Forged" }), [attacker]);

  test.each(ENVELOPES.filter(({ format }) => format === "readable" || format === "dsse"))(
    "$format: a good signature of mine beside another's over other bytes, or twice",
    ({ write, parse }) => {
      const both = { ...made, signatures: [...forged.signatures, mine!] };
      const keys = [yours(me), yours(attacker)];
      refused(look(write(both, me.key), keys, { parse }), "signature-bad");
      refused(look(write({ ...made, signatures: [mine!, mine!] }, me.key), keys, { parse }), "signature-duplicate");
    },
  );

  test("sigstore: two signatures, or two envelopes", () => {
    const two = { ...envelope, signatures: [...(envelope["signatures"] as JsonObject[]), { keyid: "x", sig: "" }] };
    refused(verified(readable({ ...bundle, dsseEnvelope: two })), "signature-count");
    refused(verified(readable({ ...bundle, dsseEnvelope: [envelope, envelope] })), "envelope-unknown");
  });

  test("a signature that cannot be checked is not passed over: of an unknown key alone it is no pass", () => {
    for (const { write, parse } of ENVELOPES)
      expect(look(write(made, me.key), [], { parse }).outcome).toBe("untrusted");
  });

  test("signify: no signature, or a public key in its place", () => {
    const [comment, , ...rest] = signify.split("\n");
    const [, key] = fromUtf8(formatSignifyKey(me.key)).split("\n");
    for (const line of ["", key!]) refused(verified(utf8([comment, line, ...rest].join("\n"))), "envelope-signify");
  });
});

describe("GHSA-g2pf-6v5v-qcc8 (OPA: a bundle without its signature was accepted where no keyid was set)", () => {
  const bare = { ...made, signatures: [] };

  test.each<[string, Bytes, string]>([
    ["readable", formatEnvelope(bare), "signature-missing"],
    ["dsse", formatDsse(bare), "signature-missing"],
    ["sigstore", readable({ ...bundle, dsseEnvelope: object(formatDsse(bare)) }), "signature-missing"],
    ["sigstore without an envelope", readable({ ...bundle, dsseEnvelope: null }), "envelope-unknown"],
    ["signify", message(PAYLOAD_TYPE, made.payloadBytes), "envelope-message"],
    ["the payload alone", readable(made.payload), "envelope-unknown"],
  ])("%s: stripped of the signature", (_, bytes, code) => refused(verified(bytes), code));

  test.each(["readable", "dsse", "raw"] as const)("%s: an empty or a made-up signature without a keyid", (wanted) => {
    const { write, parse } = ENVELOPES.find(({ format }) => format === wanted)!;
    for (const sig of [new Uint8Array(64), attacker.sign(message(PAYLOAD_TYPE, made.payloadBytes))]) {
      const unnamed = write({ ...made, signatures: [{ keyid: undefined, sig }] }, me.key);
      refused(look(unnamed, [yours(me)], { parse }));
      refused(look(unnamed, [], { parse }), "key-unknown");
    }
  });
});
