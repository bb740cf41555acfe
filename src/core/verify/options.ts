/** What a verifier is given beside a document: keys, a clock, and what is at hand of its evidence, its plan and its log. */
import type { Bytes } from "../bytes.js";
import type { Envelope } from "../statement/envelope.js";
import type { ReadEntries } from "../log/read-all.js";
import type { LogEvidence, Witnesses } from "../log/presence.js";
import type { Policy } from "./policy.js";
import type { SignatureOptions } from "./signatures.js";

export interface VerifyOptions extends SignatureOptions {
  /** How the document's format is read, where it may be another than the readable one or DSSE: `parseAnyEnvelope` of `src/formats`. */
  readonly parse?: (bytes: Bytes) => Envelope;
  /** The verifier's clock, for dates that lie in the future. */
  readonly now: Date;
  /** The file's base name: checked against the id where it claims one. */
  readonly fileName?: string | undefined;
  /** Whether `fileName` must be the id, as it must inside a registry. */
  readonly named?: boolean;
  /** How archived bytes compare with the digest and the size that were signed; converted: other line ends, the same text. Without it evidence is not checked. */
  readonly archived?: (sha256: string, size: number) => "same" | "converted" | "changed" | "missing";
  /** The bytes of archived observations: given, every outcome with a criterion is computed from them again. */
  readonly observations?: (sha256: string) => Bytes | undefined;
  /** The document of a plan, by the digest of its payload. Without it a result is not held against its plan. */
  readonly planned?: (sha256: string) => Bytes | undefined;
  /** What is at hand of the log that the document names. */
  readonly log?: LogEvidence;
  /** Whose word on time is taken. */
  readonly witnesses?: Witnesses;
  /** What the registry at hand publishes about attestations. Without it, whether one was taken back is not checked. */
  readonly notices?: readonly Bytes[];
  /** The signatures of all notices at hand (`signatureName`): an entry of one of these counts by its document. */
  readonly atHand?: ReadonlySet<string>;
  /** Why `notices` may lack some that the registry publishes; an absence says nothing then. */
  readonly unread?: string | undefined;
  /** Notices as the log has entered them, whether or not their documents are at hand. */
  readonly entries?: ReadEntries | undefined;
  /**
   * All of this came in one file with the document, a pack. It was made once, so what it does not say of a later time is no news; and whoever
   * made it chose what to put in.
   */
  readonly packed?: boolean;
  /** What is asked beyond a good signature by a key that is trusted. */
  readonly policy?: Policy;
}
