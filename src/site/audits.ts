/** The records of audits that lie beside a registry, and what of them concerns one document. */
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
  /** From the last break of their history on. */
  readonly records: readonly AuditRecord[];
  /** A sentence for each that was passed over, and each break. */
  readonly warnings: readonly string[];
}

/** Never throws for what lies there: a record is the publisher's word, and a site without one is a site. */
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
 * For a page: one line for each place that was looked at, however many audits there were.
 * @param text the document's own, for what it refers to; nothing of it is shown that does not verify
 * @returns undefined where no audit names it
 */
export function auditText({ records }: Audits, digest: string, text: string): AuditText | undefined {
  const audits = auditsOf(records, digest);
  const last = audits.at(-1);
  if (last === undefined) return undefined;
  const places = placesIn(text);
  // What a record does not list was found the same; one that counts fewer places than there are did not look for all of them.
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
    if (!(error instanceof AttestError)) throw error; // no document: its page says so
  }
  return [...places.values()];
}
