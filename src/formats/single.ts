/** The one signature of a document, for the skins that hold no more than one. */
import type { Envelope, Signature } from "../core/envelope.js";
import { AttestError } from "../core/errors.js";

/** @throws AttestError `signature-missing`, `signature-count` */
export function single({ signatures }: Pick<Envelope, "signatures">, skin: string): Signature {
  const [only, ...more] = signatures;
  if (only === undefined)
    throw new AttestError("signature-missing", `expected exactly one signature in ${skin}, found none`);
  if (more.length === 0) return only;
  throw new AttestError("signature-count", `expected exactly one signature in ${skin}, found ${signatures.length}`);
}

/** Those skins name the key, since whoever reads them has to find it. @throws AttestError `skin-member` */
export function named(signature: Signature, skin: string): string {
  if (signature.keyid !== undefined) return signature.keyid;
  throw new AttestError(
    "skin-member",
    `expected a signature that names its key, which ${skin} must name too, found one without keyid`,
    "export it as dsse or raw, which need no name",
  );
}
