/** One attestation in every skin: how each is written, and read back. */
import { concat, type Bytes } from "../../src/core/bytes.js";
import { formatEnvelope, type Envelope } from "../../src/core/envelope.js";
import { formatDsse } from "../../src/formats/dsse.js";
import { formatRaw, parseRaw } from "../../src/formats/raw.js";
import { formatSignify } from "../../src/formats/signify.js";
import { formatBundle } from "../../src/formats/sigstore.js";
import { parseSkin } from "../../src/formats/skins.js";
import { engine } from "../core/looking.js";
import { signer, type Signed, type TestSigner } from "../core/making.js";

export interface SkinUnderTest {
  readonly skin: Envelope["skin"];
  readonly format: (envelope: Signed, key: TestSigner["key"]) => Bytes;
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

export const SKINS: readonly SkinUnderTest[] = [
  { skin: "readable", format: formatEnvelope, parse: parseSkin },
  { skin: "dsse", format: formatDsse, parse: parseSkin },
  { skin: "sigstore", format: formatBundle, parse: parseSkin },
  { skin: "signify", format: formatSignify, parse: parseSkin },
  { skin: "raw", format: rawBytes, parse: parseRawBytes },
];
