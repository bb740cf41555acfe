/**
 * What a publisher must find without reading everything that was ever published. Marks are empty files below `attestations/index`, named by
 * ids: each is written once, so that any number of writers agree.
 *
 *     complete                      every document has its marks; without it they are made anew
 *     answers/<plan>/<result>       a result that names the plan
 *     notices/<action>/<notice>
 *     unlogged/<id>                 written before its document, removed once the log has it
 *
 * Nothing is trusted because it is marked: a mark only says which document to read. No verification depends on it.
 */
import type { Bytes } from "../core/bytes.js";
import { orUndefined } from "../core/errors.js";
import { predicateOf } from "../core/statement/payload.js";
import { parseEnvelope } from "../core/statement/envelope.js";
import { NOTICE_ACTIONS, type Notice } from "../core/statement/notice.js";
import { answerIn } from "./answers.js";
import { ATTESTATIONS } from "./paths.js";
import type { Store } from "./store.js";

const INDEX = `${ATTESTATIONS}/index`;
const COMPLETE = `${INDEX}/complete`;
const UNLOGGED = `${INDEX}/unlogged`;
const EMPTY: Bytes = new Uint8Array();

export type Action = Notice["action"];

/** What the mark of a document is called. A document of an unknown kind needs none. */
function markOf(id: string, bytes: Bytes): string | undefined {
  const plan = orUndefined(() => answerIn(bytes))?.plan;
  if (plan !== undefined) return `${INDEX}/answers/plan_${plan.slice(0, 16)}/${id}`;
  if (!id.startsWith("note_")) return undefined;
  const action = predicateOf(orUndefined(() => parseEnvelope(bytes))?.payload ?? {})["action"];
  const known = NOTICE_ACTIONS.find((one) => one === action);
  return known && `${INDEX}/notices/${known}/${id}`;
}

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
  async complete(documents: AsyncIterable<{ readonly id: string; readonly bytes: Bytes }>): Promise<void> {
    for await (const { id, bytes } of documents) await this.add(id, bytes);
    await this.#store.create(COMPLETE, EMPTY);
    await this.#store.remove(`${ATTESTATIONS}/index.json`); // of an older version, which wrote it anew at each publication
    this.#complete = true;
  }

  /** Called before the document is written. */
  async add(id: string, bytes: Bytes): Promise<void> {
    const mark = markOf(id, bytes);
    if (mark !== undefined) await this.#store.create(mark, EMPTY);
  }

  /** Ids of results that name the plan. */
  answersTo(plan: string): Promise<readonly string[]> {
    return this.#store.list(`${INDEX}/answers/plan_${plan.slice(0, 16)}`);
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

  beforeLogging(id: string): Promise<void> {
    return this.#store.create(`${UNLOGGED}/${id}`, EMPTY);
  }

  logged(id: string): Promise<void> {
    return this.#store.remove(`${UNLOGGED}/${id}`);
  }
}
