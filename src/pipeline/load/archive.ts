/** Where the evidence of a document lies, by digest: in its registry, beside its file, or in its pack. */
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import type { ResultStatement } from "../../core/statement/statement.js";
import type { VerifyOptions } from "../../core/verify/options.js";
import { evidencePath } from "../../store/paths.js";
import type { FileDigest, Source } from "../../store/source.js";

export interface Archive {
  /** @throws AttestError `io`, `too-large`, `network` */
  read(sha256: string): Promise<Bytes | undefined>;
  /** Of a piece of any length: evidence may be too large for memory. @throws AttestError `io`, `network` */
  digest(sha256: string): Promise<FileDigest | undefined>;
}

export const archiveOf = (source: Source): Archive => ({
  read: (sha256) => source.read(evidencePath(sha256)),
  digest: (sha256) => source.digest(evidencePath(sha256)),
});

/** @param piece may throw, as `read` does */
export const archiveFrom = (piece: (sha256: string) => Bytes | undefined, engine: Engine): Archive => {
  const read = async (sha256: string): Promise<Bytes | undefined> => await Promise.resolve().then(() => piece(sha256));
  return { read, digest: async (sha256) => digestIn(await read(sha256), engine) };
};

const digestIn = (bytes: Bytes | undefined, engine: Engine): FileDigest | undefined =>
  bytes && { sha256: hex(engine.sha256(bytes)), size: bytes.length };

/** Larger pieces are only hashed. */
const MAX_CONVERTED = 16 * 1024 * 1024;

/** Reverses git's `core.autocrlf` conversion. */
const withLineFeeds = (bytes: Bytes): Bytes =>
  Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n"), "latin1");

type Archived = NonNullable<VerifyOptions["archived"]>;

/** Compares each piece that a statement names with the archive; `verify` then asks without waiting. */
export async function compared(
  archive: Archive,
  { predicate: { f3 } }: ResultStatement,
  engine: Engine,
): Promise<Archived> {
  const states = new Map<string, ReturnType<Archived>>();
  const name = (sha256: string, size: number): string => `${sha256} ${size}`;
  for (const { digest, size } of f3.evidence) {
    const { sha256 } = digest;
    if (sha256 === undefined || states.has(name(sha256, size))) continue;
    states.set(name(sha256, size), await stateOf(archive, sha256, size, engine));
  }
  return (sha256, size) => states.get(name(sha256, size)) ?? "missing";
}

async function stateOf(archive: Archive, sha256: string, size: number, engine: Engine): Promise<ReturnType<Archived>> {
  const found = await archive.digest(sha256);
  if (found === undefined) return "missing";
  if (found.size === size && found.sha256 === sha256) return "same";
  const bytes = found.size > MAX_CONVERTED ? undefined : await archive.read(sha256);
  return digestIn(bytes && withLineFeeds(bytes), engine)?.sha256 === sha256 ? "converted" : "changed";
}

/** The observations that a statement names, for `verify` to recompute its outcomes. */
export async function observationsIn(
  archive: Archive,
  { predicate: { f3 } }: ResultStatement,
): Promise<NonNullable<VerifyOptions["observations"]>> {
  const wanted = f3.evidence.flatMap(({ role, digest: { sha256 } }) => (role === "observations" ? (sha256 ?? []) : []));
  const found = new Map<string, Bytes | undefined>();
  for (const sha256 of wanted) found.set(sha256, await archive.read(sha256));
  return (sha256) => found.get(sha256);
}
