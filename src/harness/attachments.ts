/** The evidence of a run as it comes together: bytes by their digest, and what the statement says of each. */
import { hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { isCounted } from "../core/statement/once.js";
import type { EvidenceRef } from "../core/statement/statement.js";

export interface Piece {
  readonly name: string;
  readonly role: string;
  readonly mediaType: string;
  readonly bytes: Bytes;
  /** Bytes without a date are of unknown date, and the statement says so. */
  readonly source?: { readonly date: Date; readonly kind: Exclude<EvidenceRef["sourceDateKind"], "unknown"> };
  readonly annotations?: EvidenceRef["annotations"];
}

export class Attachments {
  readonly refs: EvidenceRef[] = [];
  /** By lowercase SHA-256. */
  readonly bytes = new Map<string, Bytes>();
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add({ name, role, mediaType, bytes, source, annotations }: Piece): void {
    const sha256 = hex(this.#engine.sha256(bytes));
    // What is counted is counted once, under the first of its names.
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
