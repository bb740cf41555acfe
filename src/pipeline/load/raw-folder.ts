/** A raw export as a folder: a message, its signature, and perhaps the key. */
import { join } from "node:path";
import type { Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import type { Envelope } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { MAX_BYTES } from "../../core/json.js";
import { parseRaw, RAW } from "../../formats/raw.js";
import { isFolder } from "../../node/files.js";
import { read } from "../../node/reading.js";
import { REGISTRY_FILE } from "../../store/registry.js";

/**
 * The files, and how to parse them; undefined for a file, a registry, and any other folder.
 * @throws AttestError `file-missing` if there is a message without a signature, or the reverse
 */
export function rawIn(
  folder: string,
  engine: Engine,
): { readonly bytes: Bytes; readonly parse: (message: Bytes) => Envelope } | undefined {
  if (!isFolder(folder) || read(join(folder, REGISTRY_FILE)) !== undefined) return undefined;
  const piece = (name: string): Bytes | undefined =>
    isFolder(join(folder, name)) ? undefined : read(join(folder, name), { limit: MAX_BYTES, within: folder });
  const [bytes, signature, key] = [piece(RAW.message), piece(RAW.signature), piece(RAW.key)];
  if (bytes === undefined && signature === undefined) return undefined;
  if (bytes === undefined || signature === undefined) {
    const [there, not] = bytes === undefined ? [RAW.signature, RAW.message] : [RAW.message, RAW.signature];
    throw new AttestError(
      "file-missing",
      `expected the files ${RAW.message} and ${RAW.signature} in ${folder}, found ${there} without ${not}`,
      "attest export FILE --format raw --output DIR writes both",
    );
  }
  return { bytes, parse: (message) => parseRaw({ message, signature, key }, engine) };
}
