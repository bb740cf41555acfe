/** Collects the evidence of a run: bytes by digest, and what the statement says about each piece. */
import { hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { isCounted } from "../core/statement/once.js";
import type { EvidenceRef } from "../core/statement/statement.js";

export interface Piece {
  readonly name: string;
  readonly role: string;
  readonly mediaType: string;
  readonly bytes: Bytes;
  /** If absent, the statement says that the date is unknown. */
  readonly source?: { readonly date: Date; readonly kind: Exclude<EvidenceRef["sourceDateKind"], "unknown"> };
  readonly annotations?: EvidenceRef["annotations"];
}

export class Attachments {
  readonly refs: EvidenceRef[] = [];
  /** Key: lowercase SHA-256. */
  readonly bytes = new Map<string, Bytes>();
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add({ name, role, mediaType, bytes, source, annotations }: Piece): void {
    const sha256 = hex(this.#engine.sha256(bytes));
    // Evidence that is counted must not be counted twice: keep the first name only.
    if (isCounted(role) && this.refs.some((one) => one.role === role && one.digest.sha256 === sha256)) return;
    this.bytes.set(sha256, bytes);
    this.refs.push({
      name,
      role,
      mediaType,
      digest: { sha256 },
      size: bytes.length,
      ...(source === undefined
        ? { sourceDateKind: "unknown" as const }
        : { sourceDate: source.date.toISOString(), sourceDateKind: source.kind }),
      ...(annotations && { annotations }),
    });
  }
}
