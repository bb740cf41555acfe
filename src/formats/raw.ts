/**
 * The signature for tools that know only Ed25519: three files in a folder.
 *
 *     message     the bytes that were signed
 *     signature   64 bytes
 *     pub.pem     the key, as RFC 8410 spells it for openssl; absent if it is unknown
 */
import { base64, concat, equal, fromBase64, fromHex, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { SIGNATURE_BYTES } from "../core/ed25519.js";
import type { Engine } from "../core/engine.js";
import { message, type Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import { publicKey, type PublicKey } from "../core/keys/key.js";
import { openMessage } from "./message.js";
import { single } from "./single.js";

export const RAW = { message: "message", signature: "signature", key: "pub.pem" } as const;

export interface RawFiles {
  readonly message: Bytes;
  readonly signature: Bytes;
  /** The claimed key: a hint, like every name in a document. */
  readonly key?: Bytes | undefined;
}

/** @throws AttestError `signature-missing`, `signature-count`, `envelope-message` for a signature of another length */
export function formatRaw(envelope: Omit<Envelope, "format">, key?: PublicKey): RawFiles {
  const { sig } = single(envelope, "a raw export");
  lengthOf(sig);
  return {
    message: message(envelope.payloadType, envelope.payloadBytes),
    signature: sig,
    ...(key && { key: formatPem(key) }),
  };
}

/** @throws AttestError `envelope-message`, `key-format` and the codes of `openMessage` */
export function parseRaw({ message, signature, key }: RawFiles, engine: Engine): Envelope {
  lengthOf(signature);
  const keyid = key && parsePem(key, engine).keyid;
  return { format: "raw", ...openMessage(message), signatures: [{ keyid, sig: signature }] };
}

function lengthOf(signature: Bytes): void {
  if (signature.length !== SIGNATURE_BYTES)
    throw new AttestError(
      "envelope-message",
      `expected a signature of ${SIGNATURE_BYTES} bytes, found ${signature.length}`,
    );
}

/** RFC 8410 section 4: SubjectPublicKeyInfo of Ed25519, up to the key itself. */
const SPKI = fromHex("302a300506032b6570032100");

export const formatPem = ({ bytes }: PublicKey): Bytes =>
  utf8(`-----BEGIN PUBLIC KEY-----\n${base64(concat(SPKI, bytes))}\n-----END PUBLIC KEY-----\n`);

/** The inverse of `formatPem`; openssl writes the same spelling. Throws `key-format`. */
export function parsePem(bytes: Bytes, engine: Engine): PublicKey {
  const refused = new AttestError("key-format", "expected an Ed25519 public key in PEM, found something else");
  const text = bytes.length > 200 ? "" : fromUtf8(bytes);
  const body = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/]{59}=)\n-----END PUBLIC KEY-----\n$/.exec(text)?.[1];
  if (body === undefined) throw refused;
  const der = fromBase64(body);
  if (!equal(der.subarray(0, SPKI.length), SPKI)) throw refused;
  return publicKey(der.slice(SPKI.length), engine);
}
