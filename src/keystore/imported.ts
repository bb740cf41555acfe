/** Keys made by other tools: OpenSSH and PKCS#8, with or without a passphrase. No error here quotes the input. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { equal, isUtf16, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { openOpenssh, typeNamed, type Refuse } from "./openssh.js";
import { decrypt, locked, passphraseOf, publicOf, WRONG, type Passphrase } from "./secret.js";

export interface Imported {
  readonly secret: KeyObject;
  /** The passphrase that protected it. */
  readonly passphrase: string | undefined;
}

/** Above the size of any key file. */
const MAX_BYTES = 64 * 1024;
/** PKCS#8 of an Ed25519 key, up to its 32 bytes (RFC 8410 section 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
/**
 * The same followed by the public key in context tag 1 (RFC 5958 section 2, RFC 8410 section 7); some writers use an explicit tag. OpenSSL
 * 3.0 in Node 20 does not read it.
 */
const V2 = /^30..020101300506032b657004220420(?<seed>.{64})(?:812100|a123032100)(?<key>.{64})$/s;

const ANOTHER_KIND = "results are signed with Ed25519 keys only: attest key new makes one";

/**
 * @param place its source for messages: a path, or stdin
 * @param file wiped after reading
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
  if (isUtf16(file)) throw refuse("UTF-16", "iconv -f UTF-16 -t UTF-8 FILE > KEY");
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("latin1");
  let asked: string | undefined;
  const ask = async (): Promise<string> => (asked = await passphraseOf(named, passphrase));
  const spoilt = (): Error => refuse("a damaged key", "copy the file again from where it was made");

  const [block, ...more] = privateBlocks(text);
  if (more.length > 0) throw refuse("more than one key", "copy the key that you mean to a file of its own");
  if (block?.label === AGE || text.startsWith("age-encryption.org/v1\n")) {
    const sealed = block === undefined ? file : utf8(armored(block));
    const pem = await decrypt(sealed, named, ask);
    const inner = await opened(pem, named, refuse, passphrase, engine).finally(() => pem.fill(0));
    return { ...inner, passphrase: asked };
  }
  const { label, body } = block ?? { label: undefined, body: "" };
  // RFC 1421 section 4.6: openssl's format before PKCS#8. Its passphrase is protected by a single round of MD5.
  if (body.startsWith("Proc-Type:"))
    throw refuse("a passphrase in the old form of PEM", "openssl pkcs8 -topk8 -in FILE rewrites it");
  if (!/^[A-Za-z0-9+/=\n]*$/.test(body)) throw spoilt();
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
        return {
          secret: withPublic(der, refuse, engine) ?? pkcs8(der, undefined, refuse, spoilt),
          passphrase: undefined,
        };
      case "ENCRYPTED PRIVATE KEY":
        if (!isWhole(der)) throw spoilt();
        return { secret: pkcs8(der, await ask(), refuse, () => locked(named, WRONG)), passphrase: asked };
      default:
        throw refuse(...other(text.replace(/^\xef\xbb\xbf/, "").trim(), label));
    }
  } finally {
    der.fill(0);
  }
}

interface Block {
  readonly label: string;
  /** Lines trimmed. */
  readonly body: string;
}

const AGE = "AGE ENCRYPTED FILE";

/** The complete blocks, with any text around them (RFC 7468 section 2), as openssl and ssh-keygen read them. */
const privateBlocks = (text: string): Block[] =>
  [
    ...text.matchAll(/^(?:\xef\xbb\xbf)?-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n(.*?)^-----END \1-----[ \t]*\r?$/gms),
  ].flatMap(([, label = "", body = ""]) =>
    label === AGE || label.endsWith("PRIVATE KEY")
      ? [
          {
            label,
            body: body
              .split("\n")
              .map((line) => line.trim())
              .join("\n")
              .trim(),
          },
        ]
      : [],
  );

const armored = ({ label, body }: Block): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

/** The key if this is PKCS#8 version 2. */
function withPublic(der: Buffer, refuse: Refuse, engine: Engine): KeyObject | undefined {
  const { seed, key } = V2.exec(der.toString("hex"))?.groups ?? {};
  if (seed === undefined || key === undefined || der[1] !== der.length - 2) return undefined;
  const secret = fromSeed(Buffer.from(seed, "hex"));
  if (equal(publicOf(secret, engine).bytes, Buffer.from(key, "hex"))) return secret;
  throw refuse("a private part that belongs to another public part");
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
        : refuse("a passphrase with an outdated cipher", "openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE rewrites it");
    throw unread(); // the library's error may quote the secret
  }
  if (secret.asymmetricKeyType !== "ed25519")
    throw refuse(`a key of type ${secret.asymmetricKeyType ?? "unknown"}`, ANOTHER_KIND);
  return secret;
}

/** Whether the DER's length matches: truncated input must not look like a wrong passphrase. */
function isWhole(der: Buffer): boolean {
  const first = der[1] ?? 0;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (der[0] !== 0x30 || octets > 2 || der.length < 2 + octets) return false;
  return der.length === 2 + octets + (octets === 0 ? first : der.readUIntBE(2, octets));
}

const publicOnly = (text: string): [found: string] => {
  const [, label = ""] = /^-----BEGIN ([A-Z0-9 ]+)-----/m.exec(text) ?? [];
  return [
    label.endsWith("PUBLIC KEY") ? "a public key" : label.includes("CERTIFICATE") ? "a certificate" : "something else",
  ];
};

/** Describes the input without quoting it. */
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
    return /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/m.test(text) ? ["a truncated file"] : publicOnly(text);
  const [, old] = /^(RSA|DSA|EC) PRIVATE KEY$/.exec(label) ?? [];
  return old === undefined ? ["something else"] : [`a key of type ${old.toLowerCase()}`, ANOTHER_KIND];
}
