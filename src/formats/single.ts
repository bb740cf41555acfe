/** The one signature of a document, for formats that hold only one. */
import type { Envelope, Signature } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";

/** @throws AttestError `signature-missing`, `signature-count` */
export function single({ signatures }: Pick<Envelope, "signatures">, format: string): Signature {
  const [only, ...more] = signatures;
  if (only === undefined)
    throw new AttestError("signature-missing", `expected exactly one signature in ${format}, found none`);
  if (more.length === 0) return only;
  throw new AttestError("signature-count", `expected exactly one signature in ${format}, found ${signatures.length}`);
}

/** These formats must name the key, so that readers can find it. @throws AttestError `envelope-member` */
export function named(signature: Signature, format: string): string {
  if (signature.keyid !== undefined) return signature.keyid;
  throw new AttestError(
    "envelope-member",
    `expected a signature that names its key, which ${format} must name too, found one without keyid`,
    "export it as dsse or raw, which need no name",
  );
}
