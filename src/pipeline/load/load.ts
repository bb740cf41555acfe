/** Loads the documents that a user names (files, registries, addresses), each with what its place says about its keys. */
import { basename, dirname, join, resolve } from "node:path";
import { utf8, type Bytes } from "../../core/bytes.js";
import type { Engine } from "../../core/engine.js";
import { parseEnvelope, parseOnce, type Envelope } from "../../core/statement/envelope.js";
import { AttestError, orUndefined } from "../../core/errors.js";
import { MAX_BYTES } from "../../core/json.js";
import { parseKeyring, type Keyring, type NoteEntry } from "../../core/keys/keyring.js";
import { NoticeSet } from "../../core/verify/notice-set.js";
import { hostOf } from "../../core/origin.js";
import { logNamed } from "../../core/statement/payload.js";
import type { Pack } from "../../formats/pack.js";
import { isPage, MAX_PACK, PAGE_HEAD } from "../../formats/page.js";
import { parseAnyEnvelope } from "../../formats/envelope-formats.js";
import { isFolder } from "../../node/files.js";
import { read, startOf } from "../../node/reading.js";
import { baseOf, HttpSource } from "../../store/http-source.js";
import { fetchBytes } from "../../store/http.js";
import { LogSource } from "../../store/log-source.js";
import { documentInBucket, fileAt, isAddress, isBucketAddress, openStore, type Environment } from "../../store/open.js";
import type { Source } from "../../store/source.js";
import { archiveFrom, archiveOf, type Archive } from "./archive.js";
import { ATTESTATIONS, isResult, KEYRING, parseAbout, Registry, REGISTRY_FILE } from "../../store/registry.js";
import { readBeside } from "./evidence-folder.js";
import { NO_LOCATION, locationOf, locationWith, type Location } from "./trusted-keys.js";
import { rawIn } from "./raw-folder.js";

export interface Document {
  readonly target: string;
  readonly bytes: Bytes;
  /** The parser: in a registry only readable and DSSE, elsewhere any format. */
  readonly parse: (bytes: Bytes) => Envelope;
  readonly fileName?: string;
  readonly named: boolean;
  /** A notice or plan in a registry's folder, to which a policy does not apply. */
  readonly skipped?: boolean;
  readonly site: RegistryContext;
  /** Absent at an address, where nothing is read before it is needed. */
  readonly archive?: Archive;
  /** The inclusion proof beside it, if it is outside of a registry. */
  readonly proof?: Bytes | undefined;
  /** The pack it came in, if any. */
  readonly pack?: Pack;
  /** The pack's page has a script or style of another version, whose display was not compared. */
  readonly uncompared?: boolean;
}

/** What a server says about its own keys. Documents of one server whose logs have the same host share this object. */
export interface RegistryContext {
  readonly place: Location;
  readonly keyring?: Keyring | undefined;
  /** The source of the keyring, if it is not the registry's own. */
  readonly source?: string;
  /** Those that can be listed here: of a folder or a pack. A log names others. */
  readonly notices: NoticeSet;
  /** The registry's logs and other documents. Undefined outside of a registry. */
  readonly registry?: LoadedRegistry;
}

export interface LoadedRegistry {
  readonly logs: LogSource;
  readonly source: Source;
}

/** Outside of a registry. */
const alone = (engine: Engine, address?: string): RegistryContext => {
  const host = address === undefined ? undefined : hostOf(address);
  return { place: { ...NO_LOCATION, hosts: host === undefined ? [] : [host] }, notices: NoticeSet.read([], engine) };
};

export interface DocumentRequest {
  /** File names in a registry's folder, in place of all: workers share a registry so. */
  readonly names?: AsyncIterable<string> | undefined;
  /** The bytes for the target `-`. */
  readonly stdin?: () => Promise<Bytes>;
  readonly engine: Engine;
  /** Has the endpoint of buckets, and the user's credentials. */
  readonly environment?: Environment;
}

/**
 * The documents of a target: one, or all of a registry, each read on demand.
 * @throws AttestError if there is none
 */
export async function* documents(target: string, request: DocumentRequest): AsyncGenerator<Document> {
  const sites = new Map<string, RegistryContext>();
  for await (const document of located(target, request)) {
    const { site, bytes } = document;
    const parse = parseOnce(document.parse);
    const place = locationWith(
      orUndefined(() => logNamed(parse(bytes).payload)),
      site.place,
    );
    const known = sites.get(place.hosts.join(" ")) ?? (place === site.place ? site : { ...site, place });
    sites.set(place.hosts.join(" "), known);
    yield { ...document, parse, site: known };
  }
}

async function* located(target: string, request: DocumentRequest): AsyncGenerator<Document> {
  const { engine, stdin } = request;
  const inBucket = documentInBucket(target);
  if (target === "-") {
    const bytes = (await stdin?.()) ?? utf8("");
    yield isPage(bytes)
      ? await inPack(target, bytes, engine)
      : { target, bytes, parse: parseAnyEnvelope, named: false, site: alone(engine) };
  } else if (isAddress(target)) yield await fromAddress(target, engine);
  else if (inBucket !== undefined) yield await fromRegistry(inBucket.registry, inBucket.name, request);
  else if (isBucketAddress(target)) yield* fromFolder(target, request);
  else if (!isFolder(target)) yield await fromFile(target, engine);
  else {
    const raw = rawIn(target, engine);
    if (raw === undefined) yield* fromFolder(target, request);
    else yield { target, ...raw, named: false, site: alone(engine), archive: beside(target, engine) };
  }
}

/** The only test result of a registry. @throws AttestError `usage` if there are several */
export async function oneDocument(target: string, request: DocumentRequest): Promise<Document> {
  const found: Document[] = [];
  for await (const document of documents(target, request)) if (document.skipped !== true) found.push(document);
  const [one, ...more] = found;
  if (one !== undefined && more.length === 0) return one;
  throw new AttestError(
    "usage",
    `${target} has ${found.length} attestations, and one is asked for`,
    "name one of the files in its folder attestations",
  );
}

/** The names of a registry's documents. @throws AttestError `registry-missing`, `no-attestations` */
export async function namesIn(folder: string, engine: Engine, environment?: Environment): Promise<readonly string[]> {
  const names = await (await Registry.open(await openStore(folder, environment), engine)).names();
  if (names.some(isResult)) return names;
  throw new AttestError(
    "no-attestations",
    `no attestations in ${fileAt(folder, ATTESTATIONS)}`,
    "nothing was checked, which is not a pass",
  );
}

async function* fromFolder(folder: string, request: DocumentRequest): AsyncGenerator<Document> {
  const { engine, names, environment } = request;
  const all = names ?? (await namesIn(folder, engine, environment));
  const registry = await Registry.open(await openStore(folder, environment), engine);
  const site = await siteOf(registry, engine);
  for await (const name of all) {
    try {
      yield { ...(await inRegistry(registry, name, site)), skipped: !isResult(name) };
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      if (isResult(name)) yield unreadable(fileAt(folder, `${ATTESTATIONS}/${name}`), name, site, error); // anything else, such as a folder, is ignored
    }
  }
}

/** One that stops no other: its report says what is wrong with it. */
const unreadable = (target: string, fileName: string, site: RegistryContext, fault: AttestError): Document => ({
  target,
  bytes: new Uint8Array(),
  parse: () => {
    throw fault;
  },
  fileName,
  named: true,
  site,
});

/**
 * A file belongs to a registry only if it is in that registry's attestations folder: any registry above it could have been planted to hide
 * or invent a revocation.
 */
export function registryAround(file: string): string | undefined {
  if (isBucketAddress(file)) return documentInBucket(file)?.registry;
  const folder = dirname(resolve(file));
  const root = dirname(folder);
  return basename(folder) === ATTESTATIONS && read(join(root, REGISTRY_FILE)) !== undefined ? root : undefined;
}

/** A pack's keyring can take trust away, like a registry's. Its origin only selects the user's pins. */
async function inPack(target: string, bytes: Bytes, engine: Engine): Promise<Document> {
  const { parsePack } = await import("../../formats/pack.js"); // with all that makes a page, which few calls need
  const { comparePack } = await import("../../site/pack.js");
  const pack = parsePack(bytes);
  const { about, keyring, notices } = pack.data;
  const { proof } = pack;
  const foreign = comparePack(pack, engine) === "another-script";
  return {
    ...(foreign && { uncompared: true }),
    target,
    pack,
    bytes: utf8(pack.text),
    parse: parseEnvelope,
    fileName: pack.name,
    named: true,
    site: {
      place: locationOf(about?.origin),
      keyring: keyring === undefined ? undefined : parseKeyring(utf8(keyring), engine),
      source: "the pack's own keyring",
      notices: NoticeSet.read(notices.map(utf8), engine),
    },
    archive: archiveFrom(pack.piece, engine),
    proof: proof === undefined ? undefined : utf8(proof),
  };
}

async function fromFile(path: string, engine: Engine): Promise<Document> {
  const root = registryAround(path);
  const head = root !== undefined && path.endsWith(".json") ? undefined : startOf(path, PAGE_HEAD.length);
  if (head !== undefined && isPage(head)) return await inPack(path, read(path, { limit: MAX_PACK }) ?? head, engine);
  if (root !== undefined) {
    return { ...(await fromRegistry(root, basename(path), { engine })), target: path };
  }
  const bytes = document(path);
  return {
    target: path,
    bytes,
    parse: parseAnyEnvelope,
    fileName: basename(path),
    named: false,
    site: alone(engine),
    archive: beside(path, engine),
    proof: read(path.replace(/\.json$/, "") + ".tlog-proof"),
  };
}

async function fromRegistry(
  root: string,
  name: string,
  { engine, environment }: Pick<DocumentRequest, "engine" | "environment">,
): Promise<Document> {
  const registry = await Registry.open(await openStore(root, environment), engine);
  return await inRegistry(registry, name, await siteOf(registry, engine));
}

const beside = (file: string, engine: Engine): Archive => archiveFrom((sha256) => readBeside(file, sha256), engine);

async function siteOf(registry: Registry, engine: Engine): Promise<RegistryContext> {
  const keyring = await registry.keyring();
  const source = registry.store;
  const place = locationOf(registry.about.origin);
  return {
    place,
    keyring,
    notices: await registry.notices(),
    registry: { source, logs: logsAt(source, keyring.logs, engine, place) },
  };
}

const logsAt = (source: Source, logs: readonly NoteEntry[], engine: Engine, { origins }: Location): LogSource =>
  new LogSource((path) => source.read(path), logs, engine, { origins });

/** @throws AttestError `file-missing`, `io`, `too-large` */
async function inRegistry({ store }: Registry, fileName: string, site: RegistryContext): Promise<Document> {
  const target = fileAt(store.place, `${ATTESTATIONS}/${fileName}`);
  const bytes = await store.read(`${ATTESTATIONS}/${fileName}`, MAX_BYTES);
  if (bytes === undefined) throw missing(target);
  return { target, bytes, parse: parseEnvelope, fileName, named: true, site, archive: archiveOf(store) };
}

function document(path: string): Bytes {
  const bytes = read(path, { limit: MAX_BYTES });
  if (bytes === undefined) throw missing(path);
  return bytes;
}

const missing = (path: string): AttestError =>
  new AttestError(
    "file-missing",
    `no such file: ${path}`,
    "check the path; to verify a whole registry, name its folder",
  );

/** A registry's address is the part before `/attestations/`. Its keyring is only the site's own word. */
async function fromAddress(address: string, engine: Engine): Promise<Document> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const fileName = url === undefined ? undefined : lastPart(url.pathname);
  if (url === undefined || url.host === "" || fileName === undefined) {
    throw new AttestError(
      "usage",
      `${JSON.stringify(address)} is not an http(s) address`,
      "an address ends in /attestations/<id>.json",
    );
  }
  const bytes = await fetchBytes(url);
  if (bytes === undefined) {
    throw new AttestError(
      "file-missing",
      `nothing at ${address}`,
      "check the address: it ends in /attestations/<id>.json",
    );
  }
  const base = baseOf(url);
  if (base === undefined)
    return { target: address, bytes, parse: parseAnyEnvelope, fileName, named: false, site: alone(engine, url.href) };
  const source = new HttpSource(base);
  const keyring = await source.read(KEYRING);
  const about = await orNothing(async () => {
    const bytes = await source.read(REGISTRY_FILE);
    return bytes && parseAbout(bytes).origin;
  });
  const listed = keyring && parseKeyring(keyring, engine);
  const place = locationOf(about, source.place);
  const site: RegistryContext = {
    place,
    keyring: listed,
    notices: NoticeSet.read([], engine),
    registry: { source, logs: logsAt(source, listed?.logs ?? [], engine, place) },
  };
  return { target: address, bytes, parse: parseEnvelope, fileName, named: true, site };
}

/** Undefined for what cannot be fetched or read: the document does not depend on it. */
async function orNothing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AttestError) return undefined;
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
