/** Keys that another tool made: OpenSSH's and PKCS#8, plain or under a passphrase. No fault here ever quotes what was read. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { equal, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { openOpenssh, typeNamed, type Refuse } from "./openssh.js";
import { ARMOR, decrypt, locked, passphraseOf, publicOf, WRONG, type Passphrase } from "./secret.js";

export interface Imported {
  readonly secret: KeyObject;
  /** The passphrase that it came under. */
  readonly passphrase: string | undefined;
}

/** More than any key file holds. */
const MAX_BYTES = 64 * 1024;
/** PKCS#8 of an Ed25519 key, up to its 32 bytes (RFC 8410 section 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

const ANOTHER_KIND = "results are signed with Ed25519 keys only: attest key new makes one";

/**
 * @param place where it stands, for the messages: a path, or stdin
 * @param file wiped when it has been read
 * @throws AttestError `key-format`, `key-locked`
 */
export async function importKey(file: Bytes, place: string, passphrase: Passphrase, engine: Engine): Promise<Imported> {
  const refuse: Refuse = (found, hint) =>
    new AttestError(
      "key-format",
      `expected an Ed25519 private key of OpenSSH's or in PKCS#8 in ${place}, found ${found}`,
      hint,
    );
  try {
    return await opened(file, `the key in ${place}`, refuse, passphrase, engine);
  } finally {
    file.fill(0);
  }
}

async function opened(
  file: Bytes,
  named: string,
  refuse: Refuse,
  passphrase: Passphrase,
  engine: Engine,
): Promise<Imported> {
  if (file.length > MAX_BYTES) throw refuse(`${file.length} bytes`);
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("latin1").trim();
  let asked: string | undefined;
  const ask = async (): Promise<string> => (asked = await passphraseOf(named, passphrase));
  const spoilt = (): Error => refuse("a key that is spoilt", "take the file from where it was made once more");

  if (text.startsWith(ARMOR) || text.startsWith("age-encryption.org/v1\n")) {
    const pem = await decrypt(file, named, ask);
    const inner = await opened(pem, named, refuse, passphrase, engine).finally(() => pem.fill(0));
    return { ...inner, passphrase: asked };
  }
  const [, label, body = ""] =
    /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----$/.exec(text) ?? [];
  const der = Buffer.from(body, "base64");
  try {
    switch (label) {
      case "OPENSSH PRIVATE KEY": {
        const { seed, key, encrypted } = await openOpenssh(der, refuse, ask, () => locked(named, WRONG));
        const secret = fromSeed(seed);
        if (!equal(publicOf(secret, engine).bytes, key))
          throw refuse("a private part that belongs to another public part");
        return { secret, passphrase: encrypted ? asked : undefined };
      }
      case "PRIVATE KEY":
        return { secret: pkcs8(der, undefined, refuse, spoilt), passphrase: undefined };
      case "ENCRYPTED PRIVATE KEY":
        if (!isWhole(der)) throw spoilt();
        return { secret: pkcs8(der, await ask(), refuse, () => locked(named, WRONG)), passphrase: asked };
      default:
        throw refuse(...other(text, label));
    }
  } finally {
    der.fill(0);
  }
}

function fromSeed(seed: Bytes): KeyObject {
  const der = Buffer.concat([PKCS8_HEAD, seed]);
  seed.fill(0);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    der.fill(0);
  }
}

function pkcs8(der: Buffer, passphrase: string | undefined, refuse: Refuse, unread: () => Error): KeyObject {
  let secret: KeyObject;
  try {
    secret = createPrivateKey({
      key: der,
      format: "der",
      type: "pkcs8",
      ...(passphrase !== undefined && { passphrase: Buffer.from(passphrase, "utf8") }),
    });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "ERR_OSSL_EVP_UNSUPPORTED" || code === "ERR_OSSL_UNSUPPORTED")
      throw passphrase === undefined
        ? unread()
        : refuse("a passphrase with a cipher of old", "openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE writes it anew");
    throw unread(); // the error of the library may quote what it read, and that is a secret
  }
  if (secret.asymmetricKeyType !== "ed25519")
    throw refuse(`a key of type ${secret.asymmetricKeyType ?? "unknown"}`, ANOTHER_KIND);
  return secret;
}

/** Whether DER says of itself that it ends where it ends: what was cut off is not taken for a wrong passphrase. */
function isWhole(der: Buffer): boolean {
  const first = der[1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (der[0] !== 0x30 || octets > 2 || der.length < 2 + octets) return false;
  return der.length === 2 + octets + (octets === 0 ? first : der.readUIntBE(2, octets));
}

/** What was given instead, in words of ours. */
function other(text: string, label: string | undefined): [found: string, hint?: string] {
  const [type = ""] = text.split(/[ \t\r\n]/, 1);
  if (text === "") return ["an empty file"];
  if (/^(?:ssh|ecdsa|sk)-/.test(type))
    return type.includes("-cert-")
      ? ["a certificate", "the private key lies beside it, without -cert.pub"]
      : [`a public key (${typeNamed(type).slice("a key of ".length)})`, "the private key lies beside it, without .pub"];
  if (text.startsWith("PuTTY-User-Key-File"))
    return ["a key file of PuTTY's", "puttygen FILE -O private-openssh-new -o KEY"];
  if (label === undefined)
    return text.startsWith("-----BEGIN ") ? ["a file that breaks off, or more than one key"] : ["something else"];
  if (label.endsWith("PUBLIC KEY")) return ["a public key"];
  if (label.includes("CERTIFICATE")) return ["a certificate"];
  const [, old] = /^(RSA|DSA|EC) PRIVATE KEY$/.exec(label) ?? [];
  return old === undefined ? ["something else"] : [`a key of type ${old.toLowerCase()}`, ANOTHER_KIND];
}
