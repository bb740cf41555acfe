/** Public keys as people exchange them: one OpenSSH line, and the fingerprint that `ssh-keygen -lf` prints. */
import { base64, concat, fromBase64, utf8, type Bytes } from "../bytes.js";
import { keyFault, KEY_BYTES } from "../ed25519.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";

/** An Ed25519 public key that passed `keyFault`. `keyid` is computed from the bytes, never read from a document. */
export interface PublicKey {
  readonly keyid: string;
  readonly bytes: Bytes;
}

const TYPE = "ssh-ed25519";
/** Only key types are ever quoted in messages: anything else that was pasted could be a secret. */
const KEY_TYPE = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,60}$/;

/** RFC 8709 section 4: string "ssh-ed25519", string key; each string follows its length (four bytes, big endian). */
export const wire = (key: Bytes): Bytes => concat(lengthed(utf8(TYPE)), lengthed(key));
const lengthed = (bytes: Bytes): Bytes => concat(Uint8Array.of(0, 0, 0, bytes.length), bytes);
const WIRE_HEAD = wire(new Uint8Array(KEY_BYTES)).subarray(0, -KEY_BYTES);

/**
 * @throws AttestError `key-format` for a wrong length, a noncanonical encoding, or a point of small order
 */
export function publicKey(bytes: Bytes, engine: Engine): PublicKey {
  const fault = keyFault(bytes);
  if (fault !== undefined) throw new AttestError("key-format", `expected an Ed25519 public key: ${fault}`);
  return { bytes, keyid: `SHA256:${base64(engine.sha256(wire(bytes))).replace(/=+$/, "")}` };
}

/** Reads `ssh-ed25519 <base64> [comment]`. The inverse of `formatKey`, but drops the comment. Throws `key-format`. */
export function parseKey(line: string, engine: Engine): PublicKey {
  const [type, blob, ...comment] = line.trim().split(/[ \t]+/);
  const refused = (found: string): AttestError =>
    new AttestError(
      "key-format",
      `expected a public key line 'ssh-ed25519 AAAA…', found ${found}`,
      "the owner of the key prints the line with: attest key show",
    );
  if (line.includes("PRIVATE KEY")) throw refused("a private key: keep it to yourself");
  if (type !== TYPE || blob === undefined)
    throw refused(KEY_TYPE.test(type ?? "") ? `a key of type ${type ?? ""}` : "something else");
  if (comment.join("").includes("\n")) throw refused("more than one line");
  let decoded: Bytes;
  try {
    decoded = fromBase64(blob);
  } catch {
    throw refused("a blob that is not base64");
  }
  const key = fromWire(decoded);
  if (key === undefined) throw refused("a blob that is not an Ed25519 key");
  return publicKey(key, engine);
}

/** The inverse of `wire`; undefined for another kind of blob. */
export function fromWire(blob: Bytes): Bytes | undefined {
  const head = blob.subarray(0, WIRE_HEAD.length);
  if (blob.length !== WIRE_HEAD.length + KEY_BYTES || head.some((byte, at) => byte !== WIRE_HEAD[at])) return undefined;
  return blob.slice(WIRE_HEAD.length);
}

/** One line without a line feed. */
export function formatKey(key: PublicKey, comment?: string): string {
  if (comment !== undefined && /[\r\n]/.test(comment))
    throw new AttestError("key-format", "expected a comment of one line");
  return [TYPE, base64(wire(key.bytes)), ...(comment === undefined ? [] : [comment])].join(" ");
}

/** Something that signs with a key: a file, an agent. The secret never passes through this interface. */
export interface Signer {
  readonly name: string;
  readonly key: PublicKey;
  sign(message: Bytes): Promise<Bytes>;
}
