/** A secret key as text: PKCS#8 PEM, or the same under a passphrase with age. No fault here ever quotes what was read. */
import { createPrivateKey, createPublicKey, sign as signWith, type KeyObject } from "node:crypto";
import { fromUtf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { publicKey, type PublicKey, type Signer } from "../core/key.js";

/** Asked only when a key is under a passphrase; undefined when there is none to be had. */
export type Passphrase = () => Promise<string | undefined>;

/** Loaded only for a key that is under a passphrase: it costs as much time as all the rest of a start. */
export const age = () => import("age-encryption");

/** @throws AttestError `key-locked`; `named` says which key it is: "the key lab-2026" */
export async function decrypt(armored: Bytes, named: string, passphrase: Passphrase): Promise<Bytes> {
  const given = await passphrase();
  const locked = (found: string): AttestError =>
    new AttestError(
      "key-locked",
      `expected the passphrase of ${named}, found ${found}`,
      "give it in F3_ATTEST_PASSPHRASE, or with --passphrase-file FILE or --passphrase-fd N",
    );
  if (given === undefined) throw locked("none");
  const { armor, Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(given);
  try {
    return await decrypter.decrypt(armor.decode(fromUtf8(armored)));
  } catch {
    throw locked("one that does not open it");
  }
}

/** @throws AttestError `key-format` */
export function secretKey(pem: Bytes, place = ""): KeyObject {
  try {
    const key = createPrivateKey(Buffer.from(pem));
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // the error of the library may quote what it read, and that is a secret
  }
  throw new AttestError("key-format", `expected an Ed25519 private key in PKCS#8 PEM${place}, found something else`);
}

export function publicOf(secret: KeyObject, engine: Engine): PublicKey {
  const { x = "" } = createPublicKey(secret).export({ format: "jwk" });
  return publicKey(new Uint8Array(Buffer.from(x, "base64url")), engine);
}

export const signerOf = (name: string, key: PublicKey, secret: KeyObject): Signer => ({
  name,
  key,
  sign: (message) => Promise.resolve(new Uint8Array(signWith(null, message, secret))),
});
