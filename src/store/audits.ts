/** The dated history of audits beside a registry: files that are created once, each naming the previous one. */
import { isRecordName, parseRecord, recordName, type AuditRecord } from "../core/audit/record.js";
import { hex, type Bytes } from "../core/bytes.js";
import { CLOCK_SLACK_MS } from "../core/verify/check-result.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { AUDITS } from "./paths.js";
import type { Store } from "./store.js";

export interface Kept {
  readonly name: string;
  readonly bytes: Bytes;
  readonly record: AuditRecord;
}

export interface AuditHistory {
  /** Names of all readable files, records or not. */
  readonly names: readonly string[];
  /** Oldest first. Files that are not records, or whose name does not match, are left out. */
  readonly kept: readonly Kept[];
  /** The last records without a gap. Before a gap, a record with findings could be missing. */
  readonly unbroken: readonly Kept[];
  /** Faults of the history: an unreadable record, or a missing predecessor. */
  readonly faults: readonly string[];
}

/**
 * @param now if given, records of a later time are ignored
 * @throws AttestError if the folder cannot be read
 */
export async function auditHistory(store: Store, engine: Engine, now?: Date): Promise<AuditHistory> {
  const names: string[] = [];
  const kept: Kept[] = [];
  const faults: string[] = [];
  let start = 0;
  for (const name of (await store.list(AUDITS)).filter(isRecordName).toSorted()) {
    const path = `${AUDITS}/${name}`;
    try {
      const bytes = await store.read(path);
      if (bytes !== undefined) names.push(name);
      const record = parseRecord(bytes ?? new Uint8Array());
      const before = kept.at(-1);
      if (recordName(new Date(record.at)) !== name) faults.push(`${path} is dated ${record.at}, unlike its name`);
      else if (now !== undefined && Date.parse(record.at) > now.getTime() + CLOCK_SLACK_MS)
        faults.push(`${path} is dated in the future`);
      else {
        if (record.previous !== (before && hex(engine.sha256(before.bytes)))) {
          const other = before === undefined ? "nothing" : before.name;
          faults.push(`${path} does not follow ${other}: a record is missing, or another`);
          start = kept.length;
        }
        kept.push({ name, bytes: bytes ?? new Uint8Array(), record });
      }
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      faults.push(`${path}: ${error.message}`);
    }
  }
  return { names, kept, unbroken: kept.slice(start), faults };
}
