/** The audit of one verified attestation: checks its references and applies every rule that needs no other attestation. */
import { mustBeRead, type Cited } from "../../core/audit/cited.js";
import type { NewerVersion } from "../../core/audit/staleness.js";
import { openSteps } from "../../core/audit/document.js";
import { lookWords } from "../../core/audit/drift.js";
import { examine } from "../../core/audit/document-rules.js";
import { unreadWords } from "../../core/audit/prose-numbers.js";
import { referencesOf, type Look, type Reference } from "../../core/audit/reference.js";
import type { Finding } from "../../core/statement/audit-rules.js";
import { outcomeOf, type ReportOutcome } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import type { AttestError } from "../../core/errors.js";
import { isBroken, type Report, type SignatureWord, type TrustWord } from "../../core/verify/report.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import type { Verdict } from "../../core/statement/verdict.js";
import { MAX_CITED, readCited } from "../../formats/cited.js";
import type { Document } from "../load/load.js";
import { resolveReferences, pieceOf, type Resolvers } from "./resolve-references.js";

/** The tools of the check. */
export interface Auditing {
  readonly engine: Engine;
  readonly surroundings: Omit<Resolvers, "engine">;
  /** Newer versions of the subject. */
  readonly currentOf?: (statement: ResultStatement) => Promise<NewerVersion[]>;
}

export interface AuditedDocument {
  readonly target: string;
  readonly digest?: string;
  readonly id?: string;
  readonly title?: string;
  readonly verdict?: Verdict;
  readonly signature: SignatureWord;
  readonly trust: TrustWord;
  /** Number of references. */
  readonly references: number;
  /** The looks whose state is not `same`. */
  readonly looks: readonly Look[];
  /** What could not be checked, in words. */
  readonly open: readonly string[];
  readonly findings: readonly Finding[];
  /** 1 for a document that does not verify, 2 for an unreadable one. */
  readonly outcome: ReportOutcome;
}

/** Checks a document's references and applies every rule that needs no other document. */
export async function auditDocument(
  target: string,
  report: Report,
  document: Document,
  { surroundings, currentOf, engine }: Auditing,
  readings: Readings,
): Promise<AuditedDocument> {
  const { statement } = report;
  const looks =
    statement === undefined ? [] : await resolveReferences(statement, document, { ...surroundings, engine });
  const { cited, unread } =
    statement === undefined ? NOTHING_CITED : await citedBy(statement, document, { engine, readings, looks });
  const current = statement === undefined ? [] : ((await currentOf?.(statement)) ?? []);
  const references = statement === undefined ? [] : referencesOf(statement);
  const archiveLost = looks.some(isLost);
  const notSame = looks.filter(({ state }) => state !== "same");
  return {
    target,
    ...(report.digest !== undefined && { digest: report.digest }),
    ...(report.id !== undefined && { id: report.id }),
    ...(statement && { title: statement.predicate.f3.title, verdict: statement.predicate.f3.verdict }),
    signature: report.signature,
    trust: report.trust,
    references: looks.length,
    looks: notSame,
    open: [
      // Changed bytes cannot be recomputed from; a finding reports the change.
      ...openSteps(report).filter((step) => !(archiveLost && step.startsWith("recompute: "))),
      ...unanswered(notSame, references, surroundings),
      ...unread,
      ...(statement === undefined ? [] : unreadWords(statement)),
      ...(document.site.registry === undefined ? [] : unlogged(report)),
    ],
    findings: examine({ report, looks: notSame, cited, current }),
    outcome: isBroken(report.outcome) ? report.outcome : "accepted",
  };
}

/** The archived copy no longer has the signed bytes. */
const isLost = ({ place, state }: Look): boolean => place === "archive" && (state === "changed" || state === "gone");

const NOTHING_CITED: CitedBy = { cited: [], unread: [] };

/** If a statement's log is not shown, nobody can tell whether something is missing. */
const unlogged = ({ checks }: Report): string[] =>
  checks.flatMap(({ name, code, detail }) => (name === "log" && code === "no-proof" ? `log: ${detail}` : []));

/** Requested checks only: commits need a clone, addresses need the network. */
function unanswered(
  looks: readonly Look[],
  references: readonly Reference[],
  { fetcher, clone, files }: Auditing["surroundings"],
): string[] {
  const asked = {
    archive: true,
    address: fetcher !== undefined,
    git: clone?.named === true,
    file: files !== undefined,
    attestation: false,
  };
  const optional = references.flatMap(({ optional: may, pointer }) => (may ? pointer : []));
  return looks
    .filter(({ state, place }) => state === "not-checked" && asked[place])
    .filter(({ place, pointer }) => place !== "archive" || !optional.includes(pointer))
    .map((look) => lookWords(look, references));
}

/** A document that was not examined yet, or cannot be read. */
export const unread = (target: string, fault?: AttestError): AuditedDocument => ({
  target,
  signature: "not-checked",
  trust: "not-checked",
  references: 0,
  looks: [],
  open: fault !== undefined && outcomeOf(fault.code) === "unchecked" ? [fault.message] : [],
  findings:
    fault === undefined || outcomeOf(fault.code) === "unchecked"
      ? []
      : [{ rule: "unverified", about: "", pointer: "", detail: `${fault.message} [${fault.code}]` }],
  outcome: fault === undefined ? "accepted" : outcomeOf(fault.code),
});

interface CitedBy {
  readonly cited: readonly Cited[];
  /** Roles in which a run describes itself, and whose content could not be read completely. */
  readonly unread: readonly string[];
}

async function citedBy(
  { predicate: { f3 } }: ResultStatement,
  document: Document,
  {
    engine,
    readings,
    looks,
  }: Pick<Auditing, "engine"> & { readonly readings: Readings; readonly looks: readonly Look[] },
): Promise<CitedBy> {
  // Other findings report these.
  const lost = new Set(looks.flatMap((one) => (isLost(one) ? one.pointer : [])));
  const cited: Cited[] = [];
  const unread: string[] = [];
  for (const [at, piece] of f3.evidence.entries()) {
    const key = `${piece.role} ${piece.mediaType ?? ""} ${piece.digest.sha256 ?? ""}`;
    const known = readings.get(key);
    const bytes = known === undefined ? await pieceOf(piece, document, engine, MAX_CITED) : undefined;
    const read = known ?? (bytes && readCited(piece, bytes));
    if (read !== undefined) {
      readings.set(key, read);
      if (readings.size > MAX_READINGS) readings.delete(readings.keys().next().value ?? "");
      cited.push({ pointer: `/predicate/f3/evidence/${at}`, ...read });
    }
    const absent = piece.size > MAX_CITED ? `it has ${piece.size} bytes` : "no copy of the signed bytes is available";
    const why = read === undefined ? absent : read.unread;
    if (why !== undefined && mustBeRead(piece) && !lost.has(`/predicate/f3/evidence/${at}`))
      unread.push(`what ${piece.name} says of the run cannot be read: ${why}`);
  }
  return { cited, unread };
}

/** Caches documents that several statements cite. */
export type Readings = Map<string, ReturnType<typeof readCited>>;
const MAX_READINGS = 200;
