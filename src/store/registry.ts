/** A registry: `attest.json`, its keyring, attestations with evidence, and log. */
import { utf8 } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { AttestError } from "../core/errors.js";
import { readable } from "../core/json.js";
import { formatKey, type PublicKey } from "../core/keys/key.js";
import {
  EMPTY_KEYRING,
  formatKeyring,
  hasEnded,
  parseKeyring,
  type KeyEntry,
  type Keyring,
} from "../core/keys/keyring.js";
import { NoticeSet } from "../core/verify/notice-set.js";
import { ORIGIN, parseAbout, readAbout, type About } from "./about.js";
import { uninterrupted } from "../node/uninterrupted.js";
import { ATTESTATIONS, attestationPath, evidencePath, KEYRING, REGISTRY_FILE } from "./paths.js";
import { RegistryLog, type LogKeyring, type LogSigners } from "./registry-log.js";
import { leaveBytesAlone } from "./git-attributes.js";
import { Documents, idIn, isNotice, isPlan, isResult } from "./documents.js";
import type { Publication, Published } from "./publication.js";
import type { Publisher } from "./publisher.js";
import { RegistryIndex, type Action } from "./registry-index.js";
import type { Store } from "./store.js";

export { ATTESTATIONS, attestationPath, evidencePath, KEYRING };
export { isNotice, isPlan, isResult };
export type { Publication, Published };
export { ORIGIN, parseAbout, REGISTRY_FILE, type About };

/** Hint for users without a registry; can be pasted as it is. */
export const MAKE_ONE = "make one with: attest init lab --origin example.org/lab";

export class Registry {
  readonly store: Store;
  readonly about: About;
  readonly #engine: Engine;
  readonly log: RegistryLog;
  readonly #index: RegistryIndex;
  readonly #documents: Documents;
  #publishing: Promise<Publisher> | undefined;

  private constructor(store: Store, described: About, engine: Engine, logSigners: LogSigners = () => undefined) {
    this.store = store;
    this.#index = new RegistryIndex(store);
    this.about = described;
    this.#engine = engine;
    this.log = new RegistryLog(store, described.origin, engine, logSigners);
    this.#documents = new Documents(store);
  }

  /** @throws AttestError `registry-missing`, `registry-format` */
  static async open(store: Store, engine: Engine, logSigners?: LogSigners): Promise<Registry> {
    const bytes = await store.read(REGISTRY_FILE);
    if (bytes === undefined) {
      throw new AttestError(
        "registry-missing",
        `no registry at ${store.place}: ${REGISTRY_FILE} is missing`,
        `name the folder that has it, or ${MAKE_ONE}`,
      );
    }
    return new Registry(store, parseAbout(bytes), engine, logSigners);
  }

  /**
   * Creates an empty registry. Writes `attest.json` last, because it makes a folder a registry. Throws `registry-exists`.
   * @param logs makes the log's key unless an interrupted call made one; without it the registry has no log
   * @param signer the first listed signer; requested once nothing else can be refused
   */
  static async create(
    store: Store,
    described: About,
    engine: Engine,
    logs?: LogKeyring,
    signer?: () => KeyEntry,
  ): Promise<Registry> {
    const about = readAbout(described);
    const refused = (): AttestError =>
      new AttestError(
        "registry-exists",
        `there is a registry already: ${REGISTRY_FILE} in ${store.place}`,
        "nothing was changed",
      );
    if ((await store.read(REGISTRY_FILE)) !== undefined) throw refused();
    const registry = new Registry(store, about, engine, (key) => logs?.find(key));
    if ((await store.read(KEYRING)) === undefined) await store.create(KEYRING, formatKeyring(EMPTY_KEYRING));
    if (logs !== undefined) {
      const listed = (await registry.log.all()).at(-1);
      if (listed !== undefined && logs.find(listed.key) !== undefined) await registry.log.ready();
      else await registry.log.start((origin) => logs.create(origin), new Date());
    }
    if (signer !== undefined) await registry.listSigner(signer());
    await registry.#index.complete(registry.#documents.all());
    await leaveBytesAlone(store);
    await store.create(REGISTRY_FILE, readable(registry.about));
    return registry;
  }

  async keyring(): Promise<Keyring> {
    const bytes = await this.store.read(KEYRING);
    if (bytes === undefined) throw new AttestError("registry-format", `${KEYRING} is missing in ${this.store.place}`);
    return parseKeyring(bytes, this.#engine);
  }

  /**
   * Lists a signer, or moves its start back: earlier signatures would otherwise read as retired.
   *
   * Called after signing and before publishing, under the keyring's lock. `succeed` chooses its time under the same lock, so a result that
   * was overtaken by a rotation is refused here or is older than the rotation.
   * @throws AttestError `key-exists` if the name belongs to another key; `key-retired`, `key-revoked` if the key had ended
   */
  async listSigner(signer: KeyEntry): Promise<void> {
    let name = signer.name;
    await this.#amendKeyring((keyring) => {
      const { signers, ...rest } = keyring;
      const known = signers.find(({ key }) => key.keyid === signer.key.keyid);
      if (known === undefined && signers.some((other) => other.name === signer.name)) throw nameTaken(signer.name);
      const at = Date.parse(signer.validFrom);
      const over = (end: string | undefined): boolean => end !== undefined && Date.parse(end) < at;
      if (known !== undefined && (over(known.validUntil) || over(known.revoked?.at))) throw hasEnded(known);
      name = known?.name ?? name;
      if (known !== undefined && Date.parse(known.validFrom) <= at) return keyring;
      const entry = known === undefined ? signer : { ...known, validFrom: signer.validFrom };
      return { ...rest, signers: [...signers.filter((other) => other !== known), entry] };
    });
    await this.store.replace(`keys/${name}.pub`, utf8(`${formatKey(signer.key, name)}\n`));
  }

  /**
   * Ends one signer and starts another at the same time; idempotent. Returns that time, chosen under the keyring's lock: see `listSigner`.
   * @throws AttestError `key-missing`; `key-retired`, `key-revoked` if the old key had ended otherwise
   */
  async succeed(from: PublicKey, to: Pick<KeyEntry, "name" | "key">, now: () => Date): Promise<string> {
    let at = "";
    await this.#amendKeyring((keyring) => {
      const { signers, ...rest } = keyring;
      const old = signers.find(({ key }) => key.keyid === from.keyid);
      const next = signers.find(({ key }) => key.keyid === to.key.keyid);
      if (old === undefined) throw this.#notListed(from, signers);
      if (old.revoked !== undefined || (old.validUntil !== undefined && next === undefined)) throw hasEnded(old);
      at = old.validUntil ?? now().toISOString();
      if (old.validUntil !== undefined) return keyring;
      const before = signers.map((one) => (one === old ? { ...old, validUntil: at } : one));
      return { ...rest, signers: next === undefined ? [...before, { ...to, validFrom: at }] : before };
    });
    return at;
  }

  /** Changes a signer's entry; writes nothing if it is unchanged. */
  async amendSigner(keyid: string, change: (entry: KeyEntry) => KeyEntry): Promise<void> {
    await this.#amendKeyring((keyring) => {
      const { signers, ...rest } = keyring;
      const amended = signers.map((entry) => (entry.key.keyid === keyid ? change(entry) : entry));
      return amended.every((entry, at) => entry === signers[at]) ? keyring : { ...rest, signers: amended };
    });
  }

  /** @param change returns its argument if there is nothing to write */
  async #amendKeyring(change: (keyring: Keyring) => Keyring): Promise<void> {
    await this.store.update(KEYRING, (bytes) => {
      const before = bytes === undefined ? EMPTY_KEYRING : parseKeyring(bytes, this.#engine);
      const after = change(before);
      return after === before ? undefined : formatKeyring(after);
    });
  }

  /** @throws AttestError `key-missing` */
  async mustList(key: PublicKey): Promise<void> {
    const { signers } = await this.keyring();
    if (!signers.some((entry) => entry.key.keyid === key.keyid)) throw this.#notListed(key, signers);
  }

  #notListed(key: PublicKey, signers: readonly KeyEntry[]): AttestError {
    const names = signers.map(({ name }) => name).join(", ");
    return new AttestError(
      "key-missing",
      `the registry ${this.about.origin} does not list ${key.keyid}; it lists ${names === "" ? "no signer" : names}`,
      "name another registry with --registry DIR, or write the notice alone with --output FILE",
    );
  }

  /**
   * Publishes in the order evidence, attestation, log entry: a crash leaves orphans, never a claim whose evidence is missing.
   * @throws AttestError `plan-answered`, `registry-changed`; `publish-unfinished` if the attestation was written but not entered; otherwise nothing is published
   */
  async publish(publication: Publication): Promise<void> {
    const [only] = await this.publishAll([publication]);
    if (only?.fault !== undefined) throw only.fault;
  }

  /** Readers never need it. */
  #publisher(): Promise<Publisher> {
    return (this.#publishing ??= import("./publisher.js").then(
      ({ Publisher }) =>
        new Publisher({
          store: this.store,
          origin: this.about.origin,
          engine: this.#engine,
          index: this.#index,
          log: this.log,
          keyring: () => this.keyring(),
        }),
    ));
  }

  /** Many, in the same order: see `Publisher`. */
  publishAll(publications: readonly Publication[], progress?: (done: number) => void): Promise<readonly Published[]> {
    return this.#publisher().then((publisher) => publisher.publish(publications, progress));
  }

  /** What a killed publisher had claimed to answer a plan: see `Publisher`. */
  finishAnswer(plan: string, keyids: readonly string[]): Promise<string | undefined> {
    return uninterrupted(async () => (await this.#publisher()).finishAnswer(plan, keyids));
  }

  /**
   * Enters published attestations that are not in the log yet, and completes the index. Harmless if nothing is missing.
   * @param own the user's own keys; other signers enter their own attestations
   * @returns the ids that were entered
   */
  async complete(own: readonly PublicKey[]): Promise<readonly string[]> {
    return await uninterrupted(async () => (await this.#publisher()).complete(own));
  }

  /** File names of the attestations, sorted. */
  names(): Promise<readonly string[]> {
    return this.#documents.names();
  }

  /**
   * Its notices about keys, signatures and documents, each file of them: for a reader, who decides what to believe. A mark can be missing, and
   * what a document says must not depend on it.
   */
  async notices(): Promise<NoticeSet> {
    return await this.#noticesIn((await this.names()).filter(isNotice).map(idIn));
  }

  /** Those with some actions by their marks: for a publisher, who asks before each publication. */
  async markedNotices(actions: readonly Action[]): Promise<NoticeSet> {
    if (!(await this.#index.isComplete())) return await this.notices();
    const ids = await this.#index.notices(actions);
    return await this.#noticesIn(ids.filter((id) => isNotice(`${id}.json`)));
  }

  async #noticesIn(ids: readonly string[]): Promise<NoticeSet> {
    return NoticeSet.read(await Promise.all(ids.map((id) => this.#documents.bytes(id))), this.#engine);
  }
}

const nameTaken = (name: string): AttestError =>
  new AttestError(
    "key-exists",
    `the registry lists ${name} for another key`,
    "sign with a key of another name: attest key new NAME, then --signer NAME",
  );
