/** Captures evidence from elsewhere and adds it to an unsigned statement: its bytes, and their description. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Fetcher } from "../../audit/fetcher.js";
import { hex, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { AttestError } from "../../core/errors.js";
import { isObject, parseJson, readable, type Json, type JsonObject } from "../../core/json.js";
import { readStatement, type EvidenceRef } from "../../core/statement/statement.js";
import { replace } from "../../node/files.js";
import { owned, read } from "../../node/reading.js";
import { ioError } from "../../node/faults.js";
import { withLock } from "../../node/lock.js";
import { writeBeside } from "../load/evidence-folder.js";

export interface CapturedEvidence {
  readonly piece: EvidenceRef;
  readonly bytes: Bytes;
}

/** The user's description; missing parts are derived from the piece itself. */
export interface EvidenceNaming {
  readonly role: string;
  readonly name?: string | undefined;
  readonly mediaType?: string | undefined;
}

/** A longer header describes nothing useful, and a statement has little room. */
const MAX_HEADER = 500;

export const isAddress = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * Dated by the server's header, else by the time of capture.
 * @throws AttestError `address-refused`, `network`
 */
export async function captureAddress(
  address: string,
  { role, name, mediaType }: EvidenceNaming,
  fetcher: Pick<Fetcher, "get">,
  engine: Engine,
): Promise<CapturedEvidence> {
  const got = await fetcher.get(address);
  if (got.kind !== "arrived") throw notCaptured(address, got.kind, got.why);
  const { bytes, hops } = got;
  const now = new Date();
  const headers = Object.fromEntries(Object.entries(got.headers).filter(([, value]) => value.length <= MAX_HEADER));
  const declared = Date.parse(headers["last-modified"] ?? "");
  const source =
    declared <= now.getTime()
      ? { sourceDate: new Date(declared).toISOString(), sourceDateKind: "declared" as const }
      : { sourceDate: now.toISOString(), sourceDateKind: "observed" as const };
  const type = mediaType ?? headers["content-type"];
  const piece: EvidenceRef = {
    name: name ?? nameIn(new URL(address)),
    uri: address,
    role,
    digest: { sha256: hex(engine.sha256(bytes)) },
    size: bytes.length,
    ...source,
    ...(type !== undefined && { mediaType: type }),
    annotations: {
      capturedAt: now.toISOString(),
      status: 200,
      headers,
      ...(hops.length > 0 && { hops: hops.map(({ url, status }) => ({ url: withoutQuery(url), status })) }),
    },
  };
  return { piece, bytes };
}

/** Removes the query: a redirect may have added a token, and the statement is public. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** The last part of a path, in its original spelling. */
const nameIn = ({ pathname, hostname }: URL): string => pathname.split("/").findLast((part) => part !== "") ?? hostname;

function notCaptured(address: string, kind: "gone" | "blocked" | "failed", why: string): AttestError {
  const shown = URL.canParse(address) ? new URL(address).host : address; // the rest may contain a password
  if (kind !== "blocked") return new AttestError("network", `could not capture what ${shown} has: ${why}`);
  return new AttestError(
    "address-refused",
    `could not capture what ${shown} has: ${why}`,
    "to allow a server of your own: --allow HOST:PORT",
  );
}

/** @throws AttestError `file-missing`, `io`, `too-large` */
export function captureFile(path: string, { role, name, mediaType }: EvidenceNaming, engine: Engine): CapturedEvidence {
  const bytes = read(path);
  if (bytes === undefined) throw new AttestError("file-missing", `no such file: ${path}`);
  const piece: EvidenceRef = {
    name: name ?? basename(path),
    role,
    digest: { sha256: hex(engine.sha256(bytes)) },
    size: bytes.length,
    sourceDate: statSync(path).mtime.toISOString(),
    sourceDateKind: "file-mtime",
    ...(mediaType !== undefined && { mediaType }),
    annotations: { capturedAt: new Date().toISOString() },
  };
  return { piece, bytes };
}

/** @throws AttestError `scenario-statement` if it cannot be signed as it is, or was signed already */
export function refuseSigned(file: string): void {
  unsignedIn(file);
}

/**
 * Writes the bytes beside the file, then adds them to its statement. Skips pieces that it already names.
 * @returns the new ones
 */
export async function attach(
  file: string,
  captured: readonly CapturedEvidence[],
): Promise<readonly CapturedEvidence[]> {
  const path = realpathSync(file);
  return await withLock(path, (lock) => {
    const { statement, predicate, f3, evidence } = unsignedIn(path);
    const known = new Set(evidence.map(identity));
    const added = captured.filter(({ piece }) => known.size < known.add(identity(piece)).size);
    if (added.length === 0) return added;
    const more = [...(f3["evidence"] as Json[]), ...added.map(({ piece }) => piece as Json)];
    const changed = { ...statement, predicate: { ...predicate, f3: { ...f3, evidence: more } } };
    complete(changed, path);
    writeBeside(file, new Map(added.map(({ piece, bytes }) => [piece.digest.sha256 ?? "", bytes])));
    replace(path, readable(changed), statSync(path).mode & 0o777, () => {
      if (!lock.isMine())
        throw new AttestError("locked", `another process changed ${file} meanwhile; run the same command again`);
    });
    return added;
  });
}

const identity = ({ digest: { sha256 = "" }, uri = "" }: EvidenceRef): string => `${sha256} ${uri}`;

interface Unsigned {
  readonly statement: JsonObject;
  readonly predicate: JsonObject;
  readonly f3: JsonObject;
  readonly evidence: readonly EvidenceRef[];
}

function unsignedIn(file: string): Unsigned {
  const statement = parseJson(bytesOf(file));
  const predicate = isObject(statement) ? statement["predicate"] : undefined;
  const f3 = isObject(predicate) ? predicate["f3"] : undefined;
  const signed = (isObject(statement) && "signatures" in statement) || (isObject(f3) && "signedAt" in f3);
  if (!isObject(statement) || !isObject(predicate) || !isObject(f3) || signed)
    throw new AttestError(
      "scenario-statement",
      `expected an unsigned statement in ${file}, found ${signed ? "one that is signed" : "something else"}`,
      "attest run --unsigned --output FILE writes one; evidence is added before it is signed",
    );
  return { statement, predicate, f3, evidence: complete(statement, file) };
}

/** Adds the one member that signing adds. */
function complete(unsigned: JsonObject, file: string): readonly EvidenceRef[] {
  const predicate = unsigned["predicate"] as JsonObject;
  const f3 = { ...(predicate["f3"] as JsonObject), signedAt: "2026-01-01T00:00:00Z" };
  const found = readStatement({ ...unsigned, predicate: { ...predicate, f3 } });
  if ("statement" in found) return found.statement.predicate.f3.evidence;
  throw new AttestError("scenario-statement", `expected a complete statement in ${file}; ${found.fault}`);
}

function bytesOf(file: string): Bytes {
  try {
    return owned(readFileSync(file));
  } catch (error) {
    throw ioError("read", file, error);
  }
}
