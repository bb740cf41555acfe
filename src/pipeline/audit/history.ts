/** Adds a record to the audit history beside a registry. */
import { formatRecord, recordName, RECORD_SCHEMA, type AuditRecord } from "../../core/audit/record.js";
import type { Finding } from "../../core/statement/audit-rules.js";
import { hex } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { auditHistory, type AuditHistory } from "../../store/audits.js";
import { AUDITS } from "../../store/paths.js";
import type { Registry } from "../../store/registry.js";
import type { Audit, AuditedDocument } from "./audit.js";

export { auditHistory, type AuditHistory };

export interface Recording {
  readonly offline: boolean;
  readonly engine: Engine;
  readonly now: Date;
  /** Whether someone the auditor trusts waived the finding. */
  readonly waived: (finding: Finding) => boolean;
}

/** Returns the path. @throws AttestError `usage` if the clock went backwards */
export async function keepRecord(
  { store, about }: Registry,
  { documents, logs }: Audit,
  { offline, engine, now, waived }: Recording,
): Promise<string> {
  const at = now.toISOString();
  const last = (await auditHistory(store, engine, now)).kept.at(-1);
  if (last !== undefined && Date.parse(last.record.at) >= now.getTime())
    throw new AttestError(
      "usage",
      `the last audit was at ${last.record.at}, and this one at ${at}: the clock went backwards`,
      "look at the clock of this machine",
    );
  const record: AuditRecord = {
    schema: RECORD_SCHEMA,
    at,
    origin: about.origin,
    offline,
    engine: engine.name,
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
