/** From the texts on a page to what the verifier takes: the log's evidence for a document, and what this browser remembers of that log. */
import { envelopeIn } from "../src/core/brought.js";
import { fromBase64, fromUtf8, utf8, type Bytes } from "../src/core/bytes.js";
import type { Engine } from "../src/core/engine.js";
import { AttestError } from "../src/core/errors.js";
import type { LogEvidence } from "../src/core/logged.js";
import { logNamed, type LogName } from "../src/core/payload.js";
import type { Report } from "../src/core/report.js";
import type { LogText } from "../src/view/page-data.js";
import type { MemoryWord } from "../src/view/log-words.js";
import { recall, remember, type Recalled } from "./memory.js";

export const namedBy = (bytes: Bytes): LogName | undefined => {
  const envelope = envelopeIn(bytes);
  return envelope && logNamed(envelope.payload);
};

export function evidenceIn({ proof, served }: LogText, recalled: Recalled | undefined): LogEvidence {
  return {
    proof: proof === undefined ? undefined : utf8(proof),
    remembered: recalled?.state === "known" ? recalled.log : undefined,
    served: served && {
      checkpoint: utf8(served.checkpoint),
      proof: served.proof === undefined ? undefined : utf8(served.proof),
      sinceProof: hashesIn(served.sinceProof),
      damage: served.damage,
    },
  };
}

/** What is no hash is told as a proof that is missing. */
function hashesIn(texts: readonly string[] | undefined): readonly Bytes[] | undefined {
  try {
    return texts?.map(fromBase64);
  } catch (error) {
    if (error instanceof AttestError) return undefined;
    throw error;
  }
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
  const kept = remember(named, fromUtf8(served.checkpoint));
  return recalled.state === "first" && !kept ? "blocked" : recalled.state;
}

export const recallFor = (named: LogName, engine: Engine): Recalled => recall(named, engine);
