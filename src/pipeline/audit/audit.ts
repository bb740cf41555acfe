/**
 * `attest audit`: verifies every document, checks every reference and applies every rule; then compares the documents with each other and
 * with the log. Per document it keeps only a summary and the findings, so a registry may have any size.
 */
import { askedAgain, betweenFindings } from "../../core/audit/contradictions.js";
import { NoticeSet } from "../../core/verify/notice-set.js";
import { groupBy } from "../../core/group-by.js";
import { referencesOf, STATES, type Reference, type LookState } from "../../core/audit/reference.js";
import { nodeOf, graphFindings, graphOf, type AttestationNode, type Graph } from "../../core/audit/relations.js";
import type { Finding } from "../../core/statement/audit-rules.js";
import { envelopeIn } from "../../core/verify/bundled.js";
import { hex } from "../../core/bytes.js";
import { outcomeOf } from "../../core/codes.js";
import type { Engine } from "../../core/engine.js";
import type { KeyHistory } from "../../core/verify/key-history.js";
import { Owners, type HandOver } from "../../core/keys/owner.js";
import { failures, isBroken, type Report } from "../../core/verify/report.js";
import type { TrustedKey } from "../../core/verify/signatures.js";
import type { ReadEntries } from "../../core/log/read-all.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import { attestationPath } from "../../store/paths.js";
import { auditDocument, unread, type AuditedDocument, type Auditing, type Readings } from "./one-document.js";
import type { Document, RegistryContext } from "../load/load.js";
import { checkLogs, type LogCheckRequest } from "../log/check.js";
import { overdue } from "../log/show.js";
import { resolveAttestation } from "./resolve-references.js";
import { verifyEach, type VerifyRequest } from "../verify/verify.js";

export interface AuditRequest extends Omit<VerifyRequest, "targets" | "recompute" | "policy">, Auditing {
  /** A registry's folder, a file, or the address of one. */
  readonly target: string;
  /** Registries and files to compare with, which are not audited themselves. */
  readonly beside?: readonly string[];
  /** Checks the registry's logs. Without it, only each document's own position in its log is checked. */
  readonly logs?: LogCheckRequest | undefined;
  readonly progress?: (text: string, share?: number) => void;
  /** Faults of the existing audit history, a sentence each. */
  readonly history?: readonly string[] | undefined;
  /** Number of documents, for the progress display. */
  readonly total?: number | undefined;
}

export type { AuditedDocument };

export interface Audit {
  /** Results, in name order. */
  readonly documents: readonly AuditedDocument[];
  /** Findings about no result: plans without a result, the logs themselves. */
  readonly findings: readonly Finding[];
  readonly states: Readonly<Record<LookState, number>>;
  readonly graph: Graph;
  /** All known notices, from the registry and from elsewhere. */
  readonly notices: NoticeSet;
  /** All known keys. */
  readonly keys: readonly TrustedKey[];
  readonly owners: Owners;
  readonly proven: Owners;
  /** Signers of each document that was read, including plans, by the document and by the log. Absent if unknown. */
  readonly signers: ReadonlyMap<string, readonly string[]>;
  readonly logs: readonly { readonly origin: string; readonly size: number; readonly root: string }[];
  /** What could not be checked for the registry as a whole. */
  readonly open: readonly string[];
}

/** Documents whose addresses are fetched simultaneously; the fetcher has its own limits. */
const AT_ONCE = 8;

interface Gathered {
  readonly documents: AuditedDocument[];
  readonly cards: AttestationNode[];
  /** Digests of everything that was read, including plans and notices. */
  readonly known: Set<string>;
  readonly keys: Map<string, TrustedKey>;
  readonly handOvers: HandOver[];
  readonly signedHandOvers: HandOver[];
  readonly signers: Map<string, readonly string[]>;
  readonly notices: Set<NoticeSet>;
  /** References to other attestations, with their documents' index. */
  readonly named: { readonly at: number; readonly reference: Reference; readonly site: RegistryContext }[];
}

/** @throws AttestError if nothing can be audited, or the user's own keys cannot be read */
export async function audit(request: AuditRequest): Promise<Audit> {
  const beside = await cardsOf(request.beside ?? [], request);
  const { documents, known, keys, handOvers, signedHandOvers, signers, notices, named, ...gathered } =
    await gather(request);
  const owners = new Owners([...handOvers, ...beside.handOvers]);
  const proven = new Owners([...signedHandOvers, ...beside.signedHandOvers]);
  const ownersOf = (all: readonly string[]): string[] => [...new Set(all.map((one) => owners.of(one)))];
  const owned = (card: AttestationNode): AttestationNode => ({
    ...card,
    owners: ownersOf(card.owners),
    entered: ownersOf(card.entered),
    confirmed: ownersOf(card.confirmed),
    listed: ownersOf(card.listed),
    provenOwners: [...new Set(card.provenOwners.map((one) => proven.of(one)))],
  });
  const [cards, others] = [gathered.cards.map(owned), beside.cards.map(owned)];
  for (const { digest } of others) known.add(digest);
  await findBeside(named, known, request.engine);
  const references = groupBy(named, ({ at }) => [at]);
  const graph = graphOf([...cards, ...others]);
  const own = new Set(cards.map(({ digest }) => digest));
  const together = [...graphFindings(graph, known), ...betweenFindings(graph, own)].filter(({ about }) =>
    own.has(about),
  );
  const log = await logPart(request, new Map(cards.map(({ id, digest }) => [id, digest])));
  const again = askedAgain(cards);
  const byDocument = groupBy([...together, ...log.findings], ({ about }) => [about]);
  const all = documents.map((document, at): AuditedDocument => {
    const found = (references.get(at) ?? []).map(({ reference }) => resolveAttestation(reference, known));
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
    states: counted(all),
    graph,
    keys: [...keys.values()],
    owners,
    proven,
    signers: new Map([...signers].map(([digest, keyids]) => [digest, [...keyids, ...(log.signers.get(digest) ?? [])]])),
    notices: NoticeSet.join(notices, request.engine),
    logs: log.logs,
    open: [...log.open, ...beside.unread],
  };
}

/** For a single audited document: looks up what it names in its registry. */
async function findBeside(named: Gathered["named"], known: Set<string>, engine: Engine): Promise<void> {
  for (const { reference, site } of named) {
    const { sha256 = "" } = reference;
    if (known.has(sha256)) continue;
    for (const kind of ["plan", "test"]) {
      const bytes = await site.registry?.source
        .read(attestationPath(`${kind}_${sha256.slice(0, 16)}`))
        .catch(() => undefined);
      const found = bytes && envelopeIn(bytes);
      if (found && hex(engine.sha256(found.payloadBytes)) === sha256) known.add(sha256);
    }
  }
}

/** The log check repeats findings about a document's own position. */
const once = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ rule }, at) => rule !== "log" || findings.findIndex((other) => other.rule === "log") === at);

async function gather(request: AuditRequest): Promise<Gathered> {
  const { progress } = request;
  const gathered: Gathered = {
    documents: [],
    cards: [],
    known: new Set(),
    keys: new Map(),
    notices: new Set(),
    named: [],
    handOvers: [],
    signedHandOvers: [],
    signers: new Map(),
  };
  const { documents, cards, known, keys, handOvers, signedHandOvers, signers, notices, named } = gathered;
  const histories = new Set<KeyHistory>();
  const under = new Set<Promise<void>>();
  const readings: Readings = new Map();
  let done = 0;
  const enter = async (at: number, made: Promise<AuditedDocument>): Promise<void> => {
    documents[at] = structuredClone(await made);
    done += 1;
    if (request.total === undefined) progress?.(`${done} ${done === 1 ? "attestation" : "attestations"} looked at`);
    else progress?.(`${done} of ${request.total} attestations looked at`, done / request.total);
  };
  for await (const each of verifyEach({
    ...request,
    targets: [request.target],
    recompute: true,
    evidence: false,
    signers: "all",
  })) {
    const { verified, read } = each;
    const document = read?.document;
    if ("fault" in verified) {
      if (document === undefined) throw verified.fault;
      documents.push(unread(verified.target, verified.fault));
      continue;
    }
    if (read === undefined || document === undefined) continue;
    const { report } = verified;
    const { history } = read;
    if (!histories.has(history)) {
      handOvers.push(...history.handOvers);
      signedHandOvers.push(...history.signedHandOvers);
    }
    histories.add(history);
    for (const one of history.keys) keys.set(`${one.key.keyid} ${one.by} ${one.source}`, one);
    notices.add(read.notices);
    if (report.digest !== undefined) {
      known.add(report.digest);
      const by = signersKnown(report, read.entered);
      if (by !== undefined) signers.set(structuredClone(report.digest), structuredClone(by));
    }
    for (const digest of citedByDigest(report.statement)) known.add(digest);
    // A registry may contain anyone's notices; only invalid ones are reported.
    if (document.skipped === true && !isBroken(report.outcome)) continue;
    const card = nodeOf(report, originOf(document), signersIn(read.entered, report.digest));
    // A deep copy: a substring would keep the document's whole text in memory.
    if (card !== undefined) cards.push(structuredClone(card));
    for (const reference of report.statement === undefined ? [] : referencesOf(report.statement))
      if (reference.place.kind === "attestation")
        named.push({ at: documents.length, reference: structuredClone(reference), site: document.site });
    const place = documents.push(unread(verified.target)) - 1;
    const work = enter(place, auditDocument(verified.target, report, document, request, readings)).finally(() =>
      under.delete(work),
    );
    under.add(work);
    if (under.size >= AT_ONCE) await Promise.race(under);
  }
  await Promise.all(under);
  return gathered;
}

/**
 * The signers by document and log, because a server can strip signatures from a document. Undefined if incomplete: a signature by an
 * unknown key, or a log whose entries were not read.
 */
function signersKnown(
  { digest = "", signers, signature, statement, plan }: Report,
  entered: ReadEntries,
): string[] | undefined {
  const named = statement?.predicate.f3.log ?? plan?.predicate.log;
  if (signature !== "ok" || signers.some((one) => one.signature !== "ok")) return undefined;
  if (named !== undefined && !entered.whole) return undefined;
  return [...signers.map(({ keyid }) => keyid), ...signersIn(entered, digest)];
}

const signersIn = ({ signersOf }: ReadEntries, digest = ""): readonly string[] => signersOf?.(digest) ?? [];

/** Digests of evidence that a relation names, such as a page; these are not attestations. */
function citedByDigest(statement: ResultStatement | undefined): string[] {
  const { evidence = [], relations = [] } = statement?.predicate.f3 ?? {};
  return relations.flatMap(({ digest: { sha256 } = {} }) =>
    sha256 !== undefined && evidence.some(({ digest }) => digest.sha256 === sha256) ? structuredClone(sha256) : [],
  );
}

const originOf = ({ site, target }: Document): string => site.place.origins[0] ?? target;

async function cardsOf(
  targets: readonly string[],
  request: AuditRequest,
): Promise<{
  readonly cards: readonly AttestationNode[];
  readonly handOvers: readonly HandOver[];
  readonly signedHandOvers: readonly HandOver[];
  readonly unread: readonly string[];
}> {
  const cards: AttestationNode[] = [];
  const unread: string[] = [];
  const histories = new Set<KeyHistory>();
  for await (const { verified, read } of verifyEach({ ...request, targets, signers: "all" })) {
    if ("fault" in verified) {
      if (read === undefined) throw verified.fault;
      unread.push(`${verified.target} was not compared with: ${verified.fault.message}`);
      continue;
    }
    const { report } = verified;
    if (read !== undefined) histories.add(read.history);
    const card = read && nodeOf(report, originOf(read.document), signersIn(read.entered, report.digest));
    if (card !== undefined) cards.push(card);
    const fault = failures(report).find(({ code }) => isBroken(outcomeOf(code)));
    if (fault !== undefined) unread.push(`${verified.target} was not compared with: ${fault.detail}`);
  }
  const all = [...histories];
  return {
    cards,
    handOvers: all.flatMap(({ handOvers }) => handOvers),
    signedHandOvers: all.flatMap(({ signedHandOvers }) => signedHandOvers),
    unread,
  };
}

function counted(documents: readonly AuditedDocument[]): Record<LookState, number> {
  const states = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<LookState, number>;
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
  /** By the log's entries. */
  readonly signers: ReadonlyMap<string, readonly string[]>;
}

/** Rebuilds the whole log, as `attest log check` does, and finds overdue plans. */
async function logPart(
  { logs: request, now, progress }: AuditRequest,
  digests: ReadonlyMap<string, string>,
): Promise<LogPart> {
  if (request === undefined || request.place.keyring.logs.length === 0)
    return { findings: [], logs: [], open: [], signers: new Map() };
  const { shards, account, findings } = await checkLogs({ ...request, ...(progress && { progress }) });
  const unfetched = findings.filter(({ code }) => outcomeOf(code) === "unchecked");
  return {
    findings: [
      ...findings
        .filter(({ code }) => outcomeOf(code) !== "unchecked")
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
        .map(({ entry }): Finding => ({
          rule: "result-missing",
          about: entry.payload,
          pointer: "/predicate/deadline",
          detail: `plan_${entry.payload.slice(0, 16)} was announced at ${entry.at}, with the deadline ${entry.deadline}`,
        })),
    ],
    logs: shards.flatMap(({ named, opened }) => {
      if (opened === undefined) return [];
      const { size, root } = opened.checkpoint;
      return [{ origin: named.origin, size, root: Buffer.from(root).toString("hex") }];
    }),
    open: unfetched.map(({ detail }) => detail),
    signers: new Map([...account.plans, ...account.results].map(({ entry, keyids }) => [entry.payload, keyids])),
  };
}
