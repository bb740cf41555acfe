/** One attestation under audit: verified already, then everything that it refers to looked for, and everything asked that needs no other one. */
import { mustBeRead, type Cited } from "../../core/audit/cited.js";
import type { NewerVersion } from "../../core/audit/staleness.js";
import { openSteps } from "../../core/audit/document.js";
import { lookWords } from "../../core/audit/drift.js";
import { examine } from "../../core/audit/document-rules.js";
import { unreadWords } from "../../core/audit/prose-numbers.js";
import { referencesOf, type Look, type Reference } from "../../core/audit/reference.js";
import type { Finding } from "../../core/statement/audit-rules.js";
import { exitOf, type ExitStatus } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import type { AttestError } from "../../core/errors.js";
import type { Report, SignatureWord, TrustWord } from "../../core/verify/report.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import type { Verdict } from "../../core/statement/verdict.js";
import { MAX_CITED, readCited } from "../../formats/cited.js";
import type { Document } from "../load/load.js";
import { resolveReferences, pieceOf, type Resolvers } from "./resolve-references.js";

/** With what is looked. */
export interface Auditing {
  readonly engine: Engine;
  readonly surroundings: Omit<Resolvers, "engine">;
  /** Whether a subject is still what one gets today. */
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
  /** How many places were named. */
  readonly references: number;
  /** Those that were not found the same. */
  readonly looks: readonly Look[];
  /** What was asked and could not be checked, in words. */
  readonly open: readonly string[];
  readonly findings: readonly Finding[];
  /** Of what does not verify: 1, or 2 where it cannot be read. */
  readonly exit: ExitStatus;
}

/** One document: what it refers to looked for again, and every rule asked that needs no other one. */
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
    ...{ signature: report.signature, trust: report.trust, references: looks.length, looks: notSame },
    open: [
      // What does not have the signed bytes any more cannot be computed from, and is told.
      ...openSteps(report).filter((step) => !(archiveLost && step.startsWith("recompute: "))),
      ...unanswered(notSame, references, surroundings),
      ...unread,
      ...(statement === undefined ? [] : unreadWords(statement)),
      ...(document.site.registry === undefined ? [] : unlogged(report)),
    ],
    findings: examine({ report, looks: notSame, cited, current }),
    exit: report.exit === 1 || report.exit === 2 ? report.exit : 0,
  };
}

/** The archived copy is not what was signed any more. */
const isLost = ({ place, state }: Look): boolean => place === "archive" && (state === "changed" || state === "gone");

const NOTHING_CITED: CitedBy = { cited: [], unread: [] };

/** A statement names its log; a registry that shows none of it cannot be asked whether something is missing. */
const unlogged = ({ checks }: Report): string[] =>
  checks.flatMap(({ name, code, detail }) => (name === "log" && code === "no-proof" ? `log: ${detail}` : []));

/** Of what was asked: without a clone nobody asked for a commit, and offline for no address. */
function unanswered(
  looks: readonly Look[],
  references: readonly Reference[],
  { fetcher, clone, files }: Auditing["surroundings"],
): string[] {
  const asked = {
    ...{ archive: true, address: fetcher !== undefined, git: clone?.named === true },
    ...{ file: files !== undefined, attestation: false },
  };
  const optional = references.flatMap(({ optional: may, pointer }) => (may ? pointer : []));
  return looks
    .filter(({ state, place }) => state === "not-checked" && asked[place])
    .filter(({ place, pointer }) => place !== "archive" || !optional.includes(pointer))
    .map((look) => lookWords(look, references));
}

/** One that is not looked at yet, or cannot be read. */
export const unread = (target: string, fault?: AttestError): AuditedDocument => ({
  ...{ target, signature: "not-checked", trust: "not-checked", references: 0, looks: [] },
  open: fault !== undefined && exitOf(fault.code) === 4 ? [fault.message] : [],
  findings:
    fault === undefined || exitOf(fault.code) === 4
      ? []
      : [{ rule: "unverified", about: "", pointer: "", detail: `${fault.message} [${fault.code}]` }],
  exit: fault === undefined ? 0 : exitOf(fault.code),
});

interface CitedBy {
  readonly cited: readonly Cited[];
  /** In which a run speaks of itself, and which cannot be read for what they say, or not to their end. */
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
  // Told by findings of their own.
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
    const absent = piece.size > MAX_CITED ? `it has ${piece.size} bytes` : "no copy of the signed bytes is at hand";
    const why = read === undefined ? absent : read.unread;
    if (why !== undefined && mustBeRead(piece) && !lost.has(`/predicate/f3/evidence/${at}`))
      unread.push(`what ${piece.name} says of the run cannot be read: ${why}`);
  }
  return { cited, unread };
}

/** One document that many cite is read once. */
export type Readings = Map<string, ReturnType<typeof readCited>>;
const MAX_READINGS = 200;
