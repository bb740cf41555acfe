/** The notices of one place. Each is read once and found by what it is about; each signature is verified once. */
import { hex, type Bytes } from "../bytes.js";
import type { Engine } from "../engine.js";
import { AttestError } from "../errors.js";
import { groupBy } from "../group-by.js";
import type { PublicKey } from "../keys/key.js";
import {
  message,
  namedTwice,
  parseEnvelope,
  PAYLOAD_TYPE,
  type Envelope,
  type Signature,
} from "../statement/envelope.js";
import { readNotice, type Notice } from "../statement/notice.js";

/** Ours have less than two thousand bytes. The limit keeps anyone's notice from keeping a verifier busy. */
export const MAX_NOTICE_BYTES = 16 * 1024;

type Action = Notice["action"];
export type NoticeOf<A extends Action> = Extract<Notice, { action: A }>;

export interface SignedNotice<N extends Notice = Notice> {
  readonly bytes: Bytes;
  readonly envelope: Envelope;
  /** SHA-256 of the payload. */
  readonly digest: string;
  readonly notice: N;
}

export class NoticeSet {
  /** In the order in which they were given. */
  readonly all: readonly SignedNotice[];
  readonly #engine: Engine;
  readonly #verified: WeakMap<Signature, boolean>;
  readonly #byAction: ReadonlyMap<Action, readonly SignedNotice[]>;
  readonly #concerning: ReadonlyMap<string, readonly SignedNotice[]>;
  readonly #receipts: ReadonlyMap<string, readonly SignedNotice<NoticeOf<"receipt">>[]>;

  private constructor(all: readonly SignedNotice[], engine: Engine, verified: WeakMap<Signature, boolean>) {
    this.all = all;
    this.#engine = engine;
    this.#verified = verified;
    this.#byAction = groupBy(all, ({ notice }) => [notice.action]);
    this.#concerning = groupBy(all, ({ notice }) => documentOf(notice));
    this.#receipts = groupBy(this.of("receipt"), ({ notice }) => [notice.signature]);
  }

  /**
   * Documents that are no notices are left out: their own verification reports them.
   * @example
   * const notices = NoticeSet.read([bytes], nobleEngine);
   * verify(document, { engine: nobleEngine, keys, now: new Date(), notices })
   */
  static read(documents: Iterable<Bytes>, engine: Engine): NoticeSet {
    return new NoticeSet(
      [...documents].flatMap((bytes) => read(bytes, engine)),
      engine,
      new WeakMap(),
    );
  }

  /** Several in one; a notice that is in several of them is in it once. */
  static join(sets: Iterable<NoticeSet>, engine: Engine): NoticeSet {
    return new NoticeSet([...new Set([...sets].flatMap(({ all }) => all))], engine, new WeakMap());
  }

  /** The same with further documents. */
  with(documents: readonly Bytes[]): NoticeSet {
    if (documents.length === 0) return this;
    const more = documents.flatMap((bytes) => read(bytes, this.#engine));
    return new NoticeSet([...this.all, ...more], this.#engine, this.#verified);
  }

  of<A extends Action>(action: A): readonly SignedNotice<NoticeOf<A>>[] {
    return (this.#byAction.get(action) ?? []) as readonly SignedNotice<NoticeOf<A>>[];
  }

  /** Those about the document with that payload digest, and receipts of its signatures. */
  concerning(digest: string): readonly SignedNotice[] {
    return this.#concerning.get(digest) ?? [];
  }

  /** @param signature SHA-256 of its 64 bytes */
  receiptsOf(signature: string): readonly SignedNotice<NoticeOf<"receipt">>[] {
    return this.#receipts.get(signature) ?? [];
  }

  /**
   * Whether the key made this signature. A signature that does not name the key does not count. One answer is kept for each signature: a
   * keyid is the digest of the key's bytes, so no other key can have it.
   */
  isBy(signature: Signature, { envelope }: SignedNotice, key: PublicKey): boolean {
    if (signature.keyid !== key.keyid) return false;
    const known = this.#verified.get(signature);
    if (known !== undefined) return known;
    const made = this.#engine.verify(key.bytes, message(envelope.payloadType, envelope.payloadBytes), signature.sig);
    this.#verified.set(signature, made);
    return made;
  }

  /** The key's own signature, if it is good. */
  signatureBy(key: PublicKey, one: SignedNotice): Bytes | undefined {
    const found = one.envelope.signatures.find(({ keyid }) => keyid === key.keyid);
    return found !== undefined && this.isBy(found, one, key) ? found.sig : undefined;
  }
}

function read(bytes: Bytes, engine: Engine): SignedNotice[] {
  if (bytes.length > MAX_NOTICE_BYTES) return [];
  try {
    const envelope = parseEnvelope(bytes);
    if (envelope.payloadType !== PAYLOAD_TYPE || namedTwice(envelope) !== undefined) return [];
    const found = readNotice(envelope.payload, engine);
    if ("fault" in found) return [];
    return [{ bytes, envelope, digest: hex(engine.sha256(envelope.payloadBytes)), notice: found.notice }];
  } catch (error) {
    if (error instanceof AttestError) return [];
    throw error;
  }
}

const documentOf = (notice: Notice): readonly string[] =>
  notice.action === "receipt" ? [notice.payload] : "about" in notice ? [notice.about] : [];
