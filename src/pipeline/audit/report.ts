/** An audit with its waivers applied, in exchange formats: a receipt to sign, SARIF, JUnit. */
import { receiptOf } from "../../core/audit/receipt.js";
import type { Finding } from "../../core/statement/audit-rules.js";
import { applyWaivers, type JudgedFinding, type Parties, type Waiver } from "../../core/audit/waiver.js";
import type { Bytes } from "../../core/bytes.js";
import { worst, type ReportOutcome } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import { readable, type Json } from "../../core/json.js";
import { formatJunit, GROUPS, type Group, type JunitSuite } from "../../formats/junit-report.js";
import { formatSarif } from "../../formats/sarif.js";
import { TOOL_VERSION } from "../../node/package.js";
import type { Audit, AuditedDocument } from "./audit.js";
import { KEYSTORE } from "../load/trusted-keys.js";

export interface JudgedAudit {
  readonly audit: Audit;
  readonly judged: (finding: Finding) => JudgedFinding;
  /** Waivers for audited documents without a matching finding. */
  readonly idle: readonly Waiver[];
  readonly skipped: number;
  readonly outcome: ReportOutcome;
}

export function applyTo(audit: Audit, now: Date): JudgedAudit {
  const all = [...audit.findings, ...audit.documents.flatMap(({ findings }) => findings)];
  const { findings, idle, skipped } = applyWaivers(all, audit.notices, audit.keys, partiesOf(audit), now);
  const byFinding = new Map(findings.map((one) => [one.finding, one]));
  const digests = new Set(audit.documents.map(({ digest }) => digest));
  const { documents, open } = audit;
  const unchecked = open.length > 0 || documents.some((one) => one.open.length > 0);
  return {
    audit,
    judged: (finding) => byFinding.get(finding) ?? { finding, waivers: [], waived: false },
    idle: idle.filter(({ about }) => digests.has(about)),
    skipped,
    outcome: worst([
      ...documents.map(({ outcome }) => outcome),
      ...(unchecked ? ["unchecked" as const] : []),
      ...(findings.some(({ waived }) => !waived) ? ["findings" as const] : []),
    ]),
  };
}

const partiesOf = ({ signers, owners, proven, keys }: Audit): Parties => ({
  signersOf: (digest) => signers.get(digest),
  owners,
  proven,
  own: new Set(keys.flatMap(({ key, source }) => (source.startsWith(KEYSTORE) ? key.keyid : []))),
});

export interface AuditNaming {
  /** The registry's origin, or the auditor's name for the target. */
  readonly origin: string;
  readonly offline: boolean;
  readonly engine: Engine;
}

/** Unsigned: `attest sign` adds time and signature. */
export function receiptFor({ audit, judged }: JudgedAudit, { origin, offline, engine }: AuditNaming): Bytes {
  const { documents, findings, keys, logs, open } = audit;
  const draft = receiptOf({
    origin,
    engine,
    keys,
    logs: logs.map((log) => ({ ...log })),
    offline,
    documents: documents.flatMap(({ digest, references, looks }) =>
      digest === undefined ? [] : [{ digest, references, looks }],
    ),
    findings: [...findings, ...documents.flatMap((one) => one.findings)].map(judged),
    notChecked: [
      ...open,
      ...documents.flatMap((one) => [...one.open, ...unread(one)].map((text) => `${one.id ?? one.target}: ${text}`)),
    ],
  });
  return readable(draft as Json);
}

/** An unreadable document has no digest that could be a subject. */
const unread = ({ digest, findings, open }: AuditedDocument): string[] => {
  if (digest !== undefined) return [];
  return findings.length === 0 && open.length > 0 ? [] : ["it cannot be read", ...findings.map(({ detail }) => detail)];
};

/** @param path maps a target to its path relative to the scanned folder */
export function sarifFor({ audit, judged }: JudgedAudit, registry: string, path: (target: string) => string): Bytes {
  const { documents, findings, open } = audit;
  const told = [
    ...findings.map((finding) => ({ ...judged(finding), uri: path(registry) })),
    ...documents.flatMap((one) => one.findings.map((finding) => ({ ...judged(finding), uri: path(one.target) }))),
  ];
  const unseen = documents.flatMap((one) => one.open.map((text) => `${path(one.target)}: ${text}`));
  return formatSarif(told, { name: "attest audit", version: TOOL_VERSION }, [...open, ...unseen]);
}

export function junitFor({ audit, judged }: JudgedAudit, registry: string, path: (target: string) => string): Bytes {
  const { documents, findings, open, logs } = audit;
  const whole: JunitSuite = {
    name: path(registry),
    looked: logs.length > 0 ? ["log"] : [],
    findings: findings.map(judged),
    ...(open.length > 0 && { notChecked: { log: open } }),
  };
  const suites = documents.map((one): JunitSuite => ({
    name: one.id ?? path(one.target),
    file: path(one.target),
    looked: lookedAt(one),
    ...(one.open.length > 0 && { notChecked: { [verified(one) ? "drift" : "document"]: one.open } }),
    findings: one.findings.map(judged),
  }));
  const something = whole.looked.length > 0 || whole.findings.length > 0 || open.length > 0;
  return formatJunit([...(something ? [whole] : []), ...suites]);
}

/** Other documents, such as one by an unknown key, count as not checked. */
const verified = ({ signature, verdict }: AuditedDocument): boolean => signature === "ok" && verdict !== undefined;

/** If a document does not verify, nothing else was checked. */
const lookedAt = (one: AuditedDocument): Group[] => (verified(one) ? (Object.keys(GROUPS) as Group[]) : ["document"]);
