/** A public key as other tools want it: OpenSSH's line, PEM, a line of `allowed_signers`, signify's file. Nothing here is secret. */
import { base64, concat, fromHex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { formatKey, type PublicKey } from "../core/key.js";

/** SubjectPublicKeyInfo of an Ed25519 key, up to its 32 bytes (RFC 8410 section 4). */
const SPKI_HEAD = fromHex("302a300506032b6570032100");

const writers = {
  openssh: (key, name) => formatKey(key, name),
  pem: (key) => `-----BEGIN PUBLIC KEY-----\n${base64(concat(SPKI_HEAD, key.bytes))}\n-----END PUBLIC KEY-----`,
  /** ssh-keygen(1), ALLOWED SIGNERS: the principal is the key's name, and no namespace is left out. */
  "allowed-signers": (key, name) => `${name} ${formatKey(key)}`,
  signify: (key, name, engine) =>
    `untrusted comment: ${name} public key\n${base64(concat(utf8("Ed"), keyNumber(key, engine), key.bytes))}`,
} as const satisfies Record<string, (key: PublicKey, name: string, engine: Engine) => string>;

export type PublicFormat = keyof typeof writers;
export const PUBLIC_FORMATS = Object.keys(writers) as PublicFormat[];

/** Without a last line end. `name` is one that a key may have. */
export const formatPublicKey = (format: PublicFormat, key: PublicKey, name: string, engine: Engine): string =>
  writers[format](key, name, engine);

/** signify takes eight random bytes, by which a signature finds its key; ours follow from the key, so that every writer has the same. */
export const keyNumber = (key: PublicKey, engine: Engine): Bytes => engine.sha256(key.bytes).subarray(0, 8);
