/** What is to be published: what of it is refused before anything is written, and how much is written together. */
import { equal, type Bytes } from "../core/bytes.js";
import { AttestError, orFault } from "../core/errors.js";
import type { Envelope } from "../core/statement/envelope.js";
import { answerIn, refuseSecondAnswer } from "./answers.js";
import { attestationPath, evidencePath } from "./paths.js";

export interface Publication {
  readonly id: string;
  readonly bytes: Bytes;
  /** Key: lowercase SHA-256. */
  readonly evidence: ReadonlyMap<string, Bytes>;
}

/** What became of a publication: it is published and entered in the log, or why not. */
export interface Published {
  readonly id: string;
  /** `publish-unfinished` if it is there and not in the log; with any other code it was not published. */
  readonly fault?: AttestError;
}

export interface Before {
  /** Parses a document; the same one again at no cost. */
  readonly parse: (bytes: Bytes) => Envelope;
  /** Ids of published results that name the plan. */
  readonly answersTo: (plan: string) => Promise<readonly string[]>;
  /** A published document; empty if there is none. */
  readonly file: (id: string) => Promise<Bytes>;
}

/** The fault of each that cannot be published beside what is there, or beside those before it. */
export async function refusals(
  publications: readonly Publication[],
  { parse, answersTo, file }: Before,
): Promise<ReadonlyMap<Publication, AttestError>> {
  const refused = new Map<Publication, AttestError>();
  const documents = new Map<string, Bytes>();
  const answers = new Map<string, string[]>(); // ids of results, by plan
  const pieces = new Map<string, Bytes>();
  const document = async (id: string): Promise<Bytes> => documents.get(id) ?? (await file(id));
  const refusal = async ({ id, bytes, evidence }: Publication): Promise<undefined> => {
    const there = await document(id);
    if (there.length > 0 && !same(there, bytes)) throw exists(attestationPath(id));
    for (const [sha256, piece] of evidence)
      if (!same(pieces.get(sha256) ?? piece, piece)) throw exists(evidencePath(sha256));
    const answer = answerIn(parse(bytes));
    if (answer !== undefined) {
      const before = answers.get(answer.plan) ?? [];
      const others = [...new Set([...(await answersTo(answer.plan)), ...before])].filter((other) => other !== id);
      await refuseSecondAnswer(answer, others, document);
      answers.set(answer.plan, [...before, id]);
    }
    documents.set(id, bytes);
    for (const [sha256, piece] of evidence) pieces.set(sha256, piece);
    return undefined;
  };
  for (const publication of publications) {
    const fault = await orFault(() => refusal(publication));
    if (fault !== undefined) refused.set(publication, fault);
  }
  return refused;
}

const same = (one: Bytes, other: Bytes): boolean => one === other || equal(one, other);

const exists = (path: string): AttestError =>
  new AttestError("file-exists", `${path} exists already, with other bytes`, "nothing was overwritten");

/** A signal waits for the end of what is written together, and other writers for its log entries. */
const MAX_DOCUMENTS = 256;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * In their order. Nothing keeps an order among documents that are written together, so they are of one kind: a plan is public before the
 * result that names it, and a result before what is said about it.
 */
export function* groupsOf(publications: readonly Publication[]): Generator<readonly Publication[]> {
  let group: Publication[] = [];
  let size = 0;
  for (const one of publications) {
    const more = [...one.evidence.values()].reduce((sum, { length }) => sum + length, one.bytes.length);
    const full = group.length === MAX_DOCUMENTS || size + more > MAX_BYTES || kindOf(group[0] ?? one) !== kindOf(one);
    if (group.length > 0 && full) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(one);
    size += more;
  }
  if (group.length > 0) yield group;
}

const kindOf = ({ id }: Publication): string => id.replace(/_.*$/, "");
