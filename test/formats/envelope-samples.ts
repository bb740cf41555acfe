/** One attestation in every format: how each is written, and read back. */
import { concat, type Bytes } from "../../src/core/bytes.js";
import { formatEnvelope, type Envelope } from "../../src/core/statement/envelope.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { formatRaw, parseRaw } from "../../src/formats/raw.js";
import { formatSignify } from "../../src/formats/signify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { parseAnyEnvelope } from "../../src/formats/envelope-formats.js";
import { engine } from "../core/looking.js";
import { signer, type Signed, type TestSigner } from "../core/making.js";

export interface FormatUnderTest {
  readonly format: Envelope["format"];
  readonly write: (envelope: Signed, key: TestSigner["key"]) => Bytes;
  readonly parse: (bytes: Bytes) => Envelope;
}

const PEM_BYTES = formatRaw(
  {
    payload: {},
    payloadBytes: new Uint8Array(),
    payloadType: "",
    signatures: [{ keyid: undefined, sig: new Uint8Array(64) }],
  },
  signer().key,
).key!.length;

/** The three files of a raw export in a row, so that what mangles one byte string can mangle them. */
const rawBytes = (envelope: Signed, key: TestSigner["key"]): Bytes => {
  const { message, signature, key: pem } = formatRaw(envelope, key);
  return concat(pem!, signature, message);
};
const parseRawBytes = (bytes: Bytes): Envelope =>
  parseRaw(
    {
      key: bytes.slice(0, PEM_BYTES),
      signature: bytes.slice(PEM_BYTES, PEM_BYTES + 64),
      message: bytes.slice(PEM_BYTES + 64),
    },
    engine,
  );

export const ENVELOPES: readonly FormatUnderTest[] = [
  { format: "readable", write: formatEnvelope, parse: parseAnyEnvelope },
  { format: "dsse", write: formatDsse, parse: parseAnyEnvelope },
  { format: "sigstore", write: formatBundle, parse: parseAnyEnvelope },
  { format: "signify", write: formatSignify, parse: parseAnyEnvelope },
  { format: "raw", write: rawBytes, parse: parseRawBytes },
];
