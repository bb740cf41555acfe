/** The dated history of audits beside a registry: files that are created and never written again, each naming the one before it. */
import {
  formatRecord,
  isRecordName,
  parseRecord,
  recordName,
  RECORD_SCHEMA,
  type AuditRecord,
} from "../core/audit/record.js";
import type { Finding } from "../core/audit/rules.js";
import { hex, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { AUDITS } from "../store/paths.js";
import type { Registry } from "../store/registry.js";
import type { Store } from "../store/store.js";
import type { Audit, AuditedDocument } from "./audit.js";

export interface Kept {
  readonly name: string;
  readonly bytes: Bytes;
  readonly record: AuditRecord;
}

export interface History {
  /** Oldest first. */
  readonly kept: readonly Kept[];
  /** What is wrong with the history itself: a record that cannot be read, or one that is missing before another. */
  readonly faults: readonly string[];
}

export async function auditHistory(store: Store, engine: Engine): Promise<History> {
  const names = (await store.list(AUDITS)).filter(isRecordName).sort();
  const kept: Kept[] = [];
  const faults: string[] = [];
  for (const name of names) {
    const path = `${AUDITS}/${name}`;
    try {
      const bytes = (await store.read(path)) ?? new Uint8Array();
      const record = parseRecord(bytes);
      if (recordName(new Date(record.at)) !== name) faults.push(`${path} says that it is of ${record.at}`);
      const before = kept.at(-1);
      const expected = before && hex(engine.sha256(before.bytes));
      if (record.previous !== expected)
        faults.push(
          `${path} does not follow ${before === undefined ? "nothing" : before.name}: a record is missing, or another`,
        );
      kept.push({ name, bytes, record });
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      faults.push(`${path}: ${error.message}`);
    }
  }
  return { kept, faults };
}

export interface Recording {
  readonly offline: boolean;
  readonly engine: Engine;
  readonly now: Date;
  /** Whether somebody whom the auditor trusts took a finding on. */
  readonly waived: (finding: Finding) => boolean;
}

/** Returns where it was written. @throws AttestError `usage` for a clock that went backwards */
export async function keepRecord(
  { store, about }: Registry,
  { documents, logs }: Audit,
  { offline, engine, now, waived }: Recording,
): Promise<string> {
  const at = now.toISOString();
  const last = (await auditHistory(store, engine)).kept.at(-1);
  if (last !== undefined && Date.parse(last.record.at) >= now.getTime())
    throw new AttestError(
      "usage",
      `expected a time after the last audit, which was at ${last.record.at}, found ${at}`,
      "look at the clock of this machine",
    );
  const record: AuditRecord = {
    ...{ schema: RECORD_SCHEMA, at, origin: about.origin, offline, engine: engine.name },
    ...(last && { previous: hex(engine.sha256(last.bytes)) }),
    logs: logs.map((log) => ({ ...log })),
    documents: Object.fromEntries(documents.flatMap((one) => entryOf(one, waived))),
  };
  const path = `${AUDITS}/${recordName(now)}`;
  await store.create(path, formatRecord(record));
  return path;
}

type RecordedDocument = AuditRecord["documents"][string];

const entryOf = (
  { digest, references, looks, findings }: AuditedDocument,
  waived: (finding: Finding) => boolean,
): [string, RecordedDocument][] => {
  if (digest === undefined) return [];
  const found = findings.map((finding) => {
    const { rule, pointer } = finding;
    return { rule, pointer, ...(waived(finding) && { waived: true as const }) };
  });
  return [[digest, { references, looks: looks.map((look) => ({ ...look })), findings: found }]];
};
