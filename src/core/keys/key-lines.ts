/**
 * Reads several public keys from one text in the form of `authorized_keys` or a code host's key list. Only plain `ssh-ed25519` lines count.
 */
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { parseKey, type PublicKey } from "./key.js";

export interface KeyLine {
  readonly key: PublicKey;
  readonly comment: string | undefined;
}

export interface KeyLines {
  /** Each key once, in line order. */
  readonly lines: readonly KeyLine[];
  /** Number of skipped lines: other key types, certificates, keys with options. `from="…" ssh-ed25519 …` is a conditional key. */
  readonly skipped: number;
}

/**
 * A single non-empty line goes to `parseKey`, and so does a private key: `parseKey` explains best what is wrong.
 * @param place where the text is from, for messages
 * @throws AttestError `key-format` if no line counts, or an `ssh-ed25519` line is malformed
 */
export function parseKeyLines(text: string, place: string, engine: Engine): KeyLines {
  const written = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [only = "", ...more] = written;
  if (more.length === 0 || text.includes("PRIVATE KEY")) {
    return { lines: [read(more.length === 0 ? only : text, engine)], skipped: 0 };
  }
  const plain = written.filter((line) => /^ssh-ed25519[ \t]/.test(line));
  const skipped = written.length - plain.length;
  if (plain.length === 0) {
    throw new AttestError(
      "key-format",
      `expected a line 'ssh-ed25519 AAAA…' in ${place}, found none among its ${written.length} lines`,
      "keys of other types, certificates and keys after options are skipped",
    );
  }
  const lines = plain.map((line) => read(line, engine));
  const first = (keyid: string): number => lines.findIndex(({ key }) => key.keyid === keyid);
  return { lines: lines.filter(({ key }, at) => first(key.keyid) === at), skipped };
}

const read = (line: string, engine: Engine): KeyLine => ({
  key: parseKey(line, engine),
  comment: line.split(/[ \t]+/)[2],
});
