/** What a verifier gets beside a document: keys, a clock, and the available evidence, plan and log. */
import type { Bytes } from "../bytes.js";
import type { Envelope } from "../statement/envelope.js";
import type { ReadEntries } from "../log/read-all.js";
import type { LogEvidence, Witnesses } from "../log/presence.js";
import type { NoticeSet } from "./notice-set.js";
import type { Policy } from "./policy.js";
import type { SignatureOptions } from "./signatures.js";

export interface VerifyOptions extends SignatureOptions {
  /** Reads further formats: `parseAnyEnvelope` of `src/formats`. By default only the readable format and DSSE. */
  readonly parse?: (bytes: Bytes) => Envelope;
  /** The verifier's clock, to detect dates in the future. */
  readonly now: Date;
  /** The file's base name. If it looks like an id, it must be the document's id. */
  readonly fileName?: string | undefined;
  /** `fileName` must be the id, as inside a registry. */
  readonly named?: boolean;
  /**
   * Compares archived bytes with the signed digest and size. `converted`: same text with other line ends. Without this option evidence is
   * not checked.
   */
  readonly archived?: (sha256: string, size: number) => "same" | "converted" | "changed" | "missing";
  /** Returns archived observations. If given, every outcome with a criterion is recomputed. */
  readonly observations?: (sha256: string) => Bytes | undefined;
  /** Returns a plan's document by payload digest. Without it a result is not compared with its plan. */
  readonly planned?: (sha256: string) => Bytes | undefined;
  /** What is available of the document's log. */
  readonly log?: LogEvidence;
  /** Whose times are trusted. */
  readonly witnesses?: Witnesses;
  /** The notices of the registry. Without them the retraction step is not made. */
  readonly notices?: NoticeSet;
  /** Signatures of all available notices (`signatureName`). Their log entries are ignored in favour of the documents. */
  readonly atHand?: ReadonlySet<string>;
  /** Why `notices` may be incomplete; then an absence proves nothing. */
  readonly unread?: string | undefined;
  /** Logged notices, with or without their documents. */
  readonly entries?: ReadEntries | undefined;
  /** Everything came with the document in one file, a pack. Its author chose what to include, and it knows nothing of later times. */
  readonly packed?: boolean;
  /** Requirements beyond a valid signature by a trusted key. */
  readonly policy?: Policy;
}
