/**
 * The Sigstore bundle v0.3 (sigstore/protobuf-specs, sigstore_bundle.proto) for a key that the reader already has: one DSSE envelope with
 * one signature, and the key's name. It has no certificate, log entry or timestamp.
 *
 *     { "mediaType": …, "verificationMaterial": { "publicKey": { "hint": KEYID }, "tlogEntries": [] }, "dsseEnvelope": { … } }
 */
import type { Bytes } from "../core/bytes.js";
import { envelopeOf, type Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import { isObject, parseJson, readable, type Json, type JsonObject } from "../core/json.js";
import { dsseOf } from "./dsse.js";
import { named, single } from "./single.js";

const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** v0.3 has its version in the name, as media types do; earlier versions have it as a parameter (sigstore_bundle.proto, media_type). */
const READ = [
  MEDIA_TYPE,
  ...["0.3", "0.2", "0.1"].map((version) => `application/vnd.dev.sigstore.bundle+json;version=${version}`),
];
const MEMBERS = ["mediaType", "verificationMaterial", "dsseEnvelope"] as const;
const FORMAT = "a Sigstore bundle";

/** Recognized by a member that no other format has. */
export const isBundle = (document: Json): document is JsonObject =>
  isObject(document) &&
  !("payload" in document) &&
  [...MEMBERS, "messageSignature"].some((member) => member in document);

/** @throws AttestError `signature-missing`, `signature-count`, `envelope-member` for a signature without keyid */
export function formatBundle(envelope: Omit<Envelope, "format">): Bytes {
  const hint = named(single(envelope, FORMAT), FORMAT);
  return readable({
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
    dsseEnvelope: dsseOf(envelope),
  });
}

export const parseBundle = (bytes: Bytes): Envelope => bundleOf(parseJson(bytes));

/**
 * Strict like protobuf's JSON: exact member names and no others. Verification material of its own is refused, not ignored, because other
 * readers may trust it. @throws AttestError `format-*`, `signature-*` and the codes of `parseEnvelope`
 */
export function bundleOf(document: Json): Envelope {
  const bundle = members(document, MEMBERS, "envelope-member", FORMAT);
  if (!(READ as readonly Json[]).includes(bundle.mediaType)) {
    const found = typeof bundle.mediaType === "string" ? JSON.stringify(bundle.mediaType.slice(0, 100)) : "no text";
    throw new AttestError("envelope-member", `expected mediaType ${MEDIA_TYPE}, found ${found}`);
  }
  const hint = hintOf(bundle.verificationMaterial);
  const envelope = envelopeOf({ value: bundle.dsseEnvelope });
  if (envelope.format !== "dsse")
    throw new AttestError("envelope-mixed", `expected the payload of ${FORMAT} in base64, found it readable`);
  if (single(envelope, FORMAT).keyid !== hint)
    throw new AttestError(
      "envelope-material",
      "expected the bundle's hint to be the keyid of its signature, found another",
    );
  return { ...envelope, format: "sigstore" };
}

function hintOf(material: Json): string {
  const what = "the name of a key, publicKey.hint";
  // protobuf's own writers omit an empty list.
  const { tlogEntries = [], ...rest } = isObject(material) ? material : {};
  if (!Array.isArray(tlogEntries) || tlogEntries.length > 0)
    throw new AttestError(
      "envelope-material",
      "expected no entries of a log in the bundle: they would not be looked at",
    );
  const { publicKey } = members(rest, ["publicKey"], "envelope-material", what);
  const { hint } = members(publicKey, ["hint"], "envelope-material", what);
  if (typeof hint !== "string" || hint === "")
    throw new AttestError("envelope-material", `expected ${what} as text, found none`);
  return hint;
}

/** Requires exactly these members. */
function members<Name extends string>(
  value: Json,
  names: readonly Name[],
  code: "envelope-member" | "envelope-material",
  what: string,
): Record<Name, Json> {
  const found = isObject(value) ? value : {};
  const other = Object.keys(found).find((name) => !(names as readonly string[]).includes(name));
  const absent = names.find((name) => !Object.hasOwn(found, name));
  const fault =
    other !== undefined ? `found ${JSON.stringify(other.slice(0, 60))} beside it` : absent && `found no ${absent}`;
  if (fault !== undefined) throw new AttestError(code, `expected ${what}, of ${names.join(", ")} alone; ${fault}`);
  return found as Record<Name, Json>;
}
