/** The DSSE envelope (secure-systems-lab/dsse, protocol v1): the payload's bytes as base64. The inverse is core's `parseEnvelope`. */
import { base64, type Bytes } from "../core/bytes.js";
import type { Envelope } from "../core/statement/envelope.js";
import { readable, type JsonObject } from "../core/json.js";

export const dsseOf = ({ payloadBytes, payloadType, signatures }: Omit<Envelope, "format">): JsonObject => ({
  payload: base64(payloadBytes),
  payloadType,
  signatures: signatures.map(({ keyid, sig }) => ({ ...(keyid !== undefined && { keyid }), sig: base64(sig) })),
});

export const formatDsse = (envelope: Omit<Envelope, "format">): Bytes => readable(dsseOf(envelope));
