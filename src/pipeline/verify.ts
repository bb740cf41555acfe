/** What a stranger does: take files, folders or addresses, find keys for them, and verify. Nothing here can give trust away. */
import { basename, dirname, join, resolve } from "node:path";
import { fromUtf8, hex, utf8, type Bytes } from "../core/bytes.js";
import type { Engine } from "../core/engine.js";
import { parseEnvelope, type Envelope } from "../core/envelope.js";
import { AttestError } from "../core/errors.js";
import { isObject, MAX_BYTES, parseJson, type Json } from "../core/json.js";
import { parseKey } from "../core/key.js";
import { parseKeyring, type Keyring } from "../core/keyring.js";
import type { Policy } from "../core/policy.js";
import type { Report } from "../core/report.js";
import { historyOf, MAX_NOTICES, type History } from "../core/lifecycle.js";
import { knownFrom, type Known } from "../core/signatures.js";
import { verify, type VerifyOptions } from "../core/verify.js";
import { parseSkin } from "../formats/skins.js";
import type { Keystore } from "../keystore/keystore.js";
import { isFolder, read } from "../node/files.js";
import { Directory } from "../store/directory.js";
import { fetchBytes } from "../store/http.js";
import { ATTESTATIONS, evidencePath, INDEX, isNotice, KEYRING, Registry, REGISTRY_FILE } from "../store/registry.js";
import { readBeside } from "./evidence.js";
import { rawIn } from "./raw.js";

export interface VerifyRequest {
  /** Files, registry folders, http(s) addresses. */
  readonly targets: readonly string[];
  /** The bytes for the target `-`. */
  readonly stdin?: () => Promise<Bytes>;
  /** Public key lines or files of them, from the user. */
  readonly keys: readonly string[];
  readonly keyrings: readonly string[];
  /** Files with notices that the registry at hand need not have: receipts, hand-overs, revocations. */
  readonly notices?: readonly string[];
  readonly keystore: Keystore | undefined;
  readonly engine: Engine;
  readonly now: Date;
  /** Compute every outcome that has a criterion from the archived observations again. */
  readonly recompute?: boolean;
  readonly policy?: Policy | undefined;
}

/** As the user named it, or the path below the folder that the user named; with a report, or with why there is none. */
export type Verified = { readonly target: string } & ({ readonly report: Report } | { readonly fault: AttestError });

export interface Document {
  readonly target: string;
  readonly bytes: Bytes;
  /** How its skin is read: in a registry it is the readable one or DSSE, elsewhere any. */
  readonly parse: (bytes: Bytes) => Envelope;
  readonly fileName?: string;
  readonly named: boolean;
  /** A notice among the attestations of a folder. */
  readonly passedOver?: boolean;
  readonly site?: Site | undefined;
  readonly archive?: (sha256: string) => Bytes | undefined;
}

/** What serves a document says of its own keys; one object for all that it serves. */
interface Site {
  readonly keyring: Keyring | undefined;
  readonly notices: readonly Bytes[];
}

/**
 * One answer for each document; what cannot be read at all (`file-missing`, `registry-missing`, `network`, `no-attestations`) does not
 * keep the others from being verified. @throws AttestError for the user's own keys: `key-format`, `keyring-format`, `file-missing`
 */
export async function verifyAll(request: VerifyRequest): Promise<Verified[]> {
  const yours = keysOf(request);
  const notices = (request.notices ?? []).map((path) => required(path, "a notice"));
  const histories = new Map<Site | undefined, History>();
  const historyFor = (site: Site | undefined): History => {
    const listed = site?.keyring === undefined ? [] : knownFrom(site.keyring, "site", "the registry's own keyring");
    const known =
      histories.get(site) ?? historyOf([...notices, ...(site?.notices ?? [])], [...yours, ...listed], request.engine);
    histories.set(site, known);
    return known;
  };
  const verified: Verified[] = [];
  for (const target of request.targets) {
    try {
      for (const document of await documents(target, request))
        verified.push(...effective(document, verifyOne(document, historyFor(document.site), request)));
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      verified.push({ target, fault: error });
    }
  }
  return verified;
}

/** Anybody's notice may lie in a registry; one by a key that nobody here knows has no effect, and is no fault of the rest. */
const effective = ({ passedOver }: Document, verified: Verified): Verified[] =>
  passedOver === true && "report" in verified && [3, 4].includes(verified.report.exit) ? [] : [verified];

function verifyOne(
  { target, bytes, ...document }: Document,
  { keys, seen }: History,
  { engine, now, recompute, policy }: VerifyRequest,
): Verified {
  const { archive } = document;
  const report = verify(bytes, {
    engine,
    now,
    parse: document.parse,
    keys,
    seen,
    fileName: document.fileName,
    named: document.named,
    ...(archive && { archived: stateIn(archive, engine) }),
    // A registry's notices are no tests that a gate could ask something of.
    ...(policy && !document.passedOver && { policy }),
    ...(recompute && { observations: archive ?? (() => undefined) }),
  });
  return { target, report };
}

const stateIn =
  (archive: (sha256: string) => Bytes | undefined, engine: Engine): NonNullable<VerifyOptions["archived"]> =>
  (sha256, size) => {
    const bytes = archive(sha256);
    if (bytes === undefined) return "missing";
    return bytes.length === size && hex(engine.sha256(bytes)) === sha256 ? "same" : "changed";
  };

/** Keys from `--key`, `--keyring` and the user's keystore: all of them given by the user, none by the document. */
export function keysOf({
  keys,
  keyrings,
  keystore,
  engine,
}: Pick<VerifyRequest, "keys" | "keyrings" | "keystore" | "engine">): Known[] {
  const given = keys.map((text): Known => ({ key: parseKey(keyLine(text), engine), by: "you", source: "--key" }));
  const listed = keyrings.flatMap((path) => {
    const keyring = parseKeyring(required(path, "a keyring"), engine);
    if (keyring.signers.length === 0) {
      throw new AttestError(
        "no-attestations",
        `expected signers in the keyring ${path}, found none`,
        "an empty keyring confirms nothing",
      );
    }
    return knownFrom(keyring, "you", `--keyring ${path}`);
  });
  const own = (keystore?.list() ?? []).map(({ name, key }): Known => ({
    key,
    by: "you",
    source: `your keystore, ${name}`,
    name,
  }));
  return [...given, ...listed, ...own];
}

/** What is plainly no path is taken for the line itself: it could be a secret, which no message may repeat. */
export const keyLine = (text: string): string =>
  /[\r\n]|PRIVATE KEY|SECRET-KEY|^\s*(?:ssh|ecdsa|sk)-\S+\s/.test(text) || text.length > 1000
    ? text
    : fromUtf8(required(text, "a public key line, or a file with one"));

function required(path: string, what: string): Bytes {
  const bytes = isFolder(path) ? undefined : read(path, { limit: MAX_BYTES });
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `expected ${what}, found no file ${path}`,
      "check the path; a key may also be given as the line itself, in quotes",
    );
  }
  return bytes;
}

/** What a target names: one document, or all those of a registry. Throws `AttestError` where there is none to be read. */
export async function documents(
  target: string,
  { engine, stdin }: Pick<VerifyRequest, "engine" | "stdin">,
): Promise<Document[]> {
  if (target === "-") return [{ target, bytes: (await stdin?.()) ?? utf8(""), parse: parseSkin, named: false }];
  if (/^https?:/i.test(target)) return [await fromAddress(target, engine)];
  if (!isFolder(target)) return [await fromFile(target, engine)];
  const raw = rawIn(target, engine);
  if (raw === undefined) return await fromFolder(target, engine);
  return [{ target, ...raw, named: false, archive: (sha256) => readBeside(target, sha256) }];
}

async function fromFolder(folder: string, engine: Engine): Promise<Document[]> {
  const registry = await Registry.open(new Directory(folder), engine);
  const names = await registry.names();
  if (names.every(isNotice)) {
    throw new AttestError(
      "no-attestations",
      `expected attestations in ${join(folder, ATTESTATIONS)}, found none`,
      "nothing was checked, which is not a pass",
    );
  }
  const site = await siteOf(registry);
  return names.map((name) => ({ ...inRegistry(folder, name, site), passedOver: isNotice(name) }));
}

/**
 * A file belongs to a registry only when it lies in that registry's own folder of attestations: a registry found anywhere above it
 * could have been planted there, to hide a revocation or to invent one.
 */
async function fromFile(path: string, engine: Engine): Promise<Document> {
  const folder = dirname(resolve(path));
  const root = dirname(folder);
  if (basename(folder) === ATTESTATIONS && read(join(root, REGISTRY_FILE)) !== undefined) {
    const registry = await Registry.open(new Directory(root), engine);
    return { ...inRegistry(root, basename(path), await siteOf(registry)), target: path };
  }
  return {
    target: path,
    bytes: document(path),
    parse: parseSkin,
    fileName: basename(path),
    named: false,
    archive: (sha256) => readBeside(path, sha256),
  };
}

const siteOf = async (registry: Registry): Promise<Site> => ({
  keyring: await registry.keyring(),
  notices: await registry.notices(),
});

function inRegistry(root: string, fileName: string, site: Site): Document {
  const store = new Directory(root);
  const target = join(root, ATTESTATIONS, fileName);
  return {
    target,
    bytes: document(target),
    parse: parseEnvelope,
    fileName,
    named: true,
    site,
    archive: (sha256) => store.readNow(evidencePath(sha256)),
  };
}

function document(path: string): Bytes {
  const bytes = read(path, { limit: MAX_BYTES });
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `expected an attestation, found no file ${path}`,
      "check the path; to verify a whole registry, name its folder",
    );
  }
  return bytes;
}

/** A registry's address is what stands before `/attestations/`; its keyring is what the site says of itself, and no more. */
async function fromAddress(address: string, engine: Engine): Promise<Document> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const fileName = url === undefined ? undefined : lastPart(url.pathname);
  if (url === undefined || url.host === "" || fileName === undefined) {
    throw new AttestError(
      "usage",
      `expected an http(s) address, found ${JSON.stringify(address)}`,
      "an address ends in /attestations/<id>.json",
    );
  }
  const bytes = await fetchBytes(url);
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `expected an attestation at ${address}, found nothing there`,
      "check the address: it ends in /attestations/<id>.json",
    );
  }
  const at = url.pathname.lastIndexOf(`/${ATTESTATIONS}/`);
  if (at < 0) return { target: address, bytes, parse: parseSkin, fileName, named: false };
  const beside = (path: string): Promise<Bytes | undefined> => {
    const other = new URL(url);
    other.pathname = `${url.pathname.slice(0, at)}/${path}`; // set, not resolved: a path that begins with // names another host
    other.search = "";
    return fetchBytes(other);
  };
  const keyring = await beside(KEYRING);
  const notices: Bytes[] = [];
  for (const path of noticesIn(await beside(INDEX))) notices.push((await beside(path)) ?? utf8(""));
  const site = { keyring: keyring && parseKeyring(keyring, engine), notices };
  return { target: address, bytes, parse: parseEnvelope, fileName, named: true, site };
}

/** The index is not to be trusted, and need not be: a notice counts by its signatures, and one that is kept back could be kept back anyhow. */
function noticesIn(index: Bytes | undefined): string[] {
  try {
    const rows = index === undefined ? [] : parseJson(index);
    const paths = Array.isArray(rows) ? rows.map((row: Json) => (isObject(row) ? row["path"] : undefined)) : [];
    return paths
      .filter((path) => typeof path === "string")
      .filter((path) => path.startsWith(`${ATTESTATIONS}/`) && isNotice(path.slice(ATTESTATIONS.length + 1)))
      .slice(0, MAX_NOTICES);
  } catch (error) {
    if (error instanceof AttestError) return [];
    throw error;
  }
}

function lastPart(path: string): string | undefined {
  try {
    return decodeURIComponent(basename(path));
  } catch {
    return undefined;
  }
}
