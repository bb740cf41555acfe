/** Every format of an envelope. The first bytes select the format, never the file name. */
import type { Bytes } from "../core/bytes.js";
import { envelopeOf, type Envelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import { parseText } from "../core/json.js";
import { isMessage } from "./message.js";
import { bundleOf, isBundle } from "./sigstore.js";
import { isSignify, parseSignify } from "./signify.js";

/** Reads readable, DSSE, Sigstore or signify; for `verify` in core. Throws `AttestError` with the codes of that format. */
export function parseAnyEnvelope(bytes: Bytes): Envelope {
  if (isSignify(bytes)) return parseSignify(bytes);
  if (isMessage(bytes)) {
    throw new AttestError(
      "envelope-message",
      "expected an attestation, found a signed message alone, without its signature",
      "name the folder of the raw export, which has both",
    );
  }
  const text = parseText(bytes);
  return isBundle(text.value) ? bundleOf(text.value) : envelopeOf(text);
}
