/** Checks every reference of a statement in each possible place: archive, address, clone, folder, other attestations. */
import { basename } from "node:path";
import { lookAtFetched, lookAtCopy, seen, type LocalCopy } from "../../core/audit/drift.js";
import type { Fetched } from "../../core/audit/fetched.js";
import { referencesOf, type Look, type Reference } from "../../core/audit/reference.js";
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import { archiveOf } from "../load/archive.js";
import type { Document } from "../load/load.js";
import type { LocalFiles } from "./local-files.js";

/** Fetches addresses; absent in an offline audit. */
export interface Fetches {
  get(url: string, options?: { readonly limit?: number }): Promise<Fetched>;
}

export interface Clone {
  /** Whether the auditor named this clone. */
  readonly named: boolean;
  /** Whether it has that object, complete. */
  has(object: "commit" | "tree" | "blob", id: string): Promise<"same" | "changed" | "gone" | "not-checked">;
}

export interface Resolvers {
  readonly engine: Engine;
  readonly fetcher?: Fetches | undefined;
  readonly clone?: Clone | undefined;
  /** Where to look for files that a statement names without an address. */
  readonly files?: LocalFiles | undefined;
}

/** Larger files are only hashed; a change in them is reported without its position. */
const MAX_HELD = 16 * 1024 * 1024;

interface Held extends LocalCopy {
  /** The bytes; undefined if there are too many to hold in memory. */
  readonly read: () => Promise<Bytes | undefined>;
}

/** Without other attestations: the known ones are complete only after all were read. */
export async function resolveReferences(
  statement: ResultStatement,
  document: Document,
  surroundings: Resolvers,
): Promise<Look[]> {
  const copies = new Map<string, Held | undefined>();
  const references = referencesOf(statement);
  const looks: Look[] = [];
  const addresses: { readonly at: number; readonly reference: Reference }[] = [];
  for (const reference of references) {
    const { place } = reference;
    if (place.kind === "archive") {
      const held = await archived(reference, document);
      if (held instanceof AttestError) looks.push(seen(reference, "not-checked", held.message));
      else {
        copies.set(reference.pointer, held);
        looks.push(lookAtCopy(reference, held));
      }
    } else if (place.kind === "address")
      addresses.push({ at: looks.push(seen(reference, "not-checked", "")) - 1, reference });
    else if (place.kind === "git") looks.push(await inClone(reference, surroundings.clone));
    else if (place.kind === "file") looks.push(inFolder(reference, surroundings.files));
  }
  const left = addresses.entries();
  const work = async (): Promise<void> => {
    for (const [number, { at, reference }] of left) looks[at] = await fetched(reference, number, copies, surroundings);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return looks;
}

/** Simultaneous requests per statement; each answer is reduced to a state before the next request. */
const AT_ONCE = 4;
/** Limit per statement: its author may want to flood other servers. */
const MAX_ADDRESSES = 200;
/** Allowed excess over the signed size. */
const MAX_GROWTH = 1024 * 1024;
const MAX_UNSIZED = 16 * 1024 * 1024;

/** A failure, such as a folder in place of the file or an address that does not answer, affects this piece only. */
async function archived({ sha256 }: Reference, { archive, site }: Document): Promise<Held | AttestError | undefined> {
  if (sha256 === undefined) return undefined;
  try {
    const place = archive ?? (site.registry && archiveOf(site.registry.source));
    const found = await place?.digest(sha256);
    if (found === undefined) return undefined;
    return { ...found, read: async () => (found.size > MAX_HELD ? undefined : await place?.read(sha256)) };
  } catch (error) {
    if (error instanceof AttestError) return error;
    throw error;
  }
}

async function fetched(
  reference: Reference,
  number: number,
  copies: ReadonlyMap<string, Held | undefined>,
  { fetcher, engine }: Resolvers,
): Promise<Look> {
  const { place, size } = reference;
  if (place.kind !== "address") return seen(reference, "not-checked", "");
  if (fetcher === undefined) return seen(reference, "not-checked", "offline: no address was asked");
  if (number >= MAX_ADDRESSES)
    return seen(reference, "not-checked", `not asked: the statement has more than ${MAX_ADDRESSES} addresses`);
  const limit = size === undefined ? MAX_UNSIZED : size * 2 + MAX_GROWTH;
  const answer = await fetcher.get(place.url, { limit });
  const copy = copies.get(reference.pointer);
  const good = copy !== undefined && copy.sha256 === reference.sha256 ? await copy.read() : undefined;
  return lookAtFetched(reference, answer, good, engine);
}

async function inClone(reference: Reference, clone: Clone | undefined): Promise<Look> {
  if (reference.place.kind !== "git") return seen(reference, "not-checked", "");
  const { object, id, url } = reference.place;
  const from = url === undefined ? "" : ` of ${url}`;
  if (clone === undefined)
    return seen(reference, "not-checked", `no clone${from} is available for the ${object} ${id}`);
  const state = await clone.has(object, id);
  if (state === "same") return seen(reference, state, "");
  // The clone around a registry may not be of the tested project.
  if (state === "not-checked" || (state === "gone" && !clone.named))
    return seen(reference, "not-checked", `the available clone has no ${object} ${id}, and may be of another project`);
  return seen(reference, state, `the clone has ${state === "gone" ? "no" : "another"} ${object} ${id}`);
}

function inFolder(reference: Reference, files: LocalFiles | undefined): Look {
  if (files === undefined) return seen(reference, "not-checked", "no folder is available for the file");
  const { name, sha256 = "" } = reference;
  const named = files.named(basename(name));
  if (named.some((path) => files.digest(path) === sha256)) return seen(reference, "same", "");
  const elsewhere = files.holding(sha256);
  if (elsewhere !== undefined) return seen(reference, "moved", `now ${elsewhere}`);
  const [other] = named;
  return other === undefined
    ? seen(reference, "gone", `there is no such file in ${files.folder}`)
    : seen(reference, "changed", `${other} has SHA-256 ${files.digest(other) ?? "that cannot be read"}`);
}

export const resolveAttestation = (reference: Reference, known: ReadonlySet<string>): Look =>
  known.has(reference.sha256 ?? "")
    ? seen(reference, "same", "")
    : seen(reference, "not-checked", "no known document has that digest");

/** The bytes of an unchanged piece, to read its content; undefined for others and for those that are too long. */
export async function pieceOf(
  { digest: { sha256 }, size }: { readonly digest: { readonly sha256?: string | undefined }; readonly size: number },
  { archive, site }: Document,
  engine: Engine,
  limit: number,
): Promise<Bytes | undefined> {
  if (sha256 === undefined || size > limit) return undefined;
  try {
    const place = archive ?? (site.registry && archiveOf(site.registry.source));
    const bytes = await place?.read(sha256);
    return bytes?.length === size && hex(engine.sha256(bytes)) === sha256 ? bytes : undefined;
  } catch (error) {
    if (error instanceof AttestError) return undefined; // reported where it is checked
    throw error;
  }
}
