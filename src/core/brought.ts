/** What a page or a pack brings along beside its document: plans, and entries of its log that take it back. It counts by digests and signatures alone. */
import { hex, utf8, type Bytes } from "./bytes.js";
import type { Engine } from "./engine.js";
import { parseEnvelope, type Envelope } from "./envelope.js";
import { orUndefined } from "./errors.js";
import { parseLeaf } from "./leaf.js";
import { viewLog } from "./logged.js";
import { logNamed } from "./payload.js";
import type { Known } from "./signatures.js";
import { entitledBy } from "./standing.js";
import type { VerifyOptions } from "./verify-options.js";

/** An entry that takes a document back, or puts another in its place, with its proof: both as texts. */
export interface Mark {
  readonly leaf: string;
  readonly proof: string;
}

export const envelopeIn = (bytes: Bytes): Envelope | undefined => orUndefined(() => parseEnvelope(bytes));

/** By the digest of the payload, computed here. */
export function plansIn(texts: readonly string[], engine: Engine): NonNullable<VerifyOptions["planned"]> {
  const plans = new Map(
    texts.flatMap((text) => {
      const bytes = utf8(text);
      const envelope = envelopeIn(bytes);
      return envelope === undefined ? [] : [[hex(engine.sha256(envelope.payloadBytes)), bytes] as const];
    }),
  );
  return (sha256) => plans.get(sha256);
}

/** Entries by the signer, or a key that came after, that a proof shows to be in the log which the document names. */
export function marksIn(
  envelope: Envelope | undefined,
  marks: readonly Mark[] | undefined,
  keys: readonly Known[],
  engine: Engine,
): NonNullable<VerifyOptions["takenBack"]> {
  const named = envelope && logNamed(envelope.payload);
  if (envelope === undefined || named === undefined || marks === undefined) return () => undefined;
  const entitled = entitledBy(
    envelope.signatures.flatMap(({ keyid }) => keyid ?? []),
    keys,
  );
  const shown = marks.flatMap(({ leaf: text, proof }) => {
    const leaf = orUndefined(() => parseLeaf(utf8(text)));
    if (leaf?.kind !== "notice" || !entitled.has(leaf.keyid)) return [];
    return viewLog(named, { proof: utf8(proof) }, engine).find(leaf) === undefined ? [] : [leaf];
  });
  const says = (digest: string, action: string): boolean =>
    shown.some((leaf) => leaf.about === digest && leaf.action === action);
  return (digest) => (says(digest, "retract") ? "retracted" : says(digest, "supersede") ? "superseded" : undefined);
}
