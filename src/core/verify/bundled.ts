/** What a page or a pack carries beside its document: plans, and log entries that retract it. It counts by digests and signatures alone. */
import { hex, utf8, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { parseEnvelope, type Envelope } from "../statement/envelope.js";
import { orUndefined } from "../errors.js";
import { handOversIn, parseEntry, type EntryOf } from "../log/entry.js";
import { checkPresence } from "../log/presence.js";
import { NoticeEntries } from "../log/notice-entries.js";
import { Owners } from "../keys/owner.js";
import { logNamed } from "../statement/payload.js";
import type { LogName } from "../keys/keyring.js";
import type { VerifyOptions } from "./options.js";
import type { ReadEntries } from "../log/read-all.js";

/** A log entry about a document or its signers' keys, and its proof; both as text. */
export interface BundledEntry {
  readonly leaf: string;
  readonly proof: string;
}

export const envelopeIn = (bytes: Bytes): Envelope | undefined => orUndefined(() => parseEnvelope(bytes));

/** Plans by payload digest, computed here. */
export function bundledPlans(texts: readonly string[], engine: Engine): NonNullable<VerifyOptions["planned"]> {
  const plans = new Map(
    texts.flatMap((text) => {
      const bytes = utf8(text);
      const envelope = envelopeIn(bytes);
      return envelope === undefined ? [] : [[hex(engine.sha256(envelope.payloadBytes)), bytes] as const];
    }),
  );
  return (sha256) => plans.get(sha256);
}

/**
 * Notices among the entries of a page or pack, if a proof shows that they are in the document's log or in another listed log: a registry
 * may continue in a next log.
 */
export function bundledEntries(
  envelope: Envelope | undefined,
  marks: readonly BundledEntry[] | undefined,
  listed: readonly LogName[],
  engine: Engine,
): NoticeEntries {
  const named = envelope && logNamed(envelope.payload);
  if (named === undefined || marks === undefined) return NoticeEntries.NONE;
  const logs = [named, ...listed.filter(({ key }) => key !== named.key)];
  const entries = marks.flatMap(({ leaf: text, proof }) => {
    const leaf = orUndefined(() => parseEntry(utf8(text)));
    if (leaf?.kind !== "notice") return [];
    return logs.some((log) => checkPresence(log, { proof: utf8(proof) }, engine).find(leaf) !== undefined)
      ? [leaf]
      : [];
  });
  return new NoticeEntries(entries);
}

/** Whether an entry may affect the document's status: it is about the document or about a key of its signers' owners. */
export function concerning(
  { notices, signersOf }: ReadEntries,
  digest: string,
  signers: readonly string[],
): (leaf: EntryOf<"notice">) => boolean {
  const owners = new Owners(handOversIn(notices.all));
  const all = [...signers, ...(signersOf?.(digest) ?? [])];
  return ({ about, from, key }) =>
    about === digest || [from, key].some((keyid) => keyid !== undefined && owners.owns(keyid, all));
}
