/** The dated history of audits beside a registry: files that are created and never written again, each naming the one before it. */
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
  /** Of all files that can be read, records or not. */
  readonly names: readonly string[];
  /** Oldest first; a file that is no record, or not the one that its name says, is none of them. */
  readonly kept: readonly Kept[];
  /** Of those, the last ones that follow each other without a gap: before it one could be missing that found something. */
  readonly unbroken: readonly Kept[];
  /** What is wrong with the history itself: a record that cannot be read, or one that is missing before another. */
  readonly faults: readonly string[];
}

/**
 * @param now where it is given, a record of a later time is none
 * @throws AttestError where the folder cannot be read
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
      if (recordName(new Date(record.at)) !== name) faults.push(`${path} says that it is of ${record.at}`);
      else if (now !== undefined && Date.parse(record.at) > now.getTime() + CLOCK_SLACK_MS)
        faults.push(`${path} is of a time that is yet to come`);
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
