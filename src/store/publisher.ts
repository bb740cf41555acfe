/**
 * Publishes in a registry: evidence, claims, marks, documents, log entries with their proofs; then the marks are removed. Each step is on the disk
 * before the next begins, so a crash leaves files that nothing refers to, never a claim whose evidence is missing. What has a mark and no
 * entry is entered by the next publisher.
 */
import { commandLine } from "../node/command-line.js";
import { uninterrupted } from "../node/uninterrupted.js";
import { equal, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError, orFault, orUndefined } from "../core/errors.js";
import type { PublicKey } from "../core/keys/key.js";
import type { Keyring } from "../core/keys/keyring.js";
import { formatNoteKey } from "../core/keys/note.js";
import { formatEnvelope, parseEnvelope, parseOnce } from "../core/statement/envelope.js";
import { logNamed } from "../core/statement/payload.js";
import { knownFrom, type TrustedKey } from "../core/verify/signatures.js";
import { verify } from "../core/verify/verify.js";
import { parseAbout } from "./about.js";
import { answered, answerIn, answers } from "./answers.js";
import { Documents, idIn, isDocument, type Document } from "./documents.js";
import { ATTESTATIONS, attestationPath, evidencePath, REGISTRY_FILE } from "./paths.js";
import { groupsOf, refusals, type Publication, type Published } from "./publication.js";
import { claimPath, type Parse, type RegistryIndex } from "./registry-index.js";
import { registryChanged, type RegistryLog } from "./registry-log.js";
import type { Store } from "./store.js";

export interface Publishing {
  readonly store: Store;
  /** Of the registry. */
  readonly origin: string;
  readonly engine: Engine;
  readonly index: RegistryIndex;
  readonly log: RegistryLog;
  readonly keyring: () => Promise<Keyring>;
}

type Faults = ReadonlyMap<Publication, AttestError>;

export class Publisher {
  readonly #store: Store;
  readonly #origin: string;
  readonly #engine: Engine;
  readonly #index: RegistryIndex;
  readonly #log: RegistryLog;
  readonly #keyring: () => Promise<Keyring>;
  readonly #documents: Documents;
  /** By this command, a plan before its result. */
  readonly #published = new Set<string>();

  constructor({ store, origin, engine, index, log, keyring }: Publishing) {
    this.#store = store;
    this.#origin = origin;
    this.#engine = engine;
    this.#index = index;
    this.#log = log;
    this.#keyring = keyring;
    this.#documents = new Documents(store);
  }

  /**
   * Publishes many, some hundreds together. What is refused stops no other; what the disk or the log refuses stops all that follow. A signal
   * is held until those that are written together are safe.
   * @param progress called with the number of those that are done
   * @returns what became of each, in their order
   * @throws AttestError `registry-changed`, `log-key-missing`, `log-fork` before anything is written
   */
  async publish(
    publications: readonly Publication[],
    progress: (done: number) => void = () => undefined,
  ): Promise<readonly Published[]> {
    if (publications.length === 0) return [];
    const parse = parseOnce();
    await this.#mustBeUnchanged(publications, parse); // refuse before writing anything
    await this.#log.ready();
    if (!(await this.#index.isComplete())) await this.#index.complete(this.#documents.all()); // of an older version
    const refused = await refusals(publications, {
      parse,
      answersTo: (plan) => this.#index.answersTo(plan),
      file: (id) => this.#documents.bytes(id),
    });
    const faults = new Map(refused);
    let stopped: AttestError | undefined;
    let done = refused.size;
    for (const group of groupsOf(publications.filter((one) => !refused.has(one)))) {
      const cause = stopped;
      const failed: Faults =
        cause === undefined
          ? await uninterrupted(() => this.#together(group, parse))
          : new Map(group.map((one) => [one, cause]));
      for (const [one, fault] of failed) {
        faults.set(one, fault);
        if (fault.code !== "file-exists") stopped = fault.cause instanceof AttestError ? fault.cause : fault;
      }
      progress((done += group.length));
    }
    return publications.map((one) => {
      const fault = faults.get(one);
      return { id: one.id, ...(fault !== undefined && { fault }) };
    });
  }

  /** @throws AttestError `registry-changed`, `registry-format` */
  async #mustBeUnchanged(publications: readonly Publication[], parse: Parse): Promise<void> {
    const about = await this.#store.read(REGISTRY_FILE);
    if (about === undefined) throw registryChanged(REGISTRY_FILE, "is not there any more");
    if (parseAbout(about).origin !== this.#origin) throw registryChanged(REGISTRY_FILE, "has another origin");
    const plans = publications.flatMap(({ bytes }) => orUndefined(() => answerIn(parse(bytes)))?.plan ?? []);
    for (const path of new Set(plans.map((plan) => attestationPath(`plan_${plan.slice(0, 16)}`))))
      if (this.#published.has(path) && (await this.#store.read(path)) === undefined)
        throw registryChanged(path, "is not there any more");
  }

  /** @returns the faults of those that failed */
  async #together(group: readonly Publication[], parse: Parse): Promise<Faults> {
    try {
      return await this.#write(group, parse);
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      if (error.code !== "file-exists" || group.length === 1) return new Map(group.map((one) => [one, error]));
    }
    const faults: [Publication, AttestError][] = []; // one of them is in the way of something, and not all
    for (const one of group) faults.push(...(await this.#together([one], parse)));
    return new Map(faults);
  }

  async #write(group: readonly Publication[], parse: Parse): Promise<Faults> {
    const signers = group.flatMap(({ bytes }) => parse(bytes).signatures.flatMap(({ keyid }) => keyid ?? []));
    await this.#adopt(await this.#index.unlogged(), signers);
    const pieces = group.flatMap(({ evidence }) => [...evidence]);
    await this.#store.createEach(new Map(pieces.map(([sha256, piece]) => [evidencePath(sha256), piece])));
    const late = await this.#claim(group, parse);
    if (late.size > 0) {
      const rest = group.filter((one) => !late.has(one));
      return new Map([...late, ...(rest.length === 0 ? [] : await this.#write(rest, parse))]);
    }
    const unlogged = (await this.#log.entering(group, parse)).map(({ id }) => id);
    await this.#index.add(group, unlogged, parse);
    try {
      await this.#store.createEach(new Map(group.map(({ id, bytes }) => [attestationPath(id), bytes])));
      await this.#log.enter(group, parse);
    } catch (error) {
      if (!(error instanceof AttestError) || error.code === "file-exists") throw error;
      return await this.#unfinished(group, error);
    }
    for (const { id } of group) this.#published.add(attestationPath(id));
    await orFault(() => this.#index.logged(unlogged)); // all is published: the next publisher removes what is left
    return new Map();
  }

  /**
   * Claims the plans that these results answer. Where another publisher was first, at the same time or before it was killed, its result is
   * published here, and this one is refused.
   */
  async #claim(group: readonly Publication[], parse: Parse): Promise<Faults> {
    const faults = new Map<Publication, AttestError>();
    for (const one of group) {
      const answer = answerIn(parse(one.bytes));
      if (answer === undefined || !(await answers(answer, (id) => this.#documents.bytes(id)))) continue;
      for (const keyid of answer.keyids) {
        const first = await this.#index.claim(answer.plan, keyid, one.bytes);
        if (first === undefined || isSigned(first, parse(one.bytes).payloadBytes)) continue;
        faults.set(one, answered(await this.#finish(first, answer.plan, keyid)));
        break;
      }
    }
    return faults;
  }

  /**
   * Publishes the result that was claimed to answer a plan and perhaps not published, because its publisher was killed.
   * @param keyids the keys that announced the plan
   * @returns its id; undefined if there is none. @throws AttestError `registry-format`
   */
  async finishAnswer(plan: string, keyids: readonly string[]): Promise<string | undefined> {
    await this.#log.ready();
    for (const keyid of keyids) {
      const claimed = await this.#index.claimed(plan, keyid);
      if (claimed !== undefined) return await this.#finish(claimed, plan, keyid);
    }
    return undefined;
  }

  /** @returns the id of the result. @throws AttestError `registry-format` if the claim is none by that key */
  async #finish(bytes: Bytes, plan: string, keyid: string): Promise<string> {
    const keys = knownFrom(await this.#keyring(), "site", "the registry's keyring");
    const report = verify(bytes, { engine: this.#engine, keys, now: new Date() });
    const envelope = orUndefined(() => parseEnvelope(bytes));
    const own = report.signers.some((signer) => signer.signature === "ok" && signer.keyid === keyid);
    const answer = envelope && answerIn(envelope);
    const isAnswer = answer?.plan === plan && (await answers(answer, (id) => this.#documents.bytes(id)));
    if (report.id === undefined || envelope === undefined || !own || !isAnswer)
      throw new AttestError(
        "registry-format",
        `what claims to answer plan_${plan.slice(0, 16)} is no answer by ${keyid}`,
        `nothing was published; someone who can write the registry put it there: remove ${claimPath(plan, keyid)}`,
      );
    // Someone may have added others, and the log would have an entry for each.
    const signatures = envelope.signatures.filter((_, at) => report.signers[at]?.signature === "ok");
    const isWhole = signatures.length === envelope.signatures.length;
    const document = { id: report.id, bytes: isWhole ? bytes : formatEnvelope({ ...envelope, signatures }) };
    const unlogged = (await this.#log.entering([document], parseEnvelope)).map(({ id }) => id);
    await this.#index.add([document], unlogged, parseEnvelope);
    const there = await this.#documents.bytes(document.id); // with further signatures, perhaps
    if (there.length === 0) await this.#store.create(attestationPath(document.id), document.bytes);
    await this.#log.enter([document]);
    await this.#index.logged(unlogged);
    return document.id;
  }

  async #unfinished(group: readonly Publication[], cause: AttestError): Promise<Faults> {
    const faults = new Map<Publication, AttestError>();
    for (const one of group) {
      const there = await orFault(() => this.#documents.bytes(one.id));
      const isThere = !(there instanceof AttestError) && there.length > 0; // without the fsync the name may exist all the same
      faults.set(one, isThere ? unfinished(attestationPath(one.id), this.#store.place, cause) : cause);
    }
    return faults;
  }

  /**
   * Enters published attestations that are not in the log yet, and completes the index. Harmless if nothing is missing.
   * @param own the user's own keys; other signers enter their own attestations
   * @returns the ids that were entered
   */
  async complete(own: readonly PublicKey[]): Promise<readonly string[]> {
    await this.#log.ready();
    await this.#index.complete(this.#documents.all());
    const known = own.map((key) => ({ key, by: "you" as const, source: "the keystore" })); // the keyring may lack a new key
    const files = new Set(await this.#store.list(ATTESTATIONS));
    const unproven = (await this.#documents.names()).map(idIn).filter((id) => !files.has(`${id}.tlog-proof`));
    const keyids = own.map(({ keyid }) => keyid);
    const entered = await this.#adopt(unproven, keyids, known);
    const marked = (await this.#index.unlogged()).filter((id) => isDocument(`${id}.json`)); // anything else is not ours
    const left = new Set(unproven);
    await this.#index.logged(marked.filter((id) => !left.has(id)));
    return entered;
  }

  /**
   * Enters what a killed publisher wrote but did not log, before later entries: a document that names this log without being in it would be
   * a permanent finding. Only documents by the current signing keys: anyone could have planted the rest, including the keyring.
   */
  async #adopt(
    ids: readonly string[],
    keyids: readonly string[],
    known: readonly TrustedKey[] = [],
  ): Promise<readonly string[]> {
    const ours = (await this.#log.all()).map(({ key }) => formatNoteKey(key));
    if (ours.length === 0 || ids.length === 0) return [];
    const found: Document[] = [];
    const keys = [...known, ...knownFrom(await this.#keyring(), "site", "the registry's keyring")];
    for (const id of ids) {
      const name = `${id}.json`;
      const bytes = isDocument(name) ? await this.#documents.bytes(id) : new Uint8Array();
      if (bytes.length === 0) continue;
      const report = verify(bytes, { engine: this.#engine, keys, now: new Date(), fileName: name, named: true });
      const own = report.signers.some(({ keyid, signature }) => signature === "ok" && keyids.includes(keyid));
      if (!own || report.checks.some(({ status }) => status === "failed")) continue;
      const named = logNamed(parseEnvelope(bytes).payload);
      if (named !== undefined && ours.includes(named.key)) found.push({ id, bytes });
    }
    if (found.length === 0) return [];
    const entered = await this.#log.enter(found);
    await this.#index.logged(found.map(({ id }) => id));
    return entered;
  }
}

/** Whether these are signatures of that payload: a document may have got more of them since it was claimed. */
const isSigned = (bytes: Bytes, payload: Bytes): boolean => {
  const envelope = orUndefined(() => parseEnvelope(bytes));
  return envelope !== undefined && equal(envelope.payloadBytes, payload);
};

const unfinished = (path: string, place: string, cause: AttestError): AttestError =>
  new AttestError(
    "publish-unfinished",
    `${path} is published, and not in the log yet: ${cause.message}`,
    `nothing is lost; when that is fixed: ${commandLine(["attest", "log", "complete", place])}`,
    { cause },
  );
