/** Reads a private key file of ssh-keygen: openssh-key-v1, with or without a passphrase (OpenSSH's PROTOCOL.key). */
import { createDecipheriv } from "node:crypto";
import { equal, utf8, type Bytes } from "../core/bytes.js";
import { fromWire } from "../core/keys/key.js";
import { Reader } from "./wire.js";

const MAGIC = utf8("openssh-key-v1\0");
/** ssh-keygen uses 16 rounds. Each takes tens of milliseconds here, and a file could demand millions. */
const MAX_ROUNDS = 1000;

interface Cipher {
  /** OpenSSL's name. */
  readonly name: string;
  readonly key: number;
  readonly iv: number;
  readonly block: number;
  readonly tag?: number;
}

/** The list of `ssh -Q cipher`. */
const CIPHERS: Readonly<Record<string, Cipher>> = {
  "3des-cbc": { name: "des-ede3-cbc", key: 24, iv: 8, block: 8 },
  "aes128-cbc": { name: "aes-128-cbc", key: 16, iv: 16, block: 16 },
  "aes192-cbc": { name: "aes-192-cbc", key: 24, iv: 16, block: 16 },
  "aes256-cbc": { name: "aes-256-cbc", key: 32, iv: 16, block: 16 },
  "aes128-ctr": { name: "aes-128-ctr", key: 16, iv: 16, block: 16 },
  "aes192-ctr": { name: "aes-192-ctr", key: 24, iv: 16, block: 16 },
  "aes256-ctr": { name: "aes-256-ctr", key: 32, iv: 16, block: 16 },
  "aes128-gcm@openssh.com": { name: "aes-128-gcm", key: 16, iv: 12, block: 16, tag: 16 },
  "aes256-gcm@openssh.com": { name: "aes-256-gcm", key: 32, iv: 12, block: 16, tag: 16 },
  "chacha20-poly1305@openssh.com": { name: "chacha20", key: 64, iv: 0, block: 8, tag: 16 },
};

/** Makes an error. `found` must not quote the file, except algorithm names. */
export type Refuse = (found: string, hint?: string) => Error;

/** The Ed25519 seed, checked against the public keys in the file. */
export interface Opened {
  readonly seed: Bytes;
  /** The public key; both copies in the file are equal. */
  readonly key: Bytes;
  readonly encrypted: boolean;
}

/**
 * @param passphrase only called for an encrypted file
 * @param wrong the error for a wrong passphrase
 */
export async function openOpenssh(
  file: Bytes,
  refuse: Refuse,
  passphrase: () => Promise<string>,
  wrong: () => Error,
): Promise<Opened> {
  const read = new Reader(file, () => refuse("a truncated file"));
  if (!equal(read.take(MAGIC.length), MAGIC)) throw refuse("something else");
  const [cipherName, kdf, options] = [word(read.string()), word(read.string()), read.string()];
  if (read.number() !== 1) throw refuse("more than one key");
  const blob = read.string();
  const type = word(new Reader(blob, () => refuse("a truncated public part")).string());
  const key = fromWire(blob);
  if (key === undefined) throw refuse(type === "ssh-ed25519" ? "a public part that is not a key" : typeNamed(type));
  const body = read.string();

  if (cipherName === "none" && kdf === "none") {
    if (read.rest().length > 0) throw refuse("extra data after the key");
    return { ...privatePart(body, key, 8, refuse, () => refuse("a damaged key")), encrypted: false };
  }
  const cipher = Object.hasOwn(CIPHERS, cipherName) ? CIPHERS[cipherName] : undefined;
  if (cipher === undefined || kdf !== "bcrypt") throw refuse("a cipher that OpenSSH does not have");
  const tag = read.take(cipher.tag ?? 0);
  if (read.rest().length > 0) throw refuse("extra data after the key");
  const derived = await derive(options, await passphrase(), cipher.key + cipher.iv, refuse);
  const plain = decipher(cipher, derived, body, tag);
  derived.fill(0);
  if (plain === undefined) throw wrong();
  try {
    const { seed } = privatePart(plain, key, cipher.block, refuse, wrong);
    return { seed: new Uint8Array(seed), key, encrypted: true }; // a copy, because a slice of the Buffer would be wiped too
  } finally {
    plain.fill(0);
  }
}

/** bcrypt_pbkdf; loaded on demand. */
async function derive(options: Bytes, passphrase: string, length: number, refuse: Refuse): Promise<Bytes> {
  const read = new Reader(options, () => refuse("a truncated file"));
  const [salt, rounds] = [read.string(), read.number()];
  if (rounds < 1 || rounds > MAX_ROUNDS || salt.length === 0 || read.rest().length > 0)
    throw refuse(
      `a passphrase that is stretched ${rounds} times, where 1 to ${MAX_ROUNDS} are taken`,
      "ssh-keygen -p -a 100 -f FILE rewrites it",
    );
  const { default: bcrypt } = await import("bcrypt-pbkdf");
  const given = Buffer.from(passphrase, "utf8");
  const derived = Buffer.alloc(length);
  const failed = bcrypt.pbkdf(given, given.length, salt, salt.length, derived, length, rounds) !== 0;
  given.fill(0);
  if (failed) throw refuse("a passphrase that cannot be stretched");
  return derived;
}

/** Undefined if the cipher detects a wrong passphrase. */
function decipher(
  { name, key: keyLength, tag: tagged }: Cipher,
  derived: Bytes,
  body: Bytes,
  tag: Bytes,
): Buffer | undefined {
  const [key, iv] = [derived.subarray(0, keyLength), derived.subarray(keyLength)];
  try {
    if (name === "chacha20") {
      // The first half of the key encrypts, starting at block 1 (PROTOCOL.chacha20poly1305). Node has no separate Poly1305, and it is not
      // needed: the seed must give the public key, which nobody can achieve without knowing the seed.
      return createDecipheriv(name, key.subarray(0, 32), Uint8Array.of(1, ...new Uint8Array(15))).update(body);
    }
    if (name === "aes-128-gcm" || name === "aes-256-gcm") {
      const gcm = createDecipheriv(name, key, iv, { authTagLength: tagged ?? 16 });
      gcm.setAuthTag(tag);
      const plain = gcm.update(body);
      gcm.final();
      return plain;
    }
    return createDecipheriv(name, key, iv).setAutoPadding(false).update(body);
  } catch {
    return undefined;
  }
}

/** check, check again, type, public key, seed and public key, comment, padding 1, 2, 3, … */
function privatePart(
  plain: Bytes,
  key: Bytes,
  block: number,
  refuse: Refuse,
  wrong: () => Error,
): { readonly seed: Bytes; readonly key: Bytes } {
  const read = new Reader(plain, () => refuse("a truncated private part"));
  if (plain.length < 8 || read.number() !== read.number()) throw wrong();
  const type = word(read.string());
  const [inside, secret] = [read.string(), read.string()];
  read.string(); // the comment, which names a person and a machine
  const padding = read.rest();
  if (type !== "ssh-ed25519" || secret.length !== 64)
    throw refuse("a private part of another type than its public part");
  if (!equal(inside, key) || !equal(secret.subarray(32), key))
    throw refuse("a private part that belongs to another public part");
  if (plain.length % block !== 0 || padding.length >= block || padding.some((byte, at) => byte !== at + 1))
    throw refuse("a private part with padding that OpenSSH does not write");
  return { seed: secret.subarray(0, 32), key };
}

const word = (bytes: Bytes): string => Buffer.from(bytes).toString("latin1");

/** Quotes only known key types: anything else could be a secret. */
export const typeNamed = (type: string): string =>
  /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,60}$/.test(type)
    ? `a key of type ${type}`
    : "a key of a type that OpenSSH does not have";
