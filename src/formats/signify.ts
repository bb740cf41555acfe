/**
 * The embedded form of OpenBSD's signify: a comment, the signature, and the signed message in one file. `signify -V -e` checks it.
 *
 *     untrusted comment: signature by SHA256:…
 *     base64("Ed" ‖ key number ‖ signature)
 *     DSSEv1 28 application/vnd.in-toto+json …
 *
 * signify draws key numbers at random, to tell a wrong key from a bad signature. Here the number is the first 8 bytes of the key's SHA-256
 * fingerprint: it can be written without the key, and always agrees with the comment.
 */
import { base64, concat, equal, fromBase64, fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import { SIGNATURE_BYTES } from "../core/ed25519.js";
import { message, type Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import type { Engine } from "../core/engine.js";
import { publicKey, type PublicKey } from "../core/keys/key.js";
import { openMessage } from "./message.js";
import { named, single } from "./single.js";

const ALGORITHM = utf8("Ed");
const NUMBER_BYTES = 8;
const FORMAT = "a signify file";
const COMMENT = "untrusted comment: ";
const HEAD = /^untrusted comment: signature by (SHA256:[A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{99}=)\n$/;

const start = utf8(COMMENT);
export const isSignify = (bytes: Bytes): boolean => equal(bytes.subarray(0, start.length), start);

/** @throws AttestError `signature-missing`, `signature-count`, `envelope-member` or `envelope-signify` for a signature that it cannot hold */
export function formatSignify(envelope: Omit<Envelope, "format">): Bytes {
  const signature = single(envelope, FORMAT);
  const keyid = named(signature, FORMAT);
  if (signature.sig.length !== SIGNATURE_BYTES)
    throw refused(`a signature of ${SIGNATURE_BYTES} bytes, found ${signature.sig.length}`);
  return concat(
    utf8(`${COMMENT}signature by ${keyid}\n${blob(keyNumber(keyid), signature.sig)}\n`),
    message(envelope.payloadType, envelope.payloadBytes),
  );
}

/** Accepts exactly the output of `formatSignify`. @throws AttestError `envelope-signify`, `base64` and those of `openMessage` */
export function parseSignify(bytes: Bytes): Envelope {
  const end = bytes.indexOf(0x0a, bytes.indexOf(0x0a) + 1) + 1;
  const [, keyid, encoded] = HEAD.exec(fromUtf8(bytes.subarray(0, end))) ?? [];
  if (keyid === undefined || encoded === undefined)
    throw refused("'untrusted comment: signature by SHA256:…', the signature, and the message, found something else");
  const sealed = fromBase64(encoded);
  const sig = sealed.slice(ALGORITHM.length + NUMBER_BYTES);
  if (sig.length !== SIGNATURE_BYTES || encoded !== blob(keyNumber(keyid), sig))
    throw refused("an Ed25519 signature with the number of the key in the comment, found another");
  return { format: "signify", ...openMessage(bytes.subarray(end)), signatures: [{ keyid, sig }] };
}

/** The public key for `signify -V -p`. */
export const formatSignifyKey = ({ keyid, bytes }: PublicKey): Bytes =>
  utf8(`${COMMENT}public key ${keyid}\n${blob(keyNumber(keyid), bytes)}\n`);

/** Reads also keys made by signify, with random numbers: the number is not part of the key. @throws AttestError `key-format` */
export function parseSignifyKey(bytes: Bytes, engine: Engine): PublicKey {
  const [, encoded] = /^untrusted comment: [^\n]*\n([A-Za-z0-9+/]{56})\n$/.exec(fromUtf8(bytes)) ?? [];
  const read = encoded === undefined ? undefined : fromBase64(encoded);
  if (read === undefined || !equal(read.subarray(0, ALGORITHM.length), ALGORITHM))
    throw new AttestError("key-format", "expected a public key of signify's, found something else");
  return publicKey(read.slice(ALGORITHM.length + NUMBER_BYTES), engine);
}

const blob = (number: Bytes, bytes: Bytes): string => base64(concat(ALGORITHM, number, bytes));

function keyNumber(keyid: string): Bytes {
  if (!/^SHA256:[A-Za-z0-9+/]{43}$/.test(keyid))
    throw refused("a keyid that is a fingerprint, SHA256:…, found another kind of name");
  return fromBase64(`${keyid.slice("SHA256:".length)}=`).slice(0, NUMBER_BYTES);
}

const refused = (what: string): AttestError =>
  new AttestError("envelope-signify", `expected ${what}`, "attest export FILE --format signify writes such a file");
