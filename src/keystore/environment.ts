/** The key in `F3_ATTEST_KEY`, for machines without a home: the text of `keys/<name>.pem` or `keys/<name>.age`. */
import { utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import type { Signer } from "../core/keys/key.js";
import { ARMOR, decrypt, publicOf, secretKey, signerOf, type Passphrase } from "./secret.js";

export const KEY_VARIABLE = "F3_ATTEST_KEY";
/** The same for a log's key, which has no passphrase. */
export const LOG_KEY_VARIABLE = "F3_ATTEST_LOG_KEY";
const NAME = "ci";

/** Line ends may be `\r\n`, or the two characters \ and n where only single lines are possible. */
export const unfolded = (text: string): string =>
  `${text.replaceAll("\\r", "").replaceAll("\\n", "\n").replaceAll("\r", "").trim()}\n`;

/**
 * @param text value of the variable
 * @throws AttestError `key-missing` if it is empty; no other key is used instead; `key-format`, `key-locked`
 */
export async function environmentSigner(text: string, passphrase: Passphrase, engine: Engine): Promise<Signer> {
  const lines = unfolded(text).trim();
  if (lines === "") {
    throw new AttestError(
      "key-missing",
      `${KEY_VARIABLE} is empty`,
      "a CI secret that was not passed is empty, as in the pull request of a fork: there, run with --unsigned; to sign with a key of your own, unset it",
    );
  }
  const bytes = utf8(`${lines}\n`);
  const encrypted = lines.startsWith(ARMOR);
  const pem = encrypted ? await decrypt(bytes, `the key in ${KEY_VARIABLE}`, passphrase) : bytes;
  const secret = secretKey(pem, ` in ${KEY_VARIABLE}`);
  return signerOf(NAME, publicOf(secret, engine), secret);
}
