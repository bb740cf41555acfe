/** A public key in the forms of other tools: OpenSSH line, PEM, `allowed_signers` line, signify file. Nothing here is secret. */
import { fromUtf8, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { formatKey, type PublicKey } from "../core/keys/key.js";
import { parseKeyLines, type KeyLines } from "../core/keys/key-lines.js";
import { formatPem, parsePem } from "./raw.js";
import { formatSignifyKey, isSignify, parseSignifyKey } from "./signify.js";

const text = (bytes: Bytes): string => fromUtf8(bytes).trimEnd();

const writers = {
  openssh: (key, name) => formatKey(key, name),
  pem: (key) => text(formatPem(key)),
  /** ssh-keygen(1), ALLOWED SIGNERS: the principal is the key's name, without a namespace. */
  "allowed-signers": (key, name) => `${name} ${formatKey(key)}`,
  signify: (key) => text(formatSignifyKey(key)),
} as const satisfies Record<string, (key: PublicKey, name: string) => string>;

export type PublicFormat = keyof typeof writers;
export const PUBLIC_FORMATS = Object.keys(writers) as PublicFormat[];

/** Without a final line end. `name` is a valid key name. */
export const formatPublicKey = (format: PublicFormat, key: PublicKey, name: string): string =>
  writers[format](key, name);

/** Options of authorized_keys(5), which restrict a key. A principal of `allowed_signers` has the same position. */
const CONDITION =
  /^(?:cert-authority|restrict|(?:no-)?(?:pty|user-rc|port-forwarding|agent-forwarding|x11-forwarding|touch-required)|verify-required|[\w-]+="[^"]*")(?:,|$)/i;

/**
 * The keys in a text in any of these forms and with any line ends; used for `--key`.
 * @param place where the text is from, for messages
 * @throws AttestError `key-format`, those of `parseKeyLines`
 * @example readPublicKeys("lab ssh-ed25519 AAAA…", "signers", engine).lines[0]?.key.keyid   // "SHA256:…"
 */
export function readPublicKeys(text: string, place: string, engine: Engine): KeyLines {
  const plain = text.replace(/^\ufeff/, "").replace(/\r\n/g, "\n");
  const one = (key: PublicKey): KeyLines => ({ lines: [{ key, comment: undefined }], skipped: 0 });
  const whole = utf8(`${plain.trim()}\n`);
  if (plain.trimStart().startsWith("-----BEGIN PUBLIC KEY-----")) return one(parsePem(whole, engine));
  if (isSignify(whole)) return one(parseSignifyKey(whole, engine));
  if (plain.includes("\0"))
    throw new AttestError(
      "key-format",
      `expected public keys as text in ${place}, found other bytes`,
      "save the file as UTF-8",
    );
  return parseKeyLines(plain.split("\n").map(withoutPrincipal).join("\n"), place, engine);
}

/** ssh-keygen(1), ALLOWED SIGNERS: `principals [options] keytype key`. A key with options is conditional and is skipped. */
function withoutPrincipal(line: string): string {
  const [, principal = "", key] = /^\s*(\S+)[ \t]+(ssh-ed25519[ \t].*)$/.exec(line) ?? [];
  return key === undefined || CONDITION.test(principal) || principal.startsWith("#") ? line : key;
}
