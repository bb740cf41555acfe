/**
 * `attest audit`: every document verified, every reference looked for again, every rule asked; then what the documents say together, and
 * what the log says. Of each document a card and what was amiss is kept, and nothing else, so that a registry may be of any size.
 */
import { askedAgain, betweenFindings } from "../core/audit/between.js";
import { speaksOfItself, type Cited } from "../core/audit/cited.js";
import type { Current } from "../core/audit/current.js";
import { openSteps } from "../core/audit/document.js";
import { lookWords } from "../core/audit/drift.js";
import { examine } from "../core/audit/examine.js";
import { grouped } from "../core/audit/groups.js";
import { referencesOf, STATES, type Look, type Reference, type State } from "../core/audit/reference.js";
import { cardOf, graphFindings, graphOf, type Card, type Graph } from "../core/audit/relations.js";
import type { Finding } from "../core/audit/rules.js";
import { envelopeIn } from "../core/brought.js";
import { hex, type Bytes } from "../core/bytes.js";
import { exitOf, type ExitStatus } from "../core/codes.js";
import type { Engine } from "../core/engine.js";
import { type AttestError } from "../core/errors.js";
import type { Report, SignatureWord, TrustWord } from "../core/report.js";
import type { Known } from "../core/signatures.js";
import type { ResultStatement } from "../core/statement.js";
import type { Verdict } from "../core/verdict.js";
import { MAX_CITED, readCited } from "../formats/cited.js";
import { attestationPath } from "../store/paths.js";
import type { Document, Site } from "./documents.js";
import { required } from "./keys.js";
import { checkLogs, type LogCheckRequest } from "./log-check.js";
import { overdue } from "./log-show.js";
import { lookAt, lookAtAttestation, pieceOf, type Surroundings } from "./looking.js";
import { verifyEach, type VerifyRequest } from "./verify.js";

export interface AuditRequest extends Omit<VerifyRequest, "targets" | "recompute" | "policy"> {
  /** A registry's folder, a file, or the address of one. */
  readonly target: string;
  /** Registries and files that are compared with, and not audited. */
  readonly beside?: readonly string[];
  readonly surroundings: Omit<Surroundings, "engine">;
  /** Whether a subject is still what one gets today. */
  readonly currentOf?: (statement: ResultStatement) => Promise<Current[]>;
  /** Of the registry's logs; without it only each document's own place in its log is looked at. */
  readonly logs?: LogCheckRequest | undefined;
  readonly progress?: (text: string, share?: number) => void;
  /** What is wrong with the history of audits that is kept, a sentence each. */
  readonly history?: readonly string[] | undefined;
  /** How many documents there are, for the progress. */
  readonly total?: number | undefined;
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

export interface Audit {
  /** Results, in the order of their names. */
  readonly documents: readonly AuditedDocument[];
  /** About no result: plans whose result never came, the logs themselves. */
  readonly findings: readonly Finding[];
  readonly states: Readonly<Record<State, number>>;
  readonly graph: Graph;
  /** Every notice that was at hand, in the registry and from elsewhere. */
  readonly notices: readonly Bytes[];
  /** Every key that was at hand. */
  readonly keys: readonly Known[];
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  /** Of the registry as a whole. */
  readonly open: readonly string[];
}

/** Documents whose addresses are asked at once; the fetcher has bounds of its own. */
const AT_ONCE = 8;

interface Gathered {
  readonly documents: AuditedDocument[];
  readonly cards: Card[];
  /** Digests of everything that was read, plans and notices too. */
  readonly known: Set<string>;
  readonly keys: Map<string, Known>;
  readonly notices: Set<Bytes>;
  /** References to other attestations, by the place of the document that has them. */
  readonly named: { readonly at: number; readonly reference: Reference; readonly site: Site }[];
}

/** @throws AttestError where nothing can be audited, or the user's own keys cannot be read */
export async function audit(request: AuditRequest): Promise<Audit> {
  const beside = await cardsOf(request.beside ?? [], request);
  const { documents, cards, known, keys, notices, named } = await gather(request);
  for (const { digest } of beside) known.add(digest);
  await findBeside(named, known, request.engine);
  const references = grouped(named, ({ at }) => [at]);
  const graph = graphOf([...cards, ...beside]);
  const own = new Set(cards.map(({ digest }) => digest));
  const together = [...graphFindings(graph, known), ...betweenFindings(graph, own)].filter(({ about }) =>
    own.has(about),
  );
  const log = await logPart(request, new Map(cards.map(({ id, digest }) => [id, digest])));
  const again = askedAgain(cards);
  const byDocument = grouped([...together, ...log.findings], ({ about }) => [about]);
  const all = documents.map((document, at): AuditedDocument => {
    const found = (references.get(at) ?? []).map(({ reference }) => lookAtAttestation(reference, known));
    return {
      ...document,
      references: document.references + found.length,
      looks: [...document.looks, ...found.filter(({ state }) => state !== "same")],
      findings: once([...document.findings, ...(byDocument.get(document.digest ?? "") ?? [])]).filter(
        ({ rule, about }) => rule !== "subject-newer" || !again.has(about),
      ),
    };
  });
  return {
    documents: all,
    findings: [
      ...log.findings.filter(({ about }) => !own.has(about)),
      ...(request.history ?? []).map((detail): Finding => ({ rule: "history-broken", about: "", pointer: "", detail })),
    ],
    ...{ states: counted(all), graph, keys: [...keys.values()] },
    notices: [...notices, ...(request.notices ?? []).map((path) => required(path, "a notice"))],
    ...{ logs: log.logs, open: log.open },
  };
}

/** Of one document that is audited alone, what it names lies in its registry and was not read. */
async function findBeside(named: Gathered["named"], known: Set<string>, engine: Engine): Promise<void> {
  for (const { reference, site } of named) {
    const { sha256 = "" } = reference;
    if (known.has(sha256)) continue;
    for (const kind of ["plan", "test"]) {
      const bytes = await site.registry?.read(attestationPath(`${kind}_${sha256.slice(0, 16)}`)).catch(() => undefined);
      const found = bytes && envelopeIn(bytes);
      if (found && hex(engine.sha256(found.payloadBytes)) === sha256) known.add(sha256);
    }
  }
}

/** The log check says again what the document's own place in the log said. */
const once = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ rule }, at) => rule !== "log" || findings.findIndex((other) => other.rule === "log") === at);

async function gather(request: AuditRequest): Promise<Gathered> {
  const { progress } = request;
  const gathered: Gathered = {
    ...{ documents: [], cards: [], known: new Set(), keys: new Map(), notices: new Set(), named: [] },
  };
  const { documents, cards, known, keys, notices, named } = gathered;
  const under = new Set<Promise<void>>();
  const readings: Reading["readings"] = new Map();
  let done = 0;
  const enter = async (at: number, made: Promise<AuditedDocument>): Promise<void> => {
    documents[at] = structuredClone(await made);
    done += 1;
    if (request.total === undefined) progress?.(`${done} ${done === 1 ? "attestation" : "attestations"} looked at`);
    else progress?.(`${done} of ${request.total} attestations looked at`, done / request.total);
  };
  for await (const each of verifyEach({ ...request, targets: [request.target], recompute: true, evidence: false })) {
    const { verified, document } = each;
    if ("fault" in verified) {
      if (document === undefined) throw verified.fault;
      documents.push(unread(verified.target, verified.fault));
      continue;
    }
    if (document === undefined) continue;
    const { report } = verified;
    for (const one of each.keys) keys.set(`${one.key.keyid} ${one.by} ${one.source}`, one);
    for (const bytes of document.site.notices) notices.add(bytes);
    if (report.digest !== undefined) known.add(report.digest);
    for (const digest of citedByDigest(report.statement)) known.add(digest);
    // Anybody's notice may lie in a registry; only one that is no good is told.
    if (document.passedOver === true && report.exit !== 1 && report.exit !== 2) continue;
    const card = cardOf(report, each.keys, originOf(document));
    // A copy of its own: a piece of a string would keep the whole text of the document in memory.
    if (card !== undefined) cards.push(structuredClone(card));
    for (const reference of report.statement === undefined ? [] : referencesOf(report.statement))
      if (reference.place.kind === "attestation")
        named.push({ at: documents.length, reference: structuredClone(reference), site: document.site });
    const place = documents.push(unread(verified.target)) - 1;
    const work = enter(place, one(verified.target, report, document, request, readings)).finally(() =>
      under.delete(work),
    );
    under.add(work);
    if (under.size >= AT_ONCE) await Promise.race(under);
  }
  await Promise.all(under);
  return gathered;
}

async function one(
  target: string,
  report: Report,
  document: Document,
  { surroundings, currentOf, engine }: AuditRequest,
  readings: Reading["readings"],
): Promise<AuditedDocument> {
  const { statement } = report;
  const looks = statement === undefined ? [] : await lookAt(statement, document, { ...surroundings, engine });
  const { cited, unread } =
    statement === undefined ? NOTHING_CITED : await citedBy(statement, document, { engine, readings });
  const current = statement === undefined ? [] : ((await currentOf?.(statement)) ?? []);
  const references = statement === undefined ? [] : referencesOf(statement);
  const archiveLost = looks.some(
    ({ place, state }) => place === "archive" && (state === "changed" || state === "gone"),
  );
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
      ...(document.site.registry === undefined ? [] : unlogged(report)),
    ],
    findings: examine({ report, looks: notSame, cited, current }),
    exit: report.exit === 1 || report.exit === 2 ? report.exit : 0,
  };
}

const NOTHING_CITED: CitedBy = { cited: [], unread: [] };

/** A statement names its log; a registry that shows none of it cannot be asked whether something is missing. */
const unlogged = ({ checks }: Report): string[] =>
  checks.flatMap(({ name, code, detail }) => (name === "log" && code === "no-proof" ? `log: ${detail}` : []));

/** What a relation names and the evidence has: a page for example, which is no attestation. */
function citedByDigest(statement: ResultStatement | undefined): string[] {
  const { evidence = [], relations = [] } = statement?.predicate.f3 ?? {};
  return relations.flatMap(({ digest: { sha256 } = {} }) =>
    sha256 !== undefined && evidence.some(({ digest }) => digest.sha256 === sha256) ? structuredClone(sha256) : [],
  );
}

/** Of what was asked: without a clone nobody asked for a commit, and offline for no address. */
function unanswered(
  looks: readonly Look[],
  references: readonly Reference[],
  { fetcher, clone, files }: AuditRequest["surroundings"],
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

const unread = (target: string, fault?: AttestError): AuditedDocument => ({
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
  /** In which a run speaks of itself, and which cannot be read for what they say. */
  readonly unread: readonly string[];
}

async function citedBy(
  { predicate: { f3 } }: ResultStatement,
  document: Document,
  { engine, readings }: Reading,
): Promise<CitedBy> {
  const cited: Cited[] = [];
  const unread: string[] = [];
  for (const [at, piece] of f3.evidence.entries()) {
    const key = `${piece.role} ${piece.mediaType ?? ""} ${piece.digest.sha256 ?? ""}`;
    const known = readings.get(key);
    const bytes = known === undefined ? await pieceOf(piece, document, engine, MAX_CITED) : undefined;
    const read = known ?? (bytes === undefined ? undefined : readCited(piece, bytes));
    if (read !== undefined) {
      readings.set(key, read);
      if (readings.size > MAX_READINGS) readings.delete(readings.keys().next().value ?? "");
      cited.push({ pointer: `/predicate/f3/evidence/${at}`, ...read });
    }
    const why = read === undefined && piece.size > MAX_CITED ? `it has ${piece.size} bytes` : read?.unread;
    if (why !== undefined && speaksOfItself(piece.role))
      unread.push(`what ${piece.name} says of the run cannot be read: ${why}`);
  }
  return { cited, unread };
}

interface Reading {
  readonly engine: Engine;
  /** One document that many cite is read once. */
  readonly readings: Map<string, ReturnType<typeof readCited>>;
}
const MAX_READINGS = 200;

const originOf = ({ site, target }: Document): string => site.place.origins[0] ?? target;

async function cardsOf(targets: readonly string[], request: AuditRequest): Promise<Card[]> {
  const cards: Card[] = [];
  for await (const { verified, document, keys } of verifyEach({ ...request, targets })) {
    if (document === undefined && "fault" in verified) throw verified.fault;
    const card = document && "report" in verified ? cardOf(verified.report, keys, originOf(document)) : undefined;
    if (card !== undefined) cards.push(card);
  }
  return cards;
}

function counted(documents: readonly AuditedDocument[]): Record<State, number> {
  const states = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  for (const { references, looks } of documents) {
    states.same += references - looks.length;
    for (const { state } of looks) states[state] += 1;
  }
  return states;
}

interface LogPart {
  readonly findings: readonly Finding[];
  readonly logs: Audit["logs"];
  readonly open: readonly string[];
}

/** The whole log derived again, as `attest log check` does; and the plans that nobody answered in time. */
async function logPart(
  { logs: request, now, progress }: AuditRequest,
  digests: ReadonlyMap<string, string>,
): Promise<LogPart> {
  if (request === undefined || request.place.keyring.logs.length === 0) return { findings: [], logs: [], open: [] };
  const { shards, account, findings } = await checkLogs({ ...request, ...(progress && { progress }) });
  const unfetched = findings.filter(({ code }) => exitOf(code) === 4);
  return {
    findings: [
      ...findings
        .filter(({ code }) => exitOf(code) !== 4)
        .map(({ code, detail, id = "" }): Finding => {
          const about = digests.get(id) ?? "";
          return {
            rule: "log",
            about,
            pointer: about === "" ? "" : "/predicate/f3/log",
            detail: `${detail} [${code}]`,
          };
        }),
      ...account.open
        .filter((plan) => overdue(plan, now))
        .map(({ leaf }): Finding => ({
          ...{ rule: "result-missing", about: leaf.payload, pointer: "/predicate/deadline" },
          detail: `plan_${leaf.payload.slice(0, 16)} was announced at ${leaf.at}, with the deadline ${leaf.deadline}`,
        })),
    ],
    logs: shards.flatMap(({ named, opened }) => {
      if (opened === undefined) return [];
      const { size, root } = opened.checkpoint;
      return [{ origin: named.origin, size, root: Buffer.from(root).toString("hex") }];
    }),
    open: unfetched.map(({ detail }) => detail),
  };
}
