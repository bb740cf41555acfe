/** Decodes the signed message: the inverse of core's `message`, for formats that contain it verbatim. */
import { equal, fromUtf8, type Bytes } from "../core/bytes.js";
import { message, payloadOf, type Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";

const ascii = (bytes: Bytes): string => String.fromCharCode(...bytes);

/** Recognized by DSSE's first word. */
export const isMessage = (bytes: Bytes): boolean => ascii(bytes.subarray(0, 7)) === "DSSEv1 ";

/** Lengths have at most eight digits, above the size limit of a verifier. */
const LENGTH = /^ (\d{1,8}) /;

/** @throws AttestError `envelope-message`, `not-utf8`, `not-canonical` or a code of `parseJson` */
export function openMessage(bytes: Bytes): Pick<Envelope, "payloadType" | "payload" | "payloadBytes"> {
  const refused = new AttestError(
    "envelope-message",
    "expected the message that was signed, 'DSSEv1 28 application/vnd.in-toto+json …' and the payload, found something else",
  );
  if (!isMessage(bytes)) throw refused;
  const type = field(bytes, 6);
  const body = type && field(bytes, type.end);
  if (type === undefined || body === undefined) throw refused;
  const payloadType = fromUtf8(bytes.subarray(type.start, type.end));
  const payloadBytes = bytes.slice(body.start);
  if (!equal(message(payloadType, payloadBytes), bytes)) throw refused; // one spelling: no leading zero, nothing after the end
  return { payloadType, ...payloadOf(payloadBytes) };
}

/** Start and end of the length-prefixed field at `at`. */
function field(bytes: Bytes, at: number): { readonly start: number; readonly end: number } | undefined {
  const found = LENGTH.exec(ascii(bytes.subarray(at, at + 10)));
  if (found === null) return undefined;
  const start = at + found[0].length;
  return { start, end: start + Number(found[1]) };
}
