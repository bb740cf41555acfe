/**
 * What a publisher must find without reading everything that was ever published. Marks are files below `attestations/index`, named by ids:
 * each is written once, so that any number of writers agree. All but the claims are empty.
 *
 *     complete                      every document has its marks; without it they are made anew
 *     answers/<plan>/<result>       a result that names the plan
 *     claims/<plan>/<key>           the one result by that key that answers the plan, whole, after its evidence
 *     notices/<action>/<notice>
 *     unlogged/<id>                 written before its document, removed once the log has it
 *
 * Nothing is trusted because it is marked: a mark only says which document to read. No verification depends on it.
 */
import type { Bytes } from "../core/bytes.js";
import { AttestError, orUndefined } from "../core/errors.js";
import { predicateOf } from "../core/statement/payload.js";
import { parseEnvelope, type Envelope } from "../core/statement/envelope.js";
import { NOTICE_ACTIONS, type Notice } from "../core/statement/notice.js";
import { answerIn } from "./answers.js";
import type { Document } from "./documents.js";
import { ATTESTATIONS } from "./paths.js";
import type { Store } from "./store.js";

const INDEX = `${ATTESTATIONS}/index`;
const COMPLETE = `${INDEX}/complete`;
const UNLOGGED = `${INDEX}/unlogged`;
const EMPTY: Bytes = new Uint8Array();

export type Action = Notice["action"];

/** The same document again may cost nothing. */
export type Parse = (bytes: Bytes) => Envelope;

/** What the mark of a document is called. A document of an unknown kind needs none. */
function markOf({ id, bytes }: Document, parse: Parse): string | undefined {
  const envelope = orUndefined(() => parse(bytes));
  const plan = envelope && answerIn(envelope)?.plan;
  if (plan !== undefined) return `${INDEX}/answers/plan_${plan.slice(0, 16)}/${id}`;
  if (!id.startsWith("note_")) return undefined;
  const action = predicateOf(envelope?.payload ?? {})["action"];
  const known = NOTICE_ACTIONS.find((one) => one === action);
  return known && `${INDEX}/notices/${known}/${id}`;
}

/** The key by its digest, in the alphabet for names (RFC 4648 section 5). */
export const claimPath = (plan: string, keyid: string): string =>
  `${INDEX}/claims/plan_${plan.slice(0, 16)}/${keyid.replace("SHA256:", "").replaceAll("+", "-").replaceAll("/", "_")}.json`;

export class RegistryIndex {
  readonly #store: Store;
  #complete = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether it covers every document. */
  async isComplete(): Promise<boolean> {
    this.#complete ||= (await this.#store.read(COMPLETE)) !== undefined;
    return this.#complete;
  }

  /** Marks documents that are there already. Harmless if nothing is missing. */
  async complete(documents: AsyncIterable<Document>): Promise<void> {
    const marks: string[] = [];
    for await (const document of documents) {
      const mark = markOf(document, parseEnvelope);
      if (mark !== undefined) marks.push(mark);
    }
    await this.#mark(marks);
    await this.#store.create(COMPLETE, EMPTY);
    await this.#store.remove(`${ATTESTATIONS}/index.json`); // of an older version, which wrote it anew at each publication
    this.#complete = true;
  }

  /**
   * Called before the documents are written.
   * @param unlogged ids of those that the log is to have
   */
  async add(documents: readonly Document[], unlogged: readonly string[], parse: Parse): Promise<void> {
    await this.#mark([
      ...documents.flatMap((document) => markOf(document, parse) ?? []),
      ...unlogged.map((id) => `${UNLOGGED}/${id}`),
    ]);
  }

  async #mark(marks: readonly string[]): Promise<void> {
    await this.#store.createEach(new Map(marks.map((mark) => [mark, EMPTY])));
  }

  /** Ids of results that name the plan. */
  answersTo(plan: string): Promise<readonly string[]> {
    return this.#store.list(`${INDEX}/answers/plan_${plan.slice(0, 16)}`);
  }

  /**
   * Claims that this result answers the plan, before it is written: of any number of publishers, one is first. A later one finds the
   * whole result, and can finish what its publisher began.
   * @returns the bytes of the result that came before
   */
  async claim(plan: string, keyid: string, result: Bytes): Promise<Bytes | undefined> {
    try {
      await this.#store.create(claimPath(plan, keyid), result);
      return undefined;
    } catch (error) {
      if (error instanceof AttestError && error.code === "file-exists") return await this.claimed(plan, keyid);
      throw error;
    }
  }

  /** The result that was claimed to answer the plan; undefined if none was. Unverified. */
  claimed(plan: string, keyid: string): Promise<Bytes | undefined> {
    return this.#store.read(claimPath(plan, keyid));
  }

  /** Ids of the notices with these actions. */
  async notices(actions: readonly Action[]): Promise<readonly string[]> {
    const lists = await Promise.all(actions.map((action) => this.#store.list(`${INDEX}/notices/${action}`)));
    return lists.flat();
  }

  /** Ids of documents that may lack their entries: of a publisher who was killed, or is at work. */
  unlogged(): Promise<readonly string[]> {
    return this.#store.list(UNLOGGED);
  }

  logged(ids: readonly string[]): Promise<void> {
    return this.#store.remove(...ids.map((id) => `${UNLOGGED}/${id}`));
  }
}
