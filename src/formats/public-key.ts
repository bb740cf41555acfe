/** A public key as other tools want it: OpenSSH's line, PEM, a line of `allowed_signers`, signify's file. Nothing here is secret. */
import { fromUtf8, type Bytes } from "../core/bytes.js";
import { formatKey, type PublicKey } from "../core/key.js";
import { formatPem } from "./raw.js";
import { formatSignifyKey } from "./signify.js";

const text = (bytes: Bytes): string => fromUtf8(bytes).trimEnd();

const writers = {
  openssh: (key, name) => formatKey(key, name),
  pem: (key) => text(formatPem(key)),
  /** ssh-keygen(1), ALLOWED SIGNERS: the principal is the key's name, and no namespace is left out. */
  "allowed-signers": (key, name) => `${name} ${formatKey(key)}`,
  signify: (key) => text(formatSignifyKey(key)),
} as const satisfies Record<string, (key: PublicKey, name: string) => string>;

export type PublicFormat = keyof typeof writers;
export const PUBLIC_FORMATS = Object.keys(writers) as PublicFormat[];

/** Without a last line end. `name` is one that a key may have. */
export const formatPublicKey = (format: PublicFormat, key: PublicKey, name: string): string =>
  writers[format](key, name);
