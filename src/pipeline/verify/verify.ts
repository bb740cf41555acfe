/** A stranger's verification: takes files, folders or addresses, finds keys for them, and verifies. Nothing here adds trust. */
import { remembering } from "../../core/remembering.js";
import { bundledEntries, bundledPlans } from "../../core/verify/bundled.js";
import { fromUtf8, hex } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { logNames, parseKeyring, type LogName } from "../../core/keys/keyring.js";
import { keyHistory, type KeyHistory } from "../../core/verify/key-history.js";
import { enteredIn, type ReadEntries } from "../../core/log/read-all.js";
import type { RememberedLog, Witnesses } from "../../core/log/presence.js";
import { parseNoteKey, type NoteKey } from "../../core/keys/note.js";
import { kindOf, logNamed } from "../../core/statement/payload.js";
import { planOf } from "../../core/statement/plan.js";
import type { Policy } from "../../core/verify/policy.js";
import { isBroken, type Report } from "../../core/verify/report.js";
import { NoticeEntries } from "../../core/log/notice-entries.js";
import type { NoticeSet } from "../../core/verify/notice-set.js";
import { knownFrom } from "../../core/verify/signatures.js";
import { identify, readStatement } from "../../core/statement/statement.js";
import { verify, type VerifyOptions } from "../../core/verify/verify.js";
import { attestationPath } from "../../store/registry.js";
import {
  documents,
  type Document,
  type DocumentRequest,
  type LoadedRegistry,
  type RegistryContext,
} from "../load/load.js";
import { keysOf, knownAt, requiredKey, type UserKey, type KeyRequest } from "../load/trusted-keys.js";
import { archiveOf, compared, observationsIn } from "../load/archive.js";
import { loggedNotices, type LoggedNotices } from "./logged-notices.js";
import { pinMismatch } from "./pin-check.js";
import { reached, RegistryLogs, type LogsRequest } from "./registry-logs.js";
import { historyFault, remember } from "./remembered-logs.js";

export interface VerifyRequest extends KeyRequest, DocumentRequest, LogsRequest {
  /** Files, registry folders, http(s) addresses. */
  readonly targets: readonly string[];
  /** Files with further notices: receipts, rotations, revocations. */
  readonly notices?: readonly string[];
  /** Recompute every outcome with a criterion from the archived observations. */
  readonly recompute?: boolean;
  /** Whether archived evidence is hashed; false if the caller does so itself. */
  readonly evidence?: boolean;
  readonly policy?: Policy | undefined;
  /** Key lines of witnesses whose time the user trusts, or files of them. */
  readonly witnesses?: readonly string[];
}

/** The target as named by the user, or its path below the named folder; with a report, or the reason why there is none. */
export type Verified = {
  readonly target: string;
  /** A pack whose page has a script or style of another version: its display in a browser was not compared. */
  readonly uncompared?: boolean;
} & ({ readonly report: Report } | { readonly fault: AttestError });

/**
 * One answer per document. An unreadable target (`file-missing`, `registry-missing`, `network`, `no-attestations`) does not stop the
 * others. @throws AttestError for the user's own keys: `key-format`, `keyring-format`, `file-missing`
 */
export async function verifyAll(request: VerifyRequest): Promise<Verified[]> {
  const verified: Verified[] = [];
  for await (const { verified: one, read } of verifyEach(request))
    verified.push(...(read === undefined ? [one] : effective(read.document, one)));
  return verified;
}

export interface Each {
  readonly verified: Verified;
  /** The document, all known keys, and their owners; undefined for an unreadable target. */
  readonly read?: Heard & { readonly document: Document; readonly entered: ReadEntries };
}

/** The notices of a place and those that the user gave, and what they say about the known keys. */
export interface Heard {
  readonly notices: NoticeSet;
  /** Why some may be missing. */
  readonly unread: string | undefined;
  /** Whether the user gave any. */
  readonly given: boolean;
  readonly history: KeyHistory;
  readonly logs: RegistryLogs;
}

/**
 * The same one by one, with the context of each: for registries of any size.
 * @param known the caller's own answer for a document, which then needs no look, and takes its place
 */
export async function* verifyEach<Known extends object = never>(
  asked: VerifyRequest,
  known?: (document: Document, heard: Heard) => Known | undefined,
): AsyncGenerator<Each | Known> {
  const request = { ...asked, engine: remembering(asked.engine) };
  const yours = await keysOf(request);
  const given = (request.notices ?? []).map((path) => requiredKey(path, "a notice"));
  const places = new Map<RegistryContext, Heard>();
  const registries = new Map<LoadedRegistry | undefined, RegistryLogs>();
  const heardAt = async (document: Document): Promise<Heard> => {
    const { site } = document;
    const before = places.get(site);
    if (before !== undefined) return before;
    const listed =
      site.keyring === undefined ? [] : knownFrom(site.keyring, "site", site.source ?? "the registry's own keyring");
    const keys = [...knownAt(yours, site.place), ...listed];
    const listedNotices = site.notices.with(given);
    const logs = registries.get(site.registry) ?? new RegistryLogs(site.registry, listedNotices, request);
    registries.set(site.registry, logs);
    const entries = marksOf(document, request.engine) ?? enteredIn(await logs.read(), undefined).notices;
    const { notices, unread } = await heardIn(document, listedNotices, entries, logs, request.engine);
    const history = keyHistory(notices, keys, request.engine, entries);
    const heard = { notices, unread, given: given.length > 0, history, logs };
    places.set(site, heard);
    return heard;
  };
  const witnesses = witnessesOf(request);
  for (const target of request.targets) {
    try {
      for await (const document of documents(target, request)) {
        const heard = await heardAt(document);
        const answer = known?.(document, heard);
        if (answer !== undefined) {
          yield answer;
          continue;
        }
        const verified = await oneOf(document, yours, heard, witnesses, request);
        const entered = await enteredFor(document, heard, request.engine);
        yield { verified, read: { ...heard, document, entered } };
      }
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      yield { verified: { target, fault: error } };
    }
  }
}

/** An unreadable file beside one document does not stop the others. */
async function oneOf(
  document: Document,
  yours: readonly UserKey[],
  heard: Heard,
  witnesses: Witnesses,
  request: VerifyRequest,
): Promise<Verified> {
  try {
    const around = {
      ...(await surroundings(document, heard, request)),
      ...(await evidenceOf(document, heard, request)),
    };
    return verifyOne(document, yours, heard, { ...around, witnesses }, request);
  } catch (error) {
    if (error instanceof AttestError) return { target: document.target, fault: error };
    throw error;
  }
}

/** A registry may contain anyone's notice. One by an unknown key has no effect, and is not a fault of the rest. */
export function effective({ skipped }: Document, verified: Verified): Verified[] {
  if (skipped !== true) return [verified];
  return "fault" in verified || ["untrusted", "unchecked"].includes(verified.report.outcome) ? [] : [verified];
}

function verifyOne(
  { target, bytes, site, ...document }: Document,
  yours: readonly UserKey[],
  heard: Heard,
  around: Around,
  { engine, now, recompute, policy, memory }: VerifyRequest,
): Verified {
  const { history } = heard;
  const report = verify(bytes, {
    engine,
    now,
    parse: document.parse,
    ...history,
    fileName: document.fileName,
    named: document.named,
    ...around,
    ...fetchedAt(site, document.pack !== undefined, heard),
    ...(document.pack && { packed: true }),
    // A policy does not apply to a registry's notices.
    ...(policy && document.skipped !== true && { policy }),
    ...(recompute && { observations: around.observations ?? (() => undefined) }),
  });
  remember(report, around.log, site, heard.logs, memory, engine);
  const stop = pinMismatch(yours, site, history.keys, report.signers);
  // A document that does not verify is worse news.
  const uncompared = document.uncompared === true && { uncompared: true };
  return stop === undefined || isBroken(report.outcome) ? { target, ...uncompared, report } : { target, fault: stop };
}

/** The location's notices and the user's. */
function fetchedAt(
  site: RegistryContext,
  packed: boolean,
  { notices, unread, given }: Heard,
): Pick<VerifyOptions, "notices" | "unread"> {
  const around = site.registry !== undefined || packed;
  if (!around && !given) return {};
  return { notices, unread: around ? unread : "no registry is available, only the notices that you gave" };
}

type Around = Pick<VerifyOptions, "log" | "planned" | "entries" | "witnesses" | "archived" | "observations">;

/** The surroundings of a document: its log, its plan, and the retractions in the log. */
async function surroundings(document: Document, heard: Heard, request: VerifyRequest): Promise<Around> {
  const { engine, memory } = request;
  const { bytes, parse, site, proof, pack } = document;
  const envelope = orUndefined(() => parse(bytes));
  if (envelope === undefined) return {};
  const { id } = identify(envelope.payloadBytes, engine, kindOf(envelope.payload));
  const recall = ({ origin }: LogName): RememberedLog | undefined => heard.logs.remembered(origin);
  const { registry } = site;
  if (registry === undefined) {
    const named = logNamed(envelope.payload);
    const marks = marksOf(document, engine);
    return {
      ...(named !== undefined && proof !== undefined && { log: { proof, remembered: recall(named) } }),
      ...(pack && {
        planned: bundledPlans(pack.data.plans, engine),
        entries: { notices: marks ?? NoticeEntries.NONE, whole: false },
      }),
    };
  }
  const read = readStatement(envelope.payload);
  const wanted = "fault" in read ? undefined : planOf(read.statement);
  const [plan, log, entries] = await Promise.all([
    wanted && reached(() => registry.source.read(attestationPath(`plan_${wanted.slice(0, 16)}`))),
    reached(() => registry.logs.evidence(envelope, id, recall)),
    enteredFor(document, heard, engine),
  ]);
  const named = logNamed(envelope.payload);
  const beside = named && historyFault(named, site, heard.logs, memory, engine);
  const operators = registry.logs.logs.map(({ key }) => key);
  return {
    ...(log && { log: { ...log, operators, ...(beside && { beside }) } }),
    ...(plan && { planned: () => plan }),
    // A log that could not be compared with the one that this verifier remembers may be an earlier one: it shows no absence.
    entries: named !== undefined && log === undefined ? { ...entries, whole: false, missing: true } : entries,
  };
}

/** What its archive says of its evidence. Nothing is read for a document whose key is unknown, nor at an address before it is needed. */
async function evidenceOf(
  { bytes, parse, archive, site: { registry } }: Document,
  { history }: Heard,
  { engine, recompute, evidence = true }: VerifyRequest,
): Promise<Pick<Around, "archived" | "observations">> {
  const envelope = orUndefined(() => parse(bytes));
  const keyids = new Set(history.keys.map(({ key }) => key.keyid));
  if (envelope?.signatures.some(({ keyid }) => keyid === undefined || keyids.has(keyid)) !== true) return {};
  const read = readStatement(envelope.payload);
  if ("fault" in read) return {};
  const archived = archive && evidence ? await compared(archive, read.statement, engine) : undefined;
  const served = archive ?? (registry && archiveOf(registry.source));
  const observations =
    recompute === true && served ? await reached(() => observationsIn(served, read.statement)) : undefined;
  return { ...(archived && { archived }), ...(observations && { observations }) };
}

/** The notices that can be listed, and those that the log names. */
function heardIn(
  { site: { registry }, bytes, parse }: Document,
  known: NoticeSet,
  entries: NoticeEntries,
  { logs }: RegistryLogs,
  engine: Engine,
): LoggedNotices | Promise<LoggedNotices> {
  if (registry === undefined) return { notices: known };
  if (registry.source.list !== undefined) return loggedNotices(registry, known, entries);
  const listed = registry.logs.logs.length;
  if (listed === 0) return { notices: known, unread: "no log lists them" };
  if (logs.length < listed) return { notices: known, unread: "the log that lists them was not read" };
  const envelope = orUndefined(() => parse(bytes));
  return loggedNotices(registry, known, entries, envelope && hex(engine.sha256(envelope.payloadBytes)));
}

/** What the logs of its registry say of a document. */
function enteredFor({ bytes, parse, site }: Document, { logs, history }: Heard, engine: Engine): Promise<ReadEntries> {
  const envelope = orUndefined(() => parse(bytes));
  const named = envelope && logNamed(envelope.payload);
  const digest = envelope === undefined ? "" : hex(engine.sha256(envelope.payloadBytes));
  return logs.entered(site, named, digest, history);
}

/** The entries that a pack carries. */
const marksOf = ({ pack, bytes, parse, site }: Document, engine: Engine): NoticeEntries | undefined =>
  pack &&
  bundledEntries(
    orUndefined(() => parse(bytes)),
    pack.marks,
    logNames(site.keyring),
    engine,
  );

/** A witness's key: its line, or a file with it. @throws AttestError `note-format`, `file-missing` */
export function witnessKey(text: string, engine: Engine): NoteKey {
  const line = text.includes("+") ? text : fromUtf8(requiredKey(text, "a witness's key line"));
  const key = parseNoteKey(line.trim(), engine);
  if (key.type === "cosignature-v1") return key;
  throw new AttestError(
    "note-format",
    `a witness has a key of type cosignature/v1 (C2SP), not ${key.type}`,
    "the witness prints its line with: attest log witness",
  );
}

/** From `--witness`, and from the user's keyrings. @throws AttestError `note-format`, `keyring-format` */
export function witnessesOf({ witnesses = [], keyrings, policy, engine }: VerifyRequest): Witnesses {
  const given = witnesses.map((text) => witnessKey(text, engine));
  const listed = keyrings.map((path) => parseKeyring(requiredKey(path, "a keyring"), engine));
  const keys = [...given, ...listed.flatMap((one) => one.witnesses.map(({ key }) => key))];
  const quorums = [...listed.flatMap(({ quorum }) => quorum ?? []), policy?.witnessed ?? 1];
  return { keys, quorum: Math.max(...quorums) };
}
