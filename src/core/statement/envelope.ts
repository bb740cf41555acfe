/**
 * One signature over one byte string, and its formats.
 *
 *     payload   = JCS(statement)
 *     message   = "DSSEv1 28 application/vnd.in-toto+json " + LEN(payload) + " " + payload     (DSSE v1.0.2, PAE)
 *     signature = Ed25519(message)
 *
 * The readable format holds the payload as an object, for people and `jq`; DSSE holds its bytes as base64. A document uses exactly one
 * format.
 */
import * as z from "zod/mini";
import { base64, concat, equal, fromBase64, utf8, type Bytes } from "../bytes.js";
import { AttestError } from "../errors.js";
import { canonical, isObject, MAX_DEPTH, parseText, readable, type JsonObject, type JsonText } from "../json.js";
import { atMost, faultIn } from "../schema.js";

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
export const MAX_SIGNATURES = 16;

export interface Signature {
  /** An unsigned hint: it selects the key to try and never confers trust. Only the DSSE format may omit it. */
  readonly keyid: string | undefined;
  readonly sig: Bytes;
}

/** The format of a document; `src/formats` reads the last three. */
export type EnvelopeFormat = "readable" | "dsse" | "sigstore" | "signify" | "raw";

export interface Envelope {
  readonly format: EnvelopeFormat;
  readonly payloadType: string;
  /** The exact bytes that were signed. */
  readonly payloadBytes: Bytes;
  readonly payload: JsonObject;
  readonly signatures: readonly Signature[];
}

/** A key that several signatures name. Such a document is refused, because a server could put a bad signature before the good one. */
export function namedTwice({ signatures }: Pick<Envelope, "signatures">): string | undefined {
  const keyids = signatures.flatMap(({ keyid: by }) => by ?? []);
  return keyids.find((by, at) => keyids.indexOf(by) !== at);
}

/** DSSE's pre-authentication encoding. Lengths count bytes (the reference implementation counts characters). */
export const message = (payloadType: string, payload: Bytes): Bytes =>
  concat(utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `), payload);

/** Any text, since unknown signers are ignored; bounded, so that a document cannot smuggle text in it. */
const keyid = z.string().check(atMost(256));
const signature = { sig: z.string(), keyid };
const shape = { payloadType: z.string(), signatures: z.array(z.strictObject(signature)) };
const READABLE = z.strictObject({ ...shape, payload: z.record(z.string(), z.unknown()) });
const DSSE = z.strictObject({
  ...shape,
  payload: z.string(),
  signatures: z.array(z.strictObject({ ...signature, keyid: z.optional(keyid) })),
});
const SIGSTORE = ["mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"];

/**
 * @throws AttestError a code of `parseJson`, `envelope-unknown`, `envelope-member`, `envelope-mixed`, `signature-count`, `base64`, `not-canonical`
 */
export const parseEnvelope = (bytes: Bytes): Envelope => envelopeOf(parseText(bytes));

/** The same parser for steps that all look at one document: the same bytes are parsed once. */
export function parseOnce(parse: (bytes: Bytes) => Envelope = parseEnvelope): (bytes: Bytes) => Envelope {
  const parsed = new WeakMap<Bytes, Envelope | AttestError>();
  return (bytes) => {
    const found = parsed.get(bytes) ?? orFault(() => parse(bytes));
    parsed.set(bytes, found);
    if (found instanceof AttestError) throw found;
    return found;
  };
}

function orFault(act: () => Envelope): Envelope | AttestError {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError) return error;
    throw error;
  }
}

/** The same for a text that was parsed before. */
export function envelopeOf({ value: document, canonical: form }: JsonText): Envelope {
  if (!isObject(document) || !("payload" in document)) {
    throw new AttestError(
      "envelope-unknown",
      "expected an attestation, an object with payload, payloadType and signatures, and found none",
      "an attestation is the file attestations/<id>.json of a registry",
    );
  }
  const other = SIGSTORE.find((member) => member in document);
  if (other !== undefined)
    throw new AttestError("envelope-mixed", `expected one envelope, found payload beside ${other}`);
  const format = typeof document["payload"] === "string" ? "dsse" : "readable";
  const parsed = (format === "dsse" ? DSSE : READABLE).safeParse(document);
  if (!parsed.success) {
    throw new AttestError(
      "envelope-member",
      `expected exactly payload, payloadType and signatures of keyid and sig; ${faultIn(parsed.error)}`,
    );
  }
  const { payloadType, signatures } = parsed.data;
  if (signatures.length > MAX_SIGNATURES) {
    throw new AttestError(
      "signature-count",
      `expected at most ${MAX_SIGNATURES} signatures, found ${signatures.length}`,
    );
  }
  return {
    format,
    payloadType,
    signatures: signatures.map(({ keyid, sig }) => ({
      keyid: keyid === "" ? undefined : keyid,
      sig: decode(sig, format),
    })),
    ...(format === "dsse" ? payloadOf(decode(document["payload"] as string, format)) : plainPayload(document, form)),
  };
}

/** A DSSE reader must accept the URL-safe alphabet too (protocol.md). A mix of both alphabets is refused. */
const decode = (text: string, format: EnvelopeFormat): Bytes =>
  fromBase64(format === "dsse" && !/[+/]/.test(text) ? text.replaceAll("-", "+").replaceAll("_", "/") : text);

type Payload = Pick<Envelope, "payload" | "payloadBytes">;

/** @param form the canonical bytes of the document, of which the payload's are a part: `{"payload":` comes before them, `,"payloadType":…}` after */
function plainPayload({ payload, ...rest }: JsonObject, form: Bytes | undefined): Payload {
  if (!isObject(payload)) throw new AttestError("envelope-member", "expected payload to be an object");
  if (form === undefined) return { payload, payloadBytes: canonical(payload) };
  const payloadBytes = form.subarray('{"payload":'.length, form.length - canonical(rest).length);
  return { payload, payloadBytes };
}

/** Signed bytes must be the canonical form of their content. Throws `not-canonical` or a code of `parseJson`. */
export function payloadOf(payloadBytes: Bytes): Payload {
  const { value: payload, canonical: form } = parseText(payloadBytes, MAX_DEPTH - 1); // the depth that the readable format allows
  if (!isObject(payload)) throw new AttestError("envelope-member", "expected payload to be an object");
  if (!equal(form ?? canonical(payload), payloadBytes)) {
    throw new AttestError(
      "not-canonical",
      "expected the payload's bytes to be their own canonical form (RFC 8785), found another spelling",
    );
  }
  return { payload, payloadBytes };
}

/** The readable format. `parseEnvelope` returns the same payload and signature bytes from it. */
export const formatEnvelope = (envelope: Omit<Envelope, "format" | "payloadBytes">): Bytes =>
  readable({
    payload: envelope.payload,
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid: keyid ?? "", sig: base64(sig) })),
  });
