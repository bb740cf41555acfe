/**
 * Makes a new proof that a registry's document is in its log, under the current checkpoint and with the cosignatures of the listed
 * witnesses (C2SP tlog-proof).
 */
import { basename } from "node:path";
import { hex, type Bytes } from "../../core/bytes.js";
import { verifiedNote } from "../../core/log/checkpoint.js";
import type { Engine } from "../../core/engine.js";
import { parseEnvelope } from "../../core/statement/envelope.js";
import { AttestError } from "../../core/errors.js";
import { entryOf } from "../../core/log/entry.js";
import { formatNoteKey } from "../../core/keys/note.js";
import { logNamed } from "../../core/statement/payload.js";
import type { Registry } from "../../store/registry.js";

export interface LogProven {
  readonly origin: string;
  readonly index: number;
  readonly size: number;
  readonly proof: Bytes;
}

/**
 * If a document has several entries the first is used, preferably in the log that it names.
 * @throws AttestError `log-missing`, `no-attestations` if there is no log, `log-damaged` if its key did not sign the checkpoint
 */
export async function proveInLog(bytes: Bytes, file: string, registry: Registry, engine: Engine): Promise<LogProven> {
  const { payload, payloadBytes, signatures } = parseEnvelope(bytes);
  const digest = hex(engine.sha256(payloadBytes));
  const named = logNamed(payload);
  const witnesses = (await registry.keyring()).witnesses.map((one) => one.key);
  const logs = [...(await registry.log.all()).entries()];
  if (logs.length === 0)
    throw new AttestError(
      "no-attestations",
      `the registry ${registry.about.origin} has no log`,
      "begin one, which enters what is published already: attest log start",
    );
  const home = ([, { key }]: (typeof logs)[number]): number => (formatNoteKey(key) === named?.key ? 0 : 1);
  for (const [shard, { key }] of logs.sort((a, b) => home(a) - home(b))) {
    const reader = await registry.log.reader(shard, key);
    for (const { keyid = "", sig } of reader === undefined ? [] : signatures) {
      const leaf = entryOf({ payload, digest, keyid, sig }, engine);
      const index = leaf && (await reader?.find(leaf));
      if (reader === undefined || index === undefined) continue;
      const checkpoint = verifiedNote(reader.bytes, key, witnesses, engine);
      return { origin: key.name, index, size: reader.checkpoint.size, proof: await reader.prove(index, checkpoint) };
    }
  }
  throw new AttestError(
    "log-missing",
    `the log of ${registry.about.origin} has no entry for ${basename(file)}`,
    "a result that is published with this registry's log key is entered: attest add FILE",
  );
}
