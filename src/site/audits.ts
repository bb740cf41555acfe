/** The audit records beside a registry, and their content about one document. */
import { referencesOf } from "../core/audit/reference.js";
import { auditsOf, streakOf, type AuditRecord } from "../core/audit/record.js";
import { utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { parseEnvelope } from "../core/statement/envelope.js";
import { AttestError } from "../core/errors.js";
import { readStatement } from "../core/statement/statement.js";
import { auditHistory } from "../store/audits.js";
import type { Store } from "../store/store.js";
import type { AuditText } from "../formats/page-data.js";

export interface Audits {
  /** File names, by time. */
  readonly names: readonly string[];
  /** The records since the last gap in their history. */
  readonly records: readonly AuditRecord[];
  /** A sentence per skipped record and per gap. */
  readonly warnings: readonly string[];
}

/** Never throws: records are the publisher's word, and a site works without them. */
export async function readAudits(store: Store, engine: Engine, now: Date): Promise<Audits> {
  try {
    const { names, kept, unbroken, faults } = await auditHistory(store, engine, now);
    const before = kept.length - unbroken.length;
    return {
      names,
      records: unbroken.map(({ record }) => record),
      warnings: [
        ...faults.map((fault) => `the history of audits: ${fault}`),
        ...(before === 0 ? [] : [`the history of audits: not shown are ${before} from before its last break`]),
      ],
    };
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    return { names: [], records: [], warnings: [`the history of audits: ${error.message}`] };
  }
}

/**
 * For a page: one line per place, for any number of audits.
 * @param text the document, for its references; unverified content is never shown
 * @returns undefined if no audit covers it
 */
export function auditText({ records }: Audits, digest: string, text: string): AuditText | undefined {
  const audits = auditsOf(records, digest);
  const last = audits.at(-1);
  if (last === undefined) return undefined;
  const places = placesIn(text);
  // A record omits places with state `same`. If it counts fewer places than the document has, it did not check all.
  const whole = audits.filter(({ references }) => references >= places.length);
  return {
    at: last.at,
    audits: audits.length,
    streaks: places.flatMap((place) => {
      const streak = streakOf(whole, place);
      return streak === undefined ? [] : [{ ...place, ...streak }];
    }),
    findings: last.findings,
  };
}

type Place = Pick<AuditText["streaks"][number], "pointer" | "place">;

function placesIn(text: string): Place[] {
  const places = new Map<string, Place>();
  try {
    const read = readStatement(parseEnvelope(utf8(text)).payload);
    if ("statement" in read)
      for (const { pointer, place } of referencesOf(read.statement))
        places.set(`${place.kind} ${pointer}`, { pointer, place: place.kind });
  } catch (error) {
    if (!(error instanceof AttestError)) throw error; // not a document: its page reports that
  }
  return [...places.values()];
}
