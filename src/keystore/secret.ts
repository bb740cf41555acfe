/** A secret key as text: PKCS#8 PEM, or the same encrypted with age. No error here quotes the input. */
import { createPrivateKey, createPublicKey, sign as signWith, type KeyObject } from "node:crypto";
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { publicKey, type PublicKey, type Signer } from "../core/keys/key.js";

/** Only called for an encrypted key; undefined if no passphrase is available. */
export type Passphrase = () => Promise<string | undefined>;

/** Loaded on demand: it takes as long as the rest of the start. */
export const age = () => import("age-encryption");

/** `named` describes the key: "the key lab-2026". */
export const locked = (named: string, found: string): AttestError =>
  new AttestError(
    "key-locked",
    `expected the passphrase of ${named}, found ${found}`,
    "give it in F3_ATTEST_PASSPHRASE, or with --passphrase-file FILE or --passphrase-fd N",
  );
export const WRONG = "one that does not open it";

/** @throws AttestError `key-locked` */
export async function passphraseOf(named: string, passphrase: Passphrase): Promise<string> {
  const given = await passphrase();
  if (given === undefined) throw locked(named, "none");
  return given;
}

/** @throws AttestError `key-locked`; `named` describes the key: "the key lab-2026" */
export async function decrypt(file: Bytes, named: string, passphrase: Passphrase): Promise<Bytes> {
  const given = await passphraseOf(named, passphrase);
  const { armor, Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(given);
  try {
    const bytes = isArmored(file) ? armor.decode(fromUtf8(file)) : file;
    if (isForRecipient(bytes)) throw forRecipient(named);
    return await decrypter.decrypt(bytes);
  } catch (error) {
    throw error instanceof AttestError ? error : locked(named, WRONG);
  }
}

/** By the header's stanzas (C2SP age, section "Header"): a file with a passphrase has exactly one, of type scrypt. */
function isForRecipient(file: Bytes): boolean {
  const header = Buffer.from(file.subarray(0, 4096)).toString("latin1").split("\n---", 1)[0] ?? "";
  return /^-> /m.test(header) && !/^-> scrypt /m.test(header);
}

const forRecipient = (named: string): AttestError =>
  new AttestError(
    "key-format",
    `expected ${named} under a passphrase, found an age file for a recipient`,
    "age -d -i IDENTITY FILE > KEY opens it",
  );

export const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";
/** `age -p` writes bytes, `age -p -a` text. */
const isArmored = (file: Bytes): boolean => file.length > 0 && file[0] === ARMOR.charCodeAt(0);

/** scrypt with N = 2^17, the minimum in OWASP's password storage recommendations; about a second in JavaScript. */
const WORK_FACTOR = 17;

export async function encrypt(pem: Bytes, passphrase: string): Promise<Bytes> {
  const { armor, Encrypter } = await age();
  const encrypter = new Encrypter();
  encrypter.setScryptWorkFactor(WORK_FACTOR);
  encrypter.setPassphrase(passphrase);
  return utf8(armor.encode(await encrypter.encrypt(pem)));
}

/** Wipes the given bytes. @throws AttestError `key-format` */
export function secretKey(pem: Bytes, place = ""): KeyObject {
  try {
    const key = createPrivateKey(Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength));
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // the library's error may quote the secret
  } finally {
    pem.fill(0);
  }
  throw new AttestError("key-format", `expected an Ed25519 private key in PKCS#8 PEM${place}, found something else`);
}

/** The only plain form of a stored secret: openssl's private key. */
export const pemOf = (secret: KeyObject): Bytes => utf8(secret.export({ format: "pem", type: "pkcs8" }) as string);

export function publicOf(secret: KeyObject, engine: Engine): PublicKey {
  const { x = "" } = (secret.type === "public" ? secret : createPublicKey(secret)).export({ format: "jwk" });
  return publicKey(new Uint8Array(Buffer.from(x, "base64url")), engine);
}

export const signerOf = (name: string, key: PublicKey, secret: KeyObject): Signer => ({
  name,
  key,
  sign: (message) => Promise.resolve(new Uint8Array(signWith(null, message, secret))),
});
