/**
 * If a key was pinned for a registry, another key there is never just an unknown key. As with ssh's known_hosts, a key that the user trusts
 * otherwise is no change, and several keys may be pinned for one place.
 */
import { AttestError } from "../../core/errors.js";
import type { SignerReport } from "../../core/verify/report.js";
import type { TrustedKey } from "../../core/verify/signatures.js";
import type { RegistryContext } from "../load/load.js";
import { isAt, type UserKey } from "../load/trusted-keys.js";

/**
 * @param keys known keys there; a successor of a pinned key is no change
 * @param signers as named in the document: an unknown one cannot be checked, but is certainly not pinned
 */
export function pinMismatch(
  given: readonly UserKey[],
  { place, keyring }: RegistryContext,
  keys: readonly TrustedKey[],
  signers: readonly SignerReport[],
): AttestError | undefined {
  const pins = given.filter(({ origin }) => origin !== undefined && isAt(origin, place));
  const [first] = pins;
  if (first === undefined) return undefined;
  const yours = new Set(keys.flatMap(({ by, key }) => (by === "you" ? key.keyid : [])));
  for (const pin of pins) {
    const listed = keyring?.signers.find(({ name }) => name === pin.name)?.key.keyid;
    if (listed !== undefined && listed !== pin.key.keyid && !yours.has(listed))
      return changed(pin, `you pinned ${pinned(pin)}, and the registry's keyring lists ${listed} under that name`);
  }
  if (signers.some(({ keyid }) => yours.has(keyid))) return undefined;
  const found = signers.map(({ keyid }) => keyid).join(" and ");
  return changed(first, `you pinned ${pins.map(pinned).join(" or ")}, and the signature is by ${found}`);
}

const pinned = ({ key, name = "", origin = "" }: UserKey): string => `${key.keyid}, your pin ${name} for ${origin}`;

const changed = ({ name = "", origin = "" }: UserKey, message: string): AttestError =>
  new AttestError(
    "key-changed",
    message,
    `someone may impersonate the signer. Ask the signer through another channel; if the change is right: attest trust remove ${name}; attest trust add ${name} LINE --origin ${origin} (a further signer: add under another name, and remove nothing)`,
  );
