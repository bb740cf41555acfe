/** From the texts on a page to what the verifier takes: the log's evidence for a document, the plans, and entries that take something back. */
import { fromBase64, fromUtf8, hex, utf8, type Bytes } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import { parseEnvelope, type Envelope } from "../src/core/envelope.js";
import { AttestError } from "../src/core/errors.js";
import { parseLeaf } from "../src/core/leaf.js";
import { viewLog, type LogEvidence } from "../src/core/logged.js";
import { logNamed, type LogName } from "../src/core/payload.js";
import type { Report } from "../src/core/report.js";
import type { Known } from "../src/core/signatures.js";
import { entitledBy } from "../src/core/standing.js";
import type { VerifyOptions } from "../src/core/verify.js";
import type { LogText } from "../src/view/page-data.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember, type Recalled } from "./memory.js";

/** What a page throws when it is no document is told by whoever verifies it. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
}

export const envelopeOf = (bytes: Bytes): Envelope | undefined => attempt(() => parseEnvelope(bytes));

export const namedBy = (bytes: Bytes): LogName | undefined => {
  const envelope = envelopeOf(bytes);
  return envelope && logNamed(envelope.payload);
};

export function evidenceIn({ proof, served }: LogText, recalled: Recalled | undefined): LogEvidence {
  return {
    proof: proof === undefined ? undefined : utf8(proof),
    remembered: recalled?.state === "known" ? recalled.bytes : undefined,
    served: served && {
      checkpoint: utf8(served.checkpoint),
      proof: served.proof === undefined ? undefined : utf8(served.proof),
      sinceProof: served.sinceProof && attempt(() => served.sinceProof?.map(fromBase64)),
      damage: served.damage,
    },
  };
}

/** By the digest of the payload, computed here. */
export function plansIn(texts: readonly string[], engine: Engine): NonNullable<VerifyOptions["planned"]> {
  const plans = new Map(
    texts.flatMap((text) => {
      const bytes = utf8(text);
      const envelope = envelopeOf(bytes);
      return envelope === undefined ? [] : [[hex(engine.sha256(envelope.payloadBytes)), bytes] as const];
    }),
  );
  return (sha256) => plans.get(sha256);
}

/** Entries by the signer, or a key that came after, that a proof shows to be in the log which the document names. */
export function marksIn(
  bytes: Bytes,
  marks: LogText["marks"],
  keys: readonly Known[],
  engine: Engine,
): NonNullable<VerifyOptions["takenBack"]> {
  const envelope = envelopeOf(bytes);
  const named = envelope && logNamed(envelope.payload);
  if (envelope === undefined || named === undefined || marks === undefined) return () => undefined;
  const entitled = entitledBy(
    envelope.signatures.flatMap(({ keyid }) => keyid ?? []),
    keys,
  );
  const shown = marks.flatMap(({ leaf: text, proof }) => {
    const leaf = attempt(() => parseLeaf(utf8(text)));
    if (leaf?.kind !== "notice" || !entitled.has(leaf.keyid)) return [];
    return viewLog(named, { proof: utf8(proof) }, engine).find(leaf) === undefined ? [] : [leaf];
  });
  const says = (digest: string, action: string): boolean =>
    shown.some((leaf) => leaf.about === digest && leaf.action === action);
  return (digest) => (says(digest, "retract") ? "retracted" : says(digest, "supersede") ? "superseded" : undefined);
}

/** What there was to remember against what is shown now, which is remembered where there was nothing; undefined where the log is no good. */
export function memoryOf(
  { logged, signature, trust }: Report,
  named: LogName,
  { served }: LogEvidence,
  recalled: Recalled,
): MemoryWord | undefined {
  const known = trust === "confirmed-by-you" || trust === "site-only";
  if (signature !== "ok" || !known || logged === undefined || served === undefined) return undefined;
  if (recalled.state === "known") return logged.uncompared === undefined ? "same" : "uncompared";
  const kept = remember(named.key, fromUtf8(served.checkpoint));
  return recalled.state === "first" && !kept ? "blocked" : recalled.state;
}

export const recallFor = (named: LogName, engine: Engine): Recalled => recall(named.key, engine);
