/** What a page or a pack brings along beside its document: plans, and entries of its log that take it back. It counts by digests and signatures alone. */
import { hex, utf8, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { parseEnvelope, type Envelope } from "../statement/envelope.js";
import { orUndefined } from "../errors.js";
import { handOversIn, parseEntry, type EntryOf } from "../log/entry.js";
import { checkPresence } from "../log/presence.js";
import { Owners } from "../keys/owner.js";
import { logNamed } from "../statement/payload.js";
import type { LogName } from "../keys/keyring.js";
import type { VerifyOptions } from "./options.js";
import type { ReadEntries } from "../log/read-all.js";

/** An entry that says something of a document or of its signer's keys, with its proof: both as texts. */
export interface BundledEntry {
  readonly leaf: string;
  readonly proof: string;
}

export const envelopeIn = (bytes: Bytes): Envelope | undefined => orUndefined(() => parseEnvelope(bytes));

/** By the digest of the payload, computed here. */
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
 * Notices among the entries that a page or a pack carries, where a proof shows them to be in the log which the document names, or in another
 * that is listed beside it: the next one of the registry may have what is said of a document of the last.
 */
export function bundledEntries(
  envelope: Envelope | undefined,
  marks: readonly BundledEntry[] | undefined,
  listed: readonly LogName[],
  engine: Engine,
): readonly EntryOf<"notice">[] {
  const named = envelope && logNamed(envelope.payload);
  if (named === undefined || marks === undefined) return [];
  const logs = [named, ...listed.filter(({ key }) => key !== named.key)];
  return marks.flatMap(({ leaf: text, proof }) => {
    const leaf = orUndefined(() => parseEntry(utf8(text)));
    if (leaf?.kind !== "notice") return [];
    return logs.some((log) => checkPresence(log, { proof: utf8(proof) }, engine).find(leaf) !== undefined)
      ? [leaf]
      : [];
  });
}

/** Whether an entry may decide how a document stands: it is about the document, or about a key of its signers' owners. */
export function concerning(
  { notices, signersOf }: ReadEntries,
  digest: string,
  signers: readonly string[],
): (leaf: EntryOf<"notice">) => boolean {
  const owners = new Owners(handOversIn(notices));
  const all = [...signers, ...(signersOf?.(digest) ?? [])];
  return ({ about, from, key }) =>
    about === digest || [from, key].some((keyid) => keyid !== undefined && owners.owns(keyid, all));
}
